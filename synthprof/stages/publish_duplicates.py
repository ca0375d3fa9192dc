"""The truth on second records, as a file of the version, and what its manifest tells of them."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.base.files import replacing
from synthprof.profiles.second_records.truth import TRUTH
from synthprof.report.counted_duplicates import SAMPLED_BLOCKS, counted_duplicates
from synthprof.spec.contents import DUPLICATES_FILE
from synthprof.stages.context import Context
from synthprof.system.slots import cpu_slot


def put_duplicates(context: Context) -> Path:
    """Write the truth of all blocks into one file, a batch for each, and return its path."""
    path = context.folder() / DUPLICATES_FILE
    with (
        replacing(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, TRUTH) as writer,
    ):
        for block in range(context.spec.blocks):
            writer.write_batch(context.blocks.duplicates(block))
    return path


def duplicates_of(context: Context) -> dict[str, Any]:
    """Return what the manifest tells of second records, in a data set that has them."""
    blocks, spec = context.blocks, context.spec
    truth = (blocks.duplicates(block) for block in range(spec.blocks))
    sample = [blocks.profiles(block) for block in range(min(spec.blocks, SAMPLED_BLOCKS))]
    with cpu_slot(context.budget.workers):
        return counted_duplicates(context.schema, spec.profiles, truth, sample).as_document()
