"""The schema of a profile: its columns, how each is drawn and becomes a feature, and their meaning.

A schema consists of plain values without lambdas or SQL, so that it can be compared, hashed and printed.
Stages, store, checks, report and docs/schema.md read it.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from synthprof.base.column_kinds import Kind, KindName, SqlType
from synthprof.base.errors import SpecError
from synthprof.base.values import value_of
from synthprof.schemas.correlations import Correlation
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import (
    Chance,
    Choice,
    Draw,
    FullName,
    Given,
    Lookup,
    Number,
    Prose,
    Shift,
    Subset,
    Summary,
    YearsSince,
    shifts_of,
)
from synthprof.schemas.duplicates import Duplicates
from synthprof.schemas.features import Feature, TanhRatio, positions
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.rules import Attribute, Margin, Rule, check_rules

ColumnKind = Literal["category", "flag"] | KindName

FLAG_VALUES = ("0", "1")

TRUTH_VALUES = ("false", "true")
"""The values of a column that is false or true."""


@dataclass(frozen=True)
class Column:
    """The declaration of one column of the profiles or of a child table.

    inherited: a column of the parent, as a child table sees it: it is not drawn again. declared: the draw
    that the schema declares, where drift has put another in its place; features are made by it.
    """

    name: str
    draw: Draw | DrawModel
    feature: Feature | None
    doc: str
    indexed: bool = False
    nulls: Nulls | None = None
    inherited: bool = False
    declared: Draw | DrawModel | None = None

    @property
    def as_declared(self) -> "Column":
        """The column as it was before any drift."""
        return self if self.declared is None else replace(self, draw=self.declared, declared=None)

    @property
    def may_lack(self) -> bool:
        """True where rows may have no value in the column."""
        if isinstance(self.draw, DrawModel) and self.draw.may_lack:
            return True
        return self.nulls is not None or isinstance(self.draw, Given)

    @property
    def kind(self) -> ColumnKind:
        """The kind of value, which follows from the draw."""
        if isinstance(self.draw, Summary) and not self.draw.values:
            return "integer"
        return _KINDS[type(self.draw)] if self.value_kind is None else self.value_kind.name

    @property
    def value_kind(self) -> Kind | None:
        """The kind that says how values are stored; None for draws of codes, as of categories and names."""
        return self.draw.kind if isinstance(self.draw, Given | DrawModel) else None

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that must be drawn before this one."""
        match self.draw:
            case Choice() | Chance() | Number():
                found = []
            case Subset(through=through):
                found = [through] if through else []
            case YearsSince(column=column) | Lookup(column=column) | Summary(column=column):
                found = [column]
            case FullName(given=given):
                found = list(given)
            case Prose() as prose:
                found = list(prose.columns)
            case DrawModel(given=given):
                found = list(given)
            case Given():
                found = []
        return tuple(dict.fromkeys([*(shift.column for shift in shifts_of(self.draw)), *found]))

    @property
    def shown(self) -> tuple[str, ...]:
        """Those of `given` that are read as the table shows them, without hidden values."""
        match self.draw:
            case DrawModel(shown=shown):
                return tuple(shown)
            case Prose() as prose:
                return prose.columns
        return ()

    @functools.cached_property
    def values(self) -> tuple[str, ...]:
        """The values of a category or flag, or the items of a list, in their fixed order; else empty."""
        match self.draw:
            case Choice() | Lookup() | Subset() | Summary():
                return self.draw.values
            case Chance():
                return FLAG_VALUES
            case DrawModel():
                return self.draw.known
        return ()

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the feature's positions in the vector; empty without a feature."""
        known = self.as_declared.values
        return () if self.feature is None else positions(self.feature, self.name, known)

    @property
    def bounds(self) -> tuple[int, int] | None:
        """Lowest and highest value of a number or flag, fewest and most items of a list; else None."""
        match self.draw:
            case Number(low=low, weights=weights):
                return low, low + len(weights) - 1
            case YearsSince(most=most):
                return 0, most
            case Summary(values=()) as summary:
                return summary.span
            case Chance():
                return 0, 1
            case Subset(sizes=sizes):
                return 1, len(sizes)
        return None

    @property
    def span(self) -> tuple[int, int]:
        """Lowest and highest value of a number or flag. Raises SpecError for another column."""
        if isinstance(self.draw, DrawModel):
            raise SpecError(
                f"{self.name} is drawn as {self.draw.draw}, but a table of its numbers is needed here; "
                'use draw = "number"'
            )
        if self.bounds is None or self.kind == "list":
            raise SpecError(
                f"{self.name} is a {self.kind}, but a number is needed here; use an integer or flag"
            )
        return self.bounds

    @property
    def sql_type(self) -> SqlType:
        """Type of the column in SQLite."""
        if self.value_kind is not None:
            return self.value_kind.sql_type
        return "INTEGER" if self.kind in ("integer", "flag") else "TEXT"


