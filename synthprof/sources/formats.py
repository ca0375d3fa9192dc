"""Which reader a path has: told by the first bytes of a file, and by its name where these do not tell."""

from pathlib import Path

from synthprof.base.errors import SpecError
from synthprof.base.permitted import check_permitted
from synthprof.sources.arrow_files import Arrow, Parquet
from synthprof.sources.files import check_file, files_below, problem
from synthprof.sources.folder import Folder
from synthprof.sources.reading import Reader
from synthprof.sources.sqlite import Sqlite

MAGIC = {
    b"SQLite format 3\x00": "sqlite",
    b"PAR1": "parquet",
    b"ARROW1": "arrow",
    b"\xff\xff\xff\xff": "arrow",
}
"""The first bytes of a file of each format."""


def reader_of_path(path: Path, table: str, wanted: tuple[str, str], settled: bool) -> Reader:
    """Return the reader of a file or folder. wanted: the columns of ids and texts.

    Raises SpecError if it cannot, or may not, be read.
    """
    try:
        path = path.expanduser()
        check_permitted(path)
        check_file(path)
        if path.is_dir():
            return Folder(path, sorted(files_below(path)))
        kind = format_of(path)
    except RuntimeError as error:  # ~name of an unknown user; a loop of links
        if isinstance(error, SpecError):
            raise
        raise SpecError(f"source={path} cannot be read: {error}; name a file or folder") from None
    except OSError as error:
        raise problem(f"source={path}", error, "name a file or folder") from None
    if kind == "sqlite":
        return Sqlite(path, table, settled=settled)
    if kind == "parquet":
        return Parquet(path)
    if kind == "arrow":
        return Arrow(path)
    raise SpecError(
        f"source={path} is neither an SQLite nor a Parquet file nor a folder of text files; name one of these"
    )


def format_of(path: Path) -> str:
    """Return the format of a file, empty if none is known. Raises OSError."""
    with path.open("rb") as file:
        begins = file.read(16)
    return next((kind for magic, kind in MAGIC.items() if begins.startswith(magic)), "")
