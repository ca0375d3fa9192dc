"""Stages as child processes, whose events become log lines.

The child is needed because nothing else gives a stage its own pool of processes under every executor:
Celery's workers may have no children, and a pool forked from a task of LocalExecutor hangs now and then.
"""

import contextlib
import json
import logging
import math
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from synthprof.base.errors import Busy, SpecError, StageError, SynthprofError
from synthprof.spec.request import params_schema
from synthprof.system.environment import child_environment
from synthprof.system.events import Event, Failed, LogLine, ProgressMade, ReceiptWritten, Result, read

logger = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "synthprof.runner.child")
SECONDS_TO_END = 2.0
"""Time between asking the child to end and killing it. Airflow kills the task five seconds after it was
marked failed, and its supervisor may learn of that a second late. A killed stage loses blocks in flight."""

SECONDS_BETWEEN_PROGRESS = 5.0
ALWAYS_SHOWN = ("dataset", "profiles", "seed", "blocks")
"""Parameters in the first line of every log, whatever their values."""

SECONDS_OF_SILENCE = 30.0
"""Time after which the parameters are logged even without a word from the child. A refusal comes within a
second, later on a busy machine, and is to be the first line of the log."""


@dataclass(frozen=True)
class Started:
    """The beginning of a stage's log, for a handler that shows events in its own way."""


def run_stage(
    stage: str,
    params: Mapping[str, Any],
    shard: tuple[int, int] | None = None,
    *,
    command: Sequence[str] = COMMAND,
    on_start: Callable[["Child"], None] = lambda child: None,
    variables: Mapping[str, str] | None = None,
) -> Any:  # noqa: ANN401
    """Run the stage and return its value; its log lines are logged, its receipt last.

    Leaves no child behind, whatever ends this function. Raises SpecError, Busy or StageError with the child's
    own message; an error that comes at once is the first line of the log. variables: added to the child's
    environment and never logged, because they may be secrets.
    """
    argv = [*command, stage, "--params", json.dumps(dict(params), allow_nan=False)]
    if shard is not None:
        argv += ["--shard", f"{shard[0]}:{shard[1]}"]
    log = _Log(stage, params, shard)
    with Child(argv, variables or {}) as child:
        on_start(child)
        for line in child.lines():
            log.take(line)
        code = child.wait()
    return log.close(code, asked=child.asked)


class Child:
    """A process in our own group, so that a signal to the group ends both. Leaving the context ends it."""

    def __init__(self, argv: Sequence[str], variables: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=child_environment() | dict(variables),
        )
        self.asked = False
        self._kill_at = math.inf

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def ask_to_end(self) -> None:
        """Send SIGTERM to the child; `lines` and `wait` kill it if that does not end it in time.

        Safe to call in a signal handler.
        """
        self.asked = True
        self._kill_at = min(self._kill_at, time.monotonic() + SECONDS_TO_END)
        self.process.terminate()

    def end(self) -> None:
        """End the child: by SIGTERM, or by SIGKILL two seconds later."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._kill()
            self.process.wait()

    def lines(self) -> Iterator[tuple[str, str] | None]:
        """Yield each line with "stdout" or "stderr" as it comes, and None about every second without a line.

        Ends with the child, not with its pipes: processes that it started may hold those open longer.
        """
        buffers = {"stdout": b"", "stderr": b""}
        with selectors.DefaultSelector() as selector:
            for name in buffers:
                selector.register(getattr(self.process, name), selectors.EVENT_READ, name)
            while selector.get_map():
                ended = self.process.poll() is not None
                self._kill_if_due()
                patience = min(1.0, max(0.0, self._kill_at - time.monotonic()))
                ready = selector.select(0 if ended else patience)
                for key, _ in ready:
                    data = os.read(key.fd, 1 << 16)
                    if not data:
                        selector.unregister(key.fileobj)
                    *complete, buffers[key.data] = (buffers[key.data] + data).split(b"\n")
                    yield from ((key.data, line.decode(errors="replace")) for line in complete)
                if not ready:
                    if ended:
                        break
                    yield None
        yield from ((name, rest.decode(errors="replace")) for name, rest in buffers.items() if rest)

    def wait(self) -> int:
        """Wait for the child to end and return its exit code."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return self.process.wait(0.5)
            self._kill_if_due()

    def _kill_if_due(self) -> None:
        if time.monotonic() > self._kill_at:
            self._kill_at = math.inf
            self._kill()

    def _kill(self) -> None:
        logger.warning("child %d did not end by itself: killed", self.process.pid)
        self.process.kill()


