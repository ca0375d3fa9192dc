"""Real servers on loopback for tests of targets: PostgreSQL with pgvector, and Redis."""

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from place import free_port

LOADERS = Path(os.environ.get("SYNTHPROF_LOADERS") or Path(__file__).parents[2] / ".venv-loaders/bin/python")
"""The Python of `make loaders`, which has the clients of all targets, and `datasets`."""

SECONDS_TO_START = 60
USER, PASSWORD = "loader", "p@ss/word"


def postgres_binaries() -> Path | None:
    """The programs of the package pgserver, which has pgvector; None without it."""
    found = importlib.util.find_spec("pgserver")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


def debian_binaries() -> Path | None:
    """The programs of Debian's PostgreSQL, which lacks pgvector; None without it."""
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


@contextmanager
def postgres(binaries: Path, folder: Path) -> Iterator[str]:
    """A server in a folder that all may enter; yields the URL of its database, with the password."""
    become = []
    folder.mkdir(parents=True)
    (folder / "password").write_text(PASSWORD)
    if os.getuid() == 0:  # PostgreSQL refuses to be run by root
        shutil.chown(folder, "postgres", "postgres")
        shutil.chown(folder / "password", "postgres", "postgres")
        become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]
    init = [*become, str(binaries / "initdb"), "--pgdata", str(folder / "pg"), "--username", USER]
    init += ["--auth", "scram-sha-256", "--pwfile", str(folder / "password"), "--no-sync"]
    subprocess.run(init, check=True, capture_output=True, cwd="/")
    port = free_port()
    server = [
        *become,
        str(binaries / "postgres"),
        "-D",
        str(folder / "pg"),
        "-p",
        str(port),
        "-k",
        str(folder),
    ]
    server += ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_wal_size=4GB"]
    ready = [str(binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    with _running(server, folder / "log", lambda: subprocess.run(ready).returncode == 0):
        yield f"postgresql://{USER}:p%40ss%2Fword@127.0.0.1:{port}/postgres"


@contextmanager
def redis(folder: Path, *options: str) -> Iterator[str]:
    """A server without persistence; yields its URL."""
    port = free_port()
    server = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", *options]

    def answers() -> bool:
        with closing(socket.socket()) as found:
            return found.connect_ex(("127.0.0.1", port)) == 0

    folder.mkdir(parents=True, exist_ok=True)
    with _running([*server, "--dir", str(folder)], folder / "log", answers):
        yield f"redis://127.0.0.1:{port}"


@contextmanager
def _running(command: list[str], log: Path, answers: Callable[[], bool]) -> Iterator[None]:
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written, cwd="/")
    try:
        give_up = time.monotonic() + SECONDS_TO_START
        while not answers():
            assert process.poll() is None and time.monotonic() < give_up, log.read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(SECONDS_TO_START)
