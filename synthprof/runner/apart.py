"""Work in a process of its own, for programs that call the library (docs/adr/0026).

The program may have loaded NumPy before us, with kernels that round otherwise; it has threads, signal
handlers and an allocator of its own. A fresh process has none of that, and takes nothing along when it ends.
"""

import json
import logging
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from synthprof.base.errors import StageError, SynthprofError
from synthprof.system.environment import HOME, child_environment
from synthprof.system.events import Failed, LogLine, Observer, ProgressMade, ReceiptWritten, Result, read

logger = logging.getLogger("synthprof")

MODULE = "synthprof.runner.child_run"

SECONDS_TO_END = 10.0
"""Seconds that an interrupted child may take to end in order; blocks in flight are all that is lost then."""


def run_apart(
    task: str, params: Mapping[str, Any], home: Path, observe: Observer, module: str = MODULE
) -> dict[str, Any]:
    """Do a task of a module of tasks in a process of its own; return its result.

    Its log lines go to the logger `synthprof`, its progress to `observe`. Whatever ends this function, no
    process is left. Raises SpecError, Busy or StageError with the child's own message.
    """
    argv = [sys.executable, "-m", module, task, "--params", json.dumps(params)]
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=child_environment() | {HOME: str(home)},
            process_group=0,  # Ctrl-C is for us, who tell the child
        )
        try:
            last = _follow(process, observe)
            code = process.wait()
        finally:
            _end(process)
        if code == 0 and isinstance(last, Result):
            return dict(last.value)
        raise _failure(last, code, errors)


def _follow(process: "subprocess.Popen[str]", observe: Observer) -> Result | Failed | None:
    """Pass on what the child says; return the result or the error that it ends with, if any."""
    last: Result | Failed | None = None
    assert process.stdout is not None
    for line in process.stdout:
        match event := read(line):
            case LogLine(level, message):
                logger.log(logging.getLevelNamesMapping()[level], "%s", message)
            case ReceiptWritten(line):
                logger.info("%s", line)
            case ProgressMade():
                observe(event.stage, event.done, event.total, event.failed, event.unit)
            case Result() | Failed():
                last = event
            case _:
                logger.info("%s", line.rstrip())
    return last


def _end(process: "subprocess.Popen[str]") -> None:
    """End the child in order or, if it takes too long or somebody is impatient, at once."""
    try:
        if process.poll() is None:
            process.terminate()
            process.wait(SECONDS_TO_END)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()
    finally:
        if process.stdout is not None:
            process.stdout.close()


def _failure(last: Result | Failed | None, code: int, errors: IO[str]) -> SynthprofError:
    if isinstance(last, Failed):
        failure = last.error
        if last.kind == "Crash":
            failure.add_note(last.traceback)
        return failure
    errors.seek(0)
    said = errors.read().strip().splitlines()
    reason = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    remedy = "; if memory ran out, use fewer workers" if code == -signal.SIGKILL else ""
    return StageError(f"the process of the run {reason}{remedy}{f': {said[-1]}' if said else ''}")
