"""Checks of profiles against the declarations of their schema: bounds, values, rules between columns."""

import functools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.codes import UNKNOWN, ListCodes, Lists, codes_or_unknown
from synthprof.profiles.model_checks import model_violations
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Lookup, Prose, Subset, YearsSince
from synthprof.schemas.schema import ChildTable, Column, Schema
from synthprof.schemas.tables import NUMBER, child_schema

Flags = npt.NDArray[np.bool_]


def check(schema: Schema, batch: pa.RecordBatch, lists: Lists | None = None) -> tuple[str, ...]:
    """Return the faults of a batch, one sentence each; an empty list when all is as declared.

    batch: `id` and the schema's columns; categories as dictionaries or plain strings. lists: those of the
    batch, where others read them, too.
    """
    lists = lists or Lists(batch)
    missing = [name for name in ("id", *schema.by_name) if name not in batch.schema.names]
    if missing:
        return tuple(f"column {name} is missing" for name in missing)
    may_lack = {column.name for column in schema.columns if column.may_lack}
    empty = [
        f"{name}: {values.null_count} values are missing"
        for name, values in zip(batch.schema.names, batch.columns, strict=True)
        if values.null_count and name not in may_lack
    ]
    if empty:
        return tuple(empty)
    found = (violation for column in schema.columns for violation in _of_column(schema, column, lists))
    return tuple(
        f"{column.name}: {what} in {int(wrong.sum())} rows, first in id {ids[int(wrong.argmax())]}"
        for column, what, wrong, ids in found
        if wrong.any()
    )


def check_family(
    schema: Schema, table: ChildTable, batch: pa.RecordBatch, first: int, parents: int
) -> tuple[str, ...]:
    """Return the faults of the children of a block, one sentence each; none when all is as declared.

    batch: the rows of the table as `profiles.children` makes them. first: id of the block's first parent.
    """
    names = [table.key, NUMBER, *(column.name for column in table.columns)]
    if batch.schema.names != names:
        return (f"its columns are {', '.join(batch.schema.names)}, not {', '.join(names)}",)
    key, number = batch.column(table.key).to_numpy(), batch.column(NUMBER).to_numpy()
    begins = np.flatnonzero(np.diff(key, prepend=0))
    counted = np.arange(len(key)) - np.repeat(begins, np.diff(begins, append=len(key))) + 1
    faults = []
    if ((key < first) | (key >= first + parents)).any():
        faults.append(f"{table.key} is none of the ids {first} to {first + parents - 1}")
    if (np.diff(key) < 0).any() or not np.array_equal(counted, number):
        faults.append(f"rows are not numbered from 1 within each {table.key}")
    found = _of_children(child_schema(schema, table), table, batch)
    faults += [
        f"{column.name}: {what} in {int(rows.sum())} rows" for column, what, rows in found if rows.any()
    ]
    return tuple(faults)


def _of_children(
    child: Schema, table: ChildTable, batch: pa.RecordBatch
) -> Iterator[tuple[Column, str, Flags]]:
    """Yield what may be wrong in a column of a child table; rules with columns of the parent are left out."""
    for column in (column for column in table.columns if column.value_kind is None):
        own = with_values(batch, [column.name])
        yield from ((column, *found) for found in _violations(column, own.column(column.name)))
        if set(followed := _followed(column)) <= set(batch.schema.names):
            rows = with_values(batch, [column.name, *followed])
            yield from ((column, *found) for found in _broken_rules(child, column, Lists(rows)))


def _of_column(schema: Schema, column: Column, lists: Lists) -> Iterator[tuple[Column, str, Flags, pa.Array]]:
    """Yield what may be wrong: the rows that are, among those that have values; their ids come with them."""
    batch = lists.batch
    if isinstance(column.draw, DrawModel):
        for what, wrong in model_violations(schema, column, column.draw, batch):
            yield column, what, wrong, batch.column("id")
    if column.value_kind is not None:
        return
    own = with_values(batch, [column.name])
    for what, wrong in _violations(column, own.column(column.name)):
        yield column, what, wrong, own.column("id")
    if set(followed := _followed(column)) <= set(batch.schema.names):
        rows = with_values(batch, [column.name, *followed])
        of_rows = lists if rows is batch else Lists(rows)
        for what, wrong in _broken_rules(schema, column, of_rows):
            yield column, what, wrong, rows.column("id")
    for other in _beside(schema, column):
        rows = with_values(batch, [column.name, other.name])
        yield column, f"does not follow from {other.name}", _unpaired(column, other, rows), rows.column("id")


def _beside(schema: Schema, column: Column) -> list[Column]:
    """Return the columns of more values that follow from the same hidden column, as towns beside states."""
    if not isinstance(column.draw, Lookup) or column.draw.column in schema.by_name:
        return []
    return [
        other
        for other in schema.columns
        if isinstance(other.draw, Lookup)
        and other.draw.column == column.draw.column
        and len(other.values) > len(column.values)
    ]


def _unpaired(column: Column, other: Column, batch: pa.RecordBatch) -> Flags:
    """Return the rows whose two values follow from no one value of the hidden column."""
    assert isinstance(column.draw, Lookup) and isinstance(other.draw, Lookup)
    count = len(column.values)
    known = np.zeros(len(other.values) * count, np.bool_)
    known[np.array(other.draw.codes) * count + np.array(column.draw.codes)] = True
    own = codes_or_unknown(column, batch.column(column.name))
    beside = codes_or_unknown(other, batch.column(other.name))
    both = (own != UNKNOWN) & (beside != UNKNOWN)
    wrong: Flags = both & ~known[np.where(both, beside * count + own, 0)]
    return wrong


