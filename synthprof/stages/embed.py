"""Embedding by a slow encoder: `vectorize` sends the texts of each block to a service, which may fail."""

import itertools
import threading
from collections.abc import Callable

import numpy as np

from synthprof.base.errors import StageError
from synthprof.base.files import FileRecord
from synthprof.encoders.encoder import encoder_of
from synthprof.encoders.slow.answers import Answers, text_digests
from synthprof.encoders.slow.asking import Effort, Embedded, Embedder
from synthprof.encoders.slow.encoder import SlowEncoder
from synthprof.pipeline import STAGES
from synthprof.profiles.features import features
from synthprof.spec.spec import BLOCK_ROWS, Runtime
from synthprof.stages.context import Context, Outcome
from synthprof.stages.failures import write_failures
from synthprof.store.blocks import EMBEDDINGS, FAILURES, MISSING, THUMBNAILS, VECTORS
from synthprof.store.build import ENCODER, SINCE, Build
from synthprof.store.facts import read_fact, write_fact

Embeds = Callable[[int], tuple[list[bytes], Embedded]]
"""Embeds a block by its number: returns the digest of each row's content, and the embeddings."""


def check_service(context: Context) -> None:
    """Check that the service answers with vectors as wide as the spec says. Raise what its `check` raises."""
    with _service(context, context.request.runtime) as service:
        service.check()


def holds(context: Context) -> bool:
    """Return whether the stored embeddings are of today's model, and few enough rows lack theirs."""
    model = _model(context)
    return _recorded(context) == model and not _outdated(context, model)


def forget_outdated(context: Context) -> None:
    """Remove outdated embeddings, and the receipts of all that was made from them, so that `holds` is true.

    What was answered is kept, so that only what is missing is asked for.
    """
    model = _model(context)
    if outdated := _outdated(context, model):
        first = next(place for place, each in enumerate(STAGES) if each.name == "vectorize")
        context.build.invalidate(*(each.name for each in STAGES[first:]))
        for block in outdated:
            context.blocks.path(EMBEDDINGS, block).unlink()
    write_fact(context.build.folder / ENCODER, model)


def embed(context: Context) -> Outcome:
    """Embed the blocks of the shard; rows that the service fails are recorded with their reasons.

    Raises StageError if more than `max_failed` rows failed; everything else is saved by then, so that the
    next attempt asks for those rows alone.
    """
    service = _service(context, context.request.runtime)
    identity = service.identity  # of a model, a digest of all its files
    with service, Answers(context.store.home, identity, service.dim) as answers:
        counter = _Counter(context)
        embedder = Embedder(service, answers, _effort(context), counter.add)
        embeds = _embeds(context, embedder, service)
        made = [_embed_block(context, embeds, counter, block) for block in context.shard_blocks]
    missing = {block: len(context.blocks.missing(block)) for block in context.shard_blocks}
    failed, allowed = sum(missing.values()), context.request.runtime.max_failed
    if failed > allowed:
        for block in (block for block, rows in missing.items() if rows):
            context.blocks.path(EMBEDDINGS, block).unlink()
        raise StageError(
            f"{failed} rows have no embedding, max_failed={allowed} are allowed (the reasons are in "
            f"{context.folder()}/{FAILURES}-*.jsonl); run it again to try them once more, or raise max_failed"
        )
    rows = sum(context.spec.block_rows(block) for block in context.shard_blocks)
    details = {"encoder": context.spec.encoder, "model": context.spec.model, "identity": identity}
    return Outcome(rows, tuple(itertools.chain(*made)), details, rejected=failed)


def _outdated(context: Context, model: str) -> list[int]:
    """Return the blocks to embed again: all if the model has changed, those with too many gaps otherwise."""
    blocks = context.blocks
    present = [block for block in range(context.spec.blocks) if blocks.path(EMBEDDINGS, block).exists()]
    if _recorded(context) != model:
        return present
    missing = {block: len(blocks.missing(block)) for block in present}
    if sum(missing.values()) <= context.request.runtime.max_failed:
        return []
    return [block for block, rows in missing.items() if rows]


def _model(context: Context) -> str:
    """Return a name for the content of a model on this machine; a service is known by its name alone."""
    return _service(context, Runtime()).identity if context.spec.encoder == "model" else ""


def _recorded(context: Context) -> str:
    return str(read_fact(context.build.folder / ENCODER) or "")


