"""Pictures decoded within bounds: upright, eight bits, RGB, on white; and what their first bytes tell.

Only the formats in `FORMATS` are tried, so that no picture reaches a decoder that starts programs or reads
other files. docs/adr/0075-pictures-are-collections.md says what was decided for each kind of odd picture.
"""

import datetime
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from synthprof.base.errors import first_line
from synthprof.base.text import plain
from synthprof.sources.pictures.picture import BadPicture, Picture

Pixels = npt.NDArray[np.uint8]
"""A decoded picture, (height, width, 3), RGB."""

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "AVIF")
"""Formats that are read, as Pillow names them. JPEG has MPO within: its first picture."""

NAMES = {"MPO": "jpeg", "DIB": "bmp"}
"""Names of formats that are kinds of another one."""

MAX_PIXELS = 89_478_485
"""Pixels of one picture: a quarter GiB in RGB, where Pillow begins to warn of decompression bombs."""

LARGE_PIXELS = 16_777_216
"""A larger picture is decoded by one thread at a time, so that memory does not grow with the threads."""

MAX_REASON = 160
"""Characters of a decoder's complaint that a reason quotes."""

ORIENTATION, TAKEN, TAKEN_ORIGINAL, DETAILS = 0x0112, 0x0132, 0x9003, 0x8769
"""Tags of Exif 2.32: orientation, date of the file and of the picture, and the directory of the latter."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The turn that makes a picture upright, by its orientation."""

SIDEWAYS = (5, 6, 7, 8)
"""Orientations that exchange width and height."""

_LARGE = threading.Lock()

# Of odd metadata, which is left alone, and of large pictures, which are refused below.
warnings.filterwarnings("ignore", module=r"PIL\.")
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Facts:
    """Facts from the first bytes of a picture. width, height: of the upright picture, in pixels."""

    format: str
    width: int
    height: int
    taken: datetime.datetime | None


def facts_of(content: bytes) -> Facts:
    """Return what the picture says of itself; no pixel is decoded. Raises BadPicture if it is not read."""
    with _readable(), _opened(content) as image:
        orientation, taken = _exif(image)
        width, height = image.size[::-1] if orientation in SIDEWAYS else image.size
        return Facts(NAMES.get(str(image.format), str(image.format).lower()), width, height, taken)


def decode(picture: Picture, least: int = 0) -> Pixels:
    """Return the pixels of a picture, (height, width, 3) uint8 RGB, upright, transparent parts on white.

    least: pixels that the shorter side must have at least, 0 for all there are; a JPEG is then decoded at a
    half, a quarter or an eighth of its size, which is faster. Raises BadPicture, with the reason.
    """
    return np.asarray(decoded(picture.load(), least))


def decoded(content: bytes, least: int = 0) -> Image.Image:
    """Return an encoded picture as an RGB image; see `decode`."""
    with _readable(), _opened(content) as image, _one_at_a_time(image):
        orientation, _ = _exif(image)
        if least and min(image.size) > least:
            scale = least / min(image.size)
            image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
        image.load()
        flat = _flat(image)
        return flat.transpose(UPRIGHT[orientation]) if orientation in UPRIGHT else flat


def _opened(content: bytes) -> Image.Image:
    if not content:
        raise BadPicture("it is empty")
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError:
        raise BadPicture(f"it is no picture that is read; convert it to {_told(FORMATS)}") from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        image.close()
        raise _too_large(f"{width:,} x {height:,} pixels")
    return image


def _told(formats: tuple[str, ...]) -> str:
    names = [each for each in formats if each not in NAMES]
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _too_large(size: str) -> BadPicture:
    return BadPicture(f"it has {size}, {MAX_PIXELS:,} are the most; make it smaller")


@contextmanager
def _readable() -> Iterator[None]:
    """Turn what a decoder raises into BadPicture: each has its own ways to say that bytes are wrong."""
    try:
        yield
    except (BadPicture, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise _too_large(f"more than {2 * MAX_PIXELS:,} pixels") from None
    except Exception as error:
        reason = plain(first_line(error))[:MAX_REASON] or type(error).__name__
        raise BadPicture(f"it is damaged ({reason}); put back a whole copy") from error


@contextmanager
def _one_at_a_time(image: Image.Image) -> Iterator[None]:
    if image.width * image.height <= LARGE_PIXELS:
        yield
        return
    with _LARGE:
        yield


def _exif(image: Image.Image) -> tuple[int, datetime.datetime | None]:
    """Return orientation and date of a picture that is not loaded yet; 1 and None where Exif is odd."""
    if image.format == "PNG" and "exif" not in image.info:  # Pillow would decode it to look behind the pixels
        return 1, None
    try:
        tags = image.getexif()
        orientation = tags.get(ORIENTATION, 1)
        taken = tags.get_ifd(DETAILS).get(TAKEN_ORIGINAL) or tags.get(TAKEN)
    except Exception:  # odd metadata: the pixels can be good all the same
        return 1, None
    turned = isinstance(orientation, int) and image.format != "TIFF"  # Pillow turns those itself
    return orientation if turned else 1, _moment(taken)


def _moment(taken: object) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(str(taken).strip("\0 "), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None


def _flat(image: Image.Image) -> Image.Image:
    """Return the first frame in eight bits per channel, RGB, on white."""
    if image.mode.startswith("I"):
        return Image.fromarray(_upper_bits(np.asarray(image)), "L").convert("RGB")
    if image.mode == "F":
        raise BadPicture("its values are floating-point numbers without a scale; convert it to eight bits")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _upper_bits(values: npt.NDArray[np.integer]) -> Pixels:
    """Return the upper eight of sixteen bits. Raises BadPicture where there are more than sixteen."""
    if values.size and (int(values.min()) < 0 or int(values.max()) > 0xFFFF):
        raise BadPicture("it has more than 16 bits per channel; convert it to eight or sixteen")
    return (values.astype(np.uint32) >> 8).astype(np.uint8)
