"""The input and the outcome of a stage."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from synthprof.base.files import FileRecord, sealed
from synthprof.pipeline import files_of
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.schema import Schema
from synthprof.spec.contents import File, blocks_of, part_of
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.spec.spec import Spec
from synthprof.stages.footprint import Footprint
from synthprof.store.blocks import Blocks
from synthprof.store.build import Build
from synthprof.store.schemas import schema_of
from synthprof.store.store import Store
from synthprof.system.events import Progress
from synthprof.system.machine import Budget
from synthprof.system.pool import Pool

logger = logging.getLogger(__name__)

Job = TypeVar("Job", "BlockJob", "PartJob")


@dataclass(frozen=True)
class Context:
    """One stage's work: the order, the shard, the folders, the pool and whom to tell of progress."""

    name: str
    request: Request
    shard: Shard | None
    store: Store
    footprint: Footprint
    budget: Budget
    pool: Pool
    progress: Progress

    @property
    def spec(self) -> Spec:
        """The parameters that determine the bytes."""
        return self.request.spec

    @property
    def bundle(self) -> Bundle:
        """The schema with all that is needed of it."""
        return self.blocks.bundle

    @cached_property
    def schema(self) -> Schema:
        """The columns of the rows."""
        return schema_of(self.spec, self.bundle)

    @property
    def published_files(self) -> tuple[File, ...]:
        """The files that the stages make for the version."""
        return files_of(self.spec, self.schema)

    @property
    def build(self) -> Build:
        """The working folder of this spec."""
        return self.store.build(self.spec)

    @property
    def blocks(self) -> Blocks:
        """The block files of this spec."""
        return Blocks(self.build.folder, self.spec)

    @property
    def shard_blocks(self) -> range:
        """The numbers of the blocks to work on."""
        return self.shard.blocks if self.shard else range(self.spec.blocks)

    def folder(self, name: str | None = None) -> Path:
        """Return the folder of this stage, or of the one named."""
        return self.build.stage_folder(name or self.name)

    def sealed(self, path: Path) -> FileRecord:
        """Return the record of a finished file of this stage; of one that is published, with its SHA-256."""
        file = next((each for each in self.published_files if each.name == path.name), None)
        replaced = self.spec.vacuum and file is not None and file.table and self.name != "vacuum"
        return sealed(path, published=file is not None and not replaced)

    def step(self, done: int, total: int, unit: str) -> None:
        """Report progress in another unit than rows; total: 0 where it is not known."""
        self.progress(done, total, 0, unit)

    def map_blocks(self, work: Callable[["BlockJob"], tuple[FileRecord, ...]]) -> tuple[FileRecord, ...]:
        """Work on each block of the shard in the pool; return the files that this left."""
        jobs = [BlockJob(self.blocks, block, self.budget.workers) for block in self.shard_blocks]
        return self._map(work, jobs)

    def map_parts(self, work: Callable[["PartJob"], tuple[FileRecord, ...]]) -> tuple[FileRecord, ...]:
        """Work on each part of the shard in the pool; return the files that this left."""
        parts = dict.fromkeys(map(part_of, self.shard_blocks))
        jobs = [PartJob(self.blocks, self.name, part, self.budget.workers) for part in parts]
        return self._map(work, jobs)

    def _map(
        self, work: Callable[[Job], tuple[FileRecord, ...]], jobs: Sequence[Job]
    ) -> tuple[FileRecord, ...]:
        rows = [sum(map(self.spec.block_rows, job.numbers)) for job in jobs]
        files: list[FileRecord] = []
        done = 0
        for job, more, records in zip(jobs, rows, self.pool.map(work, jobs), strict=True):
            files.extend(records)
            logger.debug("%s: %s: %s", self.name, job, ", ".join(map(str, records)))
            done += more
            self.progress(done, sum(rows))
        return tuple(files)


@dataclass(frozen=True)
class BlockJob:
    """One block for a worker process; `slots` processes may compute at once on the machine."""

    blocks: Blocks
    block: int
    slots: int

    @property
    def numbers(self) -> range:
        """The block's number."""
        return range(self.block, self.block + 1)

    def __str__(self) -> str:
        return f"block {self.block}"


@dataclass(frozen=True)
class PartJob:
    """One part of a stage for a worker process; slots: as in `BlockJob`."""

    blocks: Blocks
    stage: str
    part: int
    slots: int

    @property
    def numbers(self) -> range:
        """The numbers of the part's blocks."""
        return blocks_of(self.blocks.spec, self.part)

    def __str__(self) -> str:
        return f"part {self.part}"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a stage: rows, the sealed files that it left in its folder, and further facts."""

    rows: int
    files: tuple[FileRecord, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    rejected: int = 0
