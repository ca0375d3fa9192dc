"""Pictures in a table: as BLOBs, as paths beside the table, or as `{bytes, path}` of Hugging Face."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.sources.arrow_files import Arrow, Parquet
from synthprof.sources.bounds import cut
from synthprof.sources.checks import keys_of
from synthprof.sources.pictures.folder import file_beside, read_file
from synthprof.sources.pictures.picture import Picture, bad
from synthprof.sources.reading import Part, Reader, failed_file

BYTES, PATH = "bytes", "path"
"""Fields of a picture in a table of Hugging Face."""

DEFAULT_ID = "id"
"""Column of ids that a file of Arrow's types need not have: path or row number stand for it then."""


class PictureTable:
    """The pictures of a table, in the order of its reader.

    folder: of the table, where paths begin; None for a database, whose pictures are BLOBs.
    """

    def __init__(self, reader: Reader, folder: Path | None, id_column: str, image_column: str) -> None:
        self.reader = reader
        self._folder = folder
        self._image = image_column
        self._id = id_column if _has_ids(reader, id_column) else ""

    @property
    def said(self) -> str:
        """The form of the table."""
        return f"pictures in {self.reader.said}"

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of further columns. Raises SpecError for one that is unknown."""
        return self.reader.schema(columns)

    def pictures(self, columns: Sequence[str] = ()) -> Iterator[Picture]:
        """Yield the pictures with these further columns, as Arrow scalars."""
        for part in self._parts([self._image, *columns]):
            keys, faults = _keys(part, self._id)
            images = part.batch.column(part.batch.num_columns - len(columns) - 1)
            further = part.batch.columns[part.batch.num_columns - len(columns) :]
            for row in range(part.batch.num_rows):
                values = dict(zip(columns, (array[row] for array in further), strict=True))
                place = part.place(row)
                if reason := part.faults.get(row) or faults.get(row):
                    yield bad("", place, reason, values)
                else:
                    key = keys[row].as_py() if self._id else _path(images[row]) or _numbered(part, row)
                    yield self._picture(key, place, images[row], values)

    def _parts(self, columns: list[str]) -> Iterator[Part]:
        """Yield decoded parts with the column of ids first, if there is one, and with these columns last."""
        whole = getattr(self.reader, "whole", None)
        if not self._id:
            for part in self.reader.parts(columns):
                yield from cut(part, texts=0)
        elif whole is not None:  # with ids of any type
            for part in whole([self._id, *columns]):
                yield from cut(part, texts=1)
        else:
            for part in self.reader.parts([self._id, self._id, *columns]):
                yield from cut(part)

    def _picture(self, key: str, place: str, image: pa.Scalar, values: Mapping[str, Any]) -> Picture:
        """Return the picture of a row."""
        content, path = _content(image), _path(image)
        name = path or place
        if content is not None:
            size = content.as_buffer().size
            return Picture(key, name, content.as_py, values, size)
        if not path:
            return bad(key, name, f"column {self._image!r} has no picture; give the row one", values)
        folder = self._folder
        if folder is None:
            return bad(key, name, "a path in a database names no file; store the pictures there", values)
        return Picture(key, name, lambda: read_file(file_beside(folder, path)), values)


def _has_ids(reader: Reader, id_column: str) -> bool:
    """Return whether the table has the column of ids. Raises SpecError unless it can do without."""
    try:
        reader.schema([id_column])
        return True
    except SpecError:
        if id_column == DEFAULT_ID and isinstance(reader, Parquet | Arrow | Shards):
            return False
        raise


class Shards:
    """A reader of files in Arrow's types that are parts of one table without ids, one after the other."""

    def __init__(self, path: Path, files: Sequence[tuple[str, Reader]]) -> None:
        """files: name and reader of each, sorted by path."""
        self._files = files
        self.size = sum(reader.size for _, reader in files)
        self.said = f"{len(files):,} files of {files[0][1].said}"
        self.path = path

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of the columns in the first file, which all must have."""
        return self._files[0][1].schema(columns)

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows of each file; one that cannot be read is a bad row."""
        for name, reader in self._files:
            try:
                for part in reader.parts(columns):
                    yield replace(part, file=name)
            except SpecError as error:
                yield failed_file(name, str(error), self.schema(columns))

    def cancel(self) -> None:
        """Do nothing: files are read in a moment."""

    def watch(self) -> None:
        """Do nothing: reading takes nothing but memory."""


def _numbered(part: Part, row: int) -> str:
    """Return the id of a row that has none: its number in its file."""
    return f"{part.file}:{part.numbers[row]}" if part.file else str(part.numbers[row])


def _keys(part: Part, id_column: str) -> tuple[Any, dict[int, str]]:
    """Return the ids as text, and why a row has none."""
    if not id_column:
        return pa.nulls(part.batch.num_rows, pa.string()), {}
    return keys_of(part.batch.column(0), id_column)


def _content(image: pa.Scalar) -> pa.Scalar | None:
    """Return the bytes of a picture, None where the row has none."""
    if isinstance(image, pa.StructScalar) and image.is_valid and BYTES in image:
        image = image[BYTES]
    binary = pa.types.is_binary(image.type) or pa.types.is_large_binary(image.type)
    return image if binary and image.is_valid else None


def _path(image: pa.Scalar) -> str:
    """Return the path of a picture, empty where the row has none."""
    if isinstance(image, pa.StructScalar) and image.is_valid and PATH in image:
        image = image[PATH]
    text = pa.types.is_string(image.type) or pa.types.is_large_string(image.type)
    return str(image.as_py()) if text and image.is_valid else ""


def check_images(schema: pa.Schema, column: str) -> None:
    """Raise SpecError unless a column can hold pictures."""
    kind = schema.field(column).type
    kinds = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_string, pa.types.is_large_string)
    nested = pa.types.is_struct(kind) and {BYTES, PATH} & {field.name for field in kind}
    if not nested and not pa.types.is_null(kind) and not any(is_of(kind) for is_of in kinds):
        raise SpecError(
            f"column {column!r} holds {kind}, a picture is bytes, a path, or a struct of both; name "
            "another by image_column"
        )
