"""Shards: ranges of blocks, one per task."""

import itertools
import re
from dataclasses import dataclass

from synthprof.base.errors import SpecError
from synthprof.spec.contents import unit_of
from synthprof.spec.spec import BLOCK_ROWS, MAX_SHARDS, Runtime, Spec

SHARD_ROWS = 500_000
"""Rows of an automatic shard: some seconds of work on two cores, much more than a task's overhead of 1 s."""


@dataclass(frozen=True)
class Shard:
    """A range of blocks for one task, from `first` to before `end`. Raises SpecError if it is empty."""

    first: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.first < self.end:
            raise SpecError(
                f"shard {self.first}:{self.end} holds no block; give its first block, from 0, and a later end"
            )

    @classmethod
    def of(cls, text: str) -> "Shard":
        """Return the shard written as FIRST:END. Raises SpecError for other text."""
        found = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", text)
        if found is None:
            raise SpecError(f"shard {text[:80]!r} is not FIRST:END; give its first block and end, as 0:16")
        return cls(int(found[1]), int(found[2]))

    @property
    def blocks(self) -> range:
        """The block numbers."""
        return range(self.first, self.end)

    def label(self, profiles: int) -> str:
        """Return the range of ids, which begin at 1, as text: `1-500,000`."""
        last = min(self.end * BLOCK_ROWS, profiles)
        return f"{self.first * BLOCK_ROWS + 1:,}-{last:,}"


def plan_shards(spec: Spec, runtime: Runtime) -> tuple[Shard, ...]:
    """Return the shards of a data set in order, without gap or overlap, as equal as whole blocks allow.

    Where the rows lie in parts, as whole parts allow.
    """
    wanted = runtime.shards or max(1, round(spec.profiles / SHARD_ROWS))
    unit = unit_of(spec)
    units = -(-spec.blocks // unit)
    count = min(wanted, units, MAX_SHARDS)
    edges = [min(units * i // count * unit, spec.blocks) for i in range(count + 1)]
    return tuple(Shard(first, end) for first, end in itertools.pairwise(edges))
