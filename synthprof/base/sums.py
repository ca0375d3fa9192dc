"""Sums of rows of a table, either exact or each added in a fixed order, so that its bits are always the same.

Those in a fixed order stand for products with a sparse matrix of ones; NumPy alone does them about as fast,
and spares each process the 0.15 s that SciPy takes to load.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Codes, Matrix

CHUNK_ROWS = 512
"""Rows summed at a time, so that temporaries stay in the processor's cache."""

EPSILON = 2.0**-52
"""At least twice what an addition rounds off, over the sum."""

FEW_GROUPS = 32
"""Below this number of groups each is summed by itself, as a step over all of them would add too little."""


def exact_sums(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of each row of weights (rows, values), none below 0: to the bit what math.fsum gives.

    Halves of a row are added, and what each addition rounds off (D. E. Knuth, "The Art of Computer
    Programming", vol. 2, 4.2.2, theorem B) is added up beside. Where that does not tell to which side the
    whole is to be rounded, math.fsum sums the row.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # then math.fsum says so
        sums, lost = _halved(weights)
        whole = sums + lost
        rest = lost - (whole - sums)
        beside = np.spacing(np.where(rest < 0, np.nextafter(whole, 0), whole)) / 2
        unsure = ~(np.abs(rest) + (weights.shape[1] * EPSILON) ** 2 * whole < beside)
    for row in np.flatnonzero(unsure):
        whole[row] = math.fsum(weights[row].tolist())
    return whole


def sum_columns(table: Matrix, columns: Sequence[Codes], rows: int) -> Matrix:
    """Return for each row the sum of the rows of the table that the columns name, the first column first.

    table: (k, dim) float32. columns: row numbers of the table, (rows,) each. Returns (rows, dim) float32.
    """
    sums: Matrix = np.zeros((rows, table.shape[1]), np.float32)
    found = np.empty((min(CHUNK_ROWS, rows), table.shape[1]), np.float32)
    for first in range(0, rows, CHUNK_ROWS):
        total = sums[first : first + CHUNK_ROWS]
        for codes in columns:
            total += _taken(table, codes[first : first + CHUNK_ROWS], found)
    return sums


def _halved(weights: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rounded sum of each row, (rows,), and about what it lacks."""
    sums, lost = weights, np.zeros(len(weights))
    while (half := sums.shape[1] // 2) > 0:
        one, other, odd = sums[:, :half], sums[:, half : 2 * half], sums[:, 2 * half :]
        both = one + other
        moved = both - one
        lost = lost + ((one - (both - moved)) + (other - moved)).sum(axis=1)
        sums = np.concatenate([both, odd], axis=1) if odd.shape[1] else both
    return sums[:, 0], lost


def sum_groups(table: Matrix, codes: Codes, edges: NDArray[np.integer]) -> Matrix:
    """Return for each group i the sum of the rows `codes[edges[i]:edges[i + 1]]` of the table, in that order.

    table: (k, dim) float32. codes: row numbers of the table. edges: (groups + 1,), ascending. Returns
    (groups, dim) float32; an empty group has zeros.
    """
    counts = np.diff(edges)
    longest_first = np.argsort(-counts, kind="stable")
    sums: Matrix = np.zeros((len(counts), table.shape[1]), np.float32)
    found = np.empty((CHUNK_ROWS, table.shape[1]), np.float32)
    for first in range(0, len(counts), CHUNK_ROWS):
        groups = longest_first[first : first + CHUNK_ROWS]
        total = np.zeros((len(groups), table.shape[1]), np.float32)
        _add_groups(total, table, codes, edges[groups], counts[groups], found)
        sums[groups] = total
    return sums


def _add_groups(
    total: Matrix,
    table: Matrix,
    codes: Codes,
    starts: NDArray[np.integer],
    counts: NDArray[np.integer],
    found: Matrix,
) -> None:
    """Add each group's rows to its total: one row of all groups at a time, then the last few groups each."""
    longer = np.searchsorted(-counts, -np.arange(counts[0])).tolist()  # groups that have a row at each place
    done = 0
    for done, groups in enumerate([*longer, 0]):
        if groups < FEW_GROUPS:
            break
        total[:groups] += _taken(table, codes[starts[:groups] + done], found)
    for row, start, end in zip(total[:groups], starts + done, starts + counts, strict=False):
        _add_rows(row, table, codes[start:end], found)


def _add_rows(total: Matrix, table: Matrix, codes: Codes, found: Matrix) -> None:
    """Add rows to one total. NumPy adds along the first axis one row after the other."""
    step = len(found) - 1
    for first in range(0, len(codes), step):
        part = codes[first : first + step]
        found[0] = total
        _taken(table, part, found[1:])
        np.add.reduce(found[: len(part) + 1], axis=0, out=total)


def _taken(table: Matrix, codes: Codes, found: Matrix) -> Matrix:
    """Return the rows of the table in the first rows of `found`."""
    rows = found[: len(codes)]
    table.take(codes, axis=0, out=rows, mode="clip")  # "raise" would fill a buffer of its own first
    return rows
