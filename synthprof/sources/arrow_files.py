"""Rows of Parquet and Arrow files, in their order."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.base.errors import SpecError, first_line
from synthprof.base.units import MIB
from synthprof.sources.bounds import PART_BYTES
from synthprof.sources.files import problem, steady
from synthprof.sources.reading import Part
from synthprof.sources.sizes import plain, row_bytes

ROWS_BATCH = 512
"""Rows of a Parquet file that are decoded at a time at most."""

CHUNK_BYTES, CHUNK_RATIO = 256 * MIB, 100
"""A larger column chunk, compressed by more than this ratio, may be one page that fills the memory."""


class _ArrowFile:
    """The common part of readers of files in Arrow's types."""

    said = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of the columns."""
        found = self._whole_schema()
        check_columns(columns, found.names, f"source={self.path}")
        return pa.schema([(name, plain(found.field(name).type)) for name in columns])

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows, some at a time."""
        self.schema(columns)
        first = 1
        wanted = list(dict.fromkeys(columns))
        with steady(self.path), _readable(self.path, self.said):
            for batch in self._batches(wanted):
                arrays = [batch.column(name) for name in columns]
                rows = batch.num_rows
                yield Part(pa.RecordBatch.from_arrays(arrays, list(columns)), range(first, first + rows))
                first += rows

    def names(self) -> list[str]:
        """Return the names of all columns."""
        return list(self._whole_schema().names)

    def whole(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows, each column in its own type."""
        return self.parts(columns)

    def cancel(self) -> None:
        """Do nothing: a part is read in a moment."""

    def watch(self) -> None:
        """Do nothing: reading takes nothing but memory."""

    def _whole_schema(self) -> pa.Schema:
        raise NotImplementedError

    def _batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        raise NotImplementedError


class Parquet(_ArrowFile):
    """A reader of one Parquet file."""

    said = "Parquet"

    def _whole_schema(self) -> pa.Schema:
        with _readable(self.path, self.said), pq.ParquetFile(self.path) as file:
            return file.schema_arrow

    def _batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """Yield rows whose repeated texts are not yet decoded, so that their sizes can be looked at first."""
        with pq.ParquetFile(self.path) as file:
            texts = [path for path, _ in self._leaves(file, columns) if path]
        options: dict[str, Any] = {"pre_buffer": False, "buffer_size": MIB, "read_dictionary": texts}
        with pq.ParquetFile(self.path, **options) as file:
            for group in range(file.num_row_groups):
                rows = self._rows_at_once(file, group, columns)
                yield from file.iter_batches(rows, row_groups=[group], columns=columns, use_threads=False)

    def _leaves(self, file: pq.ParquetFile, columns: list[str]) -> list[tuple[str, int]]:
        """Return each leaf of the columns: its path if its values can be shared, and its number."""
        found = []
        leaves, schema = file.schema, file.schema_arrow  # each is made anew when it is asked for
        wanted = set(columns)
        for number in range(len(leaves)):
            leaf = leaves.column(number)
            top = leaf.path if leaf.path in wanted else _top(leaf.path, columns)
            if top:
                kind = schema.field(top).type
                shared = leaf.physical_type == "BYTE_ARRAY" and not pa.types.is_decimal(kind)
                found.append((leaf.path if shared else "", number))
        return found

    def _rows_at_once(self, file: pq.ParquetFile, group: int, columns: list[str]) -> int:
        about = file.metadata.row_group(group)
        total = 0  # bytes, decoded but for what is repeated
        for _, number in self._leaves(file, columns):
            chunk = about.column(number)
            total += int(chunk.total_uncompressed_size)
            if chunk.total_uncompressed_size > max(CHUNK_BYTES, CHUNK_RATIO * chunk.total_compressed_size):
                raise SpecError(
                    f"source={self.path} cannot be read: column {chunk.path_in_schema!r} has "
                    f"{chunk.total_uncompressed_size / MIB:,.0f} MiB in {chunk.total_compressed_size:,} "
                    "bytes, as no texts have; write it anew with smaller row groups"
                )
        mean = total // max(1, int(about.num_rows))
        return max(
            1, min(ROWS_BATCH if total <= CHUNK_BYTES else ROWS_BATCH // 8, PART_BYTES // max(1, mean))
        )


def _top(path: str, columns: list[str]) -> str:
    """Return the column that a leaf of nested values belongs to, if it is among these; else nothing."""
    return next((each for each in columns if path.startswith(f"{each}.")), "") if "." in path else ""


class Arrow(_ArrowFile):
    """A reader of one Arrow file, also called Feather, or of a stream of Arrow's messages in a file."""

    said = "Arrow"

    def _whole_schema(self) -> pa.Schema:
        with _readable(self.path, self.said), self._opened() as reader:
            return reader.schema

    def _batches(self, columns: list[str]) -> Iterator[pa.RecordBatch]:
        with self._opened() as reader:
            count = getattr(reader, "num_record_batches", None)
            found = reader if count is None else map(reader.get_batch, range(count))
            for batch in found:
                yield _validated(batch.select(columns))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        with pa.memory_map(str(self.path)) as file:
            begins = file.read(6)
            file.seek(0)
            with pa.ipc.open_file(file) if begins == b"ARROW1" else pa.ipc.open_stream(file) as reader:
                yield reader


def _validated(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return the batch, whose offsets lead nowhere else. Raises ArrowInvalid."""
    for column in batch.columns:
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:  # texts that are not UTF-8 are told apart later, row by row
            if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
                raise
            column.view(pa.binary() if pa.types.is_string(column.type) else pa.large_binary()).validate(
                full=True
            )
        row_bytes(column.slice(0, 0))
    return batch


def check_columns(columns: Sequence[str], known: Sequence[str], where: str) -> None:
    """Raise SpecError for a column that is not among the known ones, or is so twice."""
    for name in columns:
        if known.count(name) != 1:
            wrong = (
                f"has {known.count(name)} columns {name!r}" if name in known else f"has no column {name!r}"
            )
            shown = ", ".join(known[:50])
            raise SpecError(f"{where} {wrong}; it has: {shown}{' …' if len(known) > 50 else ''}")


@contextlib.contextmanager
def _readable(path: Path, kind: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, SpecError):
            raise
        if isinstance(error, OSError) and error.errno:
            raise problem(f"source={path}", error, "name a file or folder") from None
        reason = first_line(error)[:200]
        raise SpecError(f"source={path} cannot be read: {reason}; name a sound {kind} file") from None
