"""Rows of a sheet of an Excel workbook; the first row that is not empty has the names of the columns."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.base.units import MIB
from synthprof.sources.arrow_files import check_columns
from synthprof.sources.files import steady
from synthprof.sources.reading import Part
from synthprof.sources.values import Columns, Role, Row, Seen, in_parts

MAX_BYTES = 256 * MIB
"""Bytes of a workbook once its parts are decompressed."""

MAX_CELLS = 20_000_000
"""Cells between the first and the last one of a sheet: each takes memory, also if it is empty."""

_CELL = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3})(\d{1,7})"')
_LONGEST_TAG = 1_000


class Excel:
    """A reader of one sheet. table: its name; may be empty if the workbook has only one."""

    said = "Excel"

    def __init__(self, path: Path, table: str) -> None:
        check_installed("sources", "python_calamine")
        self.path = path
        self.size = path.stat().st_size
        with steady(path):
            _check_sizes(path)
            self._first, self._rows = self._loaded(table)
        header = self._rows[0] if self._rows else []
        self._header = [str(value).strip() for value in header]
        self._types: dict[str, pa.DataType] = {}

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of the columns, from all their values."""
        check_columns(columns, self._header, f"source={self.path}")
        for name in columns:
            if name not in self._types:
                seen = Seen()
                seen.add(_value(row[self._header.index(name)]) for row in self._rows[1:])
                self._types[name] = seen.arrow
        return pa.schema([(name, self._types[name]) for name in columns])

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows that are not empty. The first column is the id, the second the text."""
        return self._parts(columns, ("key", "text", *self.schema(columns[2:]).types))

    def names(self) -> list[str]:
        """Return the names of all columns."""
        return self._header

    def whole(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows that are not empty, each column in its own type."""
        return self._parts(columns, tuple(self.schema(columns).types))

    def _parts(self, columns: Sequence[str], types: tuple[Role | pa.DataType, ...]) -> Iterator[Part]:
        check_columns(columns, self._header, f"source={self.path}")
        wanted = Columns(tuple(columns), types)
        places = [self._header.index(name) for name in columns]
        rows: Iterator[Row] = (
            (self._first + number, [_value(row[place]) for place in places], "")
            for number, row in enumerate(self._rows)
            if number and any(value != "" for value in row)
        )
        yield from in_parts(wanted, rows, "row")

    def cancel(self) -> None:
        """Do nothing: the sheet is in memory."""

    def watch(self) -> None:
        """Do nothing: the sheet is in memory."""

    def _loaded(self, table: str) -> tuple[int, list[list[Any]]]:
        """Return the number of the first row, and all rows. Raises SpecError that lists the sheets."""
        from python_calamine import CalamineError, CalamineWorkbook

        try:
            with CalamineWorkbook.from_path(str(self.path)) as book:
                names = book.sheet_names
                name = table or (names[0] if len(names) == 1 else "")
                if name not in names:
                    wrong = f"has no sheet {table!r}" if table else "has more than one sheet, or none"
                    raise SpecError(f"source={self.path} {wrong}; name one by table: {', '.join(names)}")
                sheet = book.get_sheet_by_name(name)
                return (sheet.start or (0, 0))[0] + 1, sheet.to_python(skip_empty_area=True)
        except (CalamineError, ValueError, zipfile.BadZipFile) as error:
            if isinstance(error, SpecError):
                raise
            raise SpecError(f"source={self.path} cannot be read: {error}; name a sound Excel file") from None


def _value(value: Any) -> Any:  # noqa: ANN401
    """Return the value of a cell: none if it is empty, whole numbers as such, which Excel does not know."""
    if value == "":
        return None
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _check_sizes(path: Path) -> None:
    """Raise SpecError for a workbook that would fill the memory: calamine holds a whole sheet at once."""
    if not zipfile.is_zipfile(path):
        if path.stat().st_size > MAX_BYTES:
            raise SpecError(f"source={path} has more than {MAX_BYTES // MIB} MiB; save it as CSV")
        return
    total = 0
    with zipfile.ZipFile(path) as book:
        for part in book.infolist():
            corner, rest = [0, 0], b""
            with book.open(part) as file:
                while found := file.read(MIB):
                    total += len(found)
                    if total > MAX_BYTES:
                        raise SpecError(
                            f"source={path} has more than {MAX_BYTES // MIB} MiB once it is decompressed; "
                            "save it as CSV"
                        )
                    if "worksheets/" in part.filename:
                        _widen(corner, rest + found)
                        rest = found[-_LONGEST_TAG:]
            if corner[0] * corner[1] > MAX_CELLS:
                raise SpecError(
                    f"source={path}: {part.filename} reaches to column {corner[0]:,} and row {corner[1]:,}, "
                    f"more than {MAX_CELLS:,} cells; remove what lies far out, or save it as CSV"
                )


def _widen(corner: list[int], xml: bytes) -> None:
    """Move the corner, column and row, beyond all cells that the text names."""
    for letters, row in _CELL.findall(xml):
        column = 0
        for letter in letters:
            column = 26 * column + letter - 64
        corner[0] = max(corner[0], column)
        corner[1] = max(corner[1], int(row))


def is_workbook(path: Path) -> bool:
    """Return whether a zip file is one of Excel's."""
    try:
        with zipfile.ZipFile(path) as book:
            return "xl/workbook.xml" in book.namelist()
    except (zipfile.BadZipFile, io.UnsupportedOperation):
        return False
