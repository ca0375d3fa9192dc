"""Thumbnails of a block of pictures: made once, when the picture is decoded, and published as a database."""

import io
import threading
from collections.abc import Iterator, Sequence

import pyarrow as pa
from PIL import Image

from synthprof.store.blocks import Blocks

SIDE, QUALITY = 256, 80
"""Pixels of the longer side of a thumbnail at most, and its quality as JPEG: about 8 KB of a photograph."""

LEAST = 192
"""Pixels of the shorter side that a picture is decoded to for its thumbnail, where it has them."""

AT_ONCE = 16
"""Small pictures that are compressed one after the other: alone, each finds the processor's caches cold."""

COLUMN = "thumbnail"

SCHEMA = pa.schema({"id": pa.int64(), COLUMN: pa.binary()})


class Thumbnails:
    """The thumbnails of a block, by the digest of the picture. Threads may add some at once."""

    def __init__(self) -> None:
        self._small: dict[bytes, Image.Image] = {}
        self._made: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._small or digest in self._made

    def add(self, digest: bytes, image: Image.Image) -> None:
        """Make the thumbnail of a picture, if it has none."""
        if digest in self:
            return
        # means of whole squares of pixels take a third of the time of a resize to one size for all
        small = image.reduce(-(-max(image.size) // SIDE))
        with self._lock:
            self._small[digest] = small
            full = len(self._small) >= AT_ONCE
        if full:
            self._compress()

    def _compress(self) -> None:
        with self._lock:
            taken, self._small = self._small, {}
        made = {digest: _jpeg(small) for digest, small in taken.items()}
        with self._lock:
            self._made |= made

    def batch(self, digests: Sequence[bytes | None]) -> pa.RecordBatch:
        """Return the thumbnails of rows, null where there is no digest or no thumbnail."""
        self._compress()
        found = [None if each is None else self._made.get(each) for each in digests]
        return pa.RecordBatch.from_arrays([pa.array(found, pa.binary())], [COLUMN])


def _jpeg(image: Image.Image) -> bytes:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=QUALITY)
    return target.getvalue()


def all_thumbnails(blocks: Blocks) -> Iterator[pa.RecordBatch]:
    """Yield the thumbnails of each block with their ids. Raises StageError if a file cannot be read."""
    for block in range(blocks.spec.blocks):
        ids = blocks.profiles(block).column("id")
        yield pa.RecordBatch.from_arrays([ids, blocks.thumbnails(block).column(0)], schema=SCHEMA)
