"""One stage run as a child process, its JSON lines turned into log lines.

The child is needed because nothing else gives a stage its own pool of processes under every executor:
Celery's workers may have no children, and a pool forked from a task of LocalExecutor hangs now and then.
"""

import json
import logging
import os
import selectors
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any

from synthprof.errors import Busy, SpecError, StageError

logger = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "synthprof.run")
SECONDS_TO_END = 4.0
"""Between asking the child to end and killing it; Airflow kills the task 5 s after its own request."""

SECONDS_BETWEEN_PROGRESS = 5.0
SECONDS_OF_SILENCE = 2.0
"""After this the parameters are logged even if the child has said nothing yet."""

Event = dict[str, Any]


def run_stage(
    stage: str,
    params: Mapping[str, Any],
    shard: tuple[int, int] | None = None,
    *,
    command: Sequence[str] = COMMAND,
    on_start: Callable[["Child"], None] = lambda child: None,
    secrets: Mapping[str, str] | None = None,
) -> Any:  # noqa: ANN401
    """The value that the stage has returned; its log lines are logged, its receipt last.

    Whatever ends this function, no child is left. Raises SpecError, Busy or StageError with the child's own
    message; the error is logged before anything else if it comes at once. secrets: variables of the child's
    environment that are logged nowhere.
    """
    argv = [*command, stage, "--params", json.dumps(dict(params), allow_nan=False)]
    if shard is not None:
        argv += ["--shard", f"{shard[0]}:{shard[1]}"]
    log = _Log(stage, f"{stage}: {' '.join(f'{name}={value}' for name, value in params.items())}")
    with Child(argv, secrets or {}) as child:
        on_start(child)
        for line in child.lines():
            log.take(line)
        code = child.process.wait()
    return log.close(code)


class Child:
    """A process in our own process group, so that what ends us ends it; leaving the context ends it too."""

    def __init__(self, argv: Sequence[str], secrets: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment() | dict(secrets),
        )

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
        """The child has been sent SIGTERM, if it still runs."""
        self.process.terminate()

    def end(self) -> None:
        """The child has ended, by SIGKILL if it did not within four seconds of SIGTERM."""
        if self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            logger.warning("child %d did not end by itself: killed", self.process.pid)
            self.process.kill()
            self.process.wait()

    def lines(self) -> Iterator[tuple[str, str] | None]:
        """Each line with "stdout" or "stderr" as it comes, and None about each second without any.

        Ends with the child, not with its pipes: what it started may hold those open a little longer.
        """
        buffers = {"stdout": b"", "stderr": b""}
        with selectors.DefaultSelector() as selector:
            for name in buffers:
                selector.register(getattr(self.process, name), selectors.EVENT_READ, name)
            while selector.get_map():
                ended = self.process.poll() is not None
                ready = selector.select(0 if ended else 1.0)
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


