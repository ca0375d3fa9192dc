"""The names of one stage's work: its folders in this worker's home, its keys in the bucket."""

import logging
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from synthprof.base.files import FileRecord
from synthprof.base.units import MIB
from synthprof.orchestration.bucket.bucket import Bucket
from synthprof.pipeline import Input, Stage
from synthprof.spec.contents import BLOCK_FILE, sealed_blocks
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.spec.spec import Spec
from synthprof.store.build import Build
from synthprof.store.store import Store
from synthprof.system.environment import home_folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Work:
    """One stage's work on one shard, in this worker's home and in the bucket.

    run_id: names the run, for which `force` begins one epoch and no more, however often `setup` is cleared.
    """

    bucket: Bucket
    stage: Stage
    request: Request
    shard: Shard | None
    run_id: str = ""

    @property
    def spec(self) -> Spec:
        """The part of the request that determines the bytes."""
        return self.request.spec

    @cached_property
    def local(self) -> Store:
        """The data set's folders in this worker's home."""
        return Store(home_folder(), self.request.dataset)

    @cached_property
    def build(self) -> Build:
        """The working folder in this worker's home."""
        return self.local.build(self.spec)

    @property
    def build_key(self) -> str:
        """The key of the build in the bucket, above that of its epochs."""
        return f"{self.request.dataset}/build/{self.build.folder.name}"

    @property
    def folder(self) -> Path:
        """The stage's folder in this worker's home."""
        return self.build.stage_folder(self.stage.name)

    def is_seal(self, name: str) -> bool:
        """Return whether the name is that of a seal, and what it seals is of the shard."""
        blocks = sealed_blocks(name)
        return bool(blocks) and self._in_shard(blocks.start)

    def reads(self, part: Input, name: str) -> bool:
        """Return whether the file is read and, where only some kinds are, of the shard."""
        block = BLOCK_FILE.fullmatch(name) if part.kinds else None
        return part.has(name) and (block is None or self._in_shard(int(block[2])))

    def _in_shard(self, block: int) -> bool:
        return self.shard is None or block in self.shard.blocks


def log_transfer(done: str, files: Collection[FileRecord], began: float) -> None:
    """Log how many files were moved, their size, and the seconds since `began`."""
    size, seconds = sum(file.bytes for file in files) / MIB, time.monotonic() - began
    logger.info("storage: %s %d files, %.1f MiB in %.1f s", done, len(files), size, seconds)
