"""Calls of the command line, forked from a process that has loaded it: each saves a CPU-second of imports.

The child is a process as any other, with its words, variables and streams; the next one knows nothing of it.
Calls with what Python reads when it starts (`PYTHONPATH`, `LC_ALL`) get a process that nobody forked.
"""

import atexit
import contextlib
import functools
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from warmed import warm

from synthprof.cli.main import main

COMMAND = str(Path(sys.executable).with_name("synthprof"))

FROM_START = ("PYTHONPATH", "LC_", "LANG")
"""Beginnings of variables that a process must have from its start."""


def call(
    words: list[str], seconds: float = 120, cwd: Path | None = None, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run `synthprof` with the words and more variables, as subprocess.run does; the streams are files."""
    environment = os.environ | variables
    if any(name.startswith(FROM_START) for name in variables):
        return subprocess.run(
            [COMMAND, *words], capture_output=True, text=True, env=environment, cwd=cwd, timeout=seconds
        )
    with tempfile.TemporaryDirectory(prefix="synthprof-call-") as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        order = [words, environment, str(cwd or Path.cwd()), str(out), str(err)]
        status = _caller().ask(order, seconds)
        return subprocess.CompletedProcess(
            words, status, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        )


class _Caller:
    """The process that has loaded the command line, and forks."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        atexit.register(self._end)

    def ask(self, order: list[object], seconds: float) -> int:
        """The exit status of the call."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            self._end()
            _caller.cache_clear()
            raise subprocess.TimeoutExpired(str(order[0]), seconds)
        return int(self._process.stdout.readline())

    def _end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


@functools.cache
def _caller() -> _Caller:
    return _Caller()


def _serve() -> None:
    """Fork a child for each order that is read; in the child, return."""
    warm()
    answers = os.dup(1)
    for line in iter(sys.stdin.buffer.readline, b""):
        child = os.fork()
        if not child:
            os.close(answers)
            return _become(*json.loads(line))
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os._exit(0)


def _become(words: list[str], environment: dict[str, str], cwd: str, out: str, err: str) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for path, mode, stream in (
        (os.devnull, os.O_RDONLY, 0),
        (out, os.O_WRONLY | os.O_CREAT, 1),
        (err, os.O_WRONLY | os.O_CREAT, 2),
    ):
        opened = os.open(path, mode, 0o600)
        os.dup2(opened, stream)
        os.close(opened)
    if encoding := environment.get("PYTHONIOENCODING"):
        sys.stdout.reconfigure(encoding=encoding)
        sys.stderr.reconfigure(encoding=encoding, errors="backslashreplace")
    sys.argv = ["synthprof", *words]


if __name__ == "__main__":
    _serve()
    main()
