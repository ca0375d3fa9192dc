"""The state of a build: the marks of its latest attempt, and what they say."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from synthprof.base.files import replacing
from synthprof.base.kinds import read_bytes
from synthprof.base.locks import is_held, lock

BuildState = Literal["building", "failed", "stopped"]
"""`failed`: the last attempt left a reason. `stopped`: no process works on the build and none failed."""

FAILURE = "failure.txt"
"""The reason why the last attempt failed, for people; nothing depends on it."""

BUILD_LOCK = Path("locks", "build")
"""Held, by one or shared, while any process works on the build."""

PAUSE_SECONDS = 60.0
"""Between two tasks of Airflow nobody holds a build; after that long it counts as stopped."""


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
    def at_work(self, stage: str, first: int) -> Iterator[None]:
        """Mark the stage as running on the shard that starts at block `first`."""
        path = self.folder / "locks" / f"at-work-{stage}-{first}"
        with lock(path, f"{stage} from block {first}"):
            os.utime(path)
            yield

    def begun(self, stage: str) -> list[float]:
        """Return when the work on each running shard of a stage began, in seconds since 1970."""
        paths = (self.folder / "locks").glob(f"at-work-{stage}-*")
        return [path.stat().st_mtime for path in paths if is_held(path)]
