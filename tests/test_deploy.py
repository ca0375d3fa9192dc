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
    """What the image does in the API server's environment, with another command."""

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
    folders = {"dags", "datasets", "plugins", "synthprof"}
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
