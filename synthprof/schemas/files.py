"""Files of a schema's folder, opened only within it and read within bounds: TOML, CSV and Parquet."""

import csv
import io
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.base.kinds import open_file

Table = dict[str, Any]
"""A TOML table: values by key."""

MAX_SCHEMA_BYTES = 2 * 2**20
"""Bytes of a TOML file of a schema."""

MAX_FILE_BYTES = 64 * 2**20
"""Bytes of a file of values."""

MAX_ROWS = 1_000_000
MAX_CELLS = 10_000_000
MAX_CELL = 10_000
"""Rows of a file of values, cells in it, and characters of one cell."""

MAX_DEPTH = 20
"""Tables and lists within each other."""

MAX_NODES = 500_000
"""Values of a TOML file."""


class Row(dict[str, str]):
    """A row of a file of values: values by column name. `line` is where it ends in its file, from 1 on."""

    __slots__ = ("line",)

    def __init__(self, values: Mapping[str, str], line: int) -> None:
        super().__init__(values)
        self.line = line


Rows = list[Row]


class Folder:
    """A schema's folder, whose files are named by plain names relative to it, and read once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows: dict[str, Rows] = {}

    def rows(self, file: str) -> Rows:
        """Return the rows of a CSV or Parquet file. Raises SpecError if it cannot be read."""
        if file not in self._rows:
            path = self.inside(file)
            read = read_parquet if path.suffix == ".parquet" else read_csv
            self._rows[file] = read(path)
        return self._rows[file]

    def inside(self, file: str) -> Path:
        """Return the path of a file of this folder. Raises SpecError for a name that leads out of it."""
        parts = file.split("/")
        if not all(
            re.fullmatch(r"[^\x00-\x1f\x7f\\:/]+", part) and part not in (".", "..") for part in parts
        ):
            raise SpecError(
                f"{file[:80]!r} is no plain file name; name a file in the schema's folder, as cities.csv"
            )
        path = self.path.joinpath(*parts)
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(self.path)):
            raise SpecError(f"{file} is a link out of the schema's folder; put the file itself there")
        return path


def read_bounded(path: Path, most: int) -> str:
    """Return the text of a file. Raises SpecError if it is missing, no file, too large or not UTF-8."""
    data = _read_bytes(path, most)
    try:
        text = data.decode("utf-8-sig")  # spreadsheets begin files with a byte order mark
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SpecError(
            f"{path.name}:{line}: byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        ) from None
    if (at := text.find("\0")) >= 0:
        raise SpecError(
            f"{path.name}:{text.count(chr(10), 0, at) + 1}: a NUL character; save the file as text"
        )
    return text


def _read_bytes(path: Path, most: int) -> bytes:
    try:
        with open_file(path) as file:
            data = file.read(most + 1)
    except FileNotFoundError:
        raise SpecError(f"{path} is missing; write that file, or name another") from None
    except SpecError as error:
        raise SpecError(f"{path.name}: {error.fact}; put a file there") from None
    except OSError as error:
        raise SpecError(f"{path} cannot be read ({error.strerror}); correct its name or rights") from None
    if len(data) > most:
        raise SpecError(f"{path.name} has more than {most:,} bytes; make it smaller")
    return data


def read_toml(path: Path) -> Table:
    """Return the tables of a TOML file. Raises SpecError if it is missing, no TOML or out of bounds."""
    return parse_toml(read_bounded(path, MAX_SCHEMA_BYTES), path.name)


def parse_toml(text: str, name: str) -> Table:
    """Return the tables of a TOML text. Raises SpecError with a line if it is no TOML or out of bounds."""
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise SpecError(f"{name}:{_deep_line(text)}: {_too_deep()}") from None
    except ValueError as error:  # numbers with too many digits, too, which is no TOMLDecodeError
        raise SpecError(_no_toml(text, name, str(error))) from None
    _check_size(table, text, name)
    return table


def _no_toml(text: str, name: str, error: str) -> str:
    found = re.search(r" ?\((?:at line (\d+), column (\d+)|at end of document)\)", error)
    if found is None:
        line, fact = _line_of(r"\d{4300}", text), "a number with more digits than can be read"
    else:
        line, fact = int(found[1] or text.count("\n") + 1), error[: found.start()]
    wrong = text.split("\n")[line - 1].strip()
    remedy = "correct it"
    if text.lstrip().startswith("{"):
        remedy = 'this looks like JSON: write TOML, as `draw = "normal"`'
    elif re.match(r"(- )?[\w\"']+ *:|---|%YAML", wrong):
        remedy = 'this looks like YAML: write TOML, as `draw = "normal"`'
    shown = "".join(each if each.isprintable() else "�" for each in wrong[:60])
    return f"{name}:{line}: not TOML: {fact}{f' in {shown!r}' if shown else ''}; {remedy}"


def _check_size(table: Table, text: str, name: str) -> None:
    """Raise SpecError for a table with too many values, or too many within each other."""
    level: list[Any] = [table]
    depth = nodes = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise SpecError(f"{name}:{_deep_line(text)}: {_too_deep()}")
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        found = [value for values in inner for value in values]
        nodes += len(found)
        if nodes > MAX_NODES:
            raise SpecError(f"{name} has more than {MAX_NODES:,} values; put them into a CSV file")
        level = [value for value in found if isinstance(value, dict | list)]


def _too_deep() -> str:
    return f"more than {MAX_DEPTH} tables or lists within each other; make it flat"


def _deep_line(text: str) -> int:
    return _line_of(r"(?:[\[{][^\[\]{}\n]*){10}|(?:[\w\"']+\.){10}", text)


def _line_of(pattern: str, text: str) -> int:
    found = re.search(pattern, text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def read_csv(path: Path) -> Rows:
    """Return the rows of a CSV file with a header; lines that start with # are comments.

    Raises SpecError if the file is missing or empty, or if a row has more or fewer values than there are
    columns.
    """
    lines = _Lines(read_bounded(path, MAX_FILE_BYTES))
    reader = csv.reader(lines, strict=True)
    rows: Rows = []
    try:
        names = next(reader, [])
        _check_names(path, names, lines.number)
        for values in reader:
            if values:
                _check_row(path, values, names, lines.number, len(rows))
                rows.append(Row(dict(zip(names, values, strict=True)), lines.number))
    except csv.Error as error:
        raise SpecError(f"{path.name}:{lines.number}: no CSV: {error}; correct its quotes") from None
    if not rows:
        raise SpecError(f"{path.name} has no rows; write some below its header")
    return rows


class _Lines:
    """The lines of a CSV text without comments, which knows how far it was read."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.number += 1
            if not line.startswith("#"):
                yield line


