"""The services of docker-compose.yml, run on this machine without a container engine."""

import contextlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import place  # noqa: F401  Airflow's environment
import psutil
from compose import services, variables_of
from place import BEHIND_A_PROXY, free_port, until

from synthprof.orchestration import container
from synthprof.orchestration.local.home import PROJECT
from synthprof.orchestration.local.processes import end_all, end_tree, start
from synthprof.orchestration.local.rest import Airflow

SECONDS_TO_START = 300
BUCKET = "s3://synthprof_storage@cluster/prefix"
PYTHON = PROJECT / ".venv" / "bin"
AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")


class Cluster:
    """The services of the compose file as processes; hosts, ports and folders are those of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("postgres", "redis", "api", "health", "s3")}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.s3 = f"http://127.0.0.1:{self.ports['s3']}"
        container.new_env(PROJECT / ".env.example", folder / ".env")
        self.variables = variables_of(folder / ".env") | self._here()
        (folder / "datasets").mkdir()
        (folder / "schemas").mkdir()
        (folder / "logs").mkdir()

    def _here(self) -> dict[str, str]:
        connection = {"conn_type": "aws", "login": "key", "password": "secret"}
        connection["extra"] = {"endpoint_url": self.s3, "region_name": "us-east-1"}
        return {
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": str(self.ports["postgres"]),
            "REDIS_HOST": "127.0.0.1",
            "REDIS_PORT": str(self.ports["redis"]),
            "API_HOST": "127.0.0.1",
            "API_PORT": str(self.ports["api"]),
            "STORAGE_CONNECTION": json.dumps(connection),
            "REMOTE_LOGGING": "True",
            "REMOTE_LOG_FOLDER": "s3://cluster/logs",
            "TASK_HEARTBEAT_TIMEOUT_SECONDS": "20",
            "TASK_HEARTBEAT_LOOK_SECONDS": "5",
            "TASK_QUEUED_TIMEOUT_SECONDS": "60",
            "TASK_QUEUED_LOOK_SECONDS": "10",
        }

    # --- processes ---------------------------------------------------------------------------------------

    def run(self, name: str, service: str | None = None, *, home: str, storage: str = "") -> None:
        """The service has been started under that name, by its command, in its environment."""
        given = services(self.variables | {"SYNTHPROF_STORAGE": storage})[service or name]
        command = [str(word) for word in given["command"]]
        environment = self._environment(name, given["environment"], home)
        entry = ["python", "-m", "synthprof.orchestration.container"]
        self._start(name, [*entry, *command], environment)

    def _start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        found = shutil.which(command[0], path=environment["PATH"]) or command[0]
        self.running[name] = start([found, *command[1:]], environment, self.folder / "logs" / f"{name}.log")

    def _environment(self, name: str, given: dict[str, object], home: str) -> dict[str, str]:
        own = self.folder / name
        own.mkdir(exist_ok=True)
        moved = {
            "/opt/airflow": own,
            "/opt/synthprof/datasets": self.folder / "datasets",
            "/opt/synthprof/schemas": self.folder / "schemas",
            "/opt/synthprof": PROJECT,
            "/data": self.folder / "homes" / home,
        }
        found = self._system() | BEHIND_A_PROXY | {variable: str(value) for variable, value in given.items()}
        for variable, value in found.items():
            prefix = next((old for old in moved if value == old or value.startswith(f"{old}/")), None)
            if prefix is not None:
                found[variable] = str(moved[prefix]) + value.removeprefix(prefix)
        return found | {
            "HOSTNAME": name,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.ports["api"]),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": "127.0.0.1",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports["health"]),
        }

    @staticmethod
    def _system() -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR", "TZ") if name in os.environ}
        return kept | {"PATH": f"{PYTHON}:{os.environ['PATH']}"}

    def wait(self, name: str) -> None:
        """The process has ended as it should."""
        status = self.running.pop(name).wait(SECONDS_TO_START)
        assert status == 0, self.log(name)

    def check(self) -> None:
        """Nothing has ended by itself."""
        for name, process in self.running.items():
            assert process.poll() is None, f"{name} ended: {self.log(name)}"

    def log(self, name: str) -> str:
        return (self.folder / "logs" / f"{name}.log").read_text(errors="replace")[-5000:]

    def kill_at_work(self, name: str) -> bool:
        """True if the process was seen to work on a stage; then it and all that it has started are killed.

        All are stopped before we look, so that what we see at work cannot end before it is killed.
        """
        started = self.running[name]
        root = psutil.Process(started.pid)
        if not any(map(_works, root.children(recursive=True))):
            return False
        tree = []
        while more := [each for each in (root, *root.children(recursive=True)) if each not in tree]:
            for process in more:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.suspend()
            tree += more
        at_work = any(map(_works, tree))
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill() if at_work else process.resume()
        if at_work:
            del self.running[name]
            started.wait(SECONDS_TO_START)
        return at_work

    def end(self, name: str) -> None:
        """The process and what it has started have ended."""
        process = self.running.pop(name)
        end_tree(process.pid, seconds=30)
        process.kill()
        process.wait(SECONDS_TO_START)

    def end_all(self) -> None:
        """Nothing that we have started is left."""
        end_all()
        for process in self.running.values():
            process.wait(SECONDS_TO_START)

    # --- the parts ---------------------------------------------------------------------------------------

    def start_stores(self) -> None:
        """PostgreSQL, Redis and the bucket answer."""
        self._start_postgres(services(self.variables)["postgres"]["environment"])
        redis = services(self.variables)["redis"]
        command = [
            *redis["command"][:2],
            f"{redis['command'][2]} --bind 127.0.0.1 --port {self.ports['redis']}",
        ]
        self._start("redis", command, self._system() | redis["environment"])
        self._start("s3", ["moto_server", "-H", "127.0.0.1", "-p", str(self.ports["s3"])], self._system())
        ping = ["redis-cli", "-p", str(self.ports["redis"]), "ping"]
        until(lambda: self._answers(ping, redis["environment"]), SECONDS_TO_START, "Redis's answer")
        make = f"""
