"""Thumbnails of a block of pictures: made once, when the picture is decoded, and published as a database."""

import io
import threading
from collections.abc import Iterator, Sequence

import pyarrow as pa
from PIL import Image

from synthprof.store.blocks import Blocks

SIDE, QUALITY = 192, 80
"""Pixels of the longer side of a thumbnail, and its quality as JPEG: about 6 KB of a photograph."""

COLUMN = "thumbnail"

SCHEMA = pa.schema({"id": pa.int64(), COLUMN: pa.binary()})


class Thumbnails:
    """The thumbnails of a block, by the digest of the picture. Threads may add some at once."""

    def __init__(self) -> None:
        self._made: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._made

    def add(self, digest: bytes, image: Image.Image) -> None:
        """Make the thumbnail of a picture, if it has none."""
        if digest in self._made:
            return
        factor = min(1.0, SIDE / max(image.size))
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        # a third of the time that bicubic takes, and nobody looks closely
        small = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=1.0)
        target = io.BytesIO()
        small.save(target, "JPEG", quality=QUALITY)
        with self._lock:
            self._made[digest] = target.getvalue()

    def batch(self, digests: Sequence[bytes | None]) -> pa.RecordBatch:
        """Return the thumbnails of rows, null where there is no digest or no thumbnail."""
        found = [None if each is None else self._made.get(each) for each in digests]
        return pa.RecordBatch.from_arrays([pa.array(found, pa.binary())], [COLUMN])


def all_thumbnails(blocks: Blocks) -> Iterator[pa.RecordBatch]:
    """Yield the thumbnails of each block with their ids. Raises StageError if a file cannot be read."""
    for block in range(blocks.spec.blocks):
        ids = blocks.profiles(block).column("id")
        yield pa.RecordBatch.from_arrays([ids, blocks.thumbnails(block).column(0)], schema=SCHEMA)
