"""The files that make a cluster: what they say, and what they refuse."""

import fnmatch
import json
import os
import re
import subprocess
import sys
import tomllib

import pytest
from compose import COMPOSE, Missing, services, variables_of

from synthprof.orchestration import container
from synthprof.orchestration.local.home import PROJECT
from synthprof.system import environment

DOCKERFILE = PROJECT / "Dockerfile"
DIGEST = "sha256:[0-9a-f]{64}"
EXAMPLE, DEVELOPMENT = PROJECT / ".env.example", PROJECT / ".env.development"
SECRETS = (
    "POSTGRES_PASSWORD",
    "REDIS_PASSWORD",
    "FERNET_KEY",
    "API_SECRET_KEY",
    "JWT_SECRET",
    "ADMIN_PASSWORD",
)


@pytest.fixture
def fresh(tmp_path) -> dict[str, str | None]:
    assert container.new_env(EXAMPLE, tmp_path / ".env") == 0
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    return variables_of(tmp_path / ".env")


@pytest.fixture
def started(tmp_path):
    """The image's start in the API server's environment, with another command."""

    def start(variables) -> subprocess.CompletedProcess[str]:
        given = services(variables)["api-server"]["environment"]
        environment = {name: str(value) for name, value in given.items()}
        environment |= {
            "PATH": os.environ["PATH"],
            container.PASSWORDS_FILE: str(tmp_path / "passwords.json"),
        }
        command = [sys.executable, "-m", "synthprof.orchestration.container", "env"]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    return start


def test_compose_file_is_of_the_specifications_schema():
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(COMPOSE),
    ]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_every_variable_of_the_compose_file_is_explained_in_the_example():
    used = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    named = set(re.findall(r"^#? ?(\w+)=", EXAMPLE.read_text(), re.MULTILINE))
    rare = {"SYNTHPROF_IMAGE", "SYNTHPROF_DEVELOPMENT", "TASK_HEARTBEAT_SECONDS"}
    rare |= {"VISIBILITY_TIMEOUT_SECONDS", "WORKER_GRACE_PERIOD"}
    rare |= {"TASK_HEARTBEAT_LOOK_SECONDS", "TASK_QUEUED_LOOK_SECONDS", "API_TIMEOUT_SECONDS"}
    assert used - named == rare
    assert named <= used


@pytest.mark.parametrize("name", services(variables_of(DEVELOPMENT)))
def test_every_service_may_do_no_more_than_it_must(fresh, name):
    """Read from the file, so that it holds for services to come, too."""
    service = services(fresh)[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert int(service["pids_limit"]) > 0
    assert re.fullmatch(r"[1-9]\d*[mg]", service["mem_limit"]), "0 would be no limit"
    assert not {"cap_add", "privileged", "devices", "pid", "ipc", "userns_mode"} & service.keys()
    assert service.get("network_mode", "none") == "none"
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert all("size=" in place and ":" in place for place in service["tmpfs"]), "memory is bounded"
    if "build" in service:
        assert re.search(r"^USER [1-9]\d*$", DOCKERFILE.read_text(), re.MULTILINE)
    else:
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])
        assert re.fullmatch(rf"\S+:\S+@{DIGEST}", service["image"])


def test_every_image_that_ours_is_built_from_is_named_by_its_digest():
    named = re.findall(r"^(?:FROM |# syntax=)(\S+)", DOCKERFILE.read_text(), re.MULTILINE)
    assert len(named) == 3
    assert [image for image in named if not re.fullmatch(rf"\S+:\S+@{DIGEST}", image)] == []


