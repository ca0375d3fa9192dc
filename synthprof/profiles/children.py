"""Draws the child tables of a block with its profiles: fan-outs, then all children of the block by columns.

A table is drawn for the children of all parents of a block, so that the children of the first parents are the
beginning of those of all. No row is touched by Python.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.streams import Stream, stream
from synthprof.profiles.drawing import Drawing, Extent, Generated, Inherited, batch_of, drawn
from synthprof.profiles.stored_forms import stored_form
from synthprof.profiles.tables import tables_of
from synthprof.schemas.draws import Shift
from synthprof.schemas.schema import ChildTable, Column, Schema
from synthprof.schemas.tables import NUMBER, PARENT, child_schema, counts_schema
from synthprof.spec.spec import BLOCK_ROWS

Counts = npt.NDArray[np.int64]

ROWS_AT_ONCE = 65_536

_VALUE_BITS = 48
"""Bits of a value that is sorted within its parent; the 15 above hold the parent's place in its block."""


@dataclass(frozen=True)
class Family:
    """The profiles of a block and the rows of its child tables, by name.

    A table has the parent's id int64, `n` int32 from 1 on, and its columns in their own types, which take
    less than their stored forms; rows stand by (id, n).
    """

    generated: Generated
    tables: Mapping[str, pa.RecordBatch]


@dataclass(frozen=True)
class Setting:
    """The parameters that a block's children depend on, beside the schema."""

    seed: int
    locale: str
    separation: float
    block: int

    def stream(self, table: str, column: str, purpose: str) -> Stream:
        """Return the stream of a table's column; its name has a dot, as that of no profile's column has."""
        return stream(self.seed, f"{table}.{column}", purpose, self.block)


def generate_family(
    schema: Schema, seed: int, locale: str, separation: float, block: int, rows: int = BLOCK_ROWS
) -> Family:
    """Return the first `rows` profiles of a block, and their children; see `drawing.generate`."""
    parents = drawn(schema, seed, locale, separation, block, rows)
    whole = parents
    if rows < BLOCK_ROWS and any(_needs_samplers(schema, table) for table in schema.tables):
        whole = drawn(schema, seed, locale, separation, block, BLOCK_ROWS)
    setting = Setting(seed, locale, separation, block)
    tables = {
        table.name: children(parents, schema, table, setting, fan_outs(whole, schema, table, setting))
        for table in schema.tables
    }
    return Family(batch_of(parents, schema, block), tables)


def _needs_samplers(schema: Schema, table: ChildTable) -> bool:
    """Return whether the number of children hangs, be it through others, on what samplers draw."""
    counts = counts_schema(schema, table)
    asked = [column.name.removeprefix(PARENT) for column in counts.columns if column.inherited]
    seen: dict[str, Column] = {}
    while asked:
        if (column := schema.column(asked.pop())).name not in seen:
            seen[column.name] = column
            asked += column.given
    return any(column.value_kind for column in seen.values())


def children(
    parents: Drawing, schema: Schema, table: ChildTable, setting: Setting, counts: Counts
) -> pa.RecordBatch:
    """Return the children of the first profiles of a block, by (parent's id, n). counts: by `fan_outs`."""
    drawing = _drawn(parents, schema, table, setting, counts)
    rows = int(counts[: parents.rows].sum())
    index = drawing.parents.index[:rows] if drawing.parents else np.zeros(0, np.intp)
    firsts = np.cumsum(counts) - counts
    arrays = {
        table.key: pa.array(index + (setting.block * BLOCK_ROWS + 1)),
        NUMBER: pa.array((np.arange(1, rows + 1) - firsts.take(index)).astype(np.int32)),
    }
    arrays |= {column.name: drawing.shown(column).slice(0, rows) for column in table.columns}
    return pa.RecordBatch.from_pydict(arrays)


