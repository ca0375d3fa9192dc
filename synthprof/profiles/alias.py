"""Tables to draw from with integers alone: Walker's alias method.

Drawing compares raw random integers with integer thresholds (here after M. D. Vose, "A linear algorithm for
generating random numbers with a given distribution", IEEE TSE 17, 1991). The thresholds come from
exact sums, so the same bytes come out on every machine.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Codes
from synthprof.base.sums import exact_sums

Shares = npt.NDArray[np.float64]
Drawn = npt.NDArray[np.unsignedinteger[Any]]

WORD = 2**32

SLOTS_AT_ONCE = 2**18
"""Slots of a table that are filled at once, which bounds the memory to some 20 MiB."""


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
    slots = 1 << bits
    firsts, at = _distinct(shares)
    shares = shares[firsts]
    limits = np.empty((len(shares), slots), dtype=np.uint32)
    others = np.empty((len(shares), slots), dtype=code_type(slots))
    step = max(1, SLOTS_AT_ONCE // slots)
    for first in range(0, len(shares), step):
        some = slice(first, first + step)
        limits[some], others[some] = _filled(apportion(shares[some], WORD), bits)
    return AliasTable(bits, limits.take(at, axis=0).ravel(), others.take(at, axis=0).ravel())


def _distinct(shares: Shares) -> tuple[list[int], list[int]]:
    """Return the first of equal rows, and the place of each row among those: years of one band are alike."""
    found, width = np.ascontiguousarray(shares).tobytes(), shares.shape[1] * shares.itemsize
    known: dict[bytes, int] = {}
    firsts: list[int] = []
    at: list[int] = []
    for row in range(len(shares)):
        key = found[row * width : (row + 1) * width]
        if key not in known:
            known[key] = len(firsts)
            firsts.append(row)
        at.append(known[key])
    return firsts, at


def code_type(values: int) -> type[np.unsignedinteger[Any]]:
    """Return the type of codes of so many values."""
    return np.uint16 if values <= 2**16 else np.uint32


def apportion(weights: Shares, total: int) -> npt.NDArray[np.int64]:
    """Integers in proportion to the weights (rows, values), each row summing to `total`.

    By largest remainder, earlier ones first.
    """
    scale = total / exact_sums(weights)
    exact = weights * scale[:, None]
    parts = np.floor(exact).astype(np.int64)
    by_remainder = np.argsort(parts - exact, axis=1, kind="stable")
    places = np.arange(parts.shape[1])
    ranks = np.empty_like(by_remainder)
    np.put_along_axis(ranks, by_remainder, places[None, :], axis=1)
    parts += ranks < total - parts.sum(axis=1, keepdims=True)
    return parts


def _filled(parts: npt.NDArray[np.int64], bits: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return threshold and other code of each slot, (rows, slots); each row of `parts` sums to 2**32.

    A slot that holds less than its room is filled up from one that holds more, both from the last code to the
    first. One that gave too much is itself filled up from the next at once. So the running sums of what is
    lacked and of what is over, taken over all rows on end, say who fills whom: within a row both come to the
    same, and none reaches into the next.
    """
    rows, values = parts.shape
    slots, room = 1 << bits, WORD >> bits
    held = np.full(rows * slots, -room, dtype=np.int64)  # from here on what a slot holds over its room
    held.reshape(rows, slots)[:, slots - values :] += parts[:, ::-1]
    small, large = np.flatnonzero(held < 0), np.flatnonzero(held > 0)
    lacked, over = -np.cumsum(held[small]), np.cumsum(held[large])
    others = np.tile(np.arange(slots - 1, -1, -1), rows)
    limits = np.full(rows * slots, room, dtype=np.int64)
    by = large[np.searchsorted(over, lacked + held[small], side="right")]  # more than all before it lacked
    limits[small], others[small] = room + held[small], others[by]
    left = over - lacked[np.searchsorted(lacked, over)]  # once it has given what it has over, or more
    gave = np.flatnonzero(left)
    limits[large[gave]], others[large[gave]] = room + left[gave], others[large[gave + 1]]
    return limits.reshape(rows, slots)[:, ::-1], others.reshape(rows, slots)[:, ::-1]
