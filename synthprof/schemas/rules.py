"""Rules that rows must not break, and margins that their shares must meet.

No byte of a row depends on a rule; odds are adjusted to margins (`profiles.margins`). Both are counted while
a version is made (`profiles.coherence`).
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthprof.base.errors import SpecError
from synthprof.schemas.expressions.items import SEVERAL, Known
from synthprof.schemas.expressions.tokens import ExpressionError
from synthprof.schemas.expressions.tree import COLUMN, Node, parse
from synthprof.schemas.expressions.types import check_of_rows, checked

if TYPE_CHECKING:
    from synthprof.schemas.schema import ChildTable, Column, Schema

ITEM_SEPARATOR = ";"
"""The sign between several values in a cell of a file."""

OTHERS = "*"
"""The cell of all values that no other cell has."""

_NUMBER = re.compile(r"[-+]?\d{1,15}(\.\d{1,15})?", re.ASCII)


@dataclass(frozen=True)
class Attribute:
    """A fact about each value of a column, as the genre of a game: a cell of a file for each, in order."""

    column: str
    header: str
    cells: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name in expressions."""
        return f"{self.column}.{self.header}"

    @functools.cached_property
    def type(self) -> str:
        """The type of its values: numbers where all cells are, several texts where a cell has several."""
        filled = [cell.strip() for cell in self.cells if cell.strip()]
        if filled and all(_NUMBER.fullmatch(cell) for cell in filled):
            return "float" if any("." in cell for cell in filled) else "integer"
        return SEVERAL if any(ITEM_SEPARATOR in cell for cell in filled) else "text"

    @functools.cached_property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """The texts of each cell, none of an empty one."""
        return tuple(tuple(filter(None, map(str.strip, cell.split(ITEM_SEPARATOR)))) for cell in self.cells)


@dataclass(frozen=True)
class Rule:
    """A condition that rows rarely meet, as those contradict themselves. ceiling: the share allowed."""

    name: str
    doc: str
    condition: str
    ceiling: float


@dataclass(frozen=True)
class Cell:
    """A cell of an axis: some values, or the numbers from `low` to `high`; OTHERS is for all others."""

    label: str
    values: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Axis:
    """One side of a margin's table: an expression with a value for each row, or for each item of a list."""

    expression: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Margin:
    """A one- or two-way table that the rows must meet, and who counted it.

    shares[i][j]: the share of the rows in cell j of the last axis and i of the first; of a single axis i is
    0. None where none is named. where: the rows that are asked; empty for all. within: the shares are those
    of the rows in cell i. rounding: how exact the shares are.
    """

    name: str
    axes: tuple[Axis, ...]
    shares: tuple[tuple[float | None, ...], ...]
    source: str
    population: str = ""
    where: str = ""
    within: bool = False
    rounding: float = 0.0


def kinds_of(columns: Iterable["Column"], attributes: Iterable[Attribute]) -> dict[str, str | Known]:
    """Return the types that names have in conditions: of columns, of items of lists, and of attributes."""
    found: dict[str, str | Known] = {}
    for column in columns:
        known = column.kind in ("list", "text") and bool(column.values)
        kind = "category" if known else column.kind
        found[column.name] = Known("text", column.name) if known and column.kind == "list" else kind
    for attribute in attributes:
        of_items = isinstance(found[attribute.column], Known)
        found[attribute.name] = Known(attribute.type, attribute.column if of_items else "")
    return found


def typed_condition(text: str, kinds: Mapping[str, str | Known]) -> Node:
    """Return the tree of a condition on rows. Raises ExpressionError, a ValueError, if it is none."""
    found = _typed(text, kinds)
    check_of_rows(found)
    if found.type != "bool":
        raise ExpressionError(found.at, f"a result of type {found.type}", "a condition, as age > 30")
    return found


def typed_axis(text: str, kinds: Mapping[str, str | Known]) -> Node:
    """Return the tree of an axis: texts, numbers or truths, of rows or of items. Raises ExpressionError."""
    found = _typed(text, kinds)
    if found.type not in ("text", "integer", "float", "bool", SEVERAL):
        raise ExpressionError(found.at, f"a result of type {found.type}", "texts, numbers or truths")
    if any(kinds[name] == "text" for name in found.columns):
        raise ExpressionError(found.at, "a text of any words", "a column with a list of values")
    return found


def kinds_in(schema: "Schema", table: "ChildTable | None" = None) -> dict[str, str | Known]:
    """Return the types of the names in the conditions of a schema, or of one of its child tables."""
    from synthprof.schemas.tables import inherited  # which reads schemas

    if table is None:
        return kinds_of(schema.columns, schema.attributes)
    return kinds_of((*table.columns, *inherited(schema)), table.attributes)


def check_rules(schema: "Schema") -> None:
    """Raise SpecError for a rule or margin that does not fit the columns."""
    for table in (None, *schema.tables):
        owner = schema if table is None else table
        if not owner.rules and not (table is None and schema.margins):
            continue
        kinds = kinds_in(schema, table)
        for rule in owner.rules:
            _check(f"rule {rule.name}: condition", typed_condition, rule.condition, kinds)
        for margin in schema.margins if table is None else ():
            for axis in margin.axes:
                _check(f"margin {margin.name}: columns", typed_axis, axis.expression, kinds)
            if margin.where:
                _check(f"margin {margin.name}: where", typed_condition, margin.where, kinds)


def _check(
    place: str,
    read: Callable[[str, Mapping[str, str | Known]], Node],
    text: str,
    kinds: Mapping[str, str | Known],
) -> None:
    try:
        read(text, kinds)
    except ExpressionError as error:
        raise SpecError(f"{place}, {error}") from None


def _typed(text: str, kinds: Mapping[str, str | Known]) -> Node:
    found = checked(parse(text), kinds)
    for node in _inside(found):
        if node.operation == "overlap":
            _check_overlap(node, kinds)
    return found


def _inside(node: Node) -> Iterable[Node]:
    yield node
    for each in node.arguments:
        yield from _inside(each)


def _check_overlap(node: Node, kinds: Mapping[str, str | Known]) -> None:
    """Raise ExpressionError unless both are columns or attributes whose values are known beforehand."""
    for each in node.arguments:
        if each.operation != COLUMN or kinds[str(each.value)] == "text":
            raise ExpressionError(
                each.at, "what is no list of known values", "a list, an attribute or a category"
            )
