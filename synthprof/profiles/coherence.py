"""Rows that break the rules of a schema, and rows in the cells of its margins, counted by blocks.

Counts of blocks add up, so that they do not depend on how the work was divided. They are plain numbers of one
order: first the rows of the profiles and those that break any rule, then each rule, then the cells of each
margin; then the same of each child table, without margins.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.profiles.codes import Lists
from synthprof.profiles.conditions.cells import Side, Table
from synthprof.profiles.conditions.domains import Domains
from synthprof.profiles.conditions.program import Program
from synthprof.profiles.conditions.rows import Children, Profiles, Rows
from synthprof.schemas.rules import Attribute, Margin, Rule, kinds_in, typed_axis, typed_condition
from synthprof.schemas.schema import ChildTable, Column, Schema
from synthprof.schemas.tables import inherited

Counts = npt.NDArray[np.int64]


def counts(
    schema: Schema,
    profiles: pa.RecordBatch,
    tables: Mapping[str, pa.RecordBatch] | None = None,
    lists: Lists | None = None,
    only: npt.NDArray[np.bool_] | None = None,
) -> Counts:
    """Return what is counted of some profiles, (m,); empty for a schema that says nothing of its data.

    tables: the rows of their child tables, by name. lists: those of the profiles, where they were read
    before. only: the profiles that count, (n,), all if None: second records are wrong on purpose.
    """
    first = int(profiles.column("id")[0].as_py())
    if only is not None:
        profiles, lists = profiles.filter(pa.array(only)), None
    own = Profiles(schema.by_name, profiles, lists)
    found = [_counter(schema, None).count(own)] if schema.rules or schema.margins else []
    for table in schema.tables:
        if table.rules:
            children = (tables or {})[table.name]
            parents = children.column(table.key).to_numpy() - first
            if only is not None:
                children = children.filter(pa.array(only[parents]))
                parents = (np.cumsum(only) - 1)[parents[only[parents]]]
            columns = {column.name: column for column in table.columns}
            found.append(_counter(schema, table).count(Children(columns, children, own, parents)))
    return np.concatenate([np.zeros(0, np.int64), *found])


@dataclass(frozen=True)
class CountedRule:
    """A rule, and how many of the rows of its table broke it. table: empty for the profiles."""

    rule: Rule
    table: str
    rows: int
    broken: int


@dataclass(frozen=True)
class CountedMargin:
    """A margin, the rows that counted, of each first cell where shares are within, and those in each cell."""

    margin: Margin
    bases: tuple[int, ...]
    cells: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Counted:
    """Counts of a version: profiles, those that break no rule, then the rules and margins in their order."""

    rows: int
    coherent: int
    rules: tuple[CountedRule, ...]
    margins: tuple[CountedMargin, ...]


def counted(schema: Schema, found: Sequence[int]) -> Counted:
    """Return the sum of `counts` over blocks as rules and margins."""
    numbers = iter([int(each) for each in found])
    rows = broken = 0
    rules: list[CountedRule] = []
    margins: list[CountedMargin] = []
    if schema.rules or schema.margins:
        rows, broken = next(numbers), next(numbers)
        rules += [CountedRule(rule, "", rows, next(numbers)) for rule in schema.rules]
        margins = [_margin(margin, numbers) for margin in schema.margins]
    for table in (table for table in schema.tables if table.rules):
        of_table, _ = next(numbers), next(numbers)
        rules += [CountedRule(rule, table.name, of_table, next(numbers)) for rule in table.rules]
    return Counted(rows, rows - broken, tuple(rules), tuple(margins))


def _margin(margin: Margin, numbers: Iterator[int]) -> CountedMargin:
    first = len(margin.axes[0].cells) if len(margin.axes) == 2 else 1
    bases = tuple(next(numbers) for _ in range(first if margin.within else 1))
    last = range(len(margin.axes[-1].cells))
    return CountedMargin(margin, bases, tuple(tuple(next(numbers) for _ in last) for _ in range(first)))


class _Counter:
    """The compiled rules and margins of a schema, or of a child table."""

    def __init__(self, schema: Schema, table: ChildTable | None) -> None:
        kinds = kinds_in(schema, table)
        columns = schema.columns if table is None else (*table.columns, *inherited(schema))
        attributes = schema.attributes if table is None else table.attributes
        self._program = Program(_domains(columns, attributes))
        rules = schema.rules if table is None else table.rules
        self._rules = [self._program.add(typed_condition(rule.condition, kinds)) for rule in rules]
        self._tables = []
        for margin in schema.margins if table is None else ():
            sides = [
                Side(typed_axis(axis.expression, kinds), axis.cells, self._program) for axis in margin.axes
            ]
            where = self._program.add(typed_condition(margin.where, kinds)) if margin.where else None
            self._tables.append(Table(sides, where, margin.within))

    def count(self, rows: Rows) -> Counts:
        """Return the rows, those that break any rule, those that break each, and the cells of the margins."""
        run = self._program.run(rows)
        any_broken = np.zeros(rows.count, np.bool_)
        broken = []
        for place in self._rules:
            truths = run.truths(place)
            any_broken |= truths
            broken.append(np.count_nonzero(truths))
        numbers = np.array([rows.count, np.count_nonzero(any_broken), *broken], np.int64)
        return np.concatenate([numbers, *(table.count(run) for table in self._tables)])


@functools.lru_cache(maxsize=16)
def _counter(schema: Schema, table: ChildTable | None) -> _Counter:
    return _Counter(schema, table)


def _domains(columns: Sequence[Column], attributes: Sequence[Attribute]) -> Domains:
    known = {c.name: c.values for c in columns if c.kind in ("category", "list", "text") and c.values}
    lists = frozenset(c.name for c in columns if c.kind == "list" and c.values)
    return Domains(known, lists, {attribute.name: attribute for attribute in attributes})
