"""One picture of a source: its id, its place, its bytes once they are wanted, and what else is told of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from synthprof.base.units import MIB

MAX_BYTES = 256 * MIB
"""Bytes of one encoded picture; pictures in a table have at most a row's (`bounds.ROW_BYTES`)."""

ENDINGS = (
    *("jpg", "jpeg", "jpe", "jfif", "png", "apng", "gif", "webp", "bmp", "dib", "tif", "tiff", "avif"),
    *(
        "heic",
        "heif",
        "jp2",
        "j2k",
        "jxl",
        "svg",
        "ico",
        "psd",
        "eps",
        "ppm",
        "pgm",
        "pbm",
        "pnm",
        "tga",
        "dng",
    ),
    *("cr2", "nef", "arw", "qoi", "dds", "exr", "hdr", "wmf", "emf", "xcf", "pcx"),
)
"""Endings of names of pictures, in lower case; formats that are not read are refused by their content."""


class BadPicture(Exception):
    """A picture that cannot be read. Its text is the reason and, where there is one, the remedy."""


@dataclass(frozen=True)
class Picture:
    """A picture of a source.

    id: its path in the folder, the value of the table's column of ids, or its name in a tar file; empty where
    it has none. name: its place in the source, for people. load: returns its encoded bytes, or raises
    BadPicture; may be called more than once and from any thread. columns: further values, as Arrow scalars
    or as Python has them. held: bytes in memory for it as long as it lives, 0 if they are read when wanted.
    """

    id: str
    name: str
    load: Callable[[], bytes] = field(repr=False)
    columns: Mapping[str, Any] = field(default_factory=dict, repr=False)
    held: int = 0


def bad(id_: str, name: str, reason: str, columns: Mapping[str, Any] | None = None) -> Picture:
    """Return a picture that cannot be read, for this reason."""

    def load() -> bytes:
        raise BadPicture(reason)

    return Picture(id_, name, load, columns or {})


def is_picture_name(name: str) -> bool:
    """Return whether the name has the ending of a picture.

    >>> is_picture_name("photos/Cat.JPG"), is_picture_name("notes.txt")
    (True, False)
    """
    return name.rpartition(".")[2].lower() in ENDINGS
