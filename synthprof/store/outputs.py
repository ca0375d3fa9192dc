"""Folders that are derived from a version: made aside step by step, resumable, and put in place whole.

<home>/<dataset>/<kind>/<name>-<key>/                   finished, with a manifest OUTPUT.json
<home>/<dataset>/<kind>/.making/<name>-<key>/           in the making; goes on from its last checkpoint;
                                                        BEGUN.json tells what it is to become
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from synthprof.base.errors import StageError
from synthprof.base.files import (
    FileRecord,
    flush,
    flush_folder,
    flush_folders,
    is_there,
    make_folder,
    matches,
    record,
    remove,
    remove_temporaries,
    replacing,
    take_place,
    write_text,
)
from synthprof.base.following import following
from synthprof.base.kinds import check_file, read_bytes
from synthprof.base.locks import lock
from synthprof.base.seals import Sealed
from synthprof.base.units import MIB

OUTPUT = "OUTPUT.json"
"""The manifest of a finished folder."""

BEGUN = "BEGUN.json"
"""The manifest, without files, of a folder in the making."""

JOURNAL = "journal.json"
"""The last checkpoint of a folder in the making."""

CHECKPOINT_BYTES = 64 * MIB
"""Bytes that are written between two checkpoints at least: a flush costs as long as many blocks take."""


class Output(Sealed):
    """The manifest of a finished folder. It holds no moment, so that the same order gives the same bytes.

    kind: "exports" or "workloads". name: of the format, or of the workload. version: made from this one,
    whose content has the digest `content`. options: what was asked for.
    """

    format: int = 1
    kind: str
    name: str
    key: str
    dataset: str
    version: str
    content: str
    options: dict[str, Any]
    rows: int
    files: tuple[FileRecord, ...] = ()
    details: dict[str, Any] = Field(default_factory=dict)

    @property
    def bytes_total(self) -> int:
        """Bytes of all its files."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True)
class Place:
    """The place of a derived folder: `parent` is the folder of its kind, as `<home>/<dataset>/exports`."""

    parent: Path
    name: str

    @property
    def folder(self) -> Path:
        """The folder when it is finished."""
        return self.parent / self.name

    @property
    def making(self) -> Path:
        """The folder while it is made."""
        return self.parent / ".making" / self.name

    @property
    def lock(self) -> Path:
        """The lock file of whoever makes it."""
        return self.making.with_name(f"{self.name}.lock")

    def output(self) -> Output | None:
        """Return the manifest if the folder is there with every file by its size, else None."""
        try:
            found = read_output(self.folder)
        except StageError:
            return None
        return found if all(is_there(self.folder, file) for file in found.files) else None


def read_output(folder: Path) -> Output:
    """Return the manifest of a finished folder. Raises StageError if it is missing or was changed."""
    try:
        return Output.opened(read_bytes(folder / OUTPUT))
    except (OSError, ValueError, ValidationError) as error:
        raise StageError(
            f"{folder / OUTPUT} is missing or was changed; remove the folder and make it again"
        ) from error


class _Journal(BaseModel):
    """A checkpoint: steps done, length and SHA-256 of the files that grow, records of the others."""

    model_config = ConfigDict(frozen=True)

    steps: int = 0
    grown: dict[str, tuple[int, str]] = {}
    whole: tuple[FileRecord, ...] = ()


@dataclass
class _Growing:
    """A file that is only appended to, and the digest of what it has so far."""

    file: BinaryIO
    digest: Any
    length: int


