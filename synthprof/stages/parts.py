"""The work of `ingest` and `persist_blobs` where the rows lie in parts, and the check of what they made."""

from collections.abc import Iterator

import numpy as np

from synthprof.base.files import FileRecord, replacing
from synthprof.pipeline import part_kinds, stage
from synthprof.spec.contents import PartKind, parts_of
from synthprof.stages.context import Context, Outcome, PartJob
from synthprof.store.blocks import EMBEDDINGS, VECTORS
from synthprof.store.columnar.checks import shape_of
from synthprof.store.columnar.matrices import write_matrix
from synthprof.store.columnar.parts import Parts
from synthprof.store.columnar.table import write_table
from synthprof.system.slots import cpu_slot

_BLOCKS: dict[PartKind, str] = {"vetores": VECTORS, "embeddings": EMBEDDINGS}
"""The kind of block that each kind of part is made of; parts of the table are made of profiles."""


def write_parts(context: Context) -> Outcome:
    """Make the parts of the shard. A part that matches its seal is kept."""
    files = context.map_parts(_make)
    return Outcome(sum(context.spec.block_rows(block) for block in context.shard_blocks), files)


def _make(job: PartJob) -> tuple[FileRecord, ...]:
    parts, kinds = Parts(job.blocks.build, job.blocks.spec), stage(job.stage).part_kinds
    if kept := parts.kept(kinds, job.part):
        return kept
    for kind in kinds:
        with replacing(parts.path(kind, job.part)) as temporary, cpu_slot(job.slots):
            if kind == "perfis":
                profiles = map(job.blocks.profiles, job.numbers)
                write_table(temporary, job.blocks.schema, profiles)
            else:
                shape = shape_of(job.blocks.spec, kind, job.part)
                write_matrix(temporary, shape, _matrices(job, _BLOCKS[kind]))
    with cpu_slot(job.slots):
        return parts.seal(kinds, job.part)


def _matrices(job: PartJob, kind: str) -> Iterator[np.ndarray]:
    return (job.blocks.matrix(kind, block) for block in job.numbers)


def check_parts(context: Context) -> None:
    """Raise StageError unless each part holds the rows that it should."""
    parts, total = Parts(context.build.folder, context.spec), parts_of(context.spec)
    jobs = [(parts, kind, part) for part in range(total) for kind in part_kinds(context.spec)]
    for done, _ in enumerate(context.pool.map(_check, jobs), 1):
        context.step(done, len(jobs), "parts checked")


def _check(job: tuple[Parts, PartKind, int]) -> None:
    parts, kind, part = job
    parts.check(kind, part)
