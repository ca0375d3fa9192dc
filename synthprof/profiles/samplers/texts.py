"""Texts of one width, written as bytes into Arrow's buffers: no row is touched by Python."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]

ZERO = np.uint8(ord("0"))

Place = npt.NDArray[np.uint32] | npt.NDArray[np.uint64]
"""The values of one place, (n,)."""


def texts_of(cells: Bytes) -> pa.StringArray:
    """Return rows of UTF-8 bytes, (n, width) uint8 C-contiguous, as texts, (n,)."""
    rows, width = cells.shape
    offsets = (
        np.arange(0, (rows + 1) * width, width, dtype=np.int32) if width else np.zeros(rows + 1, np.int32)
    )
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(cells)])


def places(numbers: Place, bases: tuple[int, ...]) -> list[Place]:
    """Return the places of numbers in a mixed-radix system, the first one the most significant.

    As many places as 32 bits hold are parted at once, as their division is several times as fast.

    numbers: (n,) below the product of bases. Returns len(bases) arrays, (n,) each, the j-th below bases[j].
    """
    found: list[Place] = []
    rest, end = numbers, len(bases)
    while end:
        begin, size = end - 1, bases[end - 1]
        while begin and size * bases[begin - 1] < 2**32:
            begin -= 1
            size *= bases[begin]
        wide = rest.dtype.type(size) if begin else None
        above = rest if wide is None else rest // wide
        few = rest if wide is None else rest - above * wide
        few = few.astype(np.uint32) if size < 2**32 else few
        for base in reversed(bases[begin + 1 : end]):
            higher = few // few.dtype.type(base)
            few -= higher * few.dtype.type(base)
            found.append(few)
            few = higher
        found.append(few)
        rest, end = above, begin
    return found[::-1]


def digits(numbers: npt.NDArray[np.uint64], width: int) -> Bytes:
    """Return the last `width` decimal digits of numbers below 10**width, (n, width) uint8, as characters."""
    cells = np.empty((len(numbers), width), dtype=np.uint8)
    for number, place in enumerate(places(numbers, (10,) * width)):
        cells[:, number] = place
    cells += ZERO
    return cells
