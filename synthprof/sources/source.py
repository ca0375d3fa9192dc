"""A source of texts: a file or folder, and the columns wanted of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from synthprof.base.errors import SpecError
from synthprof.base.permitted import check_permitted
from synthprof.schemas.loader import KEY, TEXT
from synthprof.sources.folder import Folder
from synthprof.sources.parquet import Parquet
from synthprof.sources.sqlite import Sqlite
from synthprof.spec.spec import Runtime

MAGIC = {b"SQLite format 3\x00": Sqlite, b"PAR1": Parquet}
"""The first bytes of a file of each kind, and its reader."""

RESERVED = ("id", KEY, TEXT, "cluster_id")
"""Column names that synthprof uses itself, in any case: SQLite does not distinguish case."""


class Reader(Protocol):
    """A reader of one kind of source, whose rows always have the same order."""

    def kinds(self, columns: Sequence[str]) -> list[str]:
        """Return `integer` or `text` for each column. Raises SpecError for an unknown column."""

    def rows(self, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield rows of the columns' values, some at a time. Raises SpecError for an unknown column."""


@dataclass(frozen=True)
class Source:
    """The place of the rows and the columns to read. columns: as in the spec."""

    path: Path
    table: str
    id_column: str
    text_column: str
    columns: str = ""

    @classmethod
    def of(cls, runtime: Runtime, columns: str) -> "Source":
        """Return the source that the parameters name."""
        return cls(Path(runtime.source), runtime.table, runtime.id_column, runtime.text_column, columns)


def columns_with_kinds(source: Source) -> str:
    """Return the further columns with their kinds, as `ano:integer,cidade:text`, sorted by name.

    Raises SpecError for a column that is unknown, reserved or named twice.
    """
    wished = dict(each.partition(":")[::2] for each in source.columns.split(",") if each)
    if taken := [name for name in wished if name.casefold() in RESERVED]:
        raise SpecError(f"columns={source.columns}: {', '.join(taken)} is reserved; rename it in a view")
    if len({name.casefold() for name in wished}) < len(wished):
        raise SpecError(f"columns={source.columns}: names must differ in more than case; rename one")
    found = zip(wished, reader_of(source).kinds(list(wished)), strict=True)
    return ",".join(sorted(f"{name}:{wished[name] or kind}" for name, kind in found))


def reader_of(source: Source) -> Reader:
    """Return the reader of a source. Raises SpecError if its path cannot, or may not, be read."""
    path = source.path
    try:
        path = path.expanduser()
        check_permitted(path)
        if path.is_dir():
            return Folder(path)
        with path.open("rb") as file:
            begins = file.read(16)
    except (OSError, RuntimeError) as error:  # ~name of an unknown user
        reason = error.strerror if isinstance(error, OSError) else error
        raise SpecError(f"source={path} cannot be read: {reason}; name a file or folder") from None
    for magic, kind in MAGIC.items():
        if begins.startswith(magic):
            return kind(path, source.table)  # type: ignore[no-any-return]
    raise SpecError(
        f"source={path} is neither an SQLite nor a Parquet file nor a folder of text files; name one of these"
    )
