"""The k nearest rows of each query and filter, as sorted keys of 64 bits: the score, then the lower id."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.similarity.nearness import ordered_bits, values_of_bits

Keys = NDArray[np.uint64]
"""Keys, higher for nearer rows and for lower ids among equals; 0 stands for no row."""

ID_MAX = (1 << 32) - 1
_HALF = np.uint64(32)
_LOW = np.uint64(ID_MAX)


def keys_of(near: NDArray[np.float32], ids: Ids) -> Keys:
    """Return the keys of rows. near: float32, none NaN; ids: 1..2**32 - 1, of the same shape."""
    return (ordered_bits(near).astype(np.uint64) << _HALF) | (_LOW - ids.astype(np.uint64))


def near_of(keys: Keys) -> Matrix:
    """Return the nearness that keys were made of, float32; -inf for no row."""
    bits = (keys >> _HALF).astype(np.uint32)
    return np.where(keys > 0, values_of_bits(bits), np.float32(-np.inf))


def ids_of(keys: Keys) -> Ids:
    """Return the ids that keys were made of, int64; -1 for no row."""
    return np.where(keys > 0, (_LOW - (keys & _LOW)).astype(np.int64), -1)


def merge(keys: Keys, others: Keys) -> Keys:
    """Return the k highest of both, ascending. keys: (n, k); others: (n, m)."""
    both = np.concatenate([keys, others], axis=1)
    both.sort(axis=1)
    return both[:, -keys.shape[1] :]
