"""Child tables: rows that belong to a row of the profiles, as the orders of a customer.

Within a table the columns of the parent are named `parent.NAME`.
"""

import dataclasses
import functools
import re
from collections.abc import Iterator

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Given
from synthprof.schemas.schema import ChildTable, Column, Schema

PARENT = "parent."
"""Begin of the names of a parent's columns within a child table."""

NUMBER = "n"
"""The column that counts the children of a parent, from 1."""

MOST_CHILDREN = 65_535
"""Children of one parent at most: a block of all of them must fit in memory."""

RESERVED = frozenset(
    {
        *("perfis", "vetores", "embeddings", "clusters", "profiles", "archetypes", "vectors", "missing"),
        *(
            "failures",
            "centroids",
            "duplicates",
            "index",
            "map",
            "overview",
            "report",
            "sqlite",
            "seal",
            "none",
            "all",
        ),
    }
)
"""Names that a child table cannot have: those of other files, tables and kinds of block."""

_ORDERED = ("integer", "float", "date", "time", "timestamp", "timestamptz")


@functools.lru_cache(maxsize=16)
def with_tables(schema: Schema, wanted: str) -> Schema:
    """Return a schema with the child tables to make.

    wanted: names joined by commas, `all`, `none`, or empty for those that are not optional. Raises SpecError
    for an unknown name.
    """
    tables = wanted_tables(schema, wanted)
    return schema if tables == schema.tables else dataclasses.replace(schema, tables=tables)


def wanted_tables(schema: Schema, wanted: str) -> tuple[ChildTable, ...]:
    """Return the child tables to make of a schema; as `with_tables`."""
    match wanted:
        case "none":
            return ()
        case "all":
            return schema.tables
        case "":
            return tuple(table for table in schema.tables if not table.optional)
    names = {schema.child(name.strip()).name for name in wanted.split(",")}
    return tuple(table for table in schema.tables if table.name in names)


def key_columns(table: ChildTable) -> tuple[tuple[str, str], ...]:
    """Return the columns that every child table has, each with what it means."""
    return ((table.key, "The id of the parent."), (NUMBER, "The number of the row, from 1 for each parent."))


def check_table(schema: Schema, table: ChildTable) -> None:
    """Raise SpecError, naming value, rule and remedy, unless the table fits the schema of its parent."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", table.name) or table.name in RESERVED:
        raise SpecError(
            f"{table.name!r} cannot be the name of a child table: a-z first, then a-z, 0-9 and _, at most "
            f"40, and not {', '.join(sorted(RESERVED))}; rename it"
        )
    names = [table.key, NUMBER, *(column.name for column in table.columns)]
    if len({name.casefold() for name in names}) != len(names):
        raise SpecError(
            f"table {table.name} has a column twice: {', '.join(names)}; the key and n are made for you, "
            "so rename the others"
        )
    if not table.columns:
        raise SpecError(f"table {table.name} has no columns; declare at least one")
    known = {archetype.name for archetype in schema.archetypes}
    for name in (*(name for name, _ in table.odds), *(name for name, _ in table.fan_out.archetypes)):
        if name not in known:
            raise SpecError(f"table {table.name}: unknown archetype {name!r}; there are {', '.join(known)}")
    _check_fan_out(table)
    child = child_schema(schema, table)
    counts_schema(schema, table)
    if table.order:
        _check_order(table, child)


def child_schema(schema: Schema, table: ChildTable) -> Schema:
    """Return the schema of a table's columns, with the parent's columns that they need."""
    return _family(schema, table)[1]


def counts_schema(schema: Schema, table: ChildTable) -> Schema:
    """Return the schema of one column, the number of children, with the parent's columns that it needs."""
    return _family(schema, table)[0]


@functools.lru_cache(maxsize=64)
def stored_schema(schema: Schema, table: ChildTable) -> Schema:
    """Return the columns of a table as its database has them: the key, `n` and its own."""
    numbers = (Column(name, Given(Kind("integer")), None, doc) for name, doc in key_columns(table))
    own = (dataclasses.replace(column, inherited=True, nulls=None) for column in table.columns)
    archetypes = tuple(dataclasses.replace(each, odds=()) for each in schema.archetypes)
    return Schema(f"{schema.name}.{table.name}.stored", (*numbers, *own), archetypes)


@functools.lru_cache(maxsize=64)
def _family(schema: Schema, table: ChildTable) -> tuple[Schema, Schema]:
    counts = Column(table.name, table.fan_out.draw, None, "The number of children.")
    needed = tuple(shift.column for shift in table.fan_out.given)
    return (
        _member(schema, f"{schema.name}.{table.name}.fan_out", (counts,), {}, needed),
        _member(schema, f"{schema.name}.{table.name}", table.columns, dict(table.odds), ()),
    )


def _member(
    schema: Schema,
    name: str,
    columns: tuple[Column, ...],
    odds: dict[str, tuple[tuple[str, tuple[float, ...]], ...]],
    needed: tuple[str, ...],
) -> Schema:
    return Schema(
        name,
        (*_parents(schema, columns, needed), *columns),
        tuple(dataclasses.replace(each, odds=odds.get(each.name, ())) for each in schema.archetypes),
    )


def inherited(schema: Schema) -> tuple[Column, ...]:
    """Return the columns of the parent as a child table sees them."""
    return tuple(
        dataclasses.replace(each, name=f"{PARENT}{each.name}", inherited=True) for each in schema.columns
    )


def _parents(schema: Schema, columns: tuple[Column, ...], needed: tuple[str, ...]) -> Iterator[Column]:
    """Yield the columns of the parent that these columns are given, under their names within the table."""
    given = [name for column in columns for name in column.given]
    given += [name for column in columns if column.nulls for name in column.nulls.columns]
    for name in dict.fromkeys(name for name in (*given, *needed) if name.startswith(PARENT)):
        column = schema.column(name.removeprefix(PARENT))
        yield dataclasses.replace(column, name=name, inherited=True)


def _check_fan_out(table: ChildTable) -> None:
    fan_out = table.fan_out
    if not 1 <= fan_out.most <= MOST_CHILDREN:
        raise SpecError(f"table {table.name}: most={fan_out.most} children; give 1 to {MOST_CHILDREN}")
    if isinstance(fan_out.draw, DrawModel) and fan_out.draw.kind.name != "integer":
        raise SpecError(
            f"table {table.name}: {fan_out.draw.draw} draws a {fan_out.draw.kind.name}; draw the number of "
            "children from integers"
        )
    factors = [factor for shift in fan_out.given for row in shift.factors for factor in row]
    for factor in (*factors, *(factor for _, factor in fan_out.archetypes)):
        if not 0 <= factor <= MOST_CHILDREN:
            raise SpecError(f"table {table.name}: factor {factor} on the children; give 0 to {MOST_CHILDREN}")
    for shift in fan_out.given:
        if not shift.column.startswith(PARENT):
            raise SpecError(
                f"table {table.name}: the children depend on {shift.column!r}; write {PARENT}{shift.column}"
            )


def _check_order(table: ChildTable, child: Schema) -> None:
    column = child.column(table.order)
    kind = column.value_kind
    if kind is None or kind.name not in _ORDERED:
        raise SpecError(
            f"table {table.name}: order={table.order!r} is a {column.kind}; order by a drawn number, date, "
            "time or timestamp"
        )
    if own := [name for name in column.given if not name.startswith(PARENT)]:
        raise SpecError(
            f"table {table.name}: {table.order} orders the children, so it may depend on columns of the "
            f"parent alone, not on {', '.join(own)}; let {', '.join(own)} depend on it instead"
        )
