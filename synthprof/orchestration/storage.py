"""What workers of several machines share: nothing to do with a mounted folder, or a bucket around each stage.

With a bucket, a worker's home is a cache. Before a stage runs, what it reads is fetched; when it has ended,
what it made is stored: contents under their checksums, then seals, then the receipt. Nothing counts that no
receipt or seal in the bucket names (docs/adr/0012).
"""

import contextlib
import datetime
import logging
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from synthprof.errors import Busy, SpecError, StageError
from synthprof.files import FileRecord, record, write_text
from synthprof.resources import MIB, home_folder
from synthprof.spec import Request, Shard, Spec
from synthprof.stages import STAGES, Stage
from synthprof.stages import stage as find
from synthprof.store import (
    CURRENT,
    MANIFEST,
    Build,
    Manifest,
    Receipt,
    Store,
    covering,
    read_manifest,
    read_receipt,
    receipt_name,
    version_of,
)

if TYPE_CHECKING:  # the DAG file imports this module, and has no use for a bucket's libraries
    from synthprof.orchestration.bucket import Bucket

logger = logging.getLogger(__name__)

STORAGE = "SYNTHPROF_STORAGE"
"""The setting: empty for the data root, or `s3://connection@bucket/prefix`."""

PUBLISH_POOL = "synthprof_publish"
"""The Airflow pool with one slot that keeps publications apart, since a bucket has no locks."""

EPOCH = "EPOCH"
BEGUN = "BEGUN"
ROOT_FILES = ("spec.json", "since")
"""What `setup` leaves in the build folder itself."""

AT_ONCE = 8
"""Files on their way at once: a single one seldom fills the line."""

BUILD_RESTS = datetime.timedelta(days=1)
"""A build in which a run began more recently is not pruned: that run may still be at work, on any machine."""

Item = TypeVar("Item")
Result = TypeVar("Result")

_BLOCK_FILE = re.compile(r"([a-z]+)-(\d{5})\.(?:arrow|npy)")
_SEAL = re.compile(r"seal-(\d{5})\.json")
_SEALS = TypeAdapter(tuple[FileRecord, ...])

Kinds = tuple[str, ...] | Literal["all"]

_READS: dict[str, dict[str, Kinds]] = {
    "setup": {},
    "generate": {},
    "ingest": {"generate": "all"},
    "vectorize": {"generate": ("profiles",)},
    "persist_blobs": {"vectorize": "all"},
    "cluster": {"generate": ("archetypes",), "vectorize": "all"},
    "export_index": {"cluster": "all", "vectorize": ("embeddings", "missing")},
    "vacuum": {"ingest": "all", "persist_blobs": "all", "cluster": "all"},
    "publish": {each.name: "all" for each in STAGES[:-1]},
}
"""What each stage reads of the others: certain kinds of block file, or all files with the receipts."""


def setting() -> str:
    """Where the shared storage is; empty: it is the data root."""
    return os.environ.get(STORAGE, "").strip()


@contextlib.contextmanager
def shared(stage: str, params: Mapping[str, Any], shard: tuple[int, int] | None) -> Iterator["Work | None"]:
    """Inside, the home has what the stage reads; afterwards, the shared storage has what it made.

    Gives None where the data root itself is shared. When the stage fails, its sealed blocks are stored
    all the same, for the next attempt to keep. Raises SpecError, Busy or StageError.
    """
    url = setting()
    if not url:
        yield None
        return
    from synthprof.orchestration.bucket import Bucket

    work = Work(Bucket(url), find(stage), Request.from_params(params), shard and Shard(*shard))
    work.fetch()
    try:
        yield work
    except (SpecError, Busy):
        raise
    except StageError:
        work.store_blocks()
        raise
    work.store()


