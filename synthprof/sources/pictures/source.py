"""The pictures of a source: a folder of files, a table, or tar files, told by what lies at its path."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from synthprof.base.errors import SpecError, SynthprofError
from synthprof.base.extras import check_installed
from synthprof.base.permitted import check_permitted
from synthprof.sources.arrow_files import Arrow, Parquet
from synthprof.sources.files import check_file, files_below, problem
from synthprof.sources.formats import IN_PARTS, Asked, format_of, reader_of_path
from synthprof.sources.pictures.folder import PictureFolder
from synthprof.sources.pictures.picture import Picture
from synthprof.sources.pictures.table import DEFAULT_ID, PictureTable, Shards, check_images
from synthprof.sources.pictures.tar import PictureTars
from synthprof.sources.reading import Reader

DEFAULT_IMAGE = "image"
"""Name of the column with the pictures of a table."""


class Pictures(Protocol):
    """The pictures of one source, which come in the same order each time."""

    @property
    def said(self) -> str:
        """The form that the source was read as, for people."""

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of further columns. Raises SpecError for one that is unknown."""

    def pictures(self, columns: Sequence[str] = ()) -> Iterator[Picture]:
        """Yield the pictures with these further columns."""


@dataclass(frozen=True)
class _Files:
    """The pictures of a folder, which have no further columns."""

    folder: PictureFolder

    @property
    def said(self) -> str:
        """The form, and how many files were passed over."""
        others = f", {self.folder.passed_over:,} other files passed over" if self.folder.passed_over else ""
        return f"a folder of pictures{others}"

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        if columns:
            raise SpecError(f"source={self.folder.path} is a folder of pictures: it has no columns to keep")
        return pa.schema([])

    def pictures(self, columns: Sequence[str] = ()) -> Iterator[Picture]:
        return iter(self.folder)


def open_source(
    path: Path,
    *,
    table: str = "",
    id_column: str = "id",
    image_column: str = DEFAULT_IMAGE,
    columns: Sequence[str] = (),
) -> Iterator[Picture]:
    """Yield the pictures of a source, in the same order each time; those that are bad raise when loaded.

    path: a folder of pictures, a table with BLOBs or paths in a file or folder of parts, a tar file, or a
    folder of tar files. table, id_column, image_column: of a table. columns: further ones, of tables and tar
    files. Raises SpecError if the source cannot, or may not, be read.

    for picture in open_source(Path("photos")):
        pixels = decode(picture)
    """
    return pictures_of(path, table, id_column, image_column).pictures(columns)


def pictures_of(
    path: Path, table: str, id_column: str, image_column: str, *, settled: bool = True
) -> Pictures:
    """Return what reads the pictures of a path. settled: nobody writes it. Raises as `open_source`."""
    check_installed("images", "PIL")
    try:
        path = path.expanduser()
        check_permitted(path)
        check_file(path)
        if path.is_dir():
            files = _parts(path)
            if files and all(map(_is_tar, files)):
                return PictureTars(path, files)
            if not files or format_of(files[0]) not in IN_PARTS:
                return _Files(PictureFolder(path))
        elif _is_tar(path):
            return PictureTars(path, [path])
    except RuntimeError as error:  # ~name of an unknown user; a loop of links
        if isinstance(error, SynthprofError):
            raise
        raise SpecError(f"source={path} cannot be read: {error}; name a file or folder") from None
    except OSError as error:
        raise problem(f"source={path}", error, "name a file or folder") from None
    reader = _table(path, Asked(table, (id_column, image_column), settled))
    check_images(reader.schema([image_column]), image_column)
    return PictureTable(reader, path if path.is_dir() else path.parent, id_column, image_column)


def _table(path: Path, asked: Asked) -> Reader:
    """Return the reader of a table, whose parts need no ids if they are of Arrow's types."""
    reader = reader_of_path(path, asked)
    if not path.is_dir() or asked.columns[0] != DEFAULT_ID:
        return reader
    files = [(each.relative_to(path).as_posix(), reader_of_path(each, asked)) for each in _parts(path)]
    if not all(isinstance(each, Parquet | Arrow) for _, each in files):
        return reader
    return reader if _has(files[0][1], DEFAULT_ID) else Shards(path, files)


def _has(reader: Reader, column: str) -> bool:
    try:
        return bool(reader.schema([column]))
    except SpecError:
        return False


def _parts(folder: Path) -> list[Path]:
    """Return the files of a folder that are parts of a table or tar files if the first one is; else none."""
    first = next((each for each in sorted(folder.iterdir()) if _counts(each)), None)
    if first is None or (first.is_file() and not (_is_tar(first) or format_of(first) in IN_PARTS)):
        return []
    files = [each for each in sorted(files_below(folder)) if _counts(each)]
    return files if all(_is_tar(each) or format_of(each) in IN_PARTS for each in files) else []


def _counts(path: Path) -> bool:
    return not path.name.startswith((".", "_"))


def _is_tar(path: Path) -> bool:
    return path.suffix.lower() == ".tar"
