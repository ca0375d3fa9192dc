"""Streams: runbooks of inserts, deletes, replacements and searches over ranges of rows.

They are those of the streaming track of big-ann-benchmarks: rows count from 0, ranges leave out their end. A
row that is inserted has its own number as its *tag*. A replacement gives tags that are there the vectors of
other rows; answers to a search are tags.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids
from synthprof.base.errors import SpecError
from synthprof.base.streams import stream

Operation = Literal["insert", "delete", "replace", "search"]

ROUNDS = 10
"""Rounds of a stream; each ends with a search."""


@dataclass(frozen=True)
class Step:
    """One step. start, end: the tags; ids: the first of the rows whose vectors they get by a replacement."""

    operation: Operation
    start: int = 0
    end: int = 0
    ids: int = 0

    def lines(self, number: int) -> Iterator[str]:
        """Yield the lines of the step in a runbook's YAML."""
        yield f"  {number}:"
        yield f'    operation: "{self.operation}"'
        if self.operation == "replace":
            yield f"    tags_start: {self.start}"
            yield f"    tags_end: {self.end}"
            yield f"    ids_start: {self.ids}"
            yield f"    ids_end: {self.ids + self.end - self.start}"
        elif self.operation != "search":
            yield f"    start: {self.start}"
            yield f"    end: {self.end}"


@dataclass(frozen=True)
class Alive:
    """The rows that can be found at one moment: vectors by range, with the tags that they are found under.

    ranges: (m, 3) int64, first row, end of the rows and first tag, by tag.
    """

    ranges: NDArray[np.int64]

    @property
    def count(self) -> int:
        """The number of tags."""
        return int((self.ranges[:, 1] - self.ranges[:, 0]).sum())

    def mask(self, first: int, rows: int) -> NDArray[np.bool_]:
        """Return which rows from number `first` on have a vector that can be found, (rows,) bool."""
        found = np.zeros(rows, np.bool_)
        for start, end, _ in (self.ranges - [first, first, 0]).tolist():
            found[max(start, 0) : max(end, 0)] = True
        return found

    def tags(self, rows: Ids) -> Ids:
        """Return the tags of rows, of any shape; what is below 0 stays."""
        by_row = self.ranges[np.argsort(self.ranges[:, 0])]
        at = np.maximum(np.searchsorted(by_row[:, 0], rows, side="right") - 1, 0)
        return np.where(rows < 0, rows, rows - by_row[at, 0] + by_row[at, 2])

    def after(self, step: Step) -> "Alive":
        """Return what can be found after a step. Raises ValueError for a step that does not fit."""
        size = step.end - step.start
        kept = self._without(step.start, step.end)
        gone = self.count - sum(end - start for start, end, _ in kept)
        if step.operation == "search":
            return self
        if gone != (0 if step.operation == "insert" else size):
            raise ValueError(f"{step} meets {gone} of {size} tags")
        if step.operation != "delete":
            first = step.start if step.operation == "insert" else step.ids
            kept.append((first, first + size, step.start))
        ranges = np.array(sorted(kept, key=lambda each: each[2]), np.int64).reshape(-1, 3)
        return Alive(ranges)

    def _without(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """Return the ranges without the tags from `start` to below `end`."""
        found = []
        for first, last, tag in self.ranges.tolist():
            before, after = min(max(start - tag, 0), last - first), min(max(end - tag, 0), last - first)
            found += [(first, first + before, tag), (first + after, last, tag + after)]
        return [each for each in found if each[0] < each[1]]


NOTHING = Alive(np.empty((0, 3), np.int64))


@dataclass(frozen=True)
class Runbook:
    """The steps of a stream, in order."""

    name: str
    steps: tuple[Step, ...]

    def states(self) -> Iterator[tuple[int, Step, Alive]]:
        """Yield each step by its number from 1, with what can be found after it."""
        alive = NOTHING
        for number, step in enumerate(self.steps, start=1):
            alive = alive.after(step)
            yield number, step, alive

    def searches(self) -> dict[int, Alive]:
        """Return what can be found at each search, by the number of its step."""
        return {number: alive for number, step, alive in self.states() if step.operation == "search"}

    def yaml(self, dataset: str) -> str:
        """Return the runbook as big-ann-benchmarks reads it, for a data set of that name there.

        max_pts: the most tags that there are at once.
        """
        most = max(alive.count for _, _, alive in self.states())
        lines = [f'"{dataset}":', f"  max_pts: {most}"]
        lines += [line for number, step in enumerate(self.steps, start=1) for line in step.lines(number)]
        return "\n".join([*lines, '  gt_url: "none"', ""])


def runbook(name: str, rows: int, seed: int, rounds: int = ROUNDS) -> Runbook:
    """Return the stream of a name over so many rows; the same arguments give the same steps.

    name: of RUNBOOKS. Raises SpecError for another name, and for too few rows.
    """
    if name not in RUNBOOKS:
        raise SpecError(f"there is no stream {name[:80]!r}; there are: {', '.join(RUNBOOKS)}")
    if rounds < 1 or rows < 4 * rounds:
        raise SpecError(
            f"a stream of {rounds} rounds needs {max(4 * rounds, 4)} rows, got {rows}; use fewer rounds"
        )
    return Runbook(name, tuple(RUNBOOKS[name](rows, seed, rounds)))


def _sliding_window(rows: int, _: int, rounds: int) -> Iterator[Step]:
    """Insert the next part of the rows, delete the oldest once half of them are there, and search."""
    parts = _parts(rows, 2 * rounds)
    for number in range(2 * rounds):
        yield Step("insert", *parts[number])
        if number >= rounds:
            yield Step("delete", *parts[number - rounds])
        yield Step("search")


def _churn(rows: int, seed: int, rounds: int) -> Iterator[Step]:
    """Insert half of the rows; then insert, delete and replace parts by random, and search, in each round."""
    parts = _parts(rows, 4 * rounds)
    draw = stream(seed, "churn", "runbook")
    there = list(range(2 * rounds))
    yield Step("insert", 0, parts[2 * rounds][0])
    yield Step("search")
    for number in range(2 * rounds, 4 * rounds, 2):
        yield Step("insert", *parts[number])
        there.append(number)
        yield Step("delete", *parts[there.pop(_below(len(there), draw.words(1)))])
        start, end = parts[there[_below(len(there), draw.words(1))]]
        first, last = parts[number + 1]
        yield Step("replace", start, min(end, start + last - first), first)
        yield Step("search")


def _growing(rows: int, _: int, rounds: int) -> Iterator[Step]:
    """Insert a part of the rows, and search, until all are there."""
    for part in _parts(rows, rounds):
        yield Step("insert", *part)
        yield Step("search")


RUNBOOKS: dict[str, Callable[[int, int, int], Iterator[Step]]] = {
    "growing": _growing,
    "sliding_window": _sliding_window,
    "churn": _churn,
}
"""Streams by name."""


def _parts(rows: int, count: int) -> list[tuple[int, int]]:
    edges = [number * rows // count for number in range(count + 1)]
    return list(itertools.pairwise(edges))


def _below(count: int, words: NDArray[np.uint64]) -> int:
    return int(words[0]) * count >> 64
