"""Tables to draw from with integers alone: Walker's alias method.

Drawing compares raw random integers with integer thresholds (here after M. D. Vose, "A linear algorithm for
generating random numbers with a given distribution", IEEE TSE 17, 1991). The thresholds come from sums by
math.fsum, which are exact, so the same bytes come out on every machine.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Codes

Shares = npt.NDArray[np.float64]
Drawn = npt.NDArray[np.unsignedinteger[Any]]

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
    limits: list[int] = []
    others: list[int] = []
    known: dict[bytes, tuple[list[int], list[int]]] = {}  # most rows repeat: years of one band of ages
    for parts in apportion(shares, WORD):
        key = parts.tobytes()
        if key not in known:
            known[key] = _alias_row(parts.tolist(), bits)
        own, beyond = known[key]
        limits += own
        others += beyond
    return AliasTable(bits, np.array(limits, dtype=np.uint32), np.array(others, dtype=code_type(1 << bits)))


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


def _alias_row(parts: list[int], bits: int) -> tuple[list[int], list[int]]:
    """Thresholds and other codes of one row; `parts` are integers that sum to 2**32."""
    slots, room = 1 << bits, WORD >> bits
    left = parts + [0] * (slots - len(parts))
    limits, others = [room] * slots, list(range(slots))
    small = [i for i in range(slots) if left[i] < room]
    large = [i for i in range(slots) if left[i] > room]
    while small:
        j = large.pop()
        have = left[j]
        while have > room and small:
            i = small.pop()
            limits[i], others[i] = left[i], j
            have += left[i] - room
        left[j] = have
        if have < room:
            small.append(j)
        elif have > room:
            large.append(j)
    return limits, others
