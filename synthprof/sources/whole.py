"""All columns of a table, in their own types, without the roles of ids and texts."""

import contextlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv

from synthprof.base.errors import SpecError, first_line
from synthprof.base.permitted import check_permitted
from synthprof.base.units import MIB
from synthprof.sources.delimited import Delimited
from synthprof.sources.files import check_file, files_below, problem
from synthprof.sources.formats import IN_PARTS, READERS, Asked, format_of
from synthprof.sources.reading import Part
from synthprof.sources.sql import ADDRESS, sql_of
from synthprof.sources.streams import encoding_of, text_of

ROWS_BATCH = 65_536
"""Rows that are handed on at a time at most."""

BLOCK_BYTES = 4 * MIB
"""Bytes of a text file that are parsed at a time; a row has fewer."""

TEXT_SUFFIXES = (".txt", ".dat", ".data")
"""Endings of names of files that are taken for tables of delimited values, too."""


class Whole(Protocol):
    """A reader that gives each column in its own type."""

    @property
    def said(self) -> str:
        """The form that the source was read as, for people."""

    def names(self) -> list[str]:
        """Return the names of all columns, in their order."""

    def whole(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows with these columns in their own types, in the order in which they stand."""


@dataclass
class Table:
    """A table that can be read more than once.

    names: of its columns, in their order, which may repeat. said: the form it was read as. left_out: rows of
    the last reading that could not be taken.
    """

    path: str
    names: tuple[str, ...]
    said: str
    _rows: Callable[[], Iterator[Part]] = field(repr=False)
    left_out: int = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows as batches with columns `0`, `1` and so on, some thousand rows at a time.

        Raises SpecError if the table cannot be read, StageError where the reason may pass.
        """
        self.left_out = 0
        names = [str(place) for place in range(len(self.names))]
        held: list[pa.RecordBatch] = []
        rows = 0
        for part in self._rows():
            batch = part.batch.rename_columns(names)
            if part.faults:
                self.left_out += len(part.faults)
                batch = batch.filter(pa.array([row not in part.faults for row in range(batch.num_rows)]))
            held.append(batch)
            rows += batch.num_rows
            if rows >= ROWS_BATCH // 2:
                yield from _joined(held)
                held, rows = [], 0
        yield from _joined(held)


def table_of(source: str, table: str = "") -> Table:
    """Return the table of a file, a folder of files that are its parts, or a database.

    source: a path, or the address of a database as for `embed`. table: its name, where there are several.
    Raises SpecError if the source cannot, or may not, be read.
    """
    if ADDRESS.fullmatch(source):
        return _of_reader(source, sql_of(source, table))
    path = Path(source)
    try:
        path = path.expanduser()
        check_permitted(path)
        check_file(path)
        return _of_folder(path, table) if path.is_dir() else _of_file(path, table)
    except OSError as error:
        raise problem(f"source={path}", error, "name a file or folder") from None


def _joined(held: list[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    if held:
        whole = pa.Table.from_batches(held).combine_chunks()
        yield from whole.to_batches(max_chunksize=ROWS_BATCH)


def _of_reader(path: str, reader: Whole) -> Table:
    names = reader.names()
    for name in names:
        if names.count(name) > 1:
            raise SpecError(f"source={path} has {names.count(name)} columns {name!r}; rename one of them")
    return Table(path, tuple(names), reader.said, lambda: reader.whole(names))


def _of_file(path: Path, table: str) -> Table:
    kind = format_of(path)
    if not kind and path.suffix.lower() in TEXT_SUFFIXES:
        kind = "delimited"
    if not kind:
        raise SpecError(
            f"source={path} is no CSV, Parquet, Arrow, SQLite, Excel, JSON or DuckDB file; name one, "
            "with the usual ending of its name"
        )
    if kind == "delimited":
        return _of_delimited(path)
    reader: Any = READERS[kind](path, Asked(table, ("", ""), settled=True))
    return _of_reader(str(path), reader)


def _of_folder(path: Path, table: str) -> Table:
    """Return the table whose parts are the files of a folder, all of one format and with the same columns."""
    files = [each for each in sorted(files_below(path)) if not each.name.startswith("_")]
    kinds = {format_of(each) for each in files}
    if len(kinds) != 1 or not kinds <= set(IN_PARTS):
        raise SpecError(
            f"source={path} is no folder of parts of one table; name one of Parquet, Arrow, CSV or JSON files"
        )
    tables = [_of_file(each, table) for each in files]
    for file, each in zip(files, tables, strict=True):
        if each.names != tables[0].names:
            raise SpecError(
                f"source={path}: {file.name} has other columns than {files[0].name}; name a folder whose "
                "files have the same"
            )

    def rows() -> Iterator[Part]:
        for each in tables:
            yield from each._rows()

    return Table(str(path), tables[0].names, f"{len(files):,} files of {tables[0].said}", rows)


# --- delimited values -----------------------------------------------------------------------------------


class _Bytes(io.RawIOBase):
    """The text of a file as UTF-8, whatever its encoding; bytes that are no text become question marks."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self._left = b""

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        """Read bytes of UTF-8."""
        if not self._left:
            self._left = self._text.read(MIB).encode("utf-8", "replace")
        some = self._left[: len(buffer)]
        buffer[: len(some)] = some
        self._left = self._left[len(some) :]
        return len(some)


def _of_delimited(path: Path) -> Table:
    found = Delimited(path, ())
    return Table(str(path), tuple(found.header), found.said, lambda: _delimited(path, found))


def _delimited(path: Path, found: Delimited) -> Iterator[Part]:
    """Yield the rows as texts: their types are those of whole columns, which nobody knows yet."""
    names = [str(place) for place in range(len(found.header))]
    bad = 0

    def left_out(_: pa.csv.InvalidRow) -> str:
        nonlocal bad
        bad += 1
        return "skip"

    read = pa.csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=names)
    parse = pa.csv.ParseOptions(
        delimiter=found.delimiter, newlines_in_values=True, invalid_row_handler=left_out
    )
    convert = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    header = True
    with _readable(path), text_of(path, encoding_of(path)) as text:
        stream = pa.PythonFile(io.BufferedReader(_Bytes(text), MIB), mode="r")
        for batch in pa.csv.open_csv(stream, read, parse, convert):
            rows = batch.slice(1) if header else batch
            header = False
            faults, bad = bad, 0
            yield Part(rows, range(rows.num_rows))
            if faults:  # rows that are not in the batch: one empty row stands for each
                empty = [pa.nulls(faults, pa.string())] * len(names)
                lost = pa.RecordBatch.from_arrays(empty, names)
                yield Part(
                    lost, range(faults), faults=dict.fromkeys(range(faults), "another count of fields")
                )


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except pa.ArrowException as error:
        reason = first_line(error)[:200]
        raise SpecError(
            f"source={path} cannot be read: {reason}; mend its quotes, or save it as Parquet"
        ) from None
