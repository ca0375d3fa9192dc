"""One stage's files between a worker's home, which is a cache, and the bucket.

Before the stage runs, what it reads is fetched; when it has ended, what it made is stored: contents under
their checksums, then seals, then the receipt. Nothing counts that no receipt or seal in the bucket names.
"""

import contextlib
import logging
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from pydantic import ValidationError

from synthprof.base.errors import Busy, StageError, SynthprofError, first_line
from synthprof.base.files import FileRecord, record, write_text
from synthprof.base.units import MIB
from synthprof.orchestration.bucket.bucket import Bucket, at_once
from synthprof.orchestration.bucket.publication import BEGUN, EPOCH, Publication
from synthprof.pipeline import Input, Stage, version_of
from synthprof.pipeline import stage as find
from synthprof.spec.contents import BlockKind
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.spec.spec import Spec
from synthprof.stages.setup import BUILD_FILES, RENEWED
from synthprof.store.blocks import BLOCK_FILE, SEAL, SEAL_FILE, seal_paths
from synthprof.store.build import ANEW_FOR, Build
from synthprof.store.receipts import RECEIPTS, Receipt, covering, read_receipt, receipt_name, receipt_paths
from synthprof.store.store import Store
from synthprof.system.environment import home_folder
from synthprof.system.refusals import clear_errors

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exchange:
    """One stage's work on one shard, between this worker's home and the bucket.

    run_id: names the run, for which `force` begins one epoch and no more, however often `setup` is cleared.
    """

    bucket: Bucket
    stage: Stage
    request: Request
    shard: Shard | None
    run_id: str = ""

    @property
    def spec(self) -> Spec:
        """The parameters that determine the bytes."""
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
        elif self._wants_another_epoch():
            self.bucket.put_text(key, found := new)
            self.bucket.put_text(f"{self._build_key}/{ANEW_FOR}", self.run_id)
        else:
            found = self.bucket.create_text(key, new)
        if not found:
            raise StageError(
                f"{self.bucket.url}/{key} is missing or empty; remove it if it is there, then clear the task "
                "setup"
            )
        return f"{self._build_key}/{found}"

    def _wants_another_epoch(self) -> bool:
        if not self.request.runtime.force:
            return False
        return not self.run_id or self.bucket.text(f"{self._build_key}/{ANEW_FOR}") != self.run_id

    def located(self, value: Any) -> Any:  # noqa: ANN401
        """Return the stage's value with the path of the version in the bucket."""
        if self.stage.name != "publish":
            return value
        return value | {"path": f"{self.bucket.url}/{self._publication(value['version']).key}"}

    # --- before the stage --------------------------------------------------------------------------------

    def fetch(self) -> None:
        """Fetch what the stage reads, and what is done of its own work."""
        began = time.monotonic()
        self._begin()
        part = f"fetch-{self.stage.name}-{self.shard.first if self.shard else 0}"
        with self.build.lock(part, whole=False):
            fetched = list(self._fetch_others())
            fetched += self._fetch_own()
        self._say("fetched", fetched, began)

    def _begin(self) -> None:
        """Bring the home's copy of the build to the current epoch, and remove builds that are gone."""
        if self.stage.name == "setup":
            _ = self.epoch
            self.bucket.put_text(f"{self._build_key}/{BEGUN}", f"{time.time()}")
            if self.request.runtime.force:
                self._remove_other_epochs()
        self._enter_epoch()
        self._remove_gone_builds()

    def _enter_epoch(self) -> None:
        """Bring the home's copy to the epoch. Raise Busy while a task of another epoch works on it."""
        path = self.build.folder / EPOCH

        def entered() -> bool:
            return _read(path) == self.epoch

        if entered():
            return
        try:
            with self.build.lock("epoch", whole=True):
                if not entered():  # by another task of this worker, while we waited
                    self.build.clear()
                    for name in RENEWED:
                        (self.build.folder / name).unlink(missing_ok=True)
                    write_text(path, self.epoch)
        except Busy:
            if not entered():
                raise

    def _remove_other_epochs(self) -> None:
        for name in self.bucket.folders(self._build_key) - {self.epoch.rpartition("/")[2]}:
            self.bucket.remove_all(f"{self._build_key}/{name}")

    def _remove_gone_builds(self) -> None:
        there = self.bucket.folders(f"{self.request.dataset}/build")
        for path in (self.local.folder / "build").glob(f"[!.]*/{EPOCH}"):
            if path.parent.name not in there:
                Build(path.parent, self.spec).remove()

    def _fetch_others(self) -> Iterator[FileRecord]:
        """Fetch the files that the stage reads of others, with their receipts where it reads those."""
        for name in BUILD_FILES:
            if (text := self.bucket.text(f"{self.epoch}/{name}")) is not None:
                write_text(self.build.folder / name, text)
        for each in self.stage.inputs:
            if find(each.stage).applies(self.spec):
                yield from self._fetch_input(each)

    def _fetch_input(self, part: Input) -> list[FileRecord]:
        maker, kinds = find(part.stage), part.kinds
        receipts = covering(self._receipts(maker), self.spec.blocks, maker.name)
        folder = self._folder(maker)
        wanted = [file for receipt in receipts for file in receipt.files if self._reads(kinds, file.path)]
        names = {receipt_name(receipt.shard): receipt for receipt in receipts}
        if not kinds:  # first, so that no receipt names files that are about to change
            for path in receipt_paths(folder):
                if path.name not in names or _read(path) != _text(names[path.name]):
                    path.unlink(missing_ok=True)  # another task of this worker may be at the same
        self._remove_others(folder, kinds, {file.path for file in wanted})
        fetched = self._get(folder, wanted)
        if damaged := [file for file in wanted if not _is_present(folder, file)]:
            self._distrust(maker, damaged)
            raise StageError(
                f"{', '.join(file.path for file in damaged)} of stage {maker.name} is missing or damaged in "
                f"{self.bucket.url}; what named it is removed: clear the task {maker.name} with what follows"
            )
        if not kinds:
            for name, receipt in names.items():
                write_text(folder / name, _text(receipt))
        return fetched

    def _remove_others(self, folder: Path, kinds: tuple[BlockKind, ...], wanted: set[str]) -> None:
        """No block file is left that no receipt names, such as that of a failed attempt on this worker."""
        for path in folder.glob("*-*.*"):
            block_file = BLOCK_FILE.fullmatch(path.name) and self._reads(kinds, path.name)
            if block_file and path.name not in wanted:
                path.unlink(missing_ok=True)

    def _fetch_own(self) -> list[FileRecord]:
        """Fetch what earlier attempts have stored: sealed blocks, and the receipt if there is one."""
        folder, key = self._folder(self.stage), self._stage_key(self.stage)
        name = receipt_name((self.shard.first, self.shard.end) if self.shard else None)
        texts = self._texts(key, lambda other: other == name or self._in_shard(SEAL_FILE.fullmatch(other)))
        named = {other: _named(text) for other, text in texts.items()}
        fetched = self._get(folder, {file.path: file for files in named.values() for file in files}.values())
        for other in sorted(texts, reverse=True):  # seals before the receipt
            if all(_is_present(folder, file) for file in named[other]):
                write_text(folder / other, texts[other])
            else:
                self._distrust(self.stage, named[other])
        return fetched

    def _get(self, folder: Path, files: Iterable[FileRecord]) -> list[FileRecord]:
        """Fetch the files that the bucket has whole into the folder, and return them."""
        missing = [file for file in files if not _is_present(folder, file) or not _same(folder, file)]

        def get(file: FileRecord) -> bool:
            return self.bucket.get(self._content_key(file), folder / file.path, file)

        return [file for file, got in zip(missing, at_once(get, missing), strict=True) if got]

    def _distrust(self, maker: Stage, files: Iterable[FileRecord]) -> None:
        """Remove the contents from the bucket, after the receipts and seals that name them."""
        damaged = {file.sha256 for file in files}
        key = self._stage_key(maker)
        for name, text in self._texts(key, lambda _: True).items():
            if damaged & {file.sha256 for file in _named(text)}:
                self.bucket.remove(f"{key}/{name}")
        for sha256 in damaged:
            self.bucket.remove(f"{self.epoch}/files/{sha256}")

    def _receipts(self, maker: Stage) -> list[Receipt]:
        texts = self._texts(self._stage_key(maker), lambda name: PurePath(name).match(RECEIPTS))
        return [Receipt.model_validate_json(text) for text in texts.values()]

    def _texts(self, key: str, wanted: Callable[[str], bool]) -> dict[str, str]:
        """Return the sound receipts and seals of a stage by their names."""
        names = [name for name in self.bucket.keys(key) if wanted(name)]
        texts = at_once(lambda name: self.bucket.text(f"{key}/{name}"), names)
        return {
            name: text for name, text in zip(names, texts, strict=True) if text and self._sound(name, text)
        }

    def _sound(self, name: str, text: str) -> bool:
        try:
            _named(text)
        except ValidationError as error:
            logger.warning("storage: %s in %s does not count: %s", name, self.bucket.url, first_line(error))
            return False
        return True

    # --- after the stage ---------------------------------------------------------------------------------

    def store(self) -> None:
        """Store what the stage made; the receipt goes last."""
        began = time.monotonic()
        folder, key = self._folder(self.stage), self._stage_key(self.stage)
        receipt = read_receipt(folder, self.shard)
        if receipt is None:
            raise StageError(f"{folder} has lost its receipt or files that it names; clear the task")
        if self.stage.name == "publish":
            self._publication(version_of(self.spec)).store(self.request.runtime.keep_versions)
        stored = self._put(folder, receipt.files)
        for name in BUILD_FILES if self.stage.name == "setup" else ():
            if (path := self.build.folder / name).is_file():
                self.bucket.put_text(f"{self.epoch}/{name}", path.read_text())
        self._put_seals(self._seals(folder))
        self.bucket.put_text(f"{key}/{receipt_name(receipt.shard)}", _text(receipt))
        self._say("stored", stored, began)

    def store_blocks(self) -> None:
        """Store the sealed blocks, as far as that can be done after a failure."""
        began = time.monotonic()
        try:
            with clear_errors():
                stored = self._store_sealed()
        except SynthprofError as error:
            logger.warning("storage: what was done is kept only on this worker: %s", error)
        else:
            self._say("stored", stored, began)

    def _store_sealed(self) -> list[FileRecord]:
        folder = self._folder(self.stage)
        seals = self._seals(folder)
        for path in list(seals):
            if not all(_is_present(folder, file) and _same(folder, file) for file in _named(seals[path])):
                del seals[path]  # a block with rows that the service failed
        stored = self._put(folder, [file for text in seals.values() for file in _named(text)])
        self._put_seals(seals)
        return stored

    def _seals(self, folder: Path) -> dict[str, str]:
        paths = seal_paths(folder) if self.shard else ()
        return {
            path.name: path.read_text() for path in paths if self._in_shard(SEAL_FILE.fullmatch(path.name))
        }

    def _put(self, folder: Path, files: Iterable[FileRecord]) -> list[FileRecord]:
        """Store the contents; return those that the bucket did not have."""

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
        return [file for file, new in zip(each, at_once(put, each), strict=True) if new]

    def _put_seals(self, seals: Mapping[str, str]) -> None:
        key = self._stage_key(self.stage)
        at_once(lambda name: self.bucket.put_text(f"{key}/{name}", seals[name]), list(seals))

    # --- names -------------------------------------------------------------------------------------------

    @property
    def _build_key(self) -> str:
        return f"{self.request.dataset}/build/{self.build.folder.name}"

    def _stage_key(self, maker: Stage) -> str:
        return f"{self.epoch}/{maker.folder(self.spec)}"

    def _content_key(self, file: FileRecord) -> str:
        return f"{self.epoch}/files/{file.sha256}"

    def _publication(self, version: str) -> Publication:
        return Publication(self.bucket, self.local, version, f"{self.epoch}/files")

    def _folder(self, maker: Stage) -> Path:
        return self.build.stage_folder(maker.name)

    def _reads(self, kinds: tuple[BlockKind, ...], name: str) -> bool:
        block = BLOCK_FILE.fullmatch(name)
        if block is None:
            return not kinds
        return not kinds or (block[1] in kinds and self._in_shard(block, 2))

    def _in_shard(self, found: re.Match[str] | None, group: int = 1) -> bool:
        return found is not None and (self.shard is None or int(found[group]) in self.shard.blocks)

    def _say(self, done: str, files: list[FileRecord], began: float) -> None:
        size, seconds = sum(file.bytes for file in files) / MIB, time.monotonic() - began
        logger.info("storage: %s %d files, %.1f MiB in %.1f s", done, len(files), size, seconds)


def _text(receipt: Receipt) -> str:
    return receipt.model_dump_json(indent=1)


def _named(text: str) -> tuple[FileRecord, ...]:
    """Return the files that a seal or a receipt names."""
    return SEAL.validate_json(text) if text.startswith("[") else Receipt.model_validate_json(text).files


def _read(path: Path) -> str | None:
    with contextlib.suppress(FileNotFoundError):
        return path.read_text()
    return None


def _is_present(folder: Path, file: FileRecord) -> bool:
    """Return whether the file exists, by its size."""
    path = folder / file.path
    return path.is_file() and path.stat().st_size == file.bytes


def _same(folder: Path, file: FileRecord) -> bool:
    return record(folder / file.path, folder) == file