@dataclass
class Making:
    """A folder in the making. `steps` is the number of finished steps: start there.

    Write whole files by `whole`, files that grow by `append`, and call `step` after each step. What was
    written after the last checkpoint is forgotten when the work is taken up again.
    """

    folder: Path
    steps: int = 0
    _growing: dict[str, _Growing] = field(default_factory=dict)
    _whole: dict[str, FileRecord] = field(default_factory=dict)
    _since: int = 0

    @contextmanager
    def whole(self, name: str, *, in_order: bool = False) -> Iterator[Path]:
        """Yield a temporary path for a file that appears under `name` when it is written.

        in_order: it is written from its beginning to its end, and so is hashed by a thread meanwhile.
        """
        path, followed = self.folder / name, None
        with replacing(path) as temporary:
            if in_order:
                with following(temporary) as followed:
                    yield temporary
            else:
                yield temporary
        self._whole[name] = followed.record(name) if followed else record(path, self.folder)
        self._since += self._whole[name].bytes

    def forget(self, name: str) -> None:
        """Leave out a file that only later steps needed: `finish` removes it."""
        self._whole.pop(name, None)
        if growing := self._growing.pop(name, None):
            growing.file.close()

    def append(self, name: str, data: bytes | memoryview) -> None:
        """Append to the file `name`, which is made if it is not there."""
        if name not in self._growing:
            path = self.folder / name
            make_folder(path.parent)
            self._growing[name] = _Growing(path.open("wb"), hashlib.sha256(), 0)
        growing, view = self._growing[name], memoryview(data).cast("B")
        growing.file.write(view)
        growing.digest.update(view)
        growing.length += len(view)
        self._since += len(view)

    def step(self, *, checkpoint: bool = False) -> None:
        """Count a step as done; now and then, or if told to, make all so far durable."""
        self.steps += 1
        if checkpoint or self._since >= CHECKPOINT_BYTES:
            self._checkpoint()

    def records(self) -> tuple[FileRecord, ...]:
        """Return the records of all files, by path, with SHA-256 as it was computed while writing."""
        grown = [
            FileRecord(path=name, bytes=each.length, sha256=each.digest.hexdigest())
            for name, each in self._growing.items()
        ]
        return tuple(sorted((*grown, *self._whole.values()), key=lambda file: file.path))

    def _checkpoint(self) -> None:
        for each in self._growing.values():
            each.file.flush()
            os.fsync(each.file.fileno())
        flush_folders(self.folder, (*self._growing, *self._whole))
        grown = {name: (each.length, each.digest.hexdigest()) for name, each in self._growing.items()}
        journal = _Journal(steps=self.steps, grown=grown, whole=tuple(self._whole.values()))
        with replacing(self.folder / JOURNAL) as temporary:
            temporary.write_text(journal.model_dump_json(), encoding="utf-8")
        flush_folder(self.folder)
        self._since = 0

    def _take_up(self) -> bool:
        """Go on from the checkpoint; return False if what is there is not as it says."""
        try:
            journal = _Journal.model_validate_json(read_bytes(self.folder / JOURNAL))
        except (OSError, ValidationError):
            return False
        if not all(matches(self.folder, file) for file in journal.whole):
            return False
        for name, (length, digest) in journal.grown.items():
            growing = _taken_up(self.folder / name, length, digest)
            if growing is None:
                return False
            self._growing[name] = growing
        self._whole = {file.path: file for file in journal.whole}
        self.steps = journal.steps
        return True

    def _close(self) -> None:
        for each in self._growing.values():
            each.file.close()
        self._growing.clear()


def _taken_up(path: Path, length: int, digest: str) -> _Growing | None:
    """Return the file, cut to the length, if what is left has the digest."""
    found = hashlib.sha256()
    try:
        file = check_file(path).open("r+b")
    except OSError:
        return None
    left = length
    while left and (part := file.read(min(left, MIB))):
        found.update(part)
        left -= len(part)
    if left or found.hexdigest() != digest:
        file.close()
        return None
    file.truncate(length)
    file.seek(length)
    return _Growing(file, found, length)


@contextmanager
def making(place: Place, what: str, begun: Output | None = None) -> Iterator[Making]:
    """Yield the folder in the making, at its last checkpoint, for this process alone.

    what: names it in the message of Busy, which is raised while another process makes it. begun: its manifest
    without files, for others to see what is in the making.
    """
    with ExitStack() as held:
        held.enter_context(lock(place.lock, what))
        make_folder(place.making)
        remove_temporaries(place.making)
        work = Making(place.making)
        held.callback(work._close)
        if not work._take_up():
            work._close()
            _empty(place.making)
            work = Making(place.making)
            held.callback(work._close)
        if begun is not None:
            write_text(place.making / BEGUN, begun.sealed().text())
        yield work


def finish(place: Place, work: Making, output: Output) -> Output:
    """Put the folder in place, whole and durable, and return its manifest with the records of its files.

    A folder that is there already is replaced in one step.
    """
    full = output.model_copy(update={"files": work.records()}).sealed()
    work._close()
    (place.making / JOURNAL).unlink(missing_ok=True)
    _remove_unknown(place.making, full)
    for file in full.files:
        flush(place.making / file.path)
    flush_folders(place.making, [file.path for file in full.files])
    write_text(place.making / OUTPUT, full.text())
    replaced = place.folder.exists()
    take_place(place.making, place.folder, OUTPUT)
    if replaced:
        with suppress(OSError):
            remove(place.making)
    return full


def outputs(parent: Path) -> list[tuple[Path, Output]]:
    """Return the finished folders of a kind with their manifests, by name; damaged ones are left out."""
    found = []
    for path in sorted(parent.glob(f"[!.]*/{OUTPUT}")):
        with suppress(StageError):
            found.append((path.parent, read_output(path.parent)))
    return found


def begun_outputs(parent: Path) -> list[tuple[Place, Output]]:
    """Return the folders of a kind that are in the making with their manifests as yet without files."""
    found = []
    for path in sorted(parent.glob(f".making/*/{BEGUN}")):
        with suppress(OSError, ValueError, ValidationError):
            found.append((Place(parent, path.parent.name), Output.opened(read_bytes(path))))
    return found


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        remove(path)


def _remove_unknown(folder: Path, output: Output) -> None:
    """Remove files that no record names, as of a step that was begun before the work was cut short."""
    known = {file.path for file in output.files}
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        elif path.is_file() and path.relative_to(folder).as_posix() not in known:
            path.unlink()
