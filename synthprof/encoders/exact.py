"""Arithmetic whose bits do not depend on order, shape, threads or processor.

Every sum here is of whole numbers that its type holds exactly, so it has one value however it is taken;
what is not a sum is one correctly rounded operation of IEEE 754 (product, quotient, square root).
"""

import numpy as np

from synthprof.base.arrays import Matrix

CHUNK_ROWS = 512
"""Rows computed at a time, so that temporaries stay in the processor's cache."""


def unit_rows(sums: Matrix) -> Matrix:
    """Scale the rows to L2 norm 1 in place and return them; a row of zeros becomes the first unit vector.

    sums: (n, dim) float32 of whole numbers below 2**20 in magnitude (dim at most 4,096), so that the sum of
    squares stays below 2**53.
    """
    for first in range(0, len(sums), CHUNK_ROWS):
        rows = sums[first : first + CHUNK_ROWS]
        wide = rows.astype(np.float64)
        squares = np.einsum("ij,ij->i", wide, wide)
        if not squares.all():
            rows[squares == 0, 0] = 1
            squares[squares == 0] = 1
        rows *= (1 / np.sqrt(squares)).astype(np.float32)[:, None]
    return sums
