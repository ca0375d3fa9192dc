"""A source of texts: a file, folder or database, and the columns wanted of it."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from synthprof.base.columns import parse_columns, written_columns
from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.schemas.loader import KEY, TEXT
from synthprof.sources.carried import chosen, kind_of
from synthprof.sources.formats import Asked, reader_of_path
from synthprof.sources.pictures.facts import FACTS, with_facts
from synthprof.sources.pictures.source import Pictures, pictures_of
from synthprof.sources.pictures.table import PictureTable, check_images
from synthprof.sources.reading import KIND, Reader
from synthprof.sources.sql import ADDRESS, sql_of
from synthprof.spec.spec import RowKind, Runtime

RESERVED = ("id", KEY, TEXT, "cluster_id")
"""Column names that synthprof uses itself, in any case: SQLite does not distinguish case."""


@dataclass(frozen=True)
class Source:
    """The place of the rows and the columns to read.

    columns: as in the spec. address: if it is no path. image_column: if the rows are pictures.
    """

    path: Path
    table: str
    id_column: str
    text_column: str
    columns: str = ""
    address: str = ""
    image_column: str = ""

    @classmethod
    def of(cls, runtime: Runtime, columns: str, kind: RowKind = "texts") -> "Source":
        """Return the source that the parameters name."""
        address = runtime.source if ADDRESS.fullmatch(runtime.source) else ""
        return cls(
            Path(runtime.source),
            runtime.table,
            runtime.id_column,
            runtime.text_column,
            columns,
            address,
            runtime.image_column if kind == "images" else "",
        )

    @property
    def name(self) -> str:
        """The place, for messages."""
        return self.address or str(self.path)


def columns_with_kinds(source: Source, reader: Reader) -> str:
    """Return the further columns with their kinds, as `place:text,year:integer`, sorted by name.

    Raises SpecError for a column that is unknown, reserved or named twice.
    """
    wished = parse_columns(source.columns)
    reserved = (*RESERVED, *FACTS) if source.image_column else RESERVED
    if taken := [name for name in wished if name.casefold() in reserved]:
        raise SpecError(f"columns={source.columns}: {', '.join(taken)} is reserved; rename it in a view")
    found = {field.name: _kind_of(field) for field in reader.schema(list(wished))}
    kept = {name: chosen(wish, found[name]) for name, wish in wished.items()}
    return written_columns(with_facts(kept) if source.image_column else kept)


def _kind_of(field: pa.Field) -> str:
    return (field.metadata or {}).get(KIND, b"").decode() or kind_of(field.type)


def reader_of(source: Source, *, settled: bool = True) -> Reader:
    """Return the reader of a source. Raises SpecError if its path cannot, or may not, be read.

    settled: nothing is known to write it.
    """
    if source.image_column:
        from synthprof.sources.pictures.reader import PictureReader  # only pictures pay for Pillow

        return PictureReader(source_pictures(source, settled=settled))
    if source.address:
        return sql_of(source.address, source.table)
    return reader_of_path(source.path, Asked(source.table, (source.id_column, source.text_column), settled))


def source_pictures(source: Source, *, settled: bool = True) -> Pictures:
    """Return the pictures of a source. Raises SpecError if it cannot, or may not, be read."""
    if not source.address:
        return pictures_of(source.path, source.table, source.id_column, source.image_column, settled=settled)
    check_installed("images", "PIL")
    reader = sql_of(source.address, source.table)
    check_images(reader.schema([source.image_column]), source.image_column)
    return PictureTable(reader, None, source.id_column, source.image_column)
