"""Nearness of a description to its table: errors of one column and of two, nulls, correlations.

All figures are those of the schema's expected shares, exact, not of a sample that is drawn from it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthprof.sources.learning.bands import Places, size
from synthprof.sources.learning.coding import Coded
from synthprof.sources.learning.fitting import Edge
from synthprof.sources.learning.sketches import Spread
from synthprof.sources.learning.tree import Pairs, Table

MOST_COLUMNS = 60
"""Columns of which all pairs are compared; with more, those of the tree alone."""

WORST = 5


@dataclass(frozen=True)
class ColumnNearness:
    """The figures of one column.

    error: half the sum of differences of shares over its cells, from 0 to 1, rows that are left out included.
    distance: the largest difference of the distribution functions of numbers, also within cells; None for
    categories. nulls, learned_nulls: shares of rows without a value.
    """

    name: str
    error: float
    distance: float | None
    nulls: float
    learned_nulls: float


@dataclass(frozen=True)
class PairNearness:
    """The figures of two columns: half the sum of differences of shares over pairs of their bands.

    correlation, learned_correlation: of ranks, by bands; None where one of them is a category.
    """

    columns: tuple[str, str]
    on_tree: bool
    bands: tuple[int, int]
    error: float
    correlation: float | None
    learned_correlation: float | None


@dataclass(frozen=True)
class Nearness:
    """The figures of a whole table."""

    columns: tuple[ColumnNearness, ...]
    pairs: tuple[PairNearness, ...]

    @property
    def one_way(self) -> float:
        """The largest error of one column."""
        return max((each.error for each in self.columns), default=0.0)

    @property
    def two_way(self) -> float:
        """The largest error of two columns along the tree."""
        return max((each.error for each in self.pairs if each.on_tree), default=0.0)

    @property
    def worst_others(self) -> tuple[PairNearness, ...]:
        """The pairs off the tree with the largest errors, the worst first."""
        others = [each for each in self.pairs if not each.on_tree]
        return tuple(sorted(others, key=lambda each: (-each.error, each.columns))[:WORST])

    @property
    def correlation_difference(self) -> float:
        """The largest difference of correlations of two columns of numbers."""
        return max(
            (
                abs(each.correlation - each.learned_correlation)
                for each in self.pairs
                if each.correlation is not None and each.learned_correlation is not None
            ),
            default=0.0,
        )


def nearness_of(
    rows: int,
    columns: Sequence[Coded],
    edges: Mapping[int, Edge],
    pairs: Pairs,
    spreads: Sequence[Spread | None],
    nulls: Sequence[int],
) -> Nearness:
    """Return the figures of a table of these rows. spreads: of numbers. nulls: rows without a value."""
    singles = [
        _of_column(rows, column, spread, missing)
        for column, spread, missing in zip(columns, spreads, nulls, strict=True)
    ]
    found = {
        (edge.column, edge.parent): _of_pair(
            edge.column, edge.parent, columns, edges, pairs, _of_edge(edge, columns, pairs)
        )
        for edge in edges.values()
    }
    few = range(len(columns) if len(columns) <= MOST_COLUMNS else 0)
    for first in few:
        joints = _joints(first, columns, edges, pairs)
        for second in few:
            if second > first and (first, second) not in found and (second, first) not in found:
                table = _banded(joints[second], pairs.bands[second])
                found[first, second] = _of_pair(first, second, columns, edges, pairs, table)
    return Nearness(tuple(singles), tuple(found.values()))


def _of_column(rows: int, column: Coded, spread: Spread | None, missing: int) -> ColumnNearness:
    total = int(column.counts.sum())
    left_out = (rows - total) / rows
    learned = column.counts / total
    error = float(np.abs(column.counts / rows - learned).sum() + left_out) / 2
    learned_nulls = float(learned[-1]) if column.nullable else 0.0
    distance = None if spread is None else _distance(column, spread)
    return ColumnNearness(column.name, error, distance, missing / rows, learned_nulls)


def _distance(column: Coded, spread: Spread) -> float:
    """Return the distance of Kolmogorov and Smirnov between the numbers and what is drawn for them."""
    units, places = np.unique(column.grid.units(spread.values), return_inverse=True)
    weights = np.bincount(places, spread.weights, len(units))
    upto = np.cumsum(weights) / weights.sum()
    shares = column.counts[: len(column.spans)] / column.counts[: len(column.spans)].sum()
    before = np.concatenate([[0.0], np.cumsum(shares)])
    lows = np.array([span.low for span in column.spans], np.float64)
    widths = np.array([span.high - span.low + 1 for span in column.spans], np.float64)
    cells = np.clip(np.searchsorted(lows, units, side="right") - 1, 0, len(lows) - 1)

    def drawn(at: Any) -> Table:  # noqa: ANN401
        within = np.clip((at - lows[cells]) / widths[cells], 0, 1)
        return np.asarray(before[cells] + shares[cells] * within)

    up_to, below = drawn(units + 1.0), drawn(units.astype(np.float64))
    return float(max(np.abs(up_to - upto).max(), np.abs(below - (upto - weights / weights.sum())).max()))


# --- pairs -----------------------------------------------------------------------------------------------


def _joints(
    first: int, columns: Sequence[Coded], edges: Mapping[int, Edge], pairs: Pairs
) -> dict[int, Table]:
    """Return the expected shares of the bands of one column and the cells of every other one.

    They follow the tree from the column on: down by the tables of children, up by Bayes' rule.
    """
    start = _start(first, columns, pairs)
    found, waiting = {first: start}, [first]
    children: dict[int, list[int]] = {}
    for edge in edges.values():
        children.setdefault(edge.parent, []).append(edge.column)
    while waiting:
        at = waiting.pop()
        for child in children.get(at, []):
            if child not in found:
                edge = edges[child]
                found[child] = _moved(found[at], edge.parent_bands, edge.fitted, edge.bands, columns[child])
                waiting.append(child)
        if at in edges and edges[at].parent not in found:
            edge = edges[at]
            found[edge.parent] = _moved(
                found[at], edge.bands, edge.fitted.T, edge.parent_bands, columns[edge.parent]
            )
            waiting.append(edge.parent)
    for other, column in enumerate(columns):  # of another part of the tree
        found.setdefault(other, np.outer(start.sum(axis=1), _shares(column)))
    return found


def _of_edge(edge: Edge, columns: Sequence[Coded], pairs: Pairs) -> Table:
    """Return the expected shares of the bands of a column and of its parent."""
    start = _start(edge.column, columns, pairs)
    joint = _moved(start, edge.bands, edge.fitted.T, edge.parent_bands, columns[edge.parent])
    return _banded(joint, pairs.bands[edge.parent])


def _start(first: int, columns: Sequence[Coded], pairs: Pairs) -> Table:
    """Return the shares of a column's bands and its own cells."""
    own = _shares(columns[first])
    start = np.zeros((size(pairs.bands[first]), len(own)))
    start[pairs.bands[first], np.arange(len(own))] = own
    return start


