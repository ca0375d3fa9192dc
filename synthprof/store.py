"""Where the versions of a data set lie: built aside, published whole, found by one pointer.

<home>/<dataset>/CURRENT -> versions/<version>      switched in one step
<home>/<dataset>/versions/<version>/                published, never changed
<home>/<dataset>/build/<spec>/<stage>-<key>/        work, resumable, in progress or done
"""

import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from synthprof.errors import Busy, SpecError, StageError
from synthprof.files import (
    FileRecord,
    beside,
    flush_folder,
    is_held,
    lock,
    make_folder,
    point,
    record,
    remove_temporaries,
    sha256,
    share,
    take_place,
    unread,
    write_text,
)
from synthprof.spec import DATASET_PATTERN, Shard, Spec, digest_of

MANIFEST = "MANIFEST.json"
CURRENT = "CURRENT"
FAILURE = "failure.txt"
"""In a build: what its last attempt failed with, for people."""

ANEW_FOR = "anew-for"
"""The file in a build that names the order for which all was made anew."""

VERSION_PATTERN = "[0-9a-f]{12}"

PUBLISH_PATIENCE_SECONDS = 600.0
"""How long to wait while another version of the same data set is checked and published."""


class Receipt(BaseModel):
    """What a stage did, for one shard or the whole data set: completion mark and telemetry in one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    version: int
    spec: str
    shard: tuple[int, int] | None
    rows: int
    rejected: int
    seconds: float
    cpu_seconds: float
    peak_memory: int
    files: tuple[FileRecord, ...]
    details: dict[str, Any]
    pid: int

    @property
    def bytes_written(self) -> int:
        """Bytes of the files it left."""
        return sum(file.bytes for file in self.files)


class Manifest(BaseModel):
    """What a published version is: its spec, every file with its checksum, and how it came about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    dataset: str
    version: str
    published_at: str
    spec: dict[str, Any]
    rows: int
    content: str
    files: tuple[FileRecord, ...]
    scores: dict[str, Any]
    stages: tuple[Receipt, ...]
    seal: str = ""

    def sealed(self) -> "Manifest":
        """The same with the digest of all that it says, by which `read_manifest` finds any change."""
        return self.model_copy(update={"seal": self.digest()})

    def digest(self) -> str:
        """Thirty-two hexadecimal digits that name what it says, the seal aside."""
        # over the text as it is read again: JSON has no infinity
        return digest_of(json.loads(self.model_dump_json(exclude={"seal"})))

    def text(self) -> str:
        """What the file holds, character by character."""
        return self.model_dump_json(indent=1)

    @property
    def bytes_total(self) -> int:
        """Bytes of all its files."""
        return sum(file.bytes for file in self.files)


