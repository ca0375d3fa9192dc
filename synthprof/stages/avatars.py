"""Pictures of the profiles of a block, written part by part, and the truth about them for the version."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from synthprof.base.files import replacing
from synthprof.profiles.avatars.block import TRUTH, avatars_of
from synthprof.store.blocks import AVATAR_TRUTH, AVATARS, Blocks


def write_avatars(blocks: Blocks, block: int, profiles: pa.RecordBatch) -> None:
    """Write the tar shard of a block of profiles and the truth about its pictures."""
    truth: list[pa.RecordBatch] = []

    def shard() -> Iterator[bytes]:
        for part in avatars_of(blocks.schema, blocks.spec, block, profiles):
            truth.append(part.truth)
            yield part.shard

    blocks.write(AVATARS, block, shard())
    blocks.write(AVATAR_TRUTH, block, pa.Table.from_batches(truth, TRUTH).combine_chunks().to_batches()[0])


def write_truth(blocks: Blocks, path: Path) -> Path:
    """Write the truth about all pictures, a batch for each block, and return the path."""
    with (
        replacing(path) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, TRUTH) as writer,
    ):
        for block in range(blocks.spec.blocks):
            writer.write_batch(blocks.avatar_truth(block))
    return path
