"""Profiles, block by block: the columns as an Arrow file, the hidden archetypes as an array beside it.

The rows of a collection are read from their source instead (`import_rows`), and have no archetypes.
"""

from synthprof.base.files import FileRecord
from synthprof.profiles.drawing import generate
from synthprof.profiles.tables import make_tables
from synthprof.schemas.bundle import Bundle
from synthprof.spec.spec import Spec
from synthprof.stages.context import BlockJob, Context, Outcome
from synthprof.store.blocks import ARCHETYPES, PROFILES
from synthprof.system.slots import cpu_slot


def run(context: Context) -> Outcome:
    """Make the blocks of the shard. A block that matches its seal is kept."""
    if context.spec.collection:
        from synthprof.stages.import_rows import import_rows  # only who reads files pays for Parquet

        return import_rows(context)
    files = context.map_blocks(_make)
    rows = sum(context.spec.block_rows(block) for block in context.shard_blocks)
    return Outcome(rows, files, {"seed": context.spec.seed})


def prepare(spec: Spec, bundle: Bundle) -> None:
    """Make the tables that columns are drawn from."""
    if not spec.collection:
        make_tables(bundle.schema, spec.locale, spec.separation, spec.seed)


def _make(job: BlockJob) -> tuple[FileRecord, ...]:
    blocks, spec = job.blocks, job.blocks.spec
    kinds = (ARCHETYPES, PROFILES)
    if kept := blocks.kept(kinds, job.block):
        return kept
    with cpu_slot(job.slots):
        made = generate(
            blocks.schema,
            spec.seed,
            spec.locale,
            spec.separation,
            job.block,
            spec.block_rows(job.block),
        )
        blocks.write(ARCHETYPES, job.block, made.archetypes)
        blocks.write(PROFILES, job.block, made.profiles)
        return blocks.seal(kinds, job.block)
