"""Ranks by Zipf's law, among up to 10**10, from a table of some thousand entries."""

import decimal
import functools

import numpy as np
import numpy.typing as npt

from synthprof.profiles.alias import alias_table

_ALONE = 1_024
"""Ranks that have an entry of their own."""

_GROWTH = 256
"""A later entry stands for one in so many of the ranks before it, which are drawn as if equal: at exponent 4
the first and last of them differ by 2 in 100 from each other, and by 1 from their mean."""


@functools.lru_cache(maxsize=16)
def zipf_of(ranks: int, exponent: float) -> "Zipf":
    """Return the table of some ranks; it depends on nothing else, and takes up to half a second to make."""
    return Zipf(ranks, exponent)


class Zipf:
    """Draws ranks: the k-th, counted from 1, in proportion to k**-exponent.

    Weights come from the module `decimal`, which works with integers: the same on every machine, where C
    libraries differ in the last bit of a power.
    """

    def __init__(self, ranks: int, exponent: float) -> None:
        firsts, sizes = [], []
        first = 1
        while first <= ranks:
            size = min(1 if first <= _ALONE else first // _GROWTH, ranks - first + 1)
            firsts.append(first)
            sizes.append(size)
            first += size
        self._firsts, self._sizes = np.array(firsts, np.uint64), np.array(sizes, np.float64)
        weights = [_weight(first, size, exponent) for first, size in zip(firsts, sizes, strict=True)]
        self._table = alias_table(np.array(weights)[None])

    def draw(self, words: npt.NDArray[np.uint64], uniform: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
        """Return ranks from 0, (n,) uint64, by a word and a number in [0, 1) for each."""
        entries = self._table.draw((words >> np.uint64(32)).astype(np.uint32))
        within = np.floor(uniform * self._sizes.take(entries)).astype(np.uint64)
        return self._firsts.take(entries) + within - np.uint64(1)


def _weight(first: int, size: int, exponent: float) -> float:
    """Return the weight of `size` ranks from `first` on: that of their middle, times their number."""
    with decimal.localcontext(decimal.Context(prec=24)):
        middle = decimal.Decimal(2 * first + size - 1) / 2
        return float(middle ** -decimal.Decimal(exponent) * size)
