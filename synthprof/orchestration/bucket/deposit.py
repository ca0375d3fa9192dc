"""The way from a worker's home into the bucket: contents under their checksums, seals, then the receipt."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from synthprof.base.errors import StageError
from synthprof.base.files import FileRecord, matches
from synthprof.base.kinds import read_text
from synthprof.orchestration.bucket.bucket import at_once
from synthprof.orchestration.bucket.epoch import Epoch
from synthprof.orchestration.bucket.records import is_present, is_same, named_files, receipt_text
from synthprof.orchestration.bucket.work import Work
from synthprof.stages.setup import BUILD_FILES
from synthprof.store.blocks import seal_paths
from synthprof.store.receipts import Receipt, read_receipt, receipt_name


@dataclass(frozen=True)
class Deposit:
    """The files that one stage's work has made, on their way into the bucket."""

    work: Work
    epoch: Epoch

    def receipt(self) -> Receipt:
        """Return the receipt of the work in the home. Raises StageError if it or a file of it is lost."""
        found = read_receipt(self.work.folder, self.work.shard)
        if found is None:
            raise StageError(
                f"{self.work.folder} has lost its receipt or files that it names; clear the task"
            )
        return found

    def all_files(self, receipt: Receipt) -> list[FileRecord]:
        """Store everything, the receipt last; return the files that were not in the bucket before."""
        bucket, key = self.work.bucket, self.epoch.stage_key(self.work.stage)
        stored = self._put(receipt.files)
        for name in BUILD_FILES if self.work.stage.name == "setup" else ():
            if (path := self.work.build.folder / name).is_file():
                bucket.put_text(f"{self.epoch.key}/{name}", read_text(path))
        self._put_seals(self._seals())
        bucket.put_text(f"{key}/{receipt_name(receipt.shard)}", receipt_text(receipt))
        return stored

    def sealed_blocks(self) -> list[FileRecord]:
        """Store the blocks that are sealed and whole; return the files that were not there before."""
        folder, seals = self.work.folder, self._seals()
        for name in list(seals):
            if not all(
                is_present(folder, file) and is_same(folder, file) for file in named_files(seals[name])
            ):
                del seals[name]  # a block with rows that the service failed
        stored = self._put(file for text in seals.values() for file in named_files(text))
        self._put_seals(seals)
        return stored

    def _seals(self) -> dict[str, str]:
        paths = seal_paths(self.work.folder) if self.work.shard else ()
        return {path.name: read_text(path) for path in paths if self.work.is_seal(path.name)}

    def _put(self, files: Iterable[FileRecord]) -> list[FileRecord]:
        """Store the contents; return the files whose content was not there before."""
        each = list(files)
        return [file for file, new in zip(each, at_once(self._put_one, each), strict=True) if new]

    def _put_one(self, file: FileRecord) -> bool:
        bucket, folder, key = self.work.bucket, self.work.folder, self.epoch.content_key(file)
        if bucket.has(key, file.bytes):
            return False
        if not matches(folder, file):
            (folder / file.path).unlink(missing_ok=True)
            raise StageError(f"{folder / file.path} changed after being written; removed: clear the task")
        bucket.put(folder / file.path, key)
        return True

    def _put_seals(self, seals: Mapping[str, str]) -> None:
        bucket, key = self.work.bucket, self.epoch.stage_key(self.work.stage)
        at_once(lambda name: bucket.put_text(f"{key}/{name}", seals[name]), list(seals))