@pytest.mark.parametrize(
    ("name", "written"),
    {
        "postgres": ("/var/run/postgresql", "/var/lib/postgresql/data", "/tmp"),
        "redis": ("/data",),
        "api-server": ("/opt/airflow", "/opt/airflow/logs", "/tmp", "/var/tmp", "/data"),
        "worker": ("/opt/airflow", "/opt/airflow/logs", "/tmp", "/var/tmp", "/data"),
    }.items(),
)
def test_what_a_service_writes_lies_outside_of_its_image(fresh, name, written):
    service = services(fresh)[name]
    mounts = [volume.split(":") for volume in service["volumes"]] if "volumes" in service else []
    writable = {mount[min(1, len(mount) - 1)] for mount in mounts if mount[-1] != "ro"}
    assert set(written) <= writable | {place.partition(":")[0] for place in service["tmpfs"]}


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("PRIVATE_ADDRESS", "0.0.0.0"),
        ("PRIVATE_ADDRESS", "::"),
        ("PRIVATE_ADDRESS", "10.0.0.1"),
        ("PRIVATE_ADDRESS", "127.0.0.1.example.org"),
        ("BASE_URL", "https://airflow.example.org"),
        ("BASE_URL", "http://[::"),
        ("POSTGRES_HOST", "10.0.0.1"),
        ("REDIS_HOST", "stores.example.org"),
        ("API_HOST", "10.0.0.1"),
    ],
)
def test_secrets_of_development_start_nothing_that_other_machines_reach(fresh, variable, address):
    others = {variable: address}
    for name, service in services(variables_of(DEVELOPMENT) | others).items():
        if "build" in service:
            told = list(container.refusals(service["environment"]))
            assert told[-1].startswith(f"{variable}="), name
            assert told[0].endswith("`make env` writes a fresh one")
    own = fresh | others | {"SYNTHPROF_DEVELOPMENT": "yes"}
    assert list(container.refusals(services(own)["scheduler"]["environment"])) == []


@pytest.mark.parametrize("address", ["127.0.0.1", "[::1]", "::1", "localhost", "127.8.8.8", ""])
def test_secrets_of_development_start_where_only_this_machine_reaches_them(address):
    given = services(variables_of(DEVELOPMENT) | {"PRIVATE_ADDRESS": address})
    assert list(container.refusals(given["guard"]["environment"])) == []


def test_an_address_that_nobody_has_told_is_not_taken_for_this_machines():
    given = services(variables_of(DEVELOPMENT))["scheduler"]["environment"]
    del given["SYNTHPROF_PRIVATE_ADDRESS"]
    assert list(container.refusals(given))[-1].startswith("PRIVATE_ADDRESS=(not set)")


def test_the_stores_listen_only_after_their_passwords_were_looked_at(fresh):
    """Their images would start with any."""
    given = services(fresh)
    assert given["guard"]["build"] == given["scheduler"]["build"]
    assert set(container.IN_ADDRESS.values()) <= given["guard"]["environment"].keys()
    for name in {service for service in given if "ports" in given[service] and "build" not in given[service]}:
        assert given[name]["depends_on"]["guard"] == {"condition": "service_completed_successfully"}


def test_a_port_of_the_host_is_not_the_port_between_services(fresh):
    published = {"POSTGRES_PUBLISHED_PORT": "1", "REDIS_PUBLISHED_PORT": "2", "API_PUBLISHED_PORT": "3"}
    given = services(fresh | published)
    ports = [given[name]["ports"] for name in ("postgres", "redis", "api-server")]
    assert ports == [["127.0.0.1:1:5432"], ["127.0.0.1:2:6379"], ["127.0.0.1:3:8080"]]
    assert given["worker"]["environment"] == services(fresh)["worker"]["environment"]


@pytest.mark.parametrize("name", SECRETS)
def test_an_engine_refuses_the_compose_file_without_a_secret(fresh, name):
    with pytest.raises(Missing, match=name):
        services(fresh | {name: ""})


def test_fresh_secrets_start_and_only_a_file_has_the_password(started, fresh, tmp_path):
    run = started(fresh)
    assert run.returncode == 0, run.stderr
    assert json.loads((tmp_path / "passwords.json").read_text()) == {"admin": fresh["ADMIN_PASSWORD"]}
    assert fresh["ADMIN_PASSWORD"] not in run.stdout


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_of_development_or_a_short_one_does_not_start(started, fresh, name):
    public = variables_of(DEVELOPMENT)[name]
    for weak in (public, "airflow"):
        refused = started(fresh | {name: weak})
        assert refused.returncode == 78
        assert refused.stderr.startswith(f"{name} ") and "`make env` writes a fresh one" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


