"""The way from the bucket into a worker's home: what a stage reads, and what is done of its own work."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from synthprof.base.errors import StageError, first_line
from synthprof.base.files import FileRecord, write_text
from synthprof.orchestration.bucket.bucket import at_once
from synthprof.orchestration.bucket.epoch import Epoch
from synthprof.orchestration.bucket.records import (
    is_present,
    is_same,
    named_files,
    read_if_there,
    receipt_text,
)
from synthprof.orchestration.bucket.work import Work
from synthprof.pipeline import Input, Stage
from synthprof.pipeline import stage as find
from synthprof.spec.contents import BLOCK_FILE
from synthprof.stages.setup import BUILD_FILES
from synthprof.store.receipts import RECEIPTS, Receipt, covering, receipt_name, receipt_paths

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetch:
    """The files that one stage's work needs from the bucket. The home's copy must be of the epoch."""

    work: Work
    epoch: Epoch

    def all_files(self) -> list[FileRecord]:
        """Fetch everything into the home; return the files that were not there before.

        Raises StageError if a stage that is read is not done, or a file of it is missing or damaged.
        """
        fetched = list(self._inputs())
        return fetched + self._own()

    def _inputs(self) -> Iterator[FileRecord]:
        """Fetch the files that the stage reads of others, with their receipts where it looks at those."""
        for name in BUILD_FILES:
            if (text := self.work.bucket.text(f"{self.epoch.key}/{name}")) is not None:
                write_text(self.work.build.folder / name, text)
        for each in self.work.stage.inputs(self.work.spec):
            if find(each.stage).applies(self.work.spec):
                yield from self._input(each)

    def _input(self, part: Input) -> list[FileRecord]:
        maker = find(part.stage)
        folder = self.work.build.stage_folder(maker.name)
        receipts = covering(self._receipts(maker), self.work.spec.blocks, maker.name)
        wanted = [file for each in receipts for file in each.files if self.work.reads(part, file.path)]
        texts = {receipt_name(each.shard): receipt_text(each) for each in receipts}
        if not part.kinds:  # first, so that no receipt names files that are about to change
            _remove_other_receipts(folder, texts)
        self._remove_other_blocks(folder, part, {file.path for file in wanted})
        fetched = self._get(folder, wanted)
        self._check(maker, [file for file in wanted if not is_present(folder, file)])
        if not part.kinds:
            for name, text in texts.items():
                write_text(folder / name, text)
        return fetched

    def _check(self, maker: Stage, damaged: list[FileRecord]) -> None:
        """Raise StageError for files that are not whole in the bucket, and remove what names them."""
        if damaged:
            self._distrust(maker, damaged)
            raise StageError(
                f"{', '.join(file.path for file in damaged)} of stage {maker.name} is missing or damaged in "
                f"{self.work.bucket.url}; what named it is removed: clear the task {maker.name} with what "
                "follows"
            )

    def _remove_other_blocks(self, folder: Path, part: Input, wanted: set[str]) -> None:
        """Remove block files that no receipt names, such as those of a failed attempt on this worker."""
        for path in folder.glob("*-*.*"):
            block_file = BLOCK_FILE.fullmatch(path.name) and self.work.reads(part, path.name)
            if block_file and path.name not in wanted:
                path.unlink(missing_ok=True)

    def _own(self) -> list[FileRecord]:
        """Fetch what earlier attempts have stored: sealed blocks, and the receipt if there is one."""
        work, key = self.work, self.epoch.stage_key(self.work.stage)
        name = receipt_name((work.shard.first, work.shard.end) if work.shard else None)
        texts = self._texts(key, lambda other: other == name or work.is_seal(other))
        named = {other: named_files(text) for other, text in texts.items()}
        every = {file.path: file for files in named.values() for file in files}
        fetched = self._get(work.folder, every.values())
        for other in sorted(texts, reverse=True):  # seals before the receipt
            if all(is_present(work.folder, file) for file in named[other]):
                write_text(work.folder / other, texts[other])
            else:
                self._distrust(work.stage, named[other])
        return fetched

    def _get(self, folder: Path, files: Iterable[FileRecord]) -> list[FileRecord]:
        """Fetch the files as far as the bucket has them whole; return those that were not there before."""
        missing = [file for file in files if not is_present(folder, file) or not is_same(folder, file)]

        def get(file: FileRecord) -> bool:
            return self.work.bucket.get(self.epoch.content_key(file), folder / file.path, file)

        return [file for file, got in zip(missing, at_once(get, missing), strict=True) if got]

    def _distrust(self, maker: Stage, files: Iterable[FileRecord]) -> None:
        """Remove the contents from the bucket, after the receipts and seals that name them."""
        bucket, key = self.work.bucket, self.epoch.stage_key(maker)
        damaged = {file.checksum for file in files}
        for name, text in self._texts(key, lambda _: True).items():
            if damaged & {file.checksum for file in named_files(text)}:
                bucket.remove(f"{key}/{name}")
        for checksum in damaged:
            bucket.remove(f"{self.epoch.contents_key}/{checksum}")

    def _receipts(self, maker: Stage) -> list[Receipt]:
        texts = self._texts(self.epoch.stage_key(maker), lambda name: PurePath(name).match(RECEIPTS))
        return [Receipt.opened(text.encode()) for text in texts.values()]

    def _texts(self, key: str, wanted: Callable[[str], bool]) -> dict[str, str]:
        """Return the receipts and seals of a stage that are sound, by their names; no other counts."""
        bucket = self.work.bucket
        names = [name for name in bucket.keys(key) if wanted(name)]
        texts = at_once(lambda name: bucket.text(f"{key}/{name}"), names)
        return {
            name: text for name, text in zip(names, texts, strict=True) if text and self._is_sound(name, text)
        }

    def _is_sound(self, name: str, text: str) -> bool:
        try:
            named_files(text)
        except ValueError as error:
            url, reason = self.work.bucket.url, first_line(error)
            logger.warning("storage: %s in %s does not count: %s", name, url, reason)
            return False
        return True


def _remove_other_receipts(folder: Path, texts: dict[str, str]) -> None:
    """Remove the home's receipts that are not those of the bucket."""
    for path in receipt_paths(folder):
        if path.name not in texts or read_if_there(path) != texts[path.name]:
            path.unlink(missing_ok=True)  # another task of this worker may be at the same
