"""The working folder of one spec: stage folders with blocks and receipts, resumable, in progress or done.

<home>/<dataset>/build/<spec>/<stage>-<key>/     what a stage leaves
<home>/<dataset>/build/<spec>/                   what is of the whole build: the files named here
"""

import itertools
import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthprof.base.errors import Busy
from synthprof.base.files import flush_folder, move, remove_temporaries, temporary_path
from synthprof.base.locks import lock
from synthprof.pipeline import BEFORE_PUBLISH, STAGES, made_from, stage
from synthprof.schemas.bundle import SCHEMA_FILE, Bundle
from synthprof.spec.contents import BLOCK_FILE, part_of, part_seal_name, seal_name
from synthprof.spec.shards import Shard
from synthprof.spec.spec import Spec
from synthprof.store.facts import read_fact, write_fact
from synthprof.store.file_seals import FILE_SEALS
from synthprof.store.receipts import RECEIPTS, receipt_paths, shard_of
from synthprof.store.schemas import bundle_of
from synthprof.store.state import BUILD_LOCK, Attempt

SPEC = "spec.json"
"""The spec of the build."""

SINCE = "since.json"
"""Since when answers of slow encoders count, seconds of the epoch; `force` sets it."""

ENCODER = "encoder.json"
"""The digest of the model on this machine that embeds."""

ANEW_FOR = "anew-for.json"
"""The id of the run for which all was made anew."""


LOST = "lost.json"
"""The work that was done before damage was found in the build, and must be done again."""


@dataclass(frozen=True)
class Build:
    """The working folder of one spec."""

    folder: Path
    spec: Spec

    @property
    def bundle(self) -> Bundle:
        """The schema with all that is needed of it, read once per process."""
        return bundle_of(self.spec, self.folder)

    @property
    def attempt(self) -> Attempt:
        """The latest attempt, which knows the state of the build."""
        return Attempt(self.folder)

    def stage_folder(self, name: str) -> Path:
        """Return the folder where this release's version of a stage leaves its files."""
        return self.folder / stage(name).folder(self.spec)

    def bytes_present(self, pattern: str = "*-*/*", *, alone: bool = False) -> int:
        """Return the bytes of the files that earlier attempts left in stage folders.

        alone: only of those that no version has a link to, which removing them makes room.
        """
        found = [path.stat() for path in self.folder.glob(pattern) if path.is_file()]
        return sum(file.st_size for file in found if not alone or file.st_nlink == 1)

    def clear(self) -> None:
        """Remove everything of earlier runs, except the locks that this run may hold.

        And except the rows of a collection: the spec names their content, which its source may have lost.
        Receipts go first, so that none names files that are gone, whenever this is cut short.
        """
        self.invalidate("*")
        self.forget_lost()
        kept = {BUILD_LOCK.parent.name, self.stage_folder("generate").name if self.spec.collection else ""}
        for path in self.folder.glob("*"):
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path)

    def forget_rows(self) -> None:
        """Remove the rows of a source and the schema whose order was refused: no run goes on from them."""
        if not (self.folder / SPEC).exists():
            shutil.rmtree(self.stage_folder("generate"), ignore_errors=True)
            if self.spec.schema_digest:
                (self.folder / SCHEMA_FILE).unlink(missing_ok=True)
                for folder in (self.folder, self.folder.parent, self.folder.parent.parent):
                    with suppress(OSError):  # not empty: others are at work there
                        folder.rmdir()

    def is_anew_for(self, run_id: str) -> bool:
        """Return whether everything here has been made again for the run of this id."""
        return bool(run_id) and read_fact(self.folder / ANEW_FOR) == run_id

    def mark_anew_for(self, run_id: str) -> None:
        """Record that everything has been made anew for the run of this id."""
        write_fact(self.folder / ANEW_FOR, run_id)

    def invalidate(self, *stages: str) -> None:
        """Remove all receipts of these stages ("*": of any); each is done again, from the blocks it kept."""
        for name in stages:
            for folder in self.folder.glob(f"{name}-*/"):
                for path in receipt_paths(folder):
                    path.unlink()
                    flush_folder(folder)

    def discard(self, paths: Iterable[Path]) -> None:
        """Remove files that changed after being written, and whatever may have been made from them.

        Receipts go first, then the seals of the blocks: a block without a seal is made again.
        """
        names = [each.name for each in STAGES]
        self.invalidate(*names[1:])  # the first one reads no files
        for path in paths:
            maker, seals = path.parent.name.rpartition("-")[0], ["seal-*"]
            if block := BLOCK_FILE.fullmatch(path.name):
                seals = [seal_name(int(block[2])), part_seal_name(part_of(int(block[2])))]
                makers = names[names.index(maker) :]
                for found in self.folder.glob(f"*-*/{FILE_SEALS}"):
                    found.unlink()
            else:  # a receipt tells nothing of the files that it names
                makers = [] if path.match(RECEIPTS) else [*made_from(maker)]
            for name, seal in itertools.product(makers, seals):
                for found in self.folder.glob(f"{name}-*/{seal}"):
                    found.unlink()
            path.unlink(missing_ok=True)

    def lost(self) -> list[tuple[str, Shard | None]]:
        """Return the work, by stage and shard, whose receipts `note_lost` has recorded, in order."""
        found: Any = read_fact(self.folder / LOST)
        return [(name, shard and Shard(*shard)) for name, shard in found or ()]

    def note_lost(self) -> None:
        """Record the work that has receipts, before `discard` takes them: the next attempt does it again."""
        work = [(name, (shard.first, shard.end) if shard else None) for name, shard in self.lost()]
        for each in BEFORE_PUBLISH[1:]:
            work += [(each.name, shard_of(path)) for path in receipt_paths(self.stage_folder(each.name))]
        write_fact(self.folder / LOST, [[name, shard and [*shard]] for name, shard in dict.fromkeys(work)])

    def forget_lost(self) -> None:
        """Remove the record of `note_lost`."""
        (self.folder / LOST).unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the folder, unless work is going on in it."""
        if not self.folder.exists():
            return
        with suppress(Busy), self.lock("remove", whole=True):
            temporary = temporary_path(self.folder)
            if move(self.folder, temporary):
                shutil.rmtree(temporary)
                return
            self._empty()

    def _empty(self) -> None:
        """Remove the folder where it lies; the caller holds the lock, which goes last.

        From then on another run may take a new one: what it has begun here stays.
        """
        self.clear()
        locks = self.folder / BUILD_LOCK.parent
        for path in (*self.folder.iterdir(), *locks.iterdir()):
            if path not in (locks, self.folder / BUILD_LOCK):
                path.unlink()
        (self.folder / BUILD_LOCK).unlink()
        with suppress(OSError):  # not empty
            locks.rmdir()
            self.folder.rmdir()

    @contextmanager
    def lock(self, name: str, *, whole: bool) -> Iterator[None]:
        """Hold the `whole` build, or the part `name` beside other parts, for this process alone.

        Raises Busy when another process is at it.
        """
        what = f"version {self.folder.name} of {self.folder.parent.parent.name!r}"
        with ExitStack() as held:
            held.enter_context(lock(self.folder / BUILD_LOCK, what, shared=not whole))
            if not whole:
                held.enter_context(lock(self.folder / "locks" / name, f"{name} of {what}"))
            yield


def sweep(build: Path) -> None:
    """Remove what killed writers left in the build, unless work is going on in it."""
    with suppress(Busy), lock(build / BUILD_LOCK, "sweeping", patience_seconds=0):
        remove_temporaries(build)