def test_development_starts_only_with_its_switch(started):
    variables = variables_of(DEVELOPMENT)
    assert started(variables).returncode == 0
    refused = started(variables | {"SYNTHPROF_DEVELOPMENT": ""})
    assert refused.returncode == 78
    assert [line.split()[0] for line in sorted(refused.stderr.splitlines())] == sorted(SECRETS)


def test_a_worker_starts_without_what_signs_tokens(fresh):
    """A task's code could make itself the token of any user with it."""
    given = services(fresh)
    signing = {container.PLAIN[name] for name in container.SIGNING}
    assert not signing & given["worker"]["environment"].keys()
    assert list(container.refusals(given["worker"]["environment"])) == []
    assert signing <= given["api-server"]["environment"].keys() & given["scheduler"]["environment"].keys()


def test_two_fernet_keys_start_while_one_replaces_the_other(fresh, tmp_path):
    container.new_env(EXAMPLE, tmp_path / "other")
    older = variables_of(tmp_path / "other")["FERNET_KEY"]
    given = services(fresh | {"FERNET_KEY": f"{fresh['FERNET_KEY']},{older}"})["scheduler"]["environment"]
    assert list(container.refusals(given)) == []


def test_an_env_file_that_is_there_stays(tmp_path):
    (tmp_path / ".env").write_text("mine")
    assert container.new_env(EXAMPLE, tmp_path / ".env") == 1
    assert (tmp_path / ".env").read_text() == "mine"


def test_secrets_are_only_where_they_are_needed(fresh):
    given = services(fresh)
    having = {name for name, service in given.items() if container.ADMIN in service.get("environment", {})}
    assert having == {"api-server"}
    for service in given.values():
        words = [*service.get("command", ()), *service.get("healthcheck", {"test": ()})["test"]]
        for word in words:
            assert not any(fresh[name] in word for name in SECRETS), "command lines are public on a machine"


def test_the_image_gets_files_that_exist_and_are_not_ignored():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (PROJECT / "Dockerfile").read_text(), re.MULTILINE)
    kept = [line[1:] for line in (PROJECT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for name in " ".join(copied).split():
        assert (PROJECT / name).exists()
        assert any(fnmatch.fnmatch(name, pattern) for pattern in kept), name
    folders = {"dags", "datasets", "plugins", "schemas", "synthprof"}
    assert folders <= set(" ".join(copied).split())


def test_the_image_runs_as_nobody_special_from_pinned_requirements():
    text = (PROJECT / "Dockerfile").read_text()
    assert re.search(r"^USER 10001$", text, re.MULTILINE)
    for line in re.findall(r"pip install .*-r .*", text):
        assert "--require-hashes" in line and "--no-deps" in line


def test_every_file_that_the_package_reads_is_part_of_what_is_installed():
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = [each.removeprefix("**/") for each in settings["package-data"]["synthprof"]]
    files = [path for path in (PROJECT / "synthprof").rglob("*") if path.is_file()]
    data = [path.name for path in files if path.suffix not in (".py", ".pyc")]
    assert len(data) > 20
    assert [name for name in data if not any(fnmatch.fnmatch(name, each) for each in patterns)] == []


def test_every_message_that_the_documentation_explains_is_one_of_ours():
    page = (PROJECT / "docs" / "how-to" / "fix-an-error.md").read_text()
    rows = page.partition("| message begins or says |")[2].partition("\n\n")[0].splitlines()[2:]
    phrases = [phrase for row in rows for phrase in re.findall(r"\*([^*]+)\*", row.split(" | ")[0])]
    source = "\n".join(path.read_text() for path in sorted((PROJECT / "synthprof").rglob("*.py")))
    source = re.sub(r'"\s*\n\s*f?"', "", source)  # texts over several lines
    source = re.sub(r"\{([A-Z_]+)\}", lambda name: str(getattr(environment, name[1], "…")), source)
    source = re.sub(r"\{[^{}]*\}", "…", source)
    assert len(phrases) > 25
    assert [phrase for phrase in phrases if not _occurs(phrase, source)] == []


def _occurs(phrase: str, source: str) -> bool:
    return all(part.strip() in source for part in phrase.split("…") if part.strip())
