"""A place for Airflow in tests, with the environment that it needs before it is imported."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from synthprof.orchestration.local.home import PROJECT, Home
from synthprof.orchestration.local.rest import Airflow

SCRATCH = Path(tempfile.mkdtemp(prefix="synthprof-tests-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)

BEHIND_A_PROXY = {
    **dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"), "http://127.0.0.1:9"),
    **dict.fromkeys(("ALL_PROXY", "all_proxy"), "socks5://127.0.0.1:9"),
    **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
}
"""A proxy that reaches nothing on this machine: what is here must be asked past it."""

# set here because tests import Airflow while they are collected
os.environ |= Home(SCRATCH / "imported").environment()


@dataclass(frozen=True)
class Place:
    """A home for Airflow, a data root and a folder of data set files, for tests to use as a user does."""

    folder: Path
    port: int

    @property
    def home(self) -> Home:
        return Home(self.folder / "airflow", self.port)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def datasets(self) -> Path:
        return self.folder / "datasets"

    @property
    def environment(self) -> dict[str, str]:
        foreign = {name for name in os.environ if name.startswith("AIRFLOW")}
        kept = {name: value for name, value in os.environ.items() if name not in foreign}
        return kept | {
            **BEHIND_A_PROXY,
            "SYNTHPROF_AIRFLOW_HOME": str(self.home.path),
            "SYNTHPROF_HOME": str(self.data),
            "SYNTHPROF_DATASETS": str(self.datasets),
            "SYNTHPROF_DAGS": str(PROJECT / "examples"),
            "SYNTHPROF_EXPLORER_SECONDS": "300",
        }

    def start(self, *arguments: str, **options) -> subprocess.Popen[str]:
        """`python -m synthprof.orchestration.local` at this place, in a process group of its own."""
        command = [sys.executable, "-m", "synthprof.orchestration.local", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=hear_ctrl_c,
            **options,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit status and output."""
        with self.start(*arguments) as process:
            output, _ = process.communicate()
        return process.returncode, output

    def stages(self) -> list[psutil.Process]:
        """The processes that work on a stage for this place."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            if "synthprof.runner.child" in (process.info["cmdline"] or ()):
                try:
                    if process.environ().get("SYNTHPROF_HOME") == str(self.data):
                        found.append(process)
                except psutil.Error:
                    continue
        return found

    def start_ui(self) -> subprocess.Popen[str]:
        """Airflow with its UI, ready."""
        process = self.start("ui", "--port", str(self.port))
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "is ready" in line:
                return process
        raise AssertionError(f"the UI did not start: {''.join(lines)}")


def hear_ctrl_c() -> None:
    """For a child: a shell that starts the tests in the background has them ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def make_place(folder: Path) -> Place:
    shutil.copytree(PROJECT / "datasets", folder / "datasets")
    return Place(folder, free_port())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> None:
    """The process has ended by itself after the signal, and nothing that it started is left.

    SIGINT goes to its whole group, as Ctrl-C in a terminal does.
    """
    tree = psutil.Process(process.pid).children(recursive=True)
    assert len(tree) >= 4
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    try:
        output, _ = process.communicate(timeout=40)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert not [each for each in tree if each.is_running()]


def ended(airflow: Airflow, dag: str, run: str, seconds: float = 600) -> str:
    """The state that a run of the DAG has ended in."""

    def state() -> str | None:
        found = airflow.run(dag, run)["state"]
        return found if found in ("success", "failed") else None

    return until(state, seconds, f"the end of run {run} of {dag}")


def until(reached, seconds: float, what: str):
    """The first true value that `reached` returned."""
    deadline = time.monotonic() + seconds
    while not (value := reached()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.2)
    return value
