"""A table into what a schema tells of it: three readings, one after the other, in bounded memory."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from synthprof.base.errors import SpecError
from synthprof.sources.learning.bands import levels_of
from synthprof.sources.learning.coding import Coded, Coder, Kept, coded
from synthprof.sources.learning.fitting import Edge, edges_of
from synthprof.sources.learning.nearness import Nearness, nearness_of
from synthprof.sources.learning.survey import Categorical, Numeric, Plan, plans_of
from synthprof.sources.learning.tree import pairs_of, parents_of
from synthprof.sources.learning.types import renamed, types_of
from synthprof.sources.whole import Table

MIN_COUNT = 20
"""Rows that must share a value at least, unless another count is asked for."""

LEAST = 2
"""The least such count: a value of one row is that row's."""

MAX_COLUMNS = 2_000

Progress = Callable[[str, int], None]
"""Is called with what is done, and the rows done so far."""


@dataclass(frozen=True)
class LearnedColumn:
    """A column of the table, in its order. name: in the schema. source: in the table.

    place: among the columns whose rows are told by cell; None for keys and what is not learned.
    """

    name: str
    source: str
    plan: Plan
    place: int | None


@dataclass(frozen=True)
class Learned:
    """All that is told of a table. coded: columns told by cell. edges: the tables of those with a parent.

    left_out: rows that could not be read.
    """

    source: str
    said: str
    rows: int
    left_out: int
    min_count: int
    columns: tuple[LearnedColumn, ...]
    coded: tuple[Coded, ...]
    edges: dict[int, Edge]
    nearness: Nearness


def learn(table: Table, min_count: int = MIN_COUNT, progress: Progress = lambda *_: None) -> Learned:
    """Learn the columns of a table, and the tree of their dependence.

    min_count: rows that must share a value, a range or a number in a table. progress: is called while the
    table is read three times. Raises SpecError for a table of fewer rows or without columns, and if it cannot
    be read.
    """
    _check(table, min_count)
    types = types_of(table.batches(), len(table.names), _counting(progress, "types"))
    rows, plans = plans_of(table.batches(), types, min_count, _counting(progress, "values"))
    if rows < min_count:
        raise SpecError(
            f"source={table.path} has {rows} rows, fewer than min_count={min_count}; name a larger table, or "
            "allow a smaller count"
        )
    names = renamed(table.names)
    coders = [
        (place, Coder(names[place], plan, min_count))
        for place, plan in enumerate(plans)
        if isinstance(plan, Numeric | Categorical)
    ]
    told, edges, nearness = _told(table, coders, rows, min_count, _counting(progress, "rows by cell"))
    places = {place: number for number, (place, _) in enumerate(coders)}
    columns = tuple(
        LearnedColumn(name, source, plan, places.get(place))
        for place, (name, source, plan) in enumerate(zip(names, table.names, plans, strict=True))
    )
    return Learned(table.path, table.said, rows, table.left_out, min_count, columns, told, edges, nearness)


def _told(
    table: Table, coders: list[tuple[int, Coder]], rows: int, min_count: int, progress: Callable[[int], None]
) -> tuple[tuple[Coded, ...], dict[int, Edge], Nearness]:
    """Return the columns that are told by cell, the tables of the tree, and how near they are."""
    if not coders:
        return (), {}, Nearness((), ())
    with closing(Kept(len(coders))) as kept:
        found, maps = coded(table.batches(), coders, kept, progress)
        levels = [levels_of(column) for column in found]
        pairs = pairs_of(kept, maps, levels, min_count)
        edges = edges_of(kept, maps, found, levels, parents_of(pairs), min_count)
    spreads = [coder.plan.spread if isinstance(coder.plan, Numeric) else None for _, coder in coders]
    nulls = [coder.nulls for _, coder in coders]
    return tuple(found), edges, nearness_of(rows, found, edges, pairs, spreads, nulls)


def _check(table: Table, min_count: int) -> None:
    if min_count < LEAST:
        raise SpecError(f"min_count={min_count} would tell values of single rows; use {LEAST} or more")
    if not table.names:
        raise SpecError(f"source={table.path} has no columns; name a table that has")
    if len(table.names) > MAX_COLUMNS:
        raise SpecError(
            f"source={table.path} has {len(table.names):,} columns, {MAX_COLUMNS:,} are the most; select some"
        )


def _counting(progress: Progress, what: str) -> Callable[[int], None]:
    done = np.zeros(1, np.int64)

    def count(rows: int) -> None:
        done[0] += rows
        progress(what, int(done[0]))

    return count
