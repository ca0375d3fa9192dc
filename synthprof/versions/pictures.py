"""A version of pictures: found by another picture, and shown by thumbnails that were made once."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.encoders.encoder import PictureEncoder
from synthprof.schemas.loader import KEY
from synthprof.sources.pictures.facts import DIGEST
from synthprof.spec.contents import PERFIS, THUMBNAILS
from synthprof.spec.limits import MAX_THUMBNAILS
from synthprof.store.sqlite.database import read
from synthprof.versions.published import Published
from synthprof.versions.searcher import Searcher

if TYPE_CHECKING:
    from synthprof.sources.pictures.picture import Picture

THUMBNAIL_TYPE = "image/jpeg"
"""The media type of every thumbnail."""


def vector_of(searcher: Searcher, image: Path | bytes, most_pixels: int = 0) -> Matrix:
    """Return the embedding of a picture, (1, dim) float32 of norm 1, among those of a version of pictures.

    image: a file, or the bytes of one. most_pixels: of one from strangers; 0 for any that can be decoded.
    Raises SpecError if the version holds no pictures, or the picture cannot be read.
    """
    check_pictures(searcher.version)
    check_installed("images", "PIL")
    from synthprof.sources.pictures.decode import decode, facts_of
    from synthprof.sources.pictures.folder import read_file
    from synthprof.sources.pictures.picture import BadPicture, Picture

    name = str(image) if isinstance(image, Path) else "image"
    encoder = searcher.encoder
    assert isinstance(encoder, PictureEncoder)
    try:
        content = read_file(image) if isinstance(image, Path) else image
        facts = facts_of(content)
        if most_pixels and facts.width * facts.height > most_pixels:
            raise BadPicture(f"it has more than {most_pixels:,} pixels; make it smaller")
        pixels = decode(Picture(name, name, lambda: content), LEAST)
    except BadPicture as error:
        raise SpecError(f"{name}: {error}") from None
    return encoder.encode_pictures([pixels])


SHOWN_AT_ONCE = 512
"""Thumbnails that are in memory at a time, 3 MB."""

NO_THUMBNAIL = f"it has no thumbnail: it was not read, or lies beyond the first {MAX_THUMBNAILS:,} pictures"

_TOLD = f"SELECT id, {KEY}, {DIGEST} FROM perfis WHERE id BETWEEN ? AND ? ORDER BY id"
_SHOWN = "SELECT id, thumbnail FROM thumbnails WHERE id BETWEEN ? AND ?"

LEAST = 1_024
"""Pixels of the shorter side that a large JPEG keeps at least: more than any model looks at."""


def thumbnail_of(version: Published, row: int) -> bytes | None:
    """Return the thumbnail of a row, a JPEG; None for one that has none.

    Raises SpecError for an unknown id, or if the version holds no pictures; StageError for a damaged file.
    """
    check_pictures(version)
    if not 1 <= row <= version.manifest.rows:
        raise SpecError(f"id={row} is not in this version; ids go from 1 to {version.manifest.rows}")
    query = "SELECT thumbnail FROM thumbnails WHERE id = ?"
    found: list[bytes | None] = read(version.folder / THUMBNAILS, query, (row,)).column(0).to_pylist()
    return found[0] if found else None


def thumbnails(version: Published) -> "Iterator[Picture]":
    """Yield the thumbnails of a version of pictures, by id, each with the digest of its picture.

    One that a picture lacks raises BadPicture when it is loaded. Raises StageError for a damaged file.
    """
    from synthprof.sources.pictures.picture import Picture, bad

    for first in range(1, version.manifest.rows + 1, SHOWN_AT_ONCE):
        ids = (first, first + SHOWN_AT_ONCE - 1)
        found = read(version.folder / THUMBNAILS, _SHOWN, ids).to_pylist()
        shown = {each["id"]: each["thumbnail"] for each in found}
        for row in read(version.folder / PERFIS, _TOLD, ids).to_pylist():
            content = shown.get(row["id"])
            if content is None:
                yield bad(row[KEY], row[KEY], NO_THUMBNAIL, row)
            else:
                yield Picture(row[KEY], row[KEY], content.__bytes__, row)


def check_pictures(version: Published) -> None:
    """Raise SpecError unless the version holds pictures."""
    if not version.spec.pictures:
        raise SpecError(
            f"{version.manifest.dataset!r} holds {version.spec.row_word}s, no pictures; name a data set of "
            "`synthprof embed --kind images`"
        )