@dataclass(frozen=True)
class Work:
    """One stage's work on one shard, between this worker's home and the bucket."""

    bucket: "Bucket"
    stage: Stage
    request: Request
    shard: Shard | None

    def __post_init__(self) -> None:
        """Raises SpecError for an order whose parts cannot travel."""
        if self.request.runtime.max_failed and self.spec.encoder in ("http", "model"):
            raise SpecError(
                f"max_failed={self.request.runtime.max_failed}: the list of rows without an embedding does "
                f"not travel through a bucket; set max_failed=0, or {STORAGE} empty and mount a shared folder"
            )

    @property
    def spec(self) -> Spec:
        """What determines the bytes."""
        return self.request.spec

    @cached_property
    def local(self) -> Store:
        """The data set's folders in this worker's home."""
        return Store(home_folder(), self.request.dataset)

    @cached_property
    def build(self) -> Build:
        """The working folder in this worker's home."""
        return self.local.build(self.spec)

    @cached_property
    def epoch(self) -> str:
        """The key of the epoch that counts; `setup` begins it, anew with `force`."""
        key = f"{self._build_key}/{EPOCH}"
        new = secrets.token_hex(8)
        if self.stage.name != "setup":
            found = self.bucket.text(key)
        elif self.request.runtime.force:
            self.bucket.put_text(key, found := new)
        else:
            found = self.bucket.create_text(key, new)
        if found is None:
            raise StageError(
                f"{self.bucket.url}/{self._build_key} has no {EPOCH}; clear the task setup first"
            )
        return f"{self._build_key}/{found}"

    def located(self, value: Any) -> Any:  # noqa: ANN401
        """The stage's value, the path in it being that of the version in the bucket."""
        if self.stage.name != "publish":
            return value
        return value | {"path": f"{self.bucket.url}/{self._version_key(value['version'])}"}

    # --- before the stage --------------------------------------------------------------------------------

    def fetch(self) -> None:
        """The home has what the stage reads, and what is done of its own work."""
        began = time.monotonic()
        self._begin()
        part = f"fetch-{self.stage.name}-{self.shard.first if self.shard else 0}"
        with self.build.lock(part, whole=False):
            fetched = list(self._fetch_others())
            fetched += self._fetch_own()
        self._say("fetched", fetched, began)

    def _begin(self) -> None:
        """The home's copy of the build is of the epoch that counts, and no build is left that has gone."""
        path = self.build.folder / EPOCH
        if self.stage.name == "setup":
            _ = self.epoch
            self.bucket.put_text(f"{self._build_key}/{BEGUN}", f"{time.time()}")
            if self.request.runtime.force:
                self._remove_other_epochs()
        if not path.is_file() or path.read_text() != self.epoch:
            with self.build.lock("epoch", whole=True):
                self.build.clear()
                for name in ROOT_FILES:
                    (self.build.folder / name).unlink(missing_ok=True)
                write_text(path, self.epoch)
        self._remove_gone_builds()

    def _remove_other_epochs(self) -> None:
        for name in self.bucket.folders(self._build_key) - {self.epoch.rpartition("/")[2]}:
            self.bucket.remove_all(f"{self._build_key}/{name}")

    def _remove_gone_builds(self) -> None:
        there = self.bucket.folders(f"{self.request.dataset}/build")
        for path in (self.local.folder / "build").glob(f"[!.]*/{EPOCH}"):
            if path.parent.name not in there:
                Build(path.parent, self.spec).remove()

    def _fetch_others(self) -> Iterator[FileRecord]:
        """The files that the stage reads of others, with their receipts where it looks at those."""
        for name in ROOT_FILES:
            if (text := self.bucket.text(f"{self.epoch}/{name}")) is not None:
                write_text(self.build.folder / name, text)
        for name, kinds in _READS[self.stage.name].items():
            maker = find(name)
            if maker.when is None or getattr(self.spec, maker.when):
                yield from self._fetch_maker(maker, kinds)

    def _fetch_maker(self, maker: Stage, kinds: Kinds) -> list[FileRecord]:
        receipts = covering(self._receipts(maker), self.spec.blocks, maker.name)
        folder = self._folder(maker)
        wanted = [file for receipt in receipts for file in receipt.files if self._reads(kinds, file.path)]
        names = {receipt_name(receipt.shard): receipt for receipt in receipts}
        if kinds == "all":  # first, so that no receipt names files that are about to change
            for path in folder.glob("receipt*.json"):
                if path.name not in names or path.read_text() != _text(names[path.name]):
                    path.unlink()
        self._remove_others(folder, kinds, {file.path for file in wanted})
        fetched = self._get(folder, wanted)
        if damaged := [file for file in wanted if not _lies(folder, file)]:
            self._distrust(maker, damaged)
            raise StageError(
                f"{', '.join(file.path for file in damaged)} of stage {maker.name} is missing or damaged in "
                f"{self.bucket.url}; what named it is removed: clear the task {maker.name} with what follows"
            )
        if kinds == "all":
            for name, receipt in names.items():
                write_text(folder / name, _text(receipt))
        return fetched

    def _remove_others(self, folder: Path, kinds: Kinds, wanted: set[str]) -> None:
        """No block file is left that no receipt names, such as that of a failed attempt on this worker."""
        for path in folder.glob("*-*.*"):
            block_file = _BLOCK_FILE.fullmatch(path.name) and self._reads(kinds, path.name)
            if block_file and path.name not in wanted:
                path.unlink()

    def _fetch_own(self) -> list[FileRecord]:
        """What earlier attempts have stored: sealed blocks, and the receipt if there is one."""
        folder, key = self._folder(self.stage), self._stage_key(self.stage)
        name = receipt_name((self.shard.first, self.shard.end) if self.shard else None)
        texts = self._texts(key, lambda other: other == name or self._in_shard(_SEAL.fullmatch(other)))
        named = {other: _named(text) for other, text in texts.items()}
        fetched = self._get(folder, {file.path: file for files in named.values() for file in files}.values())
        for other in sorted(texts, reverse=True):  # seals before the receipt
            if all(_lies(folder, file) for file in named[other]):
                write_text(folder / other, texts[other])
            else:
                self._distrust(self.stage, named[other])
        return fetched

    def _get(self, folder: Path, files: Iterable[FileRecord]) -> list[FileRecord]:
        """The files lie in the folder, as far as the bucket has them whole; returns what was fetched."""
        missing = [file for file in files if not _lies(folder, file) or not _same(folder, file)]

        def get(file: FileRecord) -> bool:
            return self.bucket.get(self._content_key(file), folder / file.path, file)

        return [file for file, got in zip(missing, _at_once(get, missing), strict=True) if got]

    def _distrust(self, maker: Stage, files: Iterable[FileRecord]) -> None:
        """The contents are gone from the bucket, after the receipts and seals that name them."""
        damaged = {file.sha256 for file in files}
        key = self._stage_key(maker)
        for name, text in self._texts(key, lambda _: True).items():
            if damaged & {file.sha256 for file in _named(text)}:
                self.bucket.remove(f"{key}/{name}")
        for sha256 in damaged:
            self.bucket.remove(f"{self.epoch}/files/{sha256}")

    def _receipts(self, maker: Stage) -> list[Receipt]:
        texts = self._texts(self._stage_key(maker), lambda name: name.startswith("receipt"))
        return [Receipt.model_validate_json(text) for text in texts.values()]

    def _texts(self, key: str, wanted: Callable[[str], bool]) -> dict[str, str]:
        names = [name for name in self.bucket.keys(key) if wanted(name)]
        texts = _at_once(lambda name: self.bucket.text(f"{key}/{name}"), names)
        return {name: text for name, text in zip(names, texts, strict=True) if text is not None}

    # --- after the stage ---------------------------------------------------------------------------------

    def store(self) -> None:
        """The bucket has what the stage made; the receipt came last."""
        began = time.monotonic()
        folder, key = self._folder(self.stage), self._stage_key(self.stage)
        receipt = read_receipt(folder, self.shard)
        if receipt is None:
            raise StageError(f"{folder} has lost its receipt or files that it names; clear the task")
        if self.stage.name == "publish":
            Publication(self, self._version_key(version_of(self.spec, self.stage.key))).store()
        stored = self._put(folder, receipt.files)
        for name in ROOT_FILES if self.stage.name == "setup" else ():
            if (path := self.build.folder / name).is_file():
                self.bucket.put_text(f"{self.epoch}/{name}", path.read_text())
        self._put_seals(folder, self._seals(folder))
        self.bucket.put_text(f"{key}/{receipt_name(receipt.shard)}", _text(receipt))
        self._say("stored", stored, began)

    def store_blocks(self) -> None:
        """The bucket has the blocks that are sealed, as far as that can be done after a failure."""
        folder = self._folder(self.stage)
        try:
            seals = self._seals(folder)
            for path in list(seals):
                if not all(_lies(folder, file) and _same(folder, file) for file in _named(seals[path])):
                    del seals[path]  # a block with rows that the service failed
            stored = self._put(folder, [file for text in seals.values() for file in _named(text)])
            self._put_seals(folder, seals)
        except StageError as error:
            logger.warning("storage: what was done is kept only on this worker: %s", error)
        else:
            self._say("stored", stored, time.monotonic())

    def _seals(self, folder: Path) -> dict[str, str]:
        paths = folder.glob("seal-*.json") if self.shard else ()
        return {path.name: path.read_text() for path in paths if self._in_shard(_SEAL.fullmatch(path.name))}

    def _put(self, folder: Path, files: Iterable[FileRecord]) -> list[FileRecord]:
        """The contents are in the bucket; returns what was not there before."""

        def put(file: FileRecord) -> bool:
            if self.bucket.has(self._content_key(file), file.bytes):
                return False
            if record(folder / file.path, folder) != file:
                raise StageError(
                    f"{folder / file.path} changed after being written; remove it, clear the task"
                )
            self.bucket.put(folder / file.path, self._content_key(file))
            return True

        each = list(files)
        return [file for file, new in zip(each, _at_once(put, each), strict=True) if new]

    def _put_seals(self, folder: Path, seals: Mapping[str, str]) -> None:
        key = self._stage_key(self.stage)
        _at_once(lambda name: self.bucket.put_text(f"{key}/{name}", seals[name]), list(seals))

    # --- names -------------------------------------------------------------------------------------------

    @property
    def _build_key(self) -> str:
        return f"{self.request.dataset}/build/{self.build.folder.name}"

    def _stage_key(self, maker: Stage) -> str:
        return f"{self.epoch}/{maker.name}-{maker.key}"

    def _content_key(self, file: FileRecord) -> str:
        return f"{self.epoch}/files/{file.sha256}"

    def _version_key(self, version: str) -> str:
        return f"{self.request.dataset}/versions/{version}"

    def _folder(self, maker: Stage) -> Path:
        return self.build.stage_folder(maker.name, maker.key)

    def _reads(self, kinds: Kinds, name: str) -> bool:
        block = _BLOCK_FILE.fullmatch(name)
        if block is None:
            return kinds == "all"
        return kinds == "all" or (block[1] in kinds and self._in_shard(block, 2))

    def _in_shard(self, found: re.Match[str] | None, group: int = 1) -> bool:
        return found is not None and (self.shard is None or int(found[group]) in self.shard.blocks)

    def _say(self, done: str, files: list[FileRecord], began: float) -> None:
        size, seconds = sum(file.bytes for file in files) / MIB, time.monotonic() - began
        logger.info("storage: %s %d files, %.1f MiB in %.1f s", done, len(files), size, seconds)