_KINDS: dict[type, ColumnKind] = {
    Choice: "category",
    Lookup: "category",
    Summary: "category",
    Chance: "flag",
    Number: "integer",
    YearsSince: "integer",
    Subset: "list",
    FullName: "text",
    Prose: "text",
}


@dataclass(frozen=True)
class Archetype:
    """A latent kind of row: its share of the population, and its factors on the odds of columns."""

    name: str
    title: str
    share: float
    odds: tuple[tuple[str, tuple[float, ...]], ...]

    def factors(self, column: str) -> tuple[float, ...] | None:
        """Return the factor on each value of a column, or None where the archetype does not differ."""
        return dict(self.odds).get(column)


@dataclass(frozen=True)
class FanOut:
    """The number of children of a parent: a draw of integers, times factors, from 0 to `most`.

    given: shifts with one factor a row, for columns of the parent as `parent.age`. archetypes: factors by the
    name of the parent's archetype, else 1. A product is rounded up or down at random, so that its mean is
    exact: 3 times 1.5 is 4 or 5, each as likely.
    """

    draw: Number | DrawModel
    most: int
    given: tuple[Shift, ...] = ()
    archetypes: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class ChildTable:
    """The declaration of a table whose rows belong to the rows of the profiles.

    key: the column with the parent's id. order: the column by which the children of a parent stand in order,
    mostly a timestamp; empty for none. odds: by the name of an archetype, its factors on the odds of columns.
    optional: made only where it is asked for. rules: on its rows, with the attributes that they name.
    """

    name: str
    doc: str
    key: str
    fan_out: FanOut
    columns: tuple[Column, ...]
    order: str = ""
    odds: tuple[tuple[str, tuple[tuple[str, tuple[float, ...]], ...]], ...] = ()
    optional: bool = False
    rules: tuple[Rule, ...] = ()
    attributes: tuple[Attribute, ...] = ()

    def __hash__(self) -> int:
        return hash(self.name)  # fast, and of draws that hold what has no hash

    @property
    def indexed(self) -> tuple[Column, ...]:
        """The columns with an index of their own."""
        return tuple(column for column in self.columns if column.indexed)


