"""Planted labels: columns that so many rows have, as near to the queries as a correlation says.

A row has a label if dial * score + sqrt(1 - dial**2) * noise is among the largest, as many as asked for.
Its score is the normal score of its nearness (`labels_nearness.py`), the noise a standard normal number drawn
by seed, label and row. The dial is solved for so that the correlation is expected to be the one asked for.
Where few rows match, chance moves it: then noise is drawn anew, until the correlation measured is near.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids
from synthprof.base.streams import stream
from synthprof.delivery.workloads.labels_dial import Dial
from synthprof.delivery.workloads.labels_nearness import Floats, Nearness
from synthprof.profiles.elementary import normal_quantile
from synthprof.spec.spec import BLOCK_ROWS

DRAWS = 32
"""Times that noise is drawn at most."""

NEAR = 0.02
"""Difference from the correlation asked for that no other noise is drawn for."""

Ranks = NDArray[np.int64]
"""(n,) int64: what rows are compared by; the upper bits are the sum above, the lower 16 decide equal ones."""

_NORMAL = normal_quantile((np.arange(65_536) + 0.5) / 65_536)

_STEPS = float(1 << 24)


@dataclass(frozen=True)
class Label:
    """A column to be planted: its name, the share of the rows that have it, and its correlation, -1 to 1."""

    name: str
    share: float
    correlation: float


@dataclass(frozen=True)
class PlantedLabel:
    """A label with what tells its rows: a row has it whose rank is above `edge`, or is that and up to `last`.

    rows: how many have it. neighbours: share of the true neighbours that have it. correlation: as measured.
    """

    label: Label
    dial: float
    draw: int
    edge: int
    last: int
    rows: int
    neighbours: float
    correlation: float

    def block(self, seed: int, block: int, scores: Floats) -> NDArray[np.bool_]:
        """Return which rows of a block have the label, (n,) bool. scores: of the rows of the block."""
        ranks = _ranks(self.label, self.dial, self.draw, seed, block, scores)
        numbers = np.arange(block * BLOCK_ROWS, block * BLOCK_ROWS + len(scores))
        found: NDArray[np.bool_] = (ranks > self.edge) | ((ranks == self.edge) & (numbers <= self.last))
        return found


def plant(labels: Sequence[Label], nearness: Nearness, neighbours: Ids, seed: int) -> list[PlantedLabel]:
    """Return the labels as planted, in their order.

    nearness: of all rows. neighbours: (q, k) ids of the true neighbours without a filter, -1 for none.
    The same arguments give the same labels on every machine.
    """
    pairs = np.sort(neighbours[neighbours > 0] - 1)
    best: dict[str, PlantedLabel] = {}
    dials = {label.name: Dial.of(nearness, label.share, label.correlation) for label in labels}
    for draw in range(DRAWS):
        left = [label for label in labels if not _is_near(label, best.get(label.name))]
        tries = [_Try(label, dials[label.name], draw) for label in left]
        for one in _selected(tries, pairs, seed, nearness):
            before = best.get(one.label.name)
            if before is None or _error(one) < _error(before):
                best[one.label.name] = one
    return [best[label.name] for label in labels]


def _is_near(label: Label, found: PlantedLabel | None) -> bool:
    return found is not None and (abs(label.correlation) == 1 or not _error(found) > NEAR)


def _error(found: PlantedLabel) -> float:
    return abs(found.correlation - found.label.correlation)


# --- which rows are among the largest --------------------------------------------------------------------


@dataclass
class _Try:
    """A label with one noise: the rows that are surely among the largest, counted, and those that may be."""

    label: Label
    dial: Dial
    draw: int
    wider: int = 0
    between: tuple[int, int] = (0, 0)
    above: int = 0
    hits: int = 0
    ranks: list[Ranks] = field(default_factory=list)
    numbers: list[NDArray[np.int64]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.between = self.dial.bracket(self.wider)

    def add(self, ranks: Ranks, first: int, weights: NDArray[np.int64]) -> None:
        low, high = self.between
        surely = ranks > high
        self.above += int(np.count_nonzero(surely))
        self.hits += int(weights[surely].sum())
        may = np.flatnonzero((ranks >= low) & ~surely)
        self.ranks.append(ranks[may])
        self.numbers.append(may + first)

    def planted(self, pairs: NDArray[np.int64], nearness: Nearness) -> PlantedLabel | None:
        """Return the label, or None if the bracket did not hold the edge."""
        ranks, numbers = np.concatenate(self.ranks), np.concatenate(self.numbers)
        missing = self.dial.rows - self.above
        if not 0 < missing <= len(ranks):
            return None
        taken = np.lexsort((numbers, -ranks))[:missing]
        chosen = np.sort(numbers[taken])
        of_pairs = np.searchsorted(pairs, chosen, "right") - np.searchsorted(pairs, chosen, "left")
        share = (self.hits + int(of_pairs.sum())) / max(len(pairs), 1)
        edge, last = int(ranks[taken[-1]]), int(numbers[taken[-1]])
        rows = self.dial.rows
        found = nearness.correlation(rows, share)
        return PlantedLabel(self.label, self.dial.dial, self.draw, edge, last, rows, share, found)


def _selected(
    tries: list[_Try], pairs: NDArray[np.int64], seed: int, nearness: Nearness
) -> Iterator[PlantedLabel]:
    """Yield the labels of tries; those whose bracket was too narrow are tried again with a wider one."""
    while tries:
        for block, first in enumerate(range(0, nearness.rows, BLOCK_ROWS)):
            scores = nearness.block(block)
            begin, end = np.searchsorted(pairs, (first, first + len(scores)))
            weights = np.bincount(pairs[begin:end] - first, minlength=len(scores))
            for one in tries:
                ranks = _ranks(one.label, one.dial.dial, one.draw, seed, block, scores)
                one.add(ranks, first, weights)
        missed = []
        for one in tries:
            found = one.planted(pairs, nearness)
            if found is None:
                missed.append(_Try(one.label, one.dial, one.draw, one.wider + 1))
            else:
                yield found
        tries = missed


def _ranks(label: Label, dial: float, draw: int, seed: int, block: int, scores: Floats) -> Ranks:
    words = stream(seed, label.name, f"label {draw}", block).uint32(BLOCK_ROWS)[: len(scores)]
    found = scores * dial
    if abs(dial) < 1:
        found += _NORMAL[words >> np.uint32(16)] * math.sqrt(1.0 - dial * dial)
    steps = np.rint(found * _STEPS).astype(np.int64)
    ranks: Ranks = (steps << 16) | (words & np.uint32(0xFFFF))
    return ranks