def _service(context: Context, runtime: Runtime) -> SlowEncoder:
    service = encoder_of(context.spec, context.bundle, runtime.request_seconds, runtime.patience_seconds)
    assert isinstance(service, SlowEncoder)
    return service


def _effort(context: Context) -> Effort:
    runtime = context.request.runtime
    return Effort(
        batch_size=runtime.batch_size,
        requests_in_flight=_in_flight(context),
        limit=runtime.limit,
        since=_since(context.build),
    )


def _in_flight(context: Context) -> int:
    """Return the threads that ask at once: of a model of pictures, which uses one each, as many as cores."""
    if context.spec.encoder == "clip":
        return context.budget.workers
    return context.request.runtime.requests_in_flight


def _since(build: Build) -> float:
    """Return since when answers count. Raises StageError if that was written, and changed since."""
    path, found = build.folder / SINCE, read_fact(build.folder / SINCE)
    if path.exists() and not isinstance(found, float):
        raise StageError(f"{path} changed after being written; run it again from setup on, which renews it")
    return found if isinstance(found, float) else 0.0


def _embeds(context: Context, embedder: Embedder, service: SlowEncoder) -> Embeds:
    """Return what embeds a block: its texts, or its pictures."""
    if context.spec.pictures:
        from synthprof.stages.pictures import Shelf, embed_pictures  # only pictures pay for Pillow

        shelf = Shelf(context)

        def pictures(block: int) -> tuple[list[bytes], Embedded]:
            found = embed_pictures(context, embedder, shelf, block)
            context.blocks.write(THUMBNAILS, block, found.thumbnails)
            return found.digests, found.embedded

        return pictures

    def texts(block: int) -> tuple[list[bytes], Embedded]:
        found = service.texts(context.blocks.profiles(block))
        return text_digests(found), embedder.embed(found)

    return texts


def _embed_block(context: Context, embeds: Embeds, counter: "_Counter", block: int) -> tuple[FileRecord, ...]:
    """Embed a block and return its files. A block that matches its seal is kept."""
    blocks = context.blocks
    if kept := blocks.kept(_kinds(context, block), block):
        missing = len(blocks.missing(block))
        counter.add(context.spec.block_rows(block) - missing, missing)
        return kept
    if VECTORS in blocks.vectorized:
        blocks.write(
            VECTORS, block, features(context.schema, blocks.profiles(block), context.spec.dim_vector)
        )
    digests, embedded = embeds(block)
    _write_failures(context, block, digests, embedded)
    _write(context, block, embedded)
    return blocks.seal(_kinds(context, block), block)


def _kinds(context: Context, block: int) -> tuple[str, ...]:
    """Return the kinds of file that the block has."""
    present = (kind for kind in (MISSING, FAILURES) if context.blocks.path(kind, block).exists())
    return (*context.blocks.vectorized, *present)


def _write(context: Context, block: int, embedded: Embedded) -> None:
    """Write the embeddings, the first unit vector in place of a missing one, and the missing rows."""
    missing = np.flatnonzero(np.isnan(embedded.embeddings[:, 0]))
    embedded.embeddings[missing] = np.eye(1, context.spec.dim_embedding, dtype=np.float32)
    context.blocks.path(MISSING, block).unlink(missing_ok=True)
    if len(missing):
        context.blocks.write(MISSING, block, missing.astype(np.int64))
    context.blocks.write(EMBEDDINGS, block, embedded.embeddings)


def _write_failures(context: Context, block: int, digests: list[bytes], embedded: Embedded) -> None:
    first, missing = block * BLOCK_ROWS + 1, np.flatnonzero(np.isnan(embedded.embeddings[:, 0])).tolist()
    found = ((first + row, embedded.failures.get(digests[row])) for row in missing)
    rows = [(number, f.digest, f.code, f.error, f.tries, f.at) for number, f in found if f]
    write_failures(context.blocks, block, rows)


class _Counter:
    """Adds up what threads tell, for the progress of the stage."""

    def __init__(self, context: Context) -> None:
        self._lock = threading.Lock()
        self._context = context
        self._total = sum(context.spec.block_rows(block) for block in context.shard_blocks)
        self._done = self._failed = 0

    def add(self, answered: int, failed: int) -> None:
        """So many rows more have their embedding, and so many cannot have one."""
        with self._lock:
            self._failed += failed
            self._done += answered + failed
            self._context.progress(self._done, self._total, self._failed)
