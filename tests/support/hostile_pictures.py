"""Two hundred broken and hostile picture files, all made here from drawn ones by a fixed seed."""

import io
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

FORMATS = {
    "jpg": "JPEG",
    "png": "PNG",
    "gif": "GIF",
    "webp": "WEBP",
    "bmp": "BMP",
    "tif": "TIFF",
    "avif": "AVIF",
}
COUNT = 200


def encoded(ending: str, size: tuple[int, int] = (48, 32), mode: str = "RGB") -> bytes:
    """A red disc on grey in a format, by the ending of its name."""
    image = Image.new("RGB", size, "gray")
    ImageDraw.Draw(image).ellipse((4, 4, 28, 28), "red")
    target = io.BytesIO()
    image.convert(mode).save(target, FORMATS[ending])
    return target.getvalue()


def png(width: int, height: int, *chunks: tuple[bytes, bytes], depth: int = 8, colour: int = 2) -> bytes:
    """A PNG of these chunks after a header that claims any size."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IEND", b"")]
    made = b"".join(
        struct.pack(">I", len(c)) + n + c + struct.pack(">I", zlib.crc32(n + c)) for n, c in parts
    )
    return b"\x89PNG\r\n\x1a\n" + made


def write_all(folder: Path) -> int:
    """Write the files into a folder, of which none is a whole picture; return how many there are."""
    made = {name: content for name, content in _contents()}
    for name, content in made.items():
        (folder / name).write_bytes(content)
    links = _odd_kinds(folder)
    count = len(made) + links
    assert count == COUNT, count
    return count


def _contents() -> Iterator[tuple[str, bytes]]:
    yield from _cut()
    yield from _claims()
    yield from _wrong_kinds()
    yield from _flipped()


def _cut() -> Iterator[tuple[str, bytes]]:
    """Files that end too early, 63."""
    for ending in FORMATS:
        whole = encoded(ending)
        for part in (0, 1, 4, 12, 24, 48):
            yield f"cut-{part}.{ending}", whole[:part]
        for share in (0.3, 0.5, 0.7):
            yield f"cut-{share}.{ending}", whole[: int(len(whole) * share)]


def _claims() -> Iterator[tuple[str, bytes]]:
    """Headers that claim what is not there: bombs, no pixels, wild offsets."""
    zeros = zlib.compress(bytes(1 << 20), 9)
    for side in (0, 30_000, 100_000, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"side-{side}.png", png(side, side, (b"IDAT", zeros))
        yield f"wide-{side}.png", png(side, 1, (b"IDAT", zeros[:64]))
    yield "gray-bomb.png", png(9_400, 9_500, (b"IDAT", zeros), depth=1, colour=0)
    yield (
        "text-bomb.png",
        png(8, 8, (b"zTXt", b"a\0\0" + zlib.compress(bytes(100 << 20), 9)), (b"IDAT", zeros[:9])),
    )
    yield (
        "profile-bomb.png",
        png(8, 8, (b"iCCP", b"a\0\0" + zlib.compress(bytes(100 << 20), 9)), (b"IDAT", b"")),
    )
    yield "no-data.png", png(8, 8)
    yield "bad-zlib.png", png(8, 8, (b"IDAT", b"not zlib at all"))
    yield "depth.png", png(8, 8, (b"IDAT", zeros), depth=3, colour=6)
    for side in (0, 9_459, 65_535):
        yield (
            f"screen-{side}.gif",
            b"GIF89a" + struct.pack("<HHBBB", side, side, 0, 0, 0) + b"\x2c" + bytes(9),
        )
        yield (
            f"frame-{side}.jpg",
            (
                b"\xff\xd8\xff\xc0\0\x11\x08"
                + struct.pack(">HH", side, side)
                + b"\3\1\x22\0\2\x11\1\3\x11\1\xff\xd9"
            ),
        )
    for side in (-1, 0, 0x7FFFFFFF):
        yield f"map-{side}.bmp", _bmp(side, side)
        yield f"map-one-{side}.bmp", _bmp(1, side)
    for offset in (0, 4, 8, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"directory-{offset}.tif", b"II*\0" + struct.pack("<I", offset) + bytes(64)
    for count in (0, 1, 65_535):
        yield f"entries-{count}.tif", _tiff(count)
    yield "float.tif", _saved(Image.fromarray(np.full((8, 8), 0.5, np.float32)), "TIFF")
    yield "deep.tif", _saved(Image.fromarray(np.full((8, 8), 1 << 20, np.int32)), "TIFF")


def _bmp(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


def _tiff(count: int) -> bytes:
    """A directory whose entries each claim four billion values."""
    entry = struct.pack("<HHII", 273, 4, 0xFFFFFFFF, 8)
    return b"II*\0" + struct.pack("<IH", 8, count) + entry * min(count, 4_000) + struct.pack("<I", 8)


def _saved(image: Image.Image, kind: str) -> bytes:
    target = io.BytesIO()
    image.save(target, kind)
    return target.getvalue()


def _wrong_kinds() -> Iterator[tuple[str, bytes]]:
    """A source of no picture that is read, by the name of one."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n(/etc/passwd) (r) file\n"
    others = {
        "page.svg": svg, "page.eps": postscript, "page.psd": b"8BPS\0\1" + bytes(40),
        "page.ico": b"\0\0\1\0\1\0" + bytes(40), "page.heic": b"\0\0\0\x18ftypheic" + bytes(40),
        "page.ppm": b"P6 9 9 255 " + bytes(243), "page.jp2": b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(40),
        "page.tga": bytes(18), "page.pcx": b"\n\5\1\x08" + bytes(124), "page.qoi": b"qoif" + bytes(40),
    }  # fmt: skip
    yield from others.items()
    for ending in ("jpg", "png", "webp"):
        for name, content in (
            ("svg", svg),
            ("eps", postscript),
            ("pdf", b"%PDF-1.7\n"),
            ("elf", b"\x7fELF" + bytes(60)),
        ):
            yield f"a-{name}.{ending}", content
        yield f"zeros.{ending}", bytes(4_096)
        yield f"html.{ending}", b"<!doctype html><script>alert(1)</script>"
    yield "fetched.jpg", b'{"error": "not found"}'


def _flipped() -> Iterator[tuple[str, bytes]]:
    """Files of which every byte after the first 16 is another one, as many as are missing."""
    stream = np.random.default_rng(7)
    for number in range(COUNT):
        ending = list(FORMATS)[number % len(FORMATS)]
        whole = np.frombuffer(encoded(ending), np.uint8).copy()
        whole[16:] = stream.integers(0, 256, len(whole) - 16)
        if number < _FLIPPED:
            yield f"flipped-{number}.{ending}", whole.tobytes()


_FLIPPED = 63


def _odd_kinds(folder: Path) -> int:
    """Make what is no file, or leads out of the folder, by the name of a picture; return how many."""
    outside = folder.parent / "outside.png"
    outside.write_bytes(encoded("png"))
    (folder / "link.png").symlink_to(outside)
    (folder / "up.png").symlink_to("../outside.png")
    (folder / "away").symlink_to(folder.parent.parent)
    (folder / "nowhere.png").symlink_to(folder / "nothing.png")
    (folder / "round.png").symlink_to("round.png")
    os.mkfifo(folder / "pipe.png")
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe.png"))).write_bytes(encoded("png"))
    return 7