def environment() -> dict[str, str]:
    """Our environment without what Airflow means for its own processes, and with our process id."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith("__SQL_ALCHEMY_CONN") and not name.startswith(("_AIRFLOW", "__AIRFLOW"))
    }
    return ours | {"SYNTHPROF_PARENT_PID": str(os.getpid())}


class _Log:
    """What a child says, logged as it comes, and what remains of it for the end."""

    def __init__(self, stage: str, header: str) -> None:
        self.stage = stage
        self.header: str | None = header
        self.started = time.monotonic()
        self.progress_at = 0.0
        self._first: Event | None = None
        self.stderr: deque[str] = deque(maxlen=50)
        self.receipt: Event | None = None
        self.error: Event | None = None
        self.value: Any = None

    def take(self, line: tuple[str, str] | None) -> None:
        """One line has been logged or kept; None only lets time pass."""
        if line is None:
            if time.monotonic() - self.started > SECONDS_OF_SILENCE:
                self._announce()
            return
        stream, text = line
        event = _event(text) if stream == "stdout" else None
        if event is None:
            self.stderr.append(text)
            self._announce()
            logger.info("%s", text)
            return
        if event["event"] != "error":
            self._announce()
        getattr(self, f"_on_{event['event']}")(event)

    def close(self, code: int) -> Any:  # noqa: ANN401
        """The stage's value; raises what it ended with."""
        if self.error is not None or code != 0:
            self._announce()
            raise self._failure(code)
        if self.receipt is not None:
            self._log_receipt(self.receipt)
        return self.value

    def _announce(self) -> None:
        if self.header is not None:
            self._log(logging.INFO, self.header, {"event": "start"})
            self.header = None

    def _on_log(self, event: Event) -> None:
        level = logging.getLevelNamesMapping().get(str(event.get("level")), logging.INFO)
        self._log(level, str(event.get("message", "")), event)

    def _on_progress(self, event: Event) -> None:
        due = time.monotonic() - self.progress_at >= SECONDS_BETWEEN_PROGRESS
        if due:
            self.progress_at = time.monotonic()
        self._first = self._first or event
        self._log(logging.INFO if due else logging.DEBUG, _progress_line(event, self._first), event)

    def _on_receipt(self, event: Event) -> None:
        self.receipt = event

    def _on_result(self, event: Event) -> None:
        self.value = event["value"]
        self._log(logging.DEBUG, "result", event)

    def _on_error(self, event: Event) -> None:
        self.error = event
        self._log(logging.ERROR, event["message"], event)
        if event.get("traceback") and event.get("kind") not in ("SpecError", "Busy"):
            _log_folded("Traceback", event["traceback"].splitlines(), logging.ERROR)

    def _log_receipt(self, receipt: Event) -> None:
        """The whole receipt folded, then its sum in one line, which is the last of the log."""
        facts = receipt.items()
        _log_folded("Receipt", (f"{name}: {json.dumps(value)}" for name, value in facts if name != "event"))
        rows, seconds = receipt.get("rows") or 0, receipt.get("seconds") or 0.0
        rate = f" ({rows / seconds:,.0f} rows/s)" if seconds else ""
        memory = receipt.get("peak_memory_mib")
        peak = f", peak memory {memory:,.0f} MiB" if memory else ""
        self._log(logging.INFO, f"{self.stage}: {rows:,} rows in {seconds:.1f} s{rate}{peak}", receipt)

    def _log(self, level: int, text: str, event: Event) -> None:
        # the text may hold per cent signs; the event is for who shows it in another way
        logger.log(level, "%s", text, extra={"synthprof": event, "stage": self.stage})

    def _failure(self, code: int) -> Exception:
        if self.error is not None:
            kinds = {"SpecError": SpecError, "Busy": Busy}
            return kinds.get(str(self.error.get("kind")), StageError)(self.error["message"])
        reason = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        remedy = "; if memory ran out, lower workers" if code == -9 else ""
        last = f": {self.stderr[-1]}" if self.stderr else ""
        return StageError(f"the stage's process {reason} without a message{remedy}{last}")


def _progress_line(event: Event, first: Event) -> str:
    """Rows done, failed and in all; once there is a rate since the first event, that and the time left."""
    done, total, unit = event["done"], event.get("total"), event.get("unit", "rows")
    parts = [f"{done:,}{f' of {total:,} ({done / total:.0%})' if total else ''} {unit}"]
    if event.get("failed"):
        parts.append(f"{event['failed']:,} failed")
    seconds = event.get("seconds", 0.0) - first.get("seconds", 0.0)
    if done > first["done"] and seconds > 0:
        rate = (done - first["done"]) / seconds
        parts.append(f"{rate:,.0f} {unit}/s")
        if total:
            parts.append(f"about {_duration((total - done) / rate)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def _event(text: str) -> Event | None:
    """The event on a line of stdout, or None for other text."""
    try:
        event = json.loads(text)
    except ValueError:
        return None
    known = ("log", "progress", "receipt", "result", "error")
    return event if isinstance(event, dict) and event.get("event") in known else None


def _log_folded(title: str, lines: Iterable[str], level: int = logging.INFO) -> None:
    """The lines as one group, which Airflow's log page shows folded."""
    logger.log(level, "%s", f"::group::{title}")
    for line in lines:
        logger.log(level, "%s", line)
    logger.log(level, "::endgroup::")
