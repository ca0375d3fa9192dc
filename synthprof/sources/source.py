"""A source of texts: a file, folder or database, and the columns wanted of it."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from synthprof.base.columns import parse_columns, written_columns
from synthprof.base.errors import SpecError
from synthprof.schemas.loader import KEY, TEXT
from synthprof.sources.carried import chosen, kind_of
from synthprof.sources.formats import Asked, reader_of_path
from synthprof.sources.reading import KIND, Reader
from synthprof.sources.sql import ADDRESS, sql_of
from synthprof.spec.spec import Runtime

RESERVED = ("id", KEY, TEXT, "cluster_id")
"""Column names that synthprof uses itself, in any case: SQLite does not distinguish case."""


@dataclass(frozen=True)
class Source:
    """The place of the rows and the columns to read. columns: as in the spec. address: if it is no path."""

    path: Path
    table: str
    id_column: str
    text_column: str
    columns: str = ""
    address: str = ""

    @classmethod
    def of(cls, runtime: Runtime, columns: str) -> "Source":
        """Return the source that the parameters name."""
        address = runtime.source if ADDRESS.fullmatch(runtime.source) else ""
        path = Path(runtime.source)
        return cls(path, runtime.table, runtime.id_column, runtime.text_column, columns, address)

    @property
    def name(self) -> str:
        """The place, for messages."""
        return self.address or str(self.path)


def columns_with_kinds(source: Source, reader: Reader) -> str:
    """Return the further columns with their kinds, as `place:text,year:integer`, sorted by name.

    Raises SpecError for a column that is unknown, reserved or named twice.
    """
    wished = parse_columns(source.columns)
    if taken := [name for name in wished if name.casefold() in RESERVED]:
        raise SpecError(f"columns={source.columns}: {', '.join(taken)} is reserved; rename it in a view")
    found = {field.name: _kind_of(field) for field in reader.schema(list(wished))}
    return written_columns({name: chosen(wish, found[name]) for name, wish in wished.items()})


def _kind_of(field: pa.Field) -> str:
    return (field.metadata or {}).get(KIND, b"").decode() or kind_of(field.type)


def reader_of(source: Source, *, settled: bool = True) -> Reader:
    """Return the reader of a source. Raises SpecError if its path cannot, or may not, be read.

    settled: nothing is known to write it.
    """
    if source.address:
        return sql_of(source.address, source.table)
    return reader_of_path(source.path, Asked(source.table, (source.id_column, source.text_column), settled))
