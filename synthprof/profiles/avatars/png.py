"""PNG files by our own bytes: stored, not compressed, as compressors differ between machines.

The format is that of the W3C's PNG specification (third edition, 2025) and of RFC 1950 and 1951.
"""

import struct
import zlib
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_INDEXED, _COLOURED = 3, 2
_STORED_MAX = 65_535


def indexed_pngs(places: Pixels, palettes: Pixels) -> Iterator[bytes]:
    """Yield a PNG file of four bits a pixel for each picture.

    places: (n, size, size), below 16, of an even size. palettes: (n, 16, 3).
    """
    count, high, wide = places.shape
    lines = np.zeros((count, high, 1 + wide // 2), np.uint8)  # each line begins with its filter, 0 for none
    lines[:, :, 1:] = places[:, :, ::2] << 4 | places[:, :, 1::2]
    head = _head(wide, high, 4, _INDEXED)
    for line, palette in zip(lines, palettes, strict=True):
        yield head + _chunk(b"PLTE", palette.tobytes()) + _data(line.tobytes())


def coloured_png(picture: Pixels) -> bytes:
    """Return a PNG file of 24 bits a pixel. picture: (height, width, 3)."""
    high, wide, _ = picture.shape
    lines = np.zeros((high, 1 + 3 * wide), np.uint8)
    lines[:, 1:] = picture.reshape(high, -1)
    return _head(wide, high, 8, _COLOURED) + _data(lines.tobytes())


def _head(wide: int, high: int, bits: int, kind: int) -> bytes:
    return _SIGNATURE + _chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, bits, kind, 0, 0, 0))


def _data(lines: bytes) -> bytes:
    """Return the chunks of the pixels and of the end: a zlib stream of stored blocks."""
    parts = [lines[at : at + _STORED_MAX] for at in range(0, len(lines), _STORED_MAX)]
    stream = [b"\x78\x01"]
    for part in parts:
        last = part is parts[-1]
        stream += [struct.pack("<BHH", last, len(part), len(part) ^ 0xFFFF), part]
    stream.append(struct.pack(">I", zlib.adler32(lines)))
    return _chunk(b"IDAT", b"".join(stream)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