@dataclass(frozen=True)
class Store:
    """The folders of one data set under the data root."""

    home: Path
    dataset: str

    def __post_init__(self) -> None:
        """Raises SpecError for what could not be the name of a data set, such as a path."""
        if not re.match(DATASET_PATTERN, self.dataset):
            raise SpecError(
                f"{self.dataset[:80]!r} is no name of a data set; use 1 to 63 of a-z, 0-9, _ and -"
            )

    @property
    def folder(self) -> Path:
        """The data set's folder."""
        return self.home / self.dataset

    def build(self, spec: Spec) -> "Build":
        """The working folder for this spec; a changed spec never meets its files."""
        return Build(self.folder / "build" / spec.digest[:16], spec)

    def published(self, version: str) -> Path:
        """The folder of a published version."""
        if not re.fullmatch(VERSION_PATTERN, version):
            raise SpecError(f"{version[:80]!r} is no name of a version; `synthprof status` lists them")
        return self.folder / "versions" / version

    def current(self) -> Path:
        """The folder of the current version, resolved once so that a reader stays with it.

        Raises SpecError if nothing was published.
        """
        try:
            target = (self.folder / CURRENT).readlink()
        except OSError:
            raise SpecError(self._nothing_published()) from None
        if not re.fullmatch(f"versions/{VERSION_PATTERN}", str(target)):
            raise StageError(
                f"{self.folder / CURRENT} points outside the versions, to {target}; remove it, publish again"
            )
        return self.folder / target

    def versions(self) -> list[Path]:
        """The folders of all published versions, oldest first."""
        found = (self.folder / "versions").glob(f"[!.]*/{MANIFEST}")
        own = [path for path in found if not path.parent.is_symlink() and not path.is_symlink()]
        return [path.parent for path in sorted(own, key=lambda path: path.stat().st_mtime_ns)]

    def publish(
        self,
        manifest: Manifest,
        sources: Mapping[str, Path],
        texts: Mapping[str, str],
        *,
        current: bool = True,
    ) -> Path:
        """The version is there, whole and durable, and CURRENT points to it, if `current` is asked for.

        sources: the sealed files by their names in the version; they are linked, not copied. texts: further
        files. A version that is there already and intact stays as it is; a damaged one is replaced.
        """
        folder = self.published(manifest.version)
        with self.publishing():
            if not _intact(folder, manifest):
                _assemble(folder, manifest, sources, texts)
            if current:
                self._date_last(folder)
            if current and not self.is_current(manifest.version):
                point(self.folder / CURRENT, f"versions/{manifest.version}")
        return folder

    def mend(
        self, manifest: Manifest, sources: Mapping[str, Path], texts: Mapping[str, str]
    ) -> list[str] | None:
        """The names of the files that were put right, one by one, in a version whose manifest is sound.

        Each takes its place in one step; strangers are removed. None, and nothing is changed, if what there
        is to put in differs from what the manifest says.
        """
        folder = self.published(manifest.version)
        records = {file.path: file for file in manifest.files}
        with self.publishing():
            bad = damaged(folder, manifest.files)
            put: list[tuple[Path, str]] = []
            try:
                for name in bad:
                    aside = beside(folder / name)
                    put.append((aside, name))
                    _fill(aside, sources.get(name), texts.get(name))
                    if record(aside, folder).model_copy(update={"path": name}) != records[name]:
                        return None
                for aside, name in put:
                    _remove_stranger(folder / name)
                    aside.replace(folder / name)
            finally:
                for aside, _ in put:
                    aside.unlink(missing_ok=True)
            strange = strangers(folder, manifest.files)
            for name in strange:
                _remove_stranger(folder / name, even_a_file=True)
            flush_folder(folder)
        return [*bad, *strange]

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Nobody else changes what is published, and nothing is left of those who were killed doing so."""
        what = f"publishing of {self.dataset!r}"
        with lock(self.folder / "publish.lock", what, patience_seconds=PUBLISH_PATIENCE_SECONDS):
            make_folder(self.folder / "versions")
            remove_temporaries(self.folder, deep=False)
            remove_temporaries(self.folder / "versions", deep=False)
            remove_temporaries(self.folder / "build", deep=False)
            for build in (self.folder / "build").glob("*"):
                _sweep(build)
            yield

    def is_current(self, version: str) -> bool:
        """Whether CURRENT points to this version."""
        link = self.folder / CURRENT
        return link.is_symlink() and str(link.readlink()) == f"versions/{version}"

    def stands(self, version: str) -> bool:
        """Whether the version is the current one and has every file of its manifest, by name and size."""
        folder = self.published(version)
        try:
            files = read_manifest(folder).files
        except StageError:
            return False
        return self.is_current(version) and all(_there(folder, file) for file in files)

    def prune(self, keep: int) -> list[str]:
        """Only the `keep` versions published last are left, with those being read; returns who went.

        keep: 0 keeps all. The current version always stays. With the last version of a spec its build
        goes, unless work is going on there.
        """
        with self.publishing():
            found = self.versions()
            old = [path for path in found[: max(0, len(found) - keep)] if not self.is_current(path.name)]
            gone = [path for path in old if keep and self._remove(path)]
        return [path.name for path in gone]

    def _remove(self, folder: Path) -> bool:
        """Whether the version could be removed, with its build."""
        spec = _spec_of(folder)
        with unread(folder) as free:
            if not free:
                return False
            aside = beside(folder)
            folder.rename(aside)
        shutil.rmtree(aside)
        if spec and not any(_spec_of(other) == spec for other in self.versions()):
            self.build(spec).remove()
        return True

    def _date_last(self, folder: Path) -> None:
        """No version looks younger than this one, even when the clock was set back since."""
        youngest = max(path.stat().st_mtime_ns for path in folder.parent.glob(f"[!.]*/{MANIFEST}"))
        stamp = max(time.time_ns(), youngest + 1)
        os.utime(folder / MANIFEST, ns=(stamp, stamp))

    def _nothing_published(self) -> str:
        known = sorted(path.parent.name for path in self.home.glob(f"*/{CURRENT}"))
        return (
            f"no data set {self.dataset!r} is published in {self.home}; published are: "
            f"{', '.join(known) or 'none'}; make one with `synthprof run --dataset {self.dataset}`"
        )


@dataclass(frozen=True)
class Build:
    """The working folder of one spec."""

    folder: Path
    spec: Spec

    def stage_folder(self, name: str, key: str) -> Path:
        """Where one version of a stage leaves its files."""
        return self.folder / f"{name}-{key}"

    def bytes_lying(self, pattern: str = "*-*/*") -> int:
        """Bytes of the files that earlier attempts left in stage folders."""
        return sum(path.stat().st_size for path in self.folder.glob(pattern) if path.is_file())

    def clear(self) -> None:
        """Nothing of earlier runs is left, except the locks that this run may hold.

        Receipts go first, so that none names files that are gone, whenever this is cut short.
        """
        self.distrust("*")
        for path in self.folder.glob("*"):
            if path.is_dir() and path.name != "locks":
                shutil.rmtree(path)

    def is_anew_for(self, order: str) -> bool:
        """Whether everything here has been made anew for this order, a run of Airflow for instance."""
        mark = self.folder / ANEW_FOR
        return bool(order) and mark.exists() and mark.read_text(encoding="utf-8") == order

    def mark_anew_for(self, order: str) -> None:
        """From here on `is_anew_for` is true of this order."""
        write_text(self.folder / ANEW_FOR, order)

    def distrust(self, *stages: str) -> None:
        """No receipt of these stages ("*": of any) is left: each is done anew, from the blocks it kept."""
        for name in stages:
            for path in self.folder.glob(f"{name}-*/receipt*.json"):
                path.unlink()
                flush_folder(path.parent)

    def remove(self) -> None:
        """The folder is gone, unless work is going on in it."""
        if not self.folder.exists():
            return
        with suppress(Busy), self.lock("remove", whole=True):
            aside = beside(self.folder)
            self.folder.rename(aside)
            shutil.rmtree(aside)

    def under_way(self) -> bool:
        """Whether somebody works on it at this moment."""
        return is_held(self.folder / "locks" / "build")

    def failure(self) -> str | None:
        """What the last attempt failed with, if it did."""
        try:
            return (self.folder / FAILURE).read_text(encoding="utf-8") or None
        except FileNotFoundError:
            return None

    def note_failure(self, message: str | None) -> None:
        """The last attempt failed with this message, or has not failed so far. Nothing depends on it."""
        path = self.folder / FAILURE
        if message is None:
            path.unlink(missing_ok=True)
        elif self.folder.is_dir():
            path.write_text(message, encoding="utf-8")

    @contextmanager
    def lock(self, name: str, *, whole: bool) -> Iterator[None]:
        """This work is ours alone: the `whole` build, or the part `name` beside other parts.

        Raises Busy when another process is at it.
        """
        what = f"version {self.folder.name} of {self.folder.parent.parent.name!r}"
        with ExitStack() as held:
            held.enter_context(lock(self.folder / "locks" / "build", what, shared=not whole))
            if not whole:
                held.enter_context(lock(self.folder / "locks" / name, f"{name} of {what}"))
            yield


def _sweep(build: Path) -> None:
    """Nothing is left in the build of writers that were killed, unless work is going on in it."""
    with suppress(Busy), lock(build / "locks" / "build", "sweeping", patience_seconds=0):
        remove_temporaries(build)


def write_receipt(folder: Path, receipt: Receipt) -> None:
    """The receipt lies beside the files it names, which are durable before it is."""
    flush_folder(folder)
    write_text(folder / receipt_name(receipt.shard), receipt.model_dump_json(indent=1))


def read_receipt(folder: Path, shard: Shard | None) -> Receipt | None:
    """The receipt of work that is done and whose files are there; else None."""
    return _read_receipt(folder / receipt_name(None if shard is None else (shard.first, shard.end)))


def _read_receipt(path: Path) -> Receipt | None:
    try:
        receipt = Receipt.model_validate_json(path.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
    return receipt if all(_there(path.parent, file) for file in receipt.files) else None


def read_receipts(folder: Path, blocks: int) -> tuple[Receipt, ...]:
    """Receipts that together cover each block once, whatever shards they were made by, in order.

    Raises StageError if a block is missing: the stage before has not ended.
    """
    return covering(filter(None, map(_read_receipt, folder.glob("receipt*.json"))), blocks, folder.name)


def covering(receipts: Iterable[Receipt], blocks: int, name: str) -> tuple[Receipt, ...]:
    """Those of the receipts that together cover each block once, in order.

    Raises StageError if a block is missing: the stage in the folder `name` has not ended.
    """
    found = []
    for receipt in receipts:
        first, end = receipt.shard or (0, blocks)
        found.append((first, -end, receipt))
    chosen, covered = [], 0
    for first, end, receipt in sorted(found, key=lambda each: each[:2]):
        if first <= covered < -end:
            chosen.append(receipt)
            covered = -end
    if covered < blocks:
        raise StageError(f"{name} has only {covered} of {blocks} blocks; run that stage again first")
    return tuple(chosen)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a published version. Raises StageError if it cannot be read or was changed."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
        manifest = Manifest.model_validate_json(content)
    except (OSError, ValidationError) as error:
        raise StageError(f"{path} cannot be read ({_first_line(error)}); {_MEND}") from error
    if manifest.seal and (manifest.seal != manifest.digest() or content != manifest.text().encode()):
        raise StageError(f"{path} was changed since it was published; {_MEND}")
    if manifest.version != folder.resolve().name:
        raise StageError(f"{path} is that of version {manifest.version}; {_MEND}")
    return manifest


_MEND = "make it whole with `synthprof repair`"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def version_of(spec: Spec, key: str) -> str:
    """The name of the version that this spec and this key of the last stage give."""
    return digest_of([spec.digest, key])[:12]


def content_digest(files: Iterable[FileRecord]) -> str:
    """Thirty-two hexadecimal digits that name the data: equal when all their files are, byte for byte."""
    return digest_of(sorted((file.path, file.sha256) for file in files))


def damaged(folder: Path, files: Iterable[FileRecord]) -> list[str]:
    """The files that are missing or are not what their record says."""
    return [
        file.path for file in files if not _there(folder, file) or sha256(folder / file.path) != file.sha256
    ]


def strangers(folder: Path, files: Iterable[FileRecord]) -> list[str]:
    """The names in a version's folder that its manifest does not know."""
    return sorted({path.name for path in folder.iterdir()} - {file.path for file in files} - {MANIFEST})


