"""The attempt at a build that counts: one that `force` has begun anew makes everything of the others void."""

import secrets
import time
from dataclasses import dataclass
from functools import cached_property

from synthprof.base.errors import Busy, StageError
from synthprof.base.files import FileRecord, write_text
from synthprof.orchestration.bucket.publication import ANEW_FOR, BEGUN, EPOCH
from synthprof.orchestration.bucket.records import read_if_there
from synthprof.orchestration.bucket.work import Work
from synthprof.pipeline import Stage
from synthprof.stages.setup import RENEWED
from synthprof.store.build import Build


@dataclass(frozen=True)
class Epoch:
    """The epoch of the build that the work belongs to: its keys in the bucket, its mark in the home."""

    work: Work

    @cached_property
    def key(self) -> str:
        """The key of the epoch that counts; `setup` begins it, anew with `force`.

        Raises StageError if no `setup` has begun one.
        """
        bucket, key = self.work.bucket, f"{self.work.build_key}/{EPOCH}"
        new = secrets.token_hex(8)
        if self.work.stage.name != "setup":
            found = bucket.text(key)
        elif self._is_wanted_anew():
            bucket.put_text(key, found := new)
            bucket.put_text(f"{self.work.build_key}/{ANEW_FOR}", self.work.run_id)
        else:
            found = bucket.create_text(key, new)
        if not found:
            raise StageError(
                f"{bucket.url}/{key} is missing or empty; remove it if it is there, then clear the task setup"
            )
        return f"{self.work.build_key}/{found}"

    def stage_key(self, maker: Stage) -> str:
        """Return the key above the receipts and seals of a stage."""
        return f"{self.key}/{maker.folder(self.work.spec)}"

    @property
    def contents_key(self) -> str:
        """The key above the contents of files, which lie under their checksums."""
        return f"{self.key}/files"

    def content_key(self, file: FileRecord) -> str:
        """Return the key of the file's content."""
        return f"{self.contents_key}/{file.checksum}"

    def begin(self) -> None:
        """Bring the home's copy of the build into this epoch, and remove builds that have gone.

        Raises Busy while a task of another epoch works on that copy.
        """
        if self.work.stage.name == "setup":
            _ = self.key
            self.work.bucket.put_text(f"{self.work.build_key}/{BEGUN}", f"{time.time()}")
            if self.work.request.runtime.force:
                self._remove_others()
        self._enter()
        self._remove_gone_builds()

    def _is_wanted_anew(self) -> bool:
        if not self.work.request.runtime.force:
            return False
        begun_for = f"{self.work.build_key}/{ANEW_FOR}"
        return not self.work.run_id or self.work.bucket.text(begun_for) != self.work.run_id

    def _enter(self) -> None:
        build = self.work.build
        path = build.folder / EPOCH

        def entered() -> bool:
            return read_if_there(path) == self.key

        if entered():
            return
        try:
            with build.lock("epoch", whole=True):
                if not entered():  # by another task of this worker, while we waited
                    build.clear()
                    for name in RENEWED:
                        (build.folder / name).unlink(missing_ok=True)
                    write_text(path, self.key)
        except Busy:
            if not entered():
                raise

    def _remove_others(self) -> None:
        bucket, above = self.work.bucket, self.work.build_key
        for name in bucket.folders(above) - {self.key.rpartition("/")[2]}:
            bucket.remove_all(f"{above}/{name}")

    def _remove_gone_builds(self) -> None:
        there = self.work.bucket.folders(f"{self.work.request.dataset}/build")
        for path in (self.work.local.folder / "build").glob(f"[!.]*/{EPOCH}"):
            if path.parent.name not in there:
                Build(path.parent, self.work.spec).remove()
