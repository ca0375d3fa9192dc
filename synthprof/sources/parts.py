"""A folder of files that are parts of one table, as Spark writes them; folders may name columns."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.sources.bounds import cut
from synthprof.sources.files import bytes_of
from synthprof.sources.reading import Part, Reader, failed_file

NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

Open = Callable[[Path], Reader]
"""Returns the reader of one file."""


class Parts:
    """A reader of all files of a folder, one after the other; a file that cannot be read is a bad row."""

    def __init__(self, path: Path, files: Sequence[Path], reader: Open) -> None:
        """files: sorted by path."""
        self.path = path
        self._files = files
        self._open = reader
        self._said: dict[str, None] = {}
        self.size = bytes_of(list(files))
        self._folders = _folder_types([_in_folders(self._name(file)) for file in files])

    @property
    def said(self) -> str:
        """The number of files, and what those that were opened were read as."""
        count = f"{len(self._files):,} file{'s' if len(self._files) > 1 else ''}"
        return f"{count} of {' and '.join(self._said)}"

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types that hold the columns of all files; a column need not be in every file."""
        wanted = [name for name in columns if name not in self._folders]
        found = [schema for _, schema in self._schemas(wanted)]
        types = {
            name: _common([each.field(name).type for each in found if name in each.names]) for name in wanted
        }
        types |= self._folders
        return pa.schema([(name, types[name]) for name in columns])

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows of each file. Raises SpecError if none can be read."""
        schema = pa.schema([*((name, pa.string()) for name in columns[:2]), *self.schema(columns[2:])])
        problems: list[SpecError] = []
        for file in self._files:
            name = self._name(file)
            try:
                yield from self._of_file(file, name, schema)
            except SpecError as error:
                problems.append(error)
                if len(problems) == len(self._files):
                    raise
                yield failed_file(name, str(error), schema)

    def cancel(self) -> None:
        """Do nothing: files are read in a moment."""

    def watch(self) -> None:
        """Do nothing: reading takes nothing but memory."""

    def _schemas(self, columns: Sequence[str]) -> Iterator[tuple[Path, pa.Schema]]:
        """Yield the types of the columns that each readable file has. Raises SpecError if no file has one."""
        missing, problem = set(columns), None
        for file in self._files if columns else ():
            there = []
            for name in columns:
                try:
                    there += list(self._opened(file).schema([name]))
                except SpecError as error:
                    problem = error
            missing -= {each.name for each in there}
            yield file, pa.schema(there)
        if missing and problem is not None:
            raise problem

    def _of_file(self, file: Path, name: str, schema: pa.Schema) -> Iterator[Part]:
        reader = self._opened(file)
        folders = _in_folders(name)
        further = [each for each in schema.names[2:] if each not in self._folders]
        there = schema.names[:2] + [each for each in further if self._has(reader, each)]
        for part in reader.parts(there):
            for piece in cut(part):
                arrays = [*piece.batch.columns[:2]]
                for each in list(schema)[2:]:
                    if each.name in there:
                        arrays.append(piece.batch.column(there.index(each.name, 2)).cast(each.type))
                    else:
                        value = pa.scalar(folders.get(each.name), pa.string()).cast(each.type)
                        arrays.append(pa.repeat(value, piece.batch.num_rows))
                yield replace(piece, batch=pa.RecordBatch.from_arrays(arrays, schema.names), file=name)

    def _has(self, reader: Reader, column: str) -> bool:
        try:
            return bool(reader.schema([column]))
        except SpecError:
            return False

    def _opened(self, file: Path) -> Reader:
        reader = self._open(file)
        self._said.setdefault(reader.said)
        return reader

    def _name(self, file: Path) -> str:
        return file.relative_to(self.path).as_posix()


def _in_folders(name: str) -> dict[str, str | None]:
    """Return the values that the folders of a path name, as `year=2020/part-0.parquet`."""
    pairs = (folder.partition("=") for folder in name.split("/")[:-1] if "=" in folder)
    found = {unquote(column): unquote(value) for column, _, value in pairs}
    return {column: None if value == NO_VALUE else value for column, value in found.items()}


def _folder_types(found: list[dict[str, str | None]]) -> dict[str, pa.DataType]:
    """Return the type of each column that folders name: whole numbers if all are, else text."""
    values: dict[str, list[str]] = {}
    for each in found:
        for name, value in each.items():
            values.setdefault(name, []).extend([value] if value is not None else [])
    whole = re.compile(r"-?\d{1,18}")
    return {
        name: pa.int64() if of and all(map(whole.fullmatch, of)) else pa.string()
        for name, of in values.items()
    }


def _common(types: list[pa.DataType]) -> pa.DataType:
    """Return the type that holds values of all the types; text where they have nothing else in common."""
    try:
        schemas = [pa.schema({"x": each}) for each in types]
        return pa.unify_schemas(schemas, promote_options="permissive").field("x").type
    except pa.ArrowException:
        return pa.string()
