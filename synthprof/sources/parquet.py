"""Rows of a Parquet file, in their order."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.base.errors import SpecError, first_line

ROWS_BATCH = 512
MAX_SHOWN = 200
"""Characters of an error of Arrow that a message quotes."""


class Parquet:
    """A reader of one file."""

    def __init__(self, path: Path, _table: str = "") -> None:
        self._path = path

    def kinds(self, columns: Sequence[str]) -> list[str]:
        """Return `integer` for each column of whole numbers that fit into 64 bits, else `text`."""
        with self._opened() as file:
            schema = self._checked(file, columns)
        return ["integer" if _is_whole(schema.field(name).type) else "text" for name in columns]

    def rows(self, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows, some at a time."""
        with self._opened() as file:
            self._checked(file, columns)
            for batch in file.iter_batches(ROWS_BATCH, columns=list(dict.fromkeys(columns))):
                yield list(zip(*(self._values(batch, name) for name in columns), strict=True))

    def _values(self, batch: pa.RecordBatch, name: str) -> list[Any]:
        try:
            return batch.column(name).to_pylist()  # type: ignore[no-any-return]
        except (ValueError, OverflowError, KeyError) as error:  # nanoseconds, far dates, time zones
            reason = first_line(error)[:MAX_SHOWN]
            raise SpecError(
                f"column {name!r} of {self._path} has a value that cannot be read: {reason}; make it text"
            ) from None

    def _checked(self, file: pq.ParquetFile, columns: Sequence[str]) -> pa.Schema:
        schema = file.schema_arrow
        if unknown := [name for name in columns if name not in schema.names]:
            raise SpecError(
                f"source={self._path} has no column {unknown[0]!r}; it has: {', '.join(schema.names)}"
            )
        return schema

    @contextlib.contextmanager
    def _opened(self) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(self._path) as file:
                yield file
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            reason = first_line(error)
            raise SpecError(
                f"source={self._path} cannot be read: {reason}; name a sound Parquet file"
            ) from None


def _is_whole(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind)) and kind != pa.uint64()