class _Log:
    """The log of a child's events, and what remains of them for the end."""

    def __init__(self, stage: str, params: Mapping[str, Any], shard: tuple[int, int] | None) -> None:
        self.stage = stage
        self.params = dict(params) | ({} if shard is None else {"blocks": f"{shard[0]}:{shard[1]}"})
        self.announced = False
        self.folded = False
        self.started = time.monotonic()
        self.progress_at = 0.0
        self._first: ProgressMade | None = None
        self.stderr: deque[str] = deque(maxlen=50)
        self.receipt: ReceiptWritten | None = None
        self.failed: Failed | None = None
        self.value: Any = None

    def take(self, line: tuple[str, str] | None) -> None:
        """Log one line of the child, or keep it for the end; None only lets time pass."""
        if line is None:
            if time.monotonic() - self.started > SECONDS_OF_SILENCE:
                self._announce()
            return
        stream, text = line
        event = read(text) if stream == "stdout" else None
        if event is None:
            self.stderr.append(text)
            self._announce()
            self._unfold()
            logger.info("%s", text)
            return
        if not isinstance(event, Failed):
            self._announce()
        self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case LogLine():
                self._log_line(event)
            case ProgressMade():
                self._log_progress(event)
            case ReceiptWritten():
                self.receipt = event
            case Result(value):
                self.value = value
                self._log(logging.DEBUG, "result", event)
            case Failed():
                self.failed = event
                self._log_failed(event)

    def close(self, code: int, *, asked: bool) -> Any:  # noqa: ANN401
        """Return the stage's value, or raise the error that the stage ended with."""
        self._unfold()
        if self.failed is not None or code != 0:
            self._announce()
            raise StageError("was asked to end before it was done") if asked else self._failure(code)
        if self.receipt is not None:
            self._log_receipt(self.receipt)
        return self.value

    def _announce(self) -> None:
        """Log the parameters first: those that are not the default in one line, then all of them folded."""
        if self.announced:
            return
        self.announced = True
        declared = {name: schema["default"] for name, schema in params_schema().items()}
        shown = {
            name: value
            for name, value in self.params.items()
            if name in ALWAYS_SHOWN or value not in ("", None, declared.get(name))
        }
        line = " ".join(f"{name}={value}" for name, value in shown.items())
        self._log(logging.INFO, f"{self.stage}: {line}", Started())
        _log_folded("Parameters", (f"{name}: {json.dumps(value)}" for name, value in self.params.items()))

    def _log_line(self, line: LogLine) -> None:
        """Log a line as it comes; fold the lines of single blocks (detailed_logging) together."""
        level = logging.getLevelNamesMapping().get(line.level, logging.INFO)
        if level > logging.DEBUG:
            self._log(level, line.message, line)
            return
        if not self.folded:
            self.folded = True
            logger.info("::group::Detail")
        logger.info("%s", line.message)

    def _unfold(self) -> None:
        if self.folded:
            logger.info("::endgroup::")
            self.folded = False

    def _log_progress(self, event: ProgressMade) -> None:
        ended = 0 < event.total <= event.done  # or what ended at once would stand at its begin for ever
        due = ended or time.monotonic() - self.progress_at >= SECONDS_BETWEEN_PROGRESS
        if due:
            self.progress_at = time.monotonic()
        if self._first is None or _what(self._first) != _what(event):
            self._first, due = event, True
        stage = f"{event.stage}: " if event.stage not in ("", self.stage) else ""
        line = f"{stage}{_progress_line(event, self._first)}"
        self._log(logging.INFO if due else logging.DEBUG, line, event)

    def _log_failed(self, failed: Failed) -> None:
        self._log(logging.ERROR, failed.message, failed)
        if failed.traceback and not isinstance(failed.error, SpecError | Busy):
            _log_folded("Traceback", failed.traceback.splitlines(), logging.ERROR)

    def _log_receipt(self, receipt: ReceiptWritten) -> None:
        """Log the whole receipt folded, then its sum in one line, the last of the log."""
        _log_folded("Receipt", (f"{name}: {json.dumps(value)}" for name, value in receipt.facts.items()))
        self._log(logging.INFO, receipt.line, receipt)

    def _log(self, level: int, text: str, event: Event | Started) -> None:
        if level >= logging.INFO:
            self._unfold()
        # the text may hold per cent signs; the event is for who shows it in another way
        logger.log(level, "%s", text, extra={"synthprof": event, "stage": self.stage})

    def _failure(self, code: int) -> SynthprofError:
        if self.failed is not None:
            return self.failed.error
        reason = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        remedy = "; if memory ran out, lower workers" if code == -9 else ""
        last = f": {self.stderr[-1]}" if self.stderr else ""
        return StageError(f"the stage's process {reason} without a message{remedy}{last}")


def _what(event: ProgressMade) -> tuple[str, str, int]:
    """Return what the event counts: rates hold only within that."""
    return event.stage, event.unit, event.total


def _progress_line(event: ProgressMade, first: ProgressMade) -> str:
    """Return what is done, failed and in all; with the rate since the first event, and the time left."""
    done, total, unit = event.done, event.total, event.unit
    parts = [f"{done:,}{f' of {total:,} ({done / total:.0%})' if total else ''} {unit}"]
    if event.failed:
        parts.append(f"{event.failed:,} failed")
    seconds = event.seconds - first.seconds
    if done > first.done and seconds > 0:
        rate = (done - first.done) / seconds
        if unit == "rows":
            parts.append(f"{rate:,.0f} rows/s")
        if total > done:
            parts.append(f"about {_duration((total - done) / rate)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def _log_folded(title: str, lines: Iterable[str], level: int = logging.INFO) -> None:
    """Log the lines as one group, which Airflow's log page shows folded."""
    logger.log(level, "%s", f"::group::{title}")
    for line in lines:
        logger.log(level, "%s", line)
    logger.log(level, "::endgroup::")
