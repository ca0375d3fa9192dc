"""Sizes of texts: a schema whose texts have one of them."""

import dataclasses
import functools

from synthprof.schemas.draws import Prose
from synthprof.schemas.schema import Column, Schema


def with_prose(schema: Schema, size: str) -> Schema:
    """Return a schema whose texts, and those of its child tables, have a size: `card`, `short` or `rich`."""
    columns = [*schema.columns, *(column for table in schema.tables for column in table.columns)]
    return _sized(schema, size) if any(_other(column, size) for column in columns) else schema


@functools.lru_cache(maxsize=16)
def _sized(schema: Schema, size: str) -> Schema:
    tables = tuple(dataclasses.replace(t, columns=_of_size(t.columns, size)) for t in schema.tables)
    return dataclasses.replace(schema, columns=_of_size(schema.columns, size), tables=tables)


def _other(column: Column, size: str) -> bool:
    """Return whether a column is a text of another size."""
    return isinstance(column.draw, Prose) and column.draw.size != size


def _of_size(columns: tuple[Column, ...], size: str) -> tuple[Column, ...]:
    return tuple(
        dataclasses.replace(column, draw=dataclasses.replace(column.draw, size=size))
        if isinstance(column.draw, Prose)
        else column
        for column in columns
    )
