"""The working folder of one spec: stage folders with blocks and receipts, resumable, in progress or done.

<home>/<dataset>/build/<spec>/<stage>-<key>/     what a stage leaves
<home>/<dataset>/build/<spec>/                   what is of the whole build: the files named here
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from synthprof.base.errors import Busy
from synthprof.base.files import flush_folder, remove_temporaries, temporary_path, write_text
from synthprof.base.locks import is_held, lock
from synthprof.pipeline import stage
from synthprof.spec.spec import Spec
from synthprof.store.receipts import receipt_paths

SPEC = "spec.json"
"""What is made here."""

SINCE = "since"
"""Since when answers of slow encoders count, seconds of the epoch; `force` sets it."""

ENCODER = "encoder.txt"
"""What names the content of the model on this machine that embeds."""

FAILURE = "failure.txt"
"""What the last attempt failed with, for people."""

ANEW_FOR = "anew-for"
"""The id of the run for which all was made anew."""


@dataclass(frozen=True)
class Build:
    """The working folder of one spec."""

    folder: Path
    spec: Spec

    def stage_folder(self, name: str) -> Path:
        """Return the folder where this release's version of a stage leaves its files."""
        return self.folder / stage(name).folder(self.spec)

    def bytes_present(self, pattern: str = "*-*/*", *, alone: bool = False) -> int:
        """Bytes of the files that earlier attempts left in stage folders.

        alone: only of those that no version has a link to, which removing them makes room.
        """
        found = [path.stat() for path in self.folder.glob(pattern) if path.is_file()]
        return sum(file.st_size for file in found if not alone or file.st_nlink == 1)

    def clear(self) -> None:
        """Remove everything of earlier runs, except the locks that this run may hold.

        Receipts go first, so that none names files that are gone, whenever this is cut short.
        """
        self.invalidate("*")
        for path in self.folder.glob("*"):
            if path.is_dir() and path.name != "locks":
                shutil.rmtree(path)

    def is_anew_for(self, run_id: str) -> bool:
        """Return whether everything here has been made again for the run of this id."""
        mark = self.folder / ANEW_FOR
        return bool(run_id) and mark.exists() and mark.read_text(encoding="utf-8") == run_id

    def mark_anew_for(self, run_id: str) -> None:
        """From here on `is_anew_for` is true of this id."""
        write_text(self.folder / ANEW_FOR, run_id)

    def invalidate(self, *stages: str) -> None:
        """No receipt of these stages ("*": of any) is left: each is done anew, from the blocks it kept."""
        for name in stages:
            for folder in self.folder.glob(f"{name}-*/"):
                for path in receipt_paths(folder):
                    path.unlink()
                    flush_folder(folder)

    def remove(self) -> None:
        """Remove the folder, unless work is going on in it."""
        if not self.folder.exists():
            return
        with suppress(Busy), self.lock("remove", whole=True):
            temporary = temporary_path(self.folder)
            self.folder.rename(temporary)
            shutil.rmtree(temporary)

    def under_way(self) -> bool:
        """Return whether a process works on the build now."""
        return is_held(self.folder / "locks" / "build")

    def failure(self) -> str | None:
        """Return the message of the last attempt's failure, if it failed."""
        try:
            return (self.folder / FAILURE).read_text(encoding="utf-8") or None
        except FileNotFoundError:
            return None

    def note_failure(self, message: str | None) -> None:
        """Record the message of the last attempt's failure, or None. Nothing depends on it."""
        path = self.folder / FAILURE
        if message is None:
            path.unlink(missing_ok=True)
        elif self.folder.is_dir():
            path.write_text(message, encoding="utf-8")

    @contextmanager
    def at_work(self, stage: str, first: int) -> Iterator[None]:
        """Mark the stage as running on the shard that starts at block `first`."""
        path = self.folder / "locks" / f"at-work-{stage}-{first}"
        with lock(path, f"{stage} from block {first}"):
            os.utime(path)
            yield

    def begun(self, stage: str) -> list[float]:
        """Return the start of the work on each shard of a stage that is running, in seconds since 1970."""
        paths = (self.folder / "locks").glob(f"at-work-{stage}-*")
        return [path.stat().st_mtime for path in paths if is_held(path)]

    @contextmanager
    def lock(self, name: str, *, whole: bool) -> Iterator[None]:
        """Hold the `whole` build, or the part `name` beside other parts, for this process alone.

        Raises Busy when another process is at it.
        """
        what = f"version {self.folder.name} of {self.folder.parent.parent.name!r}"
        with ExitStack() as held:
            held.enter_context(lock(self.folder / "locks" / "build", what, shared=not whole))
            if not whole:
                held.enter_context(lock(self.folder / "locks" / name, f"{name} of {what}"))
            yield


def sweep(build: Path) -> None:
    """Remove what killed writers left in the build, unless work is going on in it."""
    with suppress(Busy), lock(build / "locks" / "build", "sweeping", patience_seconds=0):
        remove_temporaries(build)