import boto3
boto3.client("s3", endpoint_url="{self.s3}", region_name="us-east-1", aws_access_key_id="key",
             aws_secret_access_key="secret").create_bucket(Bucket="cluster")
"""
        until(lambda: self._answers(["python", "-c", make], {}), SECONDS_TO_START, "the bucket")

    def _start_postgres(self, given: dict[str, str]) -> None:
        """A fresh database cluster; PostgreSQL refuses to be run by root."""
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        data = self.folder / "postgres"
        data.mkdir()
        become = []
        if os.getuid() == 0:
            shutil.chown(data, "postgres", "postgres")
            become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
        password = data.parent / "password"
        password.write_text(given["POSTGRES_PASSWORD"])
        password.chmod(0o600)
        if become:
            shutil.chown(password, "postgres", "postgres")
        user, database = given["POSTGRES_USER"], given["POSTGRES_DB"]
        init = [
            str(binaries / "initdb"),
            "--pgdata",
            str(data / "pg"),
            "--username",
            user,
            "--auth",
            "scram-sha-256",
        ]
        options = ["--pwfile", str(password), "--no-sync"]
        subprocess.run([*become, *init, *options], check=True, capture_output=True, cwd="/")
        port = str(self.ports["postgres"])
        server = [str(binaries / "postgres"), "-D", str(data / "pg"), "-p", port, "-k", str(data)]
        self._start(
            "postgres",
            [*become, *server, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            self._system(),
        )
        make = [str(binaries / "createdb"), "-h", "127.0.0.1", "-p", port, "-U", user, database]
        known = {"PGPASSWORD": given["POSTGRES_PASSWORD"]}
        until(lambda: self._answers(make, known), SECONDS_TO_START, "PostgreSQL's answer")

    def _answers(self, command: list[str], environment: dict[str, str]) -> bool:
        self.check()
        found = shutil.which(command[0], path=self._system()["PATH"]) or command[0]
        run = subprocess.run([found, *command[1:]], env=self._system() | environment, capture_output=True)
        return run.returncode == 0

    def start_airflow(self) -> None:
        """All of Airflow but the workers answers."""
        self.run("init", home="control", storage=BUCKET)
        self.wait("init")
        for name in AIRFLOW:
            self.run(name, home="control", storage=BUCKET)

    def healthy(self, service: str, name: str) -> bool:
        """True if the health check of the service, run under that name, succeeds."""
        self.check()
        given = services(self.variables)[service]
        sort, *command = given["healthcheck"]["test"]
        if sort == "CMD-SHELL":
            command = ["sh", "-c", *command]
        places = {"localhost:8080": "api", "localhost:8974": "health"}
        for place_there, port in places.items():
            here = f"127.0.0.1:{self.ports[port]}"
            command = [word.replace(place_there, here) for word in command]
        environment = self._environment(name, given["environment"], "control")
        found = shutil.which(command[0], path=environment["PATH"]) or command[0]
        return subprocess.run([found, *command[1:]], env=environment, capture_output=True).returncode == 0

    def airflow(self) -> Airflow:
        return Airflow(
            f"http://127.0.0.1:{self.ports['api']}", ("admin", str(self.variables["ADMIN_PASSWORD"]))
        )


def _works(process: psutil.Process) -> bool:
    """True for the process of a stage that makes something."""
    try:
        command = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    return "synthprof.runner.child" in command and "setup" not in command
