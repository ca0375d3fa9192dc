"""The state of a build: the marks of its latest attempt, and what they say."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from synthprof.base.clock import PAUSE_SECONDS
from synthprof.base.errors import Busy
from synthprof.base.files import replacing
from synthprof.base.kinds import read_bytes
from synthprof.base.locks import is_held, lock

BuildState = Literal["building", "failed", "stopped"]
"""`failed`: the last attempt left a reason. `stopped`: no process works on the build and none failed."""

FAILURE = "failure.txt"
"""The reason why the last attempt failed, for people; nothing depends on it."""

BUILD_LOCK = Path("locks", "build")
"""Held, by one or shared, while any process works on the build."""


@dataclass(frozen=True)
class Attempt:
    """The latest attempt at the build in a folder, as its marks tell."""

    folder: Path

    def state(self) -> BuildState:
        """Return the state of the build at this moment."""
        if is_held(self.folder / BUILD_LOCK):
            return "building"
        if self.failure() is not None:
            return "failed"
        return "building" if time.time() - self.changed() < PAUSE_SECONDS else "stopped"

    def changed(self) -> float:
        """Return when anything in the build's folders was last made or removed, in seconds since 1970."""
        moments = [self.folder.stat().st_mtime]
        for path in self.folder.glob("*/"):
            with suppress(FileNotFoundError):  # a stage that is made anew
                moments.append(path.stat().st_mtime)
        return max(moments)

    def failure(self) -> str | None:
        """Return the reason why the attempt failed, None if it has not failed so far."""
        try:
            return read_bytes(self.folder / FAILURE).decode(errors="replace") or None
        except FileNotFoundError:
            return None
        except OSError as error:
            return str(error)

    def note_failure(self, message: str | None) -> None:
        """Record the reason why the attempt failed; None: a new attempt begins."""
        path = self.folder / FAILURE
        if message is None:
            path.unlink(missing_ok=True)
        elif self.folder.is_dir():
            with replacing(path, durable=False) as temporary:
                temporary.write_text(message, encoding="utf-8")

    @contextmanager
    def at_work(self, stage: str, first: int) -> Iterator["Mark"]:
        """Mark the stage as running on the shard that starts at block `first`."""
        with at_work(self._mark(stage, str(first)), shared=False) as mark:
            yield mark

    def works(self, stage: str) -> list["Work"]:
        """Return what the running shards of a stage tell of their work."""
        found = (work_at(path) for path in (self.folder / "locks").glob(self._mark(stage, "*").name))
        return [work for work in found if work]

    def _mark(self, stage: str, first: str) -> Path:
        return self.folder / "locks" / f"at-work-{stage}-{first}"


@dataclass(frozen=True)
class Work:
    """The last report of some work at hand, for those who look on from other processes.

    began: when it began. since: when the counting of this unit began, at `first`. Both in seconds since 1970.
    total: 0 where it is not known. failed: of those done. unit: what is counted, as "rows".
    """

    began: float
    since: float
    first: int = 0
    done: int = 0
    total: int = 0
    failed: int = 0
    unit: str = "rows"

    def rate(self, now: float) -> float:
        """Return units a second since their counting began; 0 where that is not known yet."""
        seconds = now - self.since
        return max(0.0, (self.done - self.first) / seconds) if seconds > 0 else 0.0

    def counted(self, done: int, total: int, failed: int, unit: str, now: float) -> "Work":
        """Return the same work further on."""
        if (unit, total) == (self.unit, self.total):
            return replace(self, done=done, failed=failed)
        return Work(self.began, now, done, done, total, failed, unit)


class Mark:
    """The mark of work at hand: a locked file that says how far it is. It is lost without harm."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        now = time.time()
        self._work = Work(now, now)
        self._write()

    def tell(self, done: int, total: int, failed: int = 0, unit: str = "rows") -> None:
        """Say how far the work is."""
        self._work = self._work.counted(done, total, failed, unit, time.time())
        self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        text = json.dumps(asdict(self._work)).ljust(MARK_BYTES).encode()
        with suppress(OSError):  # a full disk is told by the work itself
            descriptor = os.open(self._path, os.O_WRONLY)
            try:
                os.pwrite(descriptor, text, 0)
            finally:
                os.close(descriptor)


MARK_BYTES = 256
"""Every writing covers the one before, so that no reader finds parts of both."""


@contextmanager
def at_work(path: Path, *, shared: bool = True) -> Iterator[Mark]:
    """Mark work as at hand, by a locked file, and yield what it may tell its progress to.

    shared: others may do the same at the same time, and where no file can be written it is done unmarked;
    else Busy and OSError are raised.
    """
    with ExitStack() as held:
        try:
            held.enter_context(lock(path, path.name, shared=shared))
        except (OSError, Busy):
            if not shared:
                raise
            path = None  # type: ignore[assignment]
        yield Mark(path)


def work_at(path: Path) -> Work | None:
    """Return what the work marked at this path tells; None if nobody is at it."""
    try:
        if not is_held(path):
            return None
        return Work(**json.loads(read_bytes(path)))
    except (OSError, ValueError, TypeError):  # being written for the first time
        return None
