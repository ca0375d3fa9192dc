"""Feature vectors and embeddings of each block, as float32 arrays."""

import functools

from synthprof.base.files import FileRecord
from synthprof.encoders.encoder import Encoder, TextEncoder, encode_block, encoder_of
from synthprof.profiles.features import features
from synthprof.schemas.bundle import Bundle
from synthprof.spec.spec import Spec
from synthprof.stages.context import BlockJob, Context, Outcome
from synthprof.store.blocks import EMBEDDINGS, VECTORS
from synthprof.system.slots import cpu_slot


def run(context: Context) -> Outcome:
    """Make the blocks of the shard. A block that matches its seal is kept."""
    if context.spec.slow_encoder:
        from synthprof.stages.embed import embed  # only who asks pays for tenacity

        return embed(context)
    files = context.map_blocks(_make)
    rows = sum(context.spec.block_rows(block) for block in context.shard_blocks)
    return Outcome(rows, files, {"encoder": context.spec.encoder})


def prepare(spec: Spec, bundle: Bundle) -> None:
    """Load the encoder if processes can share it, and what it needs to read texts if there are texts."""
    if not spec.slow_encoder:
        encoder = _encoder(spec, bundle)
        if spec.collection and isinstance(encoder, TextEncoder):
            encoder.encode_text([""])


def _make(job: BlockJob) -> tuple[FileRecord, ...]:
    blocks, spec = job.blocks, job.blocks.spec
    kinds = blocks.vectorized
    if kept := blocks.kept(kinds, job.block):
        return kept
    profiles = blocks.profiles(job.block)
    with cpu_slot(job.slots):
        embeddings = encode_block(_encoder(spec, blocks.bundle), spec, job.block, profiles)
        known: list[FileRecord | None] = []
        if VECTORS in kinds:
            vectors = features(blocks.schema, profiles, spec.dim_vector)
            known.append(blocks.write(VECTORS, job.block, vectors))
        known.append(blocks.write(EMBEDDINGS, job.block, embeddings))
        return blocks.seal(kinds, job.block, *known)


@functools.lru_cache(maxsize=1)
def _encoder(spec: Spec, bundle: Bundle) -> Encoder:
    return encoder_of(spec, bundle)
