"""The margins of a schema as targets of the odds of its columns, and the schema that meets them."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from synthprof.profiles.joints import Floats
from synthprof.profiles.raking import Places, Target, fitted
from synthprof.profiles.remembered import Remembered
from synthprof.schemas.draws import Lookup
from synthprof.schemas.expressions.tree import COLUMN, parse
from synthprof.schemas.rules import OTHERS, Axis, Cell, Margin
from synthprof.schemas.schema import FLAG_VALUES, TRUTH_VALUES, Schema


@Remembered
def raked(schema: Schema, weight: float) -> Schema:
    """Return a schema with the odds by which its margins hold, as far as odds decide them.

    weight: of the archetypes' own odds, as `separation.weight_of` gives it.
    """
    order = {column.name: place for place, column in enumerate(schema.drawing_order)}
    for target in sorted(targets_of(schema), key=lambda target: order[target.column]):
        schema = fitted(schema, target, weight)
    return schema


def targets_of(schema: Schema) -> Iterator[Target]:
    """Yield the targets of those margins whose shares odds decide: of columns and of first items of lists."""
    for margin in schema.margins:
        sides = [_side(schema, axis) for axis in margin.axes]
        if not margin.where and all(side is not None for side in sides):
            yield from _target(schema, margin, [side for side in sides if side is not None])


def _target(schema: Schema, margin: Margin, sides: Sequence[tuple[str, Places, bool]]) -> Iterator[Target]:
    """Yield the targets of a margin: of a two-way table its sums, then the column that is drawn later."""
    shares = np.array([[math.nan if each is None else each for each in row] for row in margin.shares])
    if len(sides) == 1:
        column, cells, _ = sides[0]
        yield Target(column, *_whole(cells, shares))
        return
    (first, groups, listed), (second, cells, _) = sides
    if first == second or listed or _is_list(schema, first):
        return
    if second in _above(schema, first):
        if margin.within:
            return
        (first, groups), (second, cells), shares = (second, cells), (first, groups), shares.T
    if not margin.within and not np.isnan(shares).any():
        yield Target(first, *_whole(groups, shares.sum(axis=1)[None]))
    shares = np.pad(shares, ((0, int(groups.max()) + 1 - len(shares)), (0, 0)), constant_values=math.nan)
    cells, shares = _whole(cells, shares)
    yield Target(second, cells, shares, first, groups, margin.within)


def _side(schema: Schema, axis: Axis) -> tuple[str, Places, bool] | None:
    """Return the column that an axis counts, the cell of each of its values, and whether it is a list.

    A value in no cell has the number after the last. A column that follows from another is that one.
    """
    node = parse(axis.expression)
    listed = node.operation == "first"
    if listed:
        (node,) = node.arguments
    name, _, header = str(node.value).partition(".")
    if node.operation != COLUMN or name not in schema.by_name or _is_list(schema, name) != listed:
        return None
    column = schema.column(name)
    if column.value_kind is not None:
        return None
    if column.kind == "integer":
        low, high = column.span
        cells = np.array([_cell_of_number(axis.cells, number) for number in range(low, high + 1)])
        return (name, cells, False) if not header else None
    values = _texts(schema, name, header) if header else column.values
    if values == FLAG_VALUES:
        values = TRUTH_VALUES
    cells = np.array([_cell_of(axis.cells, value) for value in values], dtype=np.intp)
    while isinstance(column.draw, Lookup):
        cells, column = cells.take(column.draw.codes), schema.column(column.draw.column)
    return column.name, cells, listed


def _is_list(schema: Schema, name: str) -> bool:
    return schema.column(name).kind == "list"


def _texts(schema: Schema, name: str, header: str) -> tuple[str, ...]:
    """Return an attribute of each value of a column; of several texts the cell is of no one."""
    found = next(each for each in schema.attributes if (each.column, each.header) == (name, header))
    return tuple(texts[0] if len(texts) == 1 else "" for texts in found.texts)


def _cell_of(cells: Sequence[Cell], value: str) -> int:
    others = next((place for place, cell in enumerate(cells) if cell.label == OTHERS), len(cells))
    return next((place for place, cell in enumerate(cells) if value in cell.values), others)


def _cell_of_number(cells: Sequence[Cell], number: int) -> int:
    others = next((place for place, cell in enumerate(cells) if cell.label == OTHERS), len(cells))
    within = (
        place
        for place, cell in enumerate(cells)
        if cell.low is not None and cell.high is not None and cell.low <= number <= cell.high
    )
    return next(within, others)


def _above(schema: Schema, name: str) -> set[str]:
    """Return all that a column depends on."""
    given = schema.column(name).given
    return set(given).union(*(_above(schema, each) for each in given))


def _whole(cells: Places, shares: Floats) -> tuple[Places, Floats]:
    """Return cells and shares with a last cell, of any share, where values are in no other."""
    if cells.max() >= shares.shape[1]:
        shares = np.pad(shares, ((0, 0), (0, 1)), constant_values=math.nan)
    return cells, shares