def stored_batches(table: ChildTable, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield children as their database holds them, ROWS_AT_ONCE at a time."""
    for batch in batches:
        for first in range(0, batch.num_rows, ROWS_AT_ONCE):
            yield stored_batch(table, batch.slice(first, ROWS_AT_ONCE))


def stored_batch(table: ChildTable, batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return children as their database holds them: the stored form of each column."""
    kinds = {column.name: column.value_kind for column in table.columns}
    arrays = {}
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        kind = kinds.get(name)
        coded = pa.types.is_dictionary(values.type)  # texts by codes stay so: databases take both
        arrays[name] = values if kind is None or coded else stored_form(kind, values)
    return pa.RecordBatch.from_pydict(arrays)


def fan_outs(parents: Drawing, schema: Schema, table: ChildTable, setting: Setting) -> Counts:
    """Return the number of children of each profile of a whole block, (BLOCK_ROWS,) int64.

    parents: with all rows of the block where the number hangs on columns of samplers.
    """
    member, fan_out = counts_schema(schema, table), table.fan_out
    everyone = Inherited(parents, np.arange(parents.total))
    drawing = Drawing(
        tables_of(member, setting.locale, setting.separation, setting.seed),
        lambda _, purpose: setting.stream(table.name, "", purpose),
        Extent(setting.block * BLOCK_ROWS, parents.total, parents.total),
        everyone,
    )
    column = member.column(table.name)
    drawing.draw(column)
    counts = drawing.in_own_type(column).to_numpy().astype(np.int64)
    factors = np.ones(parents.total)
    if fan_out.archetypes:
        by_archetype = dict(fan_out.archetypes)
        own = np.array([by_archetype.get(archetype.name, 1.0) for archetype in schema.archetypes])
        factors *= own.take(drawing.archetypes)
    for shift in fan_out.given:
        factors *= np.array([row[0] for row in shift.factors]).take(_places(drawing, shift))
    if fan_out.archetypes or fan_out.given:
        rounding = setting.stream(table.name, "", "rounding").uniform(parents.total)
        counts = np.floor(np.minimum(counts * factors, fan_out.most) + rounding).astype(np.int64)
    within: Counts = np.clip(counts, 0, fan_out.most)
    return within


def _places(drawing: Drawing, shift: Shift) -> npt.NDArray[np.intp]:
    """Return which of the factors of a shift each profile has, (total,)."""
    if shift.column not in drawing.codes:
        return drawing.bands_of(shift.column, shift.edges)
    codes = drawing.codes[shift.column]
    bands = np.searchsorted(np.array(shift.edges), codes, side="right") - 1 if shift.edges else codes
    return np.maximum(bands, 0)


def _drawn(parents: Drawing, schema: Schema, table: ChildTable, setting: Setting, counts: Counts) -> Drawing:
    """Return the columns of all children; where there are none, of one that is not shown."""
    member = child_schema(schema, table)
    index = np.repeat(np.arange(len(counts)), counts)
    if not len(index):
        index = np.zeros(1, np.intp)
    rows = max(1, int(counts[: parents.rows].sum()))
    drawing = Drawing(
        tables_of(member, setting.locale, setting.separation, setting.seed),
        lambda column, purpose: setting.stream(table.name, column, purpose),
        Extent(setting.block * BLOCK_ROWS * table.fan_out.most, rows, len(index)),
        Inherited(parents, index),
    )
    if table.order:
        drawing.draw(member.column(table.order))
        drawing.values[table.order] = _in_order(drawing.values[table.order], index[:rows])
    for column in member.drawing_order:
        if not (column.inherited or column.name == table.order):
            drawing.draw(column)
    return drawing


def _in_order(values: pa.Array, parents: npt.NDArray[np.intp]) -> pa.Array:
    """Return the values sorted within each parent. parents: (n,) ascending."""
    if pa.types.is_floating(values.type):
        found = values.to_numpy()
        return pa.array(found.take(np.lexsort((found, parents))), values.type)
    width = pa.int32() if values.type.bit_width == 32 else pa.int64()
    numbers = values.view(width).to_numpy().astype(np.int64)
    low = int(numbers.min())
    if (int(numbers.max()) - low) >> _VALUE_BITS:
        ordered = numbers.take(np.lexsort((numbers, parents)))
    else:
        keys = np.sort((parents << _VALUE_BITS) | (numbers - low))
        ordered = (keys & ((1 << _VALUE_BITS) - 1)) + low
    return pa.array(ordered).cast(width).view(values.type)