def _fill(path: Path, source: Path | None, text: str | None) -> None:
    if source is not None:
        share(source, path)
    else:
        write_text(path, text or "")


def _remove_stranger(path: Path, *, even_a_file: bool = False) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif even_a_file:
        path.unlink()


def _there(folder: Path, file: FileRecord) -> bool:
    path = folder / file.path
    return path.is_file() and not path.is_symlink() and path.stat().st_size == file.bytes


def receipt_name(shard: tuple[int, int] | None) -> str:
    """What the file of a receipt is called."""
    return "receipt.json" if shard is None else f"receipt-{shard[0]:05}-{shard[1]:05}.json"


def _intact(folder: Path, manifest: Manifest) -> bool:
    """Whether this very content is published there already."""
    try:
        there = read_manifest(folder)
    except StageError:
        return False
    return set(manifest.files) <= set(there.files) and not damaged(folder, there.files)


def _assemble(
    folder: Path, manifest: Manifest, sources: Mapping[str, Path], texts: Mapping[str, str]
) -> None:
    """The version's folder is made under another name and takes its own in one step."""
    aside = beside(folder)
    aside.mkdir(parents=True)
    try:
        for name, source in sources.items():
            share(source, aside / name)
        for name, text in texts.items():
            write_text(aside / name, text)
        flush_folder(aside)  # every name is durable before the manifest that lists them
        records = (*manifest.files, *(record(aside / name, aside) for name in texts))
        full = manifest.model_copy(update={"files": records}).sealed()
        write_text(aside / MANIFEST, full.text())
        take_place(aside, folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _spec_of(folder: Path) -> Spec | None:
    """The spec of a published version, as far as its manifest can be read."""
    try:
        return Spec.model_validate(read_manifest(folder).spec)
    except (StageError, ValidationError):
        return None
