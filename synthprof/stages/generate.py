"""Profiles, block by block: the columns as an Arrow file, the hidden archetypes as an array beside it.

Each block is checked against its schema as it is drawn, and the traits that publishing counts lie beside it.
The truth on second records lies beside them, where there are any. The rows of child tables are made with
their parents, in a file for each table and block. The rows of a
collection are read from their source instead (`import_rows`), and have no archetypes.
"""

from synthprof.base.files import FileRecord
from synthprof.profiles.children import generate_family
from synthprof.profiles.tables import make_tables
from synthprof.schemas.bundle import Bundle
from synthprof.spec.spec import Spec
from synthprof.stages.context import BlockJob, Context, Outcome
from synthprof.stages.earlier import take_odds, take_tables
from synthprof.stages.traits import checked_traits
from synthprof.store.blocks import ARCHETYPES, AVATAR_TRUTH, AVATARS, DUPLICATES, PROFILES, TRAITS
from synthprof.store.schemas import schema_of
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
    """Make the tables that columns are drawn from, or take those that an earlier process has made."""
    if not spec.collection:
        take_odds(spec, bundle)
        take_tables(spec, bundle)
        make_tables(schema_of(spec, bundle), spec.locale, spec.separation, spec.seed)


def _make(job: BlockJob) -> tuple[FileRecord, ...]:
    blocks, spec = job.blocks, job.blocks.spec
    schema = blocks.schema
    truth = (DUPLICATES,) if schema.duplicates else ()
    pictures = (AVATARS, AVATAR_TRUTH) if spec.avatars else ()
    kinds = (ARCHETYPES, PROFILES, TRAITS, *truth, *(table.name for table in schema.tables), *pictures)
    if kept := blocks.kept(kinds, job.block):
        return kept
    with cpu_slot(job.slots):
        made = generate_family(
            schema,
            spec.seed,
            spec.locale,
            spec.separation,
            job.block,
            spec.block_rows(job.block),
        )
        blocks.write(ARCHETYPES, job.block, made.generated.archetypes)
        blocks.write(PROFILES, job.block, made.generated.profiles)
        blocks.write(
            TRAITS, job.block, checked_traits(blocks, job.block, made.generated.profiles, made.tables)
        )
        if made.generated.duplicates is not None:
            blocks.write(DUPLICATES, job.block, made.generated.duplicates)
        for name, children in made.tables.items():
            blocks.write(name, job.block, children)
        if pictures:
            from synthprof.stages.avatars import write_avatars  # only who wants pictures pays for them

            write_avatars(blocks, job.block, made.generated.profiles)
        return blocks.seal(kinds, job.block)
