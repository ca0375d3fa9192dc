"""The joint table of a column and its parent, made of counts of many rows and nothing else.

From coarse bands to fine ones, each step keeps the counts of k rows and more. Of the others, zeros among
them, only sums of so many rows are used: what each is likely to be follows from the step before, by
iterative proportional fitting (W. E. Deming, F. F. Stephan, Ann. Math. Statist. 11(4), 1940).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from synthprof.base.arrays import Codes
from synthprof.sources.learning.bands import Levels, Places, size
from synthprof.sources.learning.coding import Coded, Kept
from synthprof.sources.learning.tree import Table

MAX_TABLE = 200_000
"""Bands of a column times bands of its parent."""

ROUNDS, LAST_ROUNDS, NEAR = 25, 300, 1e-5
"""Rounds of fitting at most, at each step and at last; the share of rows by which it may be wrong."""

TINY = 1e-9

FLOOR = 1e-3
"""Part of the mean that is added to what is expected, so that no combination is out of the question."""


@dataclass(frozen=True)
class Edge:
    """A column and its parent in the tree. bands, parent_bands: the band of each cell.

    seen: rows by the bands of parent and column, as they were. fitted: as they are told, each row of the
    table for a band of the parent.
    """

    column: int
    parent: int
    bands: Places
    parent_bands: Places
    seen: Table
    fitted: Table


def edges_of(
    kept: Kept,
    maps: Sequence[Codes],
    columns: Sequence[Coded],
    levels: Sequence[Levels],
    parents: Sequence[int | None],
    k: int,
) -> dict[int, Edge]:
    """Return the tables of all columns that have a parent, counted in one reading of the kept rows."""
    asked = {column: parent for column, parent in enumerate(parents) if parent is not None}
    steps = {column: _steps(levels[parent], levels[column]) for column, parent in asked.items()}
    counts = {
        column: np.zeros((size(steps[column][-1][0]), size(steps[column][-1][1])), np.int64)
        for column in asked
    }
    tables = {
        column: (_banded(maps[parent], steps[column][-1][0]), _banded(maps[column], steps[column][-1][1]))
        for column, parent in asked.items()
    }
    for rows in kept.chunks():
        for column, parent in asked.items():
            of_parent, of_column = tables[column]
            first, second = of_parent.take(rows[:, parent]), of_column.take(rows[:, column])
            there = (first >= 0) & (second >= 0)
            total = counts[column]
            places = first[there] * total.shape[1] + second[there]
            total += np.bincount(places, minlength=total.size).reshape(total.shape)
    found = {}
    for column, parent in asked.items():
        seen = counts[column].astype(np.float64)
        whole = [columns[each].counts.astype(np.float64) for each in (parent, column)]
        fitted = _fitted(seen, steps[column], whole, k)
        parent_bands, bands = steps[column][-1]
        found[column] = Edge(column, parent, bands, parent_bands, seen, fitted)
    return found


def _banded(codes: Codes, bands: Places) -> Places:
    found = np.full(len(codes), -1, np.intp)
    found[codes >= 0] = bands[codes[codes >= 0]]
    return found


def _steps(parent: Levels, column: Levels) -> list[tuple[Places, Places]]:
    """Return pairs of levels, the coarsest first, the last as fine as MAX_TABLE allows."""
    deep = max(len(parent.levels), len(column.levels))
    pairs = [
        (parent.levels[min(step, len(parent.levels) - 1)], column.levels[min(step, len(column.levels) - 1)])
        for step in range(deep)
    ]
    return [(one, two) for one, two in pairs if size(one) * size(two) <= MAX_TABLE]


def _fitted(seen: Table, steps: Sequence[tuple[Places, Places]], whole: Sequence[Table], k: int) -> Table:
    """Return the table to be told. whole: all rows of each cell of the parent, and of the column."""
    last_parent, last_column = steps[-1]
    total = float(seen.sum())
    told = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / max(1.0, total)
    blocks = np.zeros(seen.shape, np.intp)
    for one, two in steps[1:]:
        up, across = _coarser(last_parent, one), _coarser(last_column, two)
        counts, expected = _summed(seen, up, across), _summed(told, up, across)
        within = np.zeros(counts.shape, np.intp)
        within[up[:, None], across[None, :]] = blocks
        share = _ratio(_told(counts, expected, within, k), expected)
        told = told * share[np.ix_(up, across)]
        blocks = up[:, None] * size(across) + across[None, :]
    rows, columns = (_in_bands(each, bands) for each, bands in zip(whole, steps[-1], strict=True))
    rows, columns = rows * total / rows.sum(), columns * total / columns.sum()
    return _raked(_around(np.where(seen < k, told, 0.0), told, rows, columns), rows, columns)


def _in_bands(counts: Table, bands: Places) -> Table:
    return np.asarray(np.bincount(bands, counts, size(bands)), np.float64)


def _coarser(fine: Places, coarse: Places) -> Places:
    """Return the coarse band of each fine one."""
    found = np.zeros(size(fine), np.intp)
    found[fine] = coarse
    return found


def _summed(table: Table, up: Places, across: Places) -> Table:
    found = np.zeros((size(up), size(across)))
    np.add.at(found, (up[:, None], across[None, :]), table)
    return found


def _told(counts: Table, expected: Table, blocks: Places, k: int) -> Table:
    """Return the counts of k rows and more as they are, and what is likely for all others.

    blocks: of the step before, in which the bands lie. Of the others, zeros among them, only sums of k rows
    or more are used: those of rows, columns and blocks.
    """
    hidden = counts < k
    if not hidden.any():
        return counts
    if hidden.all():
        return expected
    rest = np.where(hidden, counts, 0.0)
    block = np.unique(blocks, return_inverse=True)[1].reshape(counts.shape)
    sums, totals, before = (
        np.asarray(np.bincount(block.ravel(), each.ravel()), np.float64) for each in (rest, counts, expected)
    )
    known = (sums >= k) | (totals < k)
    sums = np.where(totals < k, before, sums)  # what was hidden before stays as it was told
    likely = np.where(hidden, expected + FLOOR * expected.mean(), 0.0)
    rows = _hidden_sums(rest.sum(axis=1), likely.sum(axis=1), k)
    columns = _hidden_sums(rest.sum(axis=0), likely.sum(axis=0), k)
    columns *= rows.sum() / max(float(columns.sum()), 1.0)
    for _ in range(ROUNDS):
        there = np.asarray(np.bincount(block.ravel(), likely.ravel()), np.float64)
        likely = likely * np.where(known, _ratio(sums, there), 1.0)[block]
        likely, near = _raked_once(likely, rows, columns)
        if near:
            break
    return np.where(hidden, likely, counts)


def _hidden_sums(sums: Table, likely: Table, k: int) -> Table:
    """Return sums of hidden counts, those below k put together and divided as is likely.

    Less than k together, none among them, are taken for k / 4 or 3 k / 4, whichever is nearer, or for less
    if less is likely: nobody sees whether one row is there or none.
    """
    small = (sums < k) & (likely > 0)
    together, expected = float(sums[small].sum()), float(likely[small].sum())
    if together < k:
        together = min(expected, k / 4 if together < k / 2 else 3 * k / 4)
    found = sums.copy()
    found[small] = together * likely[small] / max(expected, TINY)
    return found


def _around(hidden: Table, told: Table, rows: Table, columns: Table) -> Table:
    """Return the table in which counts that may be told give way, and what stands for hidden ones stays.

    So a count that is told does not say, beside the sum of its row, how many rows are hidden there.
    """
    rows, columns = rows - hidden.sum(axis=1), columns - hidden.sum(axis=0)
    if (rows < 0).any() or (columns < 0).any():
        return told
    return hidden + _raked(told - hidden, rows, columns)


def _raked(table: Table, rows: Table, columns: Table) -> Table:
    """Return the table with these sums of its rows and columns, as near as it can have them."""
    for _ in range(LAST_ROUNDS):
        table, near = _raked_once(table, rows, columns)
        if near:
            break
    return table


def _raked_once(table: Table, rows: Table, columns: Table) -> tuple[Table, bool]:
    """Return the table nearer to its sums, and whether those of its rows were near before."""
    sums = table.sum(axis=1)
    near = float(np.abs(sums - rows).sum()) <= NEAR * float(rows.sum())
    table = table * _ratio(rows, sums)[:, None]
    return table * _ratio(columns, table.sum(axis=0))[None, :], near


def _ratio(wanted: Table, there: Table) -> Table:
    return np.divide(wanted, there, out=np.zeros_like(wanted), where=there > 0)