@dataclass(frozen=True)
class Schema:
    """A kind of profile: its columns in the order of the table, and the archetypes behind them, if any.

    Raises SpecError for parts that do not fit: a given column that is not declared, a circle of columns, a
    negative or infinite weight, a wrong number of factors, numbers outside NUMBERS. `tables` are those whose
    rows are made with the profiles. `hidden` are columns that are drawn for others to depend on, and stored
    nowhere. rules, margins: what is counted of the rows, and the attributes that they name. duplicates: some
    rows are second records of others.
    """

    name: str
    columns: tuple[Column, ...]
    archetypes: tuple[Archetype, ...]
    derived: tuple[TanhRatio, ...] = ()
    tables: tuple[ChildTable, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    hidden: tuple[Column, ...] = ()
    rules: tuple[Rule, ...] = ()
    margins: tuple[Margin, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    duplicates: Duplicates | None = None

    def __post_init__(self) -> None:
        from synthprof.schemas.schema_checks import check_schema  # which reads schemas

        check_schema(self)
        check_rules(self)

    def __hash__(self) -> int:
        return hash(self.name)  # fast, as every process needs it

    def __repr__(self) -> str:
        return f"<Schema {self.name}: {len(self.columns)} columns, {len(self.archetypes)} archetypes>"

    @functools.cached_property
    def by_name(self) -> dict[str, Column]:
        """The columns of the table by name, without hidden ones."""
        return {column.name: column for column in self.columns}

    @functools.cached_property
    def drawn_by_name(self) -> dict[str, Column]:
        """All columns that are drawn by name, those of the table first."""
        return self.by_name | {column.name: column for column in self.hidden}

    @functools.cached_property
    def drawing_order(self) -> tuple[Column, ...]:
        """The columns in declared order, except that each follows the columns it depends on."""
        order: dict[str, Column] = {}
        for column in self.drawn_by_name.values():
            _visit(self, column, order, ())
        return tuple(order.values())

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The name of each position of a feature vector, from 0 on; later positions are 0."""
        names = (name for column in self.columns for name in column.feature_names)
        return (*names, *(ratio.name for ratio in self.derived))

    def column(self, name: str) -> Column:
        """Return the column of a name, a hidden one too. Raises SpecError that lists those of the table."""
        return self._found(self.drawn_by_name, name)

    def stored(self, name: str) -> Column:
        """Return the column of the table of a name. Raises SpecError that lists those that there are."""
        return self._found(self.by_name, name)

    def _found(self, columns: Mapping[str, Column], name: str) -> Column:
        if name not in columns:
            raise SpecError(
                f"unknown column {name!r} in schema {self.name}; it has {', '.join(self.by_name)}"
            )
        return columns[name]

    def child(self, name: str) -> ChildTable:
        """Return the child table of a name. Raises SpecError that lists the tables if there is none."""
        found = next((table for table in self.tables if table.name == name), None)
        if found is None:
            known = ", ".join(table.name for table in self.tables) or "no child tables"
            raise SpecError(f"there is no child table {name[:80]!r}; there are: {known}")
        return found

    def as_values(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return a row of the table with the values that its stored forms stand for."""
        kinds = ((name, self.value_kind(name)) for name in row)
        return {name: row[name] if kind is None else value_of(kind, row[name]) for name, kind in kinds}

    def value_kind(self, name: str) -> Kind | None:
        """Return how the values of a column are stored; None for draws of codes, and for `id`."""
        return self.by_name[name].value_kind if name in self.by_name else None


def archetype_factors(schema: Schema, column: str) -> tuple[tuple[float, ...] | None, ...]:
    """Return each archetype's factors on the values of a column, None where it does not differ."""
    return tuple(archetype.factors(column) for archetype in schema.archetypes)


def _visit(schema: Schema, column: Column, order: dict[str, Column], path: tuple[str, ...]) -> None:
    if column.name in order:
        return
    if column.name in path:
        raise SpecError(
            f"columns {' -> '.join((*path, column.name))} are given in a circle; remove one of the shifts"
        )
    for name in () if column.inherited else (*column.given, *deciding(schema, column.shown)):
        _visit(schema, schema.column(name), order, (*path, column.name))
    order[column.name] = column


def deciding(schema: Schema, shown: Iterable[str], above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the columns that decide whether those have values, other than themselves."""
    for name in shown:
        if name in above:
            raise SpecError(
                f"columns {' -> '.join((*above, name))} lack values in a circle; "
                "remove one `null` of nulls.given"
            )
        if (nulls := schema.column(name).nulls) is not None and not schema.column(name).inherited:
            yield from (of for of in nulls.columns if of != name)
            yield from deciding(schema, nulls.lacking, (*above, name))
