"""Tables of ids and BLOBs that `append_blobs` laid out, read back a matrix at a time."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from synthprof.spec.contents import BLOB_PAGE_BYTES
from synthprof.store.sqlite.blobs import ROOT, Run, runs
from synthprof.store.sqlite.pages import LOCK_BYTES, Bytes

PAGES_AT_ONCE = 16
"""Pages that are read at a time, 1 MiB: they stay in the processor's cache until their rows are copied."""


def stored_blobs(path: Path, width: int, rows: Sequence[int], place: int) -> Bytes:
    """Return the rows of one of the matrices that `append_blobs` wrote, (n, width) uint8.

    width: bytes of a BLOB. rows: of all the matrices, in their order. place: of the matrix wanted, from 0.
    Raises OSError if the file cannot be read, ValueError if it has other rows there.
    """
    before = _leaves_before(tuple(rows), width)
    first, leaf = sum(rows[:place]) + 1, before[place]
    found = np.empty((rows[place], width), np.uint8)
    with path.open("rb", buffering=0) as file:
        for low, high in runs(first, first + rows[place]):
            run = Run(low, high - low, width, BLOB_PAGE_BYTES)
            for some, pages in _parts(run):
                part = Run(low + some.start, some.stop - some.start, width, BLOB_PAGE_BYTES)
                number = ROOT if before[-1] == 1 else ROOT + 1 + leaf + pages.start
                _take(part, _leaves(file, number, len(pages)), found[low - first :][some])
            leaf += run.pages
    return found


def _parts(run: Run) -> Iterator[tuple[slice, range]]:
    """Yield rows and leaf pages of a run that are read at a time."""
    for first in range(0, run.pages, PAGES_AT_ONCE):
        end = min(first + PAGES_AT_ONCE, run.pages)
        yield slice(first * run.per_page, min(end * run.per_page, run.rows)), range(first, end)


def _take(run: Run, pages: Bytes, found: Bytes) -> None:
    """Copy the BLOBs of a run from its pages. Raises ValueError if a page has not the ids that it should."""
    heads = run.heads()
    for some, _, cells in run.cells(pages):
        shape, head = cells.shape[:2], heads.shape[1]
        if not np.array_equal(cells[:, :, :head], heads[some].reshape(*shape, head)):
            raise ValueError(f"the ids {run.first} to {run.first + run.rows - 1} are not where they belong")
        found[some].reshape(*shape, run.width)[:] = cells[:, :, head:]


@functools.lru_cache(maxsize=8)
def _leaves_before(rows: tuple[int, ...], width: int) -> tuple[int, ...]:
    """Return how many leaf pages come before each matrix, and last how many there are."""
    edges = itertools.accumulate(rows, initial=1)
    leaves = (
        sum(Run(low, high - low, width, BLOB_PAGE_BYTES).pages for low, high in runs(first, end))
        for first, end in itertools.pairwise(edges)
    )
    return tuple(itertools.accumulate(leaves, initial=0))


def _leaves(file: BinaryIO, number: int, count: int) -> Bytes:
    """Return leaf pages, (count, page_bytes), from the page of that number on; the locked one is left out."""
    locked = LOCK_BYTES // BLOB_PAGE_BYTES + 1
    skipped = number <= locked - 1 < number - 1 + count
    number += number >= locked
    found = np.empty((count + skipped, BLOB_PAGE_BYTES), np.uint8)
    file.seek((number - 1) * BLOB_PAGE_BYTES)
    if file.readinto(found.data) != found.nbytes:  # type: ignore[attr-defined]
        raise ValueError(f"it ends before page {number + count}")
    return np.delete(found, locked - number, 0) if skipped else found
