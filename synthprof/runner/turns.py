"""The parts that a run does a stage in: shards where block files are let go of as the stage goes on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from synthprof.pipeline import Stage, other_readers
from synthprof.spec.shards import Shard, plan_shards
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.stages.context import Context
from synthprof.store.receipts import ended
from synthprof.system.events import Observer

SHARE_BESIDE = 0.8
"""Share of the shards that are done before the other readers of their blocks have ended. From then on blocks
are let go of after each shard, so that all of them are never there beside all that is made of them."""


@dataclass(frozen=True)
class Turn:
    """A part of a stage. waits: whether the other readers of its blocks have to end before it."""

    context: Context
    waits: bool


def turns_of(each: Stage, context: Context) -> Iterator[Turn]:
    """Yield the parts of a stage, in order; mostly one, of everything."""
    shards = _shards(each, context)
    for place, shard in enumerate(shards):
        yield Turn(replace(context, shard=shard), place >= SHARE_BESIDE * len(shards))


def told_of_all(observe: Observer, part: Context) -> Observer:
    """Return an observer that hears the rows of a part as those of the data set."""
    shard = part.shard
    if shard is None:
        return observe
    before = shard.first * BLOCK_ROWS

    def tell(stage: str, done: int, total: int, failed: int = 0, unit: str = "rows") -> None:
        if unit == "rows":
            done, total = before + done, part.spec.profiles
        observe(stage, done, total, failed, unit)

    return tell


def _shards(each: Stage, context: Context) -> Sequence[Shard | None]:
    if each.scope != "shard" or not other_readers(each, context.spec):
        return [None]
    if done := ended(context.folder(each.name), context.spec.blocks):
        return [Shard(*receipt.shard) if receipt.shard else None for receipt in done]
    planned = plan_shards(context.spec, context.request.runtime)
    return planned if len(planned) > 1 else [None]
