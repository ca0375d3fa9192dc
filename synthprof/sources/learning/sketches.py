"""Summaries of columns in bounded memory: how often values are there, and how numbers are distributed."""

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Array = npt.NDArray[Any]
Weights = npt.NDArray[np.float64]

MAX_VALUES = 65_536
"""Different numbers that are kept as they are; with more, each level keeps half as many quantiles."""

MAX_TEXTS = 100_000
"""Different texts that are counted; the rarest are forgotten beyond twice as many."""


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True)
class Spread:
    """Numbers in ascending order, each with the rows that it stands for. exact: all values are there."""

    values: Array
    weights: Weights
    exact: bool


class Numbers:
    """Quantiles of any count of numbers, whose ranks err by less than 1 in 3,000.

    Levels hold summaries that stand for 1, 2, 4 … buffers; two of a level become one of the next, of
    MAX_VALUES / 2 equal weights at most, so that each number is summarised once per level.
    """

    def __init__(self) -> None:
        self._buffer: list[Array] = []
        self._held = 0
        self._levels: list[tuple[Array, Weights] | None] = []
        self._exact = True

    def add(self, values: Array) -> None:
        """Take notice of more numbers, (n,), none of them NaN."""
        self._buffer.append(values)
        self._held += len(values)
        if self._held >= MAX_VALUES:
            self._flush()

    def spread(self) -> Spread:
        """Return the summary of all numbers so far."""
        self._flush()
        parts = [level for level in self._levels if level is not None]
        if not parts:
            return Spread(np.zeros(0), np.zeros(0), True)
        values, weights = _merged(parts)
        return Spread(values, weights, self._exact)

    def _flush(self) -> None:
        if not self._held:
            return
        values, counts = np.unique(np.concatenate(self._buffer), return_counts=True)
        self._buffer, self._held = [], 0
        new: tuple[Array, Weights] = (values, counts.astype(np.float64))
        level = 0
        while True:
            if level == len(self._levels):
                self._levels.append(None)
            there = self._levels[level]
            if there is None:
                self._levels[level] = new
                return
            self._levels[level] = None
            new = self._smaller(*_merged([there, new]))
            level += 1

    def _smaller(self, values: Array, weights: Weights) -> tuple[Array, Weights]:
        if len(values) <= MAX_VALUES:
            return values, weights
        self._exact = False
        count = MAX_VALUES // 2
        upto = np.cumsum(weights)
        step = upto[-1] / count
        places = np.searchsorted(upto, (np.arange(count) + 0.5) * step)
        kept, times = np.unique(np.minimum(places, len(values) - 1), return_counts=True)
        return values[kept], times.astype(np.float64) * float(step)


def _merged(parts: list[tuple[Array, Weights]]) -> tuple[Array, Weights]:
    values = np.concatenate([values for values, _ in parts])
    weights = np.concatenate([weights for _, weights in parts])
    found, places = np.unique(values, return_inverse=True)
    return found, np.asarray(np.bincount(places, weights, len(found)), np.float64)


@dataclass
class Texts:
    """The counts of the most frequent texts, which err by `missed` at most, and what texts look like.

    unique: no text was there twice, as far as they were counted. words: of all texts. uuids: each text is a
    UUID. prefix: what stands before the digits at the end of all texts. widths: of these digits, two at most.
    """

    counts: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    missed: int = 0
    unique: bool = True
    words: int = 0
    uuids: bool = True
    prefix: str | None = None
    widths: set[int] = field(default_factory=set)

    def add(self, texts: pa.Array) -> None:
        """Take notice of more texts, none of them null."""
        self.rows += len(texts)
        if self.unique and len(self.counts) >= MAX_TEXTS:
            return  # the first hundred thousand all differ: an identifier
        found = texts.value_counts()
        values, counts = found.field("values").to_pylist(), found.field("counts").to_pylist()
        for text, count in zip(values, counts, strict=True):
            self.counts[text] = self.counts.get(text, 0) + count
            self.unique &= self.counts[text] == 1
        self._look_at(values)
        if len(self.counts) > 2 * MAX_TEXTS and not self.unique:
            self._forget()

    def _look_at(self, values: list[str]) -> None:
        some = values[:: max(1, len(values) // 200)]
        self.words += sum(len(text.split()) for text in some) * len(values) // max(1, len(some))
        for text in values if self.unique else ():
            letters = text.rstrip("0123456789")
            self.uuids = self.uuids and _UUID.fullmatch(text) is not None
            self.prefix = letters if self.prefix in (None, letters) else ""
            if len(self.widths) < 2:
                self.widths.add(len(text) - len(letters))

    def _forget(self) -> None:
        """Forget the rarest texts, as Misra and Gries do: what is left has lost as much as they had."""
        least = sorted(self.counts.values(), reverse=True)[MAX_TEXTS]
        self.counts = {text: count - least for text, count in self.counts.items() if count > least}
        self.missed += least
