"""The rows that are second records, and of which rows: a function of the seed, the block and the row.

A second record stands below its original, in the same block, so that a block is made alone and a short one is
the beginning of the full one. Originals are chosen evenly among those above. So the rows of a person are
geometric in number: with a share s of second records, (1 - s) * s ** k have k of them.
"""

import numpy as np
import numpy.typing as npt

from synthprof.base.streams import stream
from synthprof.spec.spec import BLOCK_ROWS

STRATUM = 64
"""Rows among which the number of second records is exact; of the rows of any number of strata, too."""

Rows = npt.NDArray[np.intp]


def sources(seed: int, share: float, block: int) -> Rows:
    """Return the place in its block of each row's original, (BLOCK_ROWS,): its own for a first record.

    share: of second records, from 0 to 0.5. An original is no second record itself. The first row of a block
    is none, either.
    """
    second = _second(seed, share, block)
    own = np.flatnonzero(~second)
    above = np.cumsum(~second)[second]
    uniform = stream(seed, "", "originals of second records", block).uniform(BLOCK_ROWS)[second]
    found = np.arange(BLOCK_ROWS)
    found[second] = own[(uniform * above).astype(np.intp)]
    return found


def first_records(seed: int, share: float, block: int, rows: int) -> npt.NDArray[np.bool_]:
    """Return which of the first rows of a block are first records, (rows,) bool."""
    return ~_second(seed, share, block)[:rows]


def _second(seed: int, share: float, block: int) -> npt.NDArray[np.bool_]:
    """Return which rows of a block are second records, (BLOCK_ROWS,): in each stratum those drawn lowest."""
    words = stream(seed, "", "second records", block).words(BLOCK_ROWS)
    words[0] = np.iinfo(np.uint64).max
    strata = BLOCK_ROWS // STRATUM
    ends = np.floor(np.arange(block * strata, (block + 1) * strata + 1) * (STRATUM * share))
    counts = np.diff(ends).astype(np.intp)
    order = np.argsort(words.reshape(strata, STRATUM), axis=1, kind="stable")
    found = np.zeros((strata, STRATUM), np.bool_)
    np.put_along_axis(found, order, np.arange(STRATUM) < counts[:, None], axis=1)
    return found.reshape(-1)
