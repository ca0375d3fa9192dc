"""Tables to draw from with integers alone: Walker's alias method.

Drawing compares raw random integers with integer thresholds (M. D. Vose, "A linear algorithm for generating
random numbers with a given distribution", IEEE TSE 17, 1991). The tables of many rows are made at once, from
running sums (L. Hübschle-Schneider and P. Sanders, "Parallel weighted random sampling", ESA 2019). The
thresholds come from sums by math.fsum, which are exact, so the same bytes come out on every machine.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Codes

Shares = npt.NDArray[np.float64]
Drawn = npt.NDArray[np.unsignedinteger[Any]]
Parts = npt.NDArray[np.int64]

WORD = 2**32


@dataclass(frozen=True)
class AliasTable:
    """A table to draw from: per row 2**bits slots, each with a threshold and the code beyond it."""

    bits: int
    limits: npt.NDArray[np.uint32]
    others: npt.NDArray[np.unsignedinteger[Any]]

    def draw(self, words: npt.NDArray[np.uint32], rows: Codes | None = None) -> Drawn:
        """One code per word, (n,), each from the given row of the table; from row 0 without rows.

        Codes are uint16, or uint32 where there are more than 65,536 values.
        """
        rest = np.uint32(32 - self.bits)
        slots = words >> rest
        at = slots if rows is None else rows * (1 << self.bits) + slots
        own = (words & np.uint32((1 << int(rest)) - 1)) < self.limits.take(at)
        return np.where(own, slots.astype(self.others.dtype), self.others.take(at))


def alias_table(shares: Shares) -> AliasTable:
    """Make the table that draws each row of `shares` (rows, values), exact to 2**-32."""
    bits = max(1, (shares.shape[1] - 1).bit_length())
    parts = np.zeros((len(shares), 1 << bits), dtype=np.int64)
    parts[:, : shares.shape[1]] = apportion(shares, WORD)
    limits, others = _alias_rows(parts, WORD >> bits)
    return AliasTable(bits, limits.astype(np.uint32).ravel(), others.astype(code_type(1 << bits)).ravel())


def code_type(values: int) -> type[np.unsignedinteger[Any]]:
    """Return the type of codes of so many values."""
    return np.uint16 if values <= 2**16 else np.uint32


def apportion(weights: Shares, total: int) -> npt.NDArray[np.int64]:
    """Integers in proportion to the weights (rows, values), each row summing to `total`.

    By largest remainder, earlier ones first.
    """
    scale = total / np.array([math.fsum(row) for row in weights.tolist()])
    exact = weights * scale[:, None]
    parts = np.floor(exact).astype(np.int64)
    by_remainder = np.argsort(parts - exact, axis=1, kind="stable")
    places = np.arange(parts.shape[1])
    ranks = np.empty_like(by_remainder)
    np.put_along_axis(ranks, by_remainder, places[None, :], axis=1)
    parts += ranks < total - parts.sum(axis=1, keepdims=True)
    return parts


def _alias_rows(parts: Parts, room: int) -> tuple[Parts, Parts]:
    """Thresholds and other codes of rows of slots; the parts of a row sum to its slots times the room.

    What slots of small parts lack is taken from large ones in order, and a large one that falls below the
    room takes from the next: running sums of what lacks and of what is over tell who gives to whom.
    """
    rows, slots = parts.shape
    row = np.arange(rows, dtype=np.int64)[:, None] * (2 * WORD)  # keeps the sums of rows apart
    lacking, over = np.maximum(room - parts, 0), np.maximum(parts - room, 0)
    lacked, given = np.cumsum(lacking, axis=1), np.cumsum(over, axis=1)
    last = (np.arange(rows, dtype=np.int64)[:, None] + 1) * slots - 1
    givers = np.minimum(np.searchsorted((given + row).ravel(), lacked - lacking + row, side="right"), last)
    ends = np.searchsorted((lacked + row).ravel(), given + row, side="left")
    nexts = np.minimum(np.searchsorted((given + row).ravel(), given + row, side="right"), last)
    kept = room + given - lacked.ravel().take(ends)
    own = np.arange(rows * slots, dtype=np.int64).reshape(rows, slots)
    limits = np.where(parts < room, parts, np.where(over > 0, kept, room))
    others = np.where(parts < room, givers, np.where(over > 0, nexts, own)) - (last - slots + 1)
    return limits, others
