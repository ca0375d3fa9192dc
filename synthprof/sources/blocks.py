"""The rows of a source as Arrow blocks, each value checked."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.schemas.loader import KEY, TEXT, collection_schema
from synthprof.schemas.schema import Schema
from synthprof.sources.source import Source, reader_of
from synthprof.spec.spec import BLOCK_ROWS

MAX_CHARACTERS = 100_000
"""Characters of one text: no embedding model reads more, and a block of 16,384 such texts fits in memory."""


def blocks(source: Source, columns: str) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a source as blocks with `id` from 1 on, key, text and further columns.

    columns: the further columns with their kinds. Raises SpecError as `survey` does, except for duplicate
    keys.
    """
    schema = collection_schema(columns)
    wanted = [source.id_column, source.text_column, *(c.name for c in schema.columns[2:])]
    first = 1
    for rows in _regrouped(reader_of(source).rows(wanted)):
        yield _block(source, schema, rows, first)
        first += len(rows)


def _regrouped(parts: Iterator[list[tuple[Any, ...]]]) -> Iterator[list[tuple[Any, ...]]]:
    """Yield the rows grouped into blocks."""
    waiting: list[tuple[Any, ...]] = []
    for part in parts:
        waiting += part
        while len(waiting) >= BLOCK_ROWS:
            yield waiting[:BLOCK_ROWS]
            waiting = waiting[BLOCK_ROWS:]
    if waiting:
        yield waiting


def _block(source: Source, schema: Schema, rows: list[tuple[Any, ...]], first: int) -> pa.RecordBatch:
    keys, texts, *others = map(list, zip(*rows, strict=True))
    keys = [_key(source, key, first + place) for place, key in enumerate(keys)]
    for key, text in zip(keys, texts, strict=True):
        _check_text(source, key, text)
    arrays = {
        "id": pa.array(range(first, first + len(rows)), pa.int64()),
        KEY: pa.array(keys, pa.string()),
        TEXT: pa.array(texts, pa.string()),
    }
    for column, values in zip(schema.columns[2:], others, strict=True):
        arrays[column.name] = _carried(source, column.name, column.kind, values)
    return pa.RecordBatch.from_pydict(arrays)


def _key(source: Source, key: object, number: int) -> str:
    if key is None:
        raise SpecError(f"column {source.id_column!r} has no value in row {number}; give each row an id")
    if isinstance(key, bool) or not isinstance(key, int | str):
        raise SpecError(
            f"column {source.id_column!r} holds {key!r:.80} in row {number}; an id is a whole number or text"
        )
    return str(key)


def _check_text(source: Source, key: str, text: object) -> None:
    where = f"column {source.text_column!r}, id {key!r:.80}"
    if text is None or (isinstance(text, str) and not text.strip()):
        raise SpecError(f"{where}: the text is empty; leave such rows out, for example by a view")
    if not isinstance(text, str):
        raise SpecError(f"{where}: {text!r:.80} is not text; name a column of texts by text_column")
    if len(text) > MAX_CHARACTERS:
        raise SpecError(
            f"{where}: the text has {len(text):,} characters, {MAX_CHARACTERS:,} are the most; split it"
        )


def _carried(source: Source, name: str, kind: str, values: list[Any]) -> pa.Array:
    if kind != "integer":
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    try:
        return pa.array(map(_whole, values), pa.int64())
    except (ValueError, OverflowError) as error:
        raise SpecError(
            f"column {name!r} of {source.path} is not whole numbers ({error}); use columns={name}:text"
        ) from None


def _whole(value: object) -> int | None:
    """Return a whole number as int. Raises ValueError or OverflowError for any other value."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float | Decimal) and int(value) == value:
        return int(value)
    raise ValueError(f"{value!r:.80} is among them")