def with_values(batch: pa.RecordBatch, columns: Sequence[str]) -> pa.RecordBatch:
    """Return the rows of a batch in which all those columns have values."""
    lacking = [batch.column(name) for name in columns if batch.column(name).null_count]
    if not lacking:
        return batch
    return batch.filter(functools.reduce(pc.and_, (values.is_valid() for values in lacking)))


def _violations(column: Column, values: pa.Array) -> Iterator[tuple[str, Flags]]:
    match column.kind:
        case "category":
            yield "unknown value", codes_or_unknown(column, values) == UNKNOWN
        case "integer" | "flag":
            low, high = column.span
            numbers = values.to_numpy()
            yield f"value outside {low} to {high}", (numbers < low) | (numbers > high)
        case "text" if not isinstance(column.draw, Prose):  # its sentences may all be left out
            yield "empty text", pc.equal(pc.utf8_length(values), 0).to_numpy(zero_copy_only=False)


def _followed(column: Column) -> tuple[str, ...]:
    """Return the columns that the rules of a column read."""
    match column.draw:
        case Lookup(column=of) | YearsSince(column=of):
            return (of,)
        case Subset(through=str(through)):
            return (through,)
    return ()


def _broken_rules(schema: Schema, column: Column, lists: Lists) -> Iterator[tuple[str, Flags]]:
    batch = lists.batch
    values = batch.column(column.name)
    match column.draw:
        case Lookup(column=of) as draw:
            yield f"does not follow from {of}", _not_following(schema, column, draw, batch)
        case YearsSince(column=of, start=start):
            late = values.to_numpy() > np.maximum(batch.column(of).to_numpy().astype(np.int64) - start, 0)
            yield f"more than {of} - {start}", late
        case Subset() as draw if batch.num_rows:
            yield from _list_violations(schema, column, draw, lists)


def _not_following(schema: Schema, column: Column, draw: Lookup, batch: pa.RecordBatch) -> Flags:
    given = codes_or_unknown(schema.column(draw.column), batch.column(draw.column))
    codes = codes_or_unknown(column, batch.column(column.name))
    wrong: Flags = (np.array(draw.codes)[given] != codes) & (given != UNKNOWN)
    return wrong


def _list_violations(
    schema: Schema, column: Column, draw: Subset, lists: Lists
) -> Iterator[tuple[str, Flags]]:
    own, count = lists.of(column), lists.batch.num_rows
    sizes = np.diff(own.offsets)
    rows = np.repeat(np.arange(count), sizes)
    yield "unknown item", _any_by_row(own, own.items == UNKNOWN)
    yield f"not 1 to {len(draw.sizes)} items", sizes > len(draw.sizes)
    yield "item twice", _repeated(rows * (len(draw.values) + 1) + own.items + 1, len(draw.values) + 1, count)
    if draw.first is not None:
        first = draw.values.index(draw.first)
        yield f"does not begin with {draw.first}", own.items[own.offsets[:-1]] != first
    if draw.through is not None:
        owned = lists.of(schema.column(draw.through))
        yield f"item that no value of {draw.through} allows", _unreachable(draw, own, owned)


def _repeated(pairs: npt.NDArray[np.int64], base: int, count: int) -> Flags:
    """Rows of whose pairs, row x base + item, two are the same. pairs: by row, which sorts them soon."""
    pairs = np.sort(pairs, kind="stable")
    found = np.zeros(count, np.bool_)
    found[pairs[1:][pairs[1:] == pairs[:-1]] // base] = True
    return found


def _unreachable(draw: Subset, lists: ListCodes, owned: ListCodes) -> Flags:
    """Rows with an item that none of the owned values reaches; unknown ones reach nothing."""
    reached = np.zeros(len(lists.items), np.bool_)
    rows = np.repeat(np.arange(len(lists.offsets) - 1), np.diff(lists.offsets))
    some = np.diff(owned.offsets) > 0
    word, bit = np.divmod(lists.items, _WORD)  # an unknown item is in word -1
    for number, reach in enumerate(_reaching(draw)):
        of_rows = np.zeros(len(some), np.uint64)
        of_rows[some] = np.bitwise_or.reduceat(reach[owned.items], owned.offsets[:-1][some])
        here = word == number
        reached[here] = of_rows[rows[here]] >> bit[here].astype(np.uint64) & np.uint64(1)
    return _any_by_row(lists, ~reached)


_WORD = 64
"""Bits of the words that tell which items a value reaches."""


@functools.lru_cache(maxsize=64)
def _reaching(draw: Subset) -> tuple[npt.NDArray[np.uint64], ...]:
    """Return the words of the items that each value reaches, and last those of an unknown one: none."""
    words = np.zeros((-(-len(draw.values) // _WORD), len(draw.reachable) + 1), np.uint64)
    for value, reachable in enumerate(draw.reachable):
        for item in reachable:
            words[item // _WORD, value] |= np.uint64(1 << item % _WORD)
    return tuple(words)


def _any_by_row(lists: ListCodes, items: Flags) -> Flags:
    """Return for each row whether any of its items is marked; an empty text is one empty item."""
    found: Flags = np.logical_or.reduceat(items, lists.offsets[:-1])
    return found
