"""The reader for a path: told by the first bytes of a file, and by its name where these do not tell."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthprof.base.errors import SpecError, SynthprofError
from synthprof.base.permitted import check_permitted
from synthprof.sources.arrow_files import Arrow, Parquet
from synthprof.sources.delimited import Delimited
from synthprof.sources.duck import Duck
from synthprof.sources.excel import Excel, is_workbook
from synthprof.sources.files import check_file, files_below, problem
from synthprof.sources.folder import Folder
from synthprof.sources.json_rows import Json
from synthprof.sources.parts import Parts
from synthprof.sources.reading import Reader
from synthprof.sources.sqlite import Sqlite
from synthprof.sources.streams import compression_of, encoding_of, text_of

MAGIC = {
    b"SQLite format 3\x00": "sqlite",
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "excel",
}
"""The first bytes of a file of each format."""

SUFFIXES = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".psv"), "delimited"),
    **dict.fromkeys((".json", ".jsonl", ".ndjson"), "json"),
}
"""The endings of names of text files that are tables, before that of their compression."""

PACKED = (".gz", ".bz2", ".zst", ".xz")

IN_PARTS = ("parquet", "arrow", "delimited", "json")
"""Formats whose files may be parts of one table."""


@dataclass(frozen=True)
class Asked:
    """The parameters of a source beside its path. columns: of ids and texts. settled: nobody writes it."""

    table: str
    columns: tuple[str, str]
    settled: bool


def reader_of_path(path: Path, asked: Asked) -> Reader:
    """Return the reader of a file or folder. Raises SpecError if it cannot, or may not, be read."""
    try:
        path = path.expanduser()
        check_permitted(path)
        check_file(path)
        return _reader_of_folder(path, asked) if path.is_dir() else _reader_of_file(path, asked)
    except RuntimeError as error:  # ~name of an unknown user; a loop of links
        if isinstance(error, SynthprofError):
            raise
        raise SpecError(f"source={path} cannot be read: {error}; name a file or folder") from None
    except OSError as error:
        raise problem(f"source={path}", error, "name a file or folder") from None


def _reader_of_folder(path: Path, asked: Asked) -> Reader:
    """Return the reader of a table in parts if all files have one such format, else of texts."""
    files = sorted(files_below(path))
    tables = [file for file in files if not file.relative_to(path).parts[-1].startswith("_")]
    kind = format_of(tables[0]) if tables else ""
    if kind in IN_PARTS and all(format_of(file) == kind for file in tables):
        return Parts(path, tables, lambda file: READERS[kind](file, asked))
    return Folder(path, files)


def _reader_of_file(path: Path, asked: Asked) -> Reader:
    kind = format_of(path) or _format_of_text(path, asked.columns)
    if not kind:
        raise SpecError(
            f"source={path} is no SQLite, Parquet, Arrow, CSV, JSON, Excel or DuckDB file with the columns "
            f"{' and '.join(map(repr, asked.columns))}, nor a folder; name one of these"
        )
    return READERS[kind](path, asked)


def format_of(path: Path) -> str:
    """Return the format of a file by its first bytes, else by its name; empty if neither tells."""
    with path.open("rb") as file:
        begins = file.read(16)
    if begins[8:12] == b"DUCK":
        return "duckdb"
    if begins.startswith(b"PK") and is_workbook(path):
        return "excel"
    for magic, kind in MAGIC.items():
        if begins.startswith(magic):
            return kind
    suffixes = [each.lower() for each in path.suffixes]
    if compression_of(begins) and suffixes[-1:] and suffixes[-1] in PACKED:
        suffixes.pop()
    return SUFFIXES.get(suffixes[-1], "") if suffixes else ""


def _format_of_text(path: Path, columns: Sequence[str]) -> str:
    """Return the format of a text whose name tells none: JSON, or the columns stand in row 1."""
    with text_of(path, encoding_of(path)) as text:
        begins = text.read(1 << 16).lstrip()
    if "\0" in begins:
        return ""
    if begins[:1] in ("{", "["):
        return "json"
    try:
        found = Delimited(path, columns)
    except SpecError:
        return ""
    return "delimited" if set(columns) <= set(found.header) else ""


READERS: dict[str, Callable[[Path, Asked], Reader]] = {
    "excel": lambda path, asked: Excel(path, asked.table),
    "duckdb": lambda path, asked: Duck(path, asked.table),
    "sqlite": lambda path, asked: Sqlite(path, asked.table, settled=asked.settled),
    "parquet": lambda path, _: Parquet(path),
    "arrow": lambda path, _: Arrow(path),
    "delimited": lambda path, asked: Delimited(path, asked.columns),
    "json": lambda path, _: Json(path),
}