def _moved(joint: Table, bands: Places, table: Table, to_bands: Places, to: Coded) -> Table:
    """Return the shares of bands and the cells of the next column. table: rows by bands of both columns."""
    sums = table.sum(axis=1, keepdims=True)
    given = np.divide(table, sums, out=np.zeros_like(table), where=sums > 0)
    within = within_bands(to, to_bands)
    return np.asarray((_banded(joint, bands) @ given)[:, to_bands] * within)


def within_bands(column: Coded, bands: Places) -> Table:
    """Return the share of each cell in the rows of its band, (cells,)."""
    sums = np.bincount(bands, column.counts, size(bands))
    return np.asarray(column.counts / sums[bands], np.float64)


def _shares(column: Coded) -> Table:
    return np.asarray(column.counts / column.counts.sum(), np.float64)


def _banded(joint: Table, bands: Places) -> Table:
    found = np.zeros((size(bands), len(joint)))
    np.add.at(found, bands, joint.T)
    return found.T


def _of_pair(
    first: int, second: int, columns: Sequence[Coded], edges: Mapping[int, Edge], pairs: Pairs, learned: Table
) -> PairNearness:
    seen = pairs.table(first, second)
    seen = seen / max(1.0, seen.sum())
    on_tree = any(a in edges and edges[a].parent == b for a, b in ((first, second), (second, first)))
    both = columns[first].is_number and columns[second].is_number
    inner = tuple(size(pairs.bands[each]) - columns[each].nullable for each in (first, second))
    real, told = (
        (_correlation(table[: inner[0], : inner[1]]) for table in (seen, learned)) if both else (None, None)
    )
    return PairNearness(
        (columns[first].name, columns[second].name),
        on_tree,
        (len(seen), seen.shape[1]),
        float(np.abs(seen - learned).sum()) / 2,
        real,
        told,
    )


def _correlation(table: Table) -> float | None:
    """Return the correlation of mid-ranks; None where a column does not vary."""
    total = table.sum()
    if not total:
        return None
    table = table / total
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    first, second = (np.cumsum(shares) - shares / 2 - 0.5 for shares in (rows, columns))
    spread = float((rows * first**2).sum() * (columns * second**2).sum())
    return float(first @ table @ second) / spread**0.5 if spread > 0 else None