def _check_names(path: Path, names: list[str], line: int) -> None:
    if not any(names):
        raise SpecError(f"{path.name} has no header; name its columns in the first line")
    if "" in names or len(set(names)) < len(names):
        raise SpecError(f"{path.name}:{line}: columns without a name, or two of one; name each")


def _check_row(path: Path, values: list[str], names: list[str], line: int, rows: int) -> None:
    if len(values) != len(names):
        shown = ",".join(values)[:80]
        raise SpecError(
            f"{path.name}:{line}: {shown!r} has {len(values)} values for {len(names)} columns; correct it"
        )
    if max(map(len, values)) > MAX_CELL:
        raise SpecError(f"{path.name}:{line}: a value has more than {MAX_CELL:,} characters; shorten it")
    if rows >= MAX_ROWS or rows * len(names) >= MAX_CELLS:
        raise SpecError(
            f"{path.name} has more than {min(MAX_ROWS, MAX_CELLS // len(names)):,} rows; keep the heaviest"
        )


def read_parquet(path: Path) -> Rows:
    """Return the rows of a Parquet file, each value as text. Raises SpecError if it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    data = _read_bytes(path, MAX_FILE_BYTES)
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names, count = file.schema_arrow.names, file.metadata.num_rows
        if count > min(MAX_ROWS, MAX_CELLS // max(len(names), 1)):
            raise SpecError(f"{path.name} has {count:,} rows, which are too many; keep the heaviest")
        _check_names(path, names, 1)
        rows: Rows = []
        for batch in file.iter_batches(10_000):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                texts = ["" if value is None else str(value) for value in values]
                _check_row(path, texts, names, len(rows) + 1, len(rows))
                rows.append(Row(dict(zip(names, texts, strict=True)), len(rows) + 1))
    except (pa.ArrowException, OSError) as error:
        raise SpecError(f"{path.name} is no Parquet file ({str(error)[:80]}); write it anew") from None
    if not rows:
        raise SpecError(f"{path.name} has no rows; write some")
    return rows
