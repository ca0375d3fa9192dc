"""One stage's files between a worker's home, which is a cache, and the bucket.

Before the stage runs, what it reads is fetched; when it has ended, what it made is stored: contents under
their checksums, then seals, then the receipt. Nothing counts that no receipt or seal in the bucket names.
"""

import logging
import time
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from synthprof.base.errors import SynthprofError
from synthprof.orchestration.bucket.deposit import Deposit
from synthprof.orchestration.bucket.epoch import Epoch
from synthprof.orchestration.bucket.fetch import Fetch
from synthprof.orchestration.bucket.publication import Publication
from synthprof.orchestration.bucket.work import Work, log_transfer
from synthprof.pipeline import stage, version_of
from synthprof.spec.shards import Shard
from synthprof.system.refusals import clear_errors

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Exchange:
    """The steps around one stage's work, in order: fetch, then store, or store_blocks after a failure."""

    work: Work

    @cached_property
    def epoch(self) -> Epoch:
        """The epoch of the build that counts."""
        return Epoch(self.work)

    def fetch(self) -> None:
        """Fetch into the home what the stage reads, and what is done of its own work."""
        began = time.monotonic()
        self.epoch.begin()
        part = f"fetch-{self.work.stage.name}-{self.work.shard.first if self.work.shard else 0}"
        with self.work.build.lock(part, whole=False):
            fetched = Fetch(self.work, self.epoch).all_files()
        log_transfer("fetched", fetched, began)

    def store(self) -> None:
        """Store in the bucket what the stage made, the receipt last, and what it published."""
        began = time.monotonic()
        deposit = Deposit(self.work, self.epoch)
        receipt = deposit.receipt()
        if (
            self.work.stage.name == "setup" and self.work.spec.collection
        ):  # read with the survey, and only then
            rows = replace(self.work, stage=stage("generate"), shard=Shard(0, self.work.spec.blocks))
            log_transfer("stored", Deposit(rows, self.epoch).sealed_blocks(), began)
        if self.work.stage.name == "publish":
            publication = self._publication(version_of(self.work.spec))
            publication.store(self.work.request.runtime.keep_versions)
        log_transfer("stored", deposit.all_files(receipt), began)

    def store_blocks(self) -> None:
        """Store in the bucket the blocks that are sealed, as far as that can be done after a failure."""
        began = time.monotonic()
        try:
            with clear_errors():
                stored = Deposit(self.work, self.epoch).sealed_blocks()
        except SynthprofError as error:
            logger.warning("storage: what was done is kept only on this worker: %s", error)
        else:
            log_transfer("stored", stored, began)

    def located(self, value: Any) -> Any:  # noqa: ANN401
        """Return the stage's value, with the path of a version being that in the bucket."""
        if self.work.stage.name != "publish":
            return value
        key = self._publication(value["version"]).key
        return value | {"path": f"{self.work.bucket.url}/{key}"}

    def _publication(self, version: str) -> Publication:
        return Publication(self.work.bucket, self.work.local, version, self.epoch.contents_key)