@dataclass(frozen=True)
class Publication:
    """A version on its way from this worker's home into the bucket, under `key`."""

    work: Work
    key: str

    def store(self) -> None:
        """The version is in the bucket, whole, and current; versions too many are gone."""
        folder = self.work.local.published(self.key.rpartition("/")[2])
        manifest = read_manifest(folder)
        there = self._stored()
        if there is None or there.content != manifest.content or not self._whole(there):
            self._put(folder, manifest)
            there = manifest
        self._bucket.put_text(f"{self.key}/{MANIFEST}", there.text())  # which also dates it
        self._bucket.put_text(f"{self.work.request.dataset}/{CURRENT}", f"versions/{folder.name}\n")
        self._prune(self.work.request.runtime.keep_versions)

    @property
    def _bucket(self) -> "Bucket":
        return self.work.bucket

    def _stored(self) -> Manifest | None:
        return _manifest(self._bucket.text(f"{self.key}/{MANIFEST}"))

    def _whole(self, manifest: Manifest) -> bool:
        there = _at_once(lambda file: self._bucket.has(f"{self.key}/{file.path}", file.bytes), manifest.files)
        return all(there)

    def _put(self, folder: Path, manifest: Manifest) -> None:
        """The files are there under their names; there is no manifest meanwhile."""
        self._bucket.remove(f"{self.key}/{MANIFEST}")

        def put(file: FileRecord) -> None:
            content = f"{self.work.epoch}/files/{file.sha256}"
            if self._bucket.has(content, file.bytes):
                self._bucket.copy(content, f"{self.key}/{file.path}")
            else:
                self._bucket.put(folder / file.path, f"{self.key}/{file.path}")

        _at_once(put, manifest.files)

    def _prune(self, keep: int) -> None:
        """Of the versions in the bucket, the `keep` published last are left; 0 keeps all."""
        root = f"{self.work.request.dataset}/versions"
        dates = {
            path.removesuffix(f"/{MANIFEST}"): date
            for path, date in self._bucket.keys(root).items()
            if path.endswith(f"/{MANIFEST}")
        }
        this = self.key.rpartition("/")[2]
        newest_first = sorted(dates, key=lambda version: (version == this, dates[version]), reverse=True)
        manifests = {name: _manifest(self._bucket.text(f"{root}/{name}/{MANIFEST}")) for name in newest_first}
        for version in newest_first[keep:] if keep else ():
            self._bucket.remove(f"{root}/{version}/{MANIFEST}")
            self._bucket.remove_all(f"{root}/{version}")
            gone = manifests.pop(version)
            if gone and all(gone.spec != other.spec for other in manifests.values() if other):
                self._remove_build(Spec.model_validate(gone.spec))
            logger.info("storage: removed the old version %s", version)

    def _remove_build(self, spec: Spec) -> None:
        key = f"{self.work.request.dataset}/build/{self.work.local.build(spec).folder.name}"
        begun = self._bucket.keys(key).get(BEGUN)
        if begun is None or datetime.datetime.now(datetime.UTC) - begun > BUILD_RESTS:
            self._bucket.remove(f"{key}/{EPOCH}")
            self._bucket.remove_all(key)


def _manifest(text: str | None) -> Manifest | None:
    """The manifest, if the text is one that was not changed."""
    try:
        found = Manifest.model_validate_json(text or "")
    except ValidationError:
        return None
    return found if found.seal == found.digest() else None


def _text(receipt: Receipt) -> str:
    return receipt.model_dump_json(indent=1)


def _named(text: str) -> tuple[FileRecord, ...]:
    """The files that a seal or a receipt names."""
    return _SEALS.validate_json(text) if text.startswith("[") else Receipt.model_validate_json(text).files


def _lies(folder: Path, file: FileRecord) -> bool:
    """Whether the file is there, by its size."""
    path = folder / file.path
    return path.is_file() and path.stat().st_size == file.bytes


def _same(folder: Path, file: FileRecord) -> bool:
    return record(folder / file.path, folder) == file


def _at_once(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results in the order of the items, several being worked on at once."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))
