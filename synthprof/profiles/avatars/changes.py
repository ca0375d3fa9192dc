"""Changed copies of pictures, as they are passed on: cut, turned, scaled, compressed, brightened, marked.

All is done in whole numbers, so that every machine makes the same copies.
"""

import functools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]
Words = tuple[int, ...]
"""Four uniform numbers from 0 below 65,536, which say how much a change changes."""

WORDS = 4
_ONE = 1 << 16

# ISO/IEC 10918-1, annex K: the steps of quantisation of luminance and of chrominance.
_LUMINANCE = """
16 11 10 16 24 40 51 61   12 12 14 19 26 58 60 55   14 13 16 24 40 57 69 56   14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77  24 35 55 64 81 104 113 92  49 64 78 87 103 121 120 101  72 92 95 98 112 100 103 99
"""
_CHROMINANCE = f"17 18 24 47 {'99 ' * 4} 18 21 26 66 {'99 ' * 4} 24 26 56 {'99 ' * 5} 47 66 {'99 ' * 38}"


def crop(picture: Pixels, words: Words) -> Pixels:
    """Return a part of the picture, 80 to 95 % of each side."""
    size = picture.shape[0]
    kept = size * (80 + _choice(words[0], 16)) // 100
    left, top = _choice(words[1], size - kept + 1), _choice(words[2], size - kept + 1)
    return picture[top : top + kept, left : left + kept]


def rotate(picture: Pixels, words: Words) -> Pixels:
    """Return the picture turned by 4 to 20 degrees to either side; the corners show its edge drawn out."""
    size = picture.shape[0]
    # the tangent of half the angle, as a fraction: the cosine and sine of it are fractions too
    half = (36 + _choice(words[0], 141)) * (1 if words[1] & 1 else -1)  # thousandths
    whole = 1_000_000 + half * half
    cosine, sine = (1_000_000 - half * half) * _ONE // whole, 2_000 * half * _ONE // whole
    middles = (2 * np.arange(size, dtype=np.int64) + 1 - size) * (_ONE // 2)  # from the middle, in 1/65,536
    across, down = middles[None, :], middles[:, None]
    columns = (across * cosine - down * sine) // _ONE
    rows = (across * sine + down * cosine) // _ONE
    centre = (size - 1) * (_ONE // 2)
    return _sampled(picture, columns + centre, rows + centre)


def scale(picture: Pixels, words: Words) -> Pixels:
    """Return the picture with 70 to 150 % of its pixels a side."""
    size = picture.shape[0]
    other = max(8, size * (70 + _choice(words[0], 81)) // 100)
    at = ((2 * np.arange(other, dtype=np.int64) + 1) * size * _ONE // other - _ONE) // 2
    columns, rows = np.meshgrid(at, at)
    return _sampled(picture, columns, rows)


def compress(picture: Pixels, words: Words) -> Pixels:
    """Return the picture as JPEG of quality 40 to 80 leaves it, without loss of colour resolution."""
    quality = 40 + _choice(words[0], 41)
    size = picture.shape[0]
    padded = np.pad(picture, ((0, -size % 8), (0, -size % 8), (0, 0)), mode="edge").astype(np.int64)
    red, green, blue = np.moveaxis(padded, 2, 0)
    planes = (  # the constants of JFIF 1.02, times 65,536
        (19_595 * red + 38_470 * green + 7_471 * blue) // _ONE,
        128 + (-11_059 * red - 21_709 * green + 32_768 * blue) // _ONE,
        128 + (32_768 * red - 27_439 * green - 5_329 * blue) // _ONE,
    )
    light, blues, reds = (
        _quantised(plane, _steps(table, quality))
        for plane, table in zip(planes, (_LUMINANCE, _CHROMINANCE, _CHROMINANCE), strict=True)
    )
    blues, reds = blues - 128, reds - 128
    colours = (
        light + 91_881 * reds // _ONE,
        light - (22_554 * blues + 46_802 * reds) // _ONE,
        light + 116_130 * blues // _ONE,
    )
    found: Pixels = np.clip(np.stack(colours, axis=2), 0, 255).astype(np.uint8)
    return found[:size, :size]


def brighten(picture: Pixels, words: Words) -> Pixels:
    """Return the picture 15 to 35 % darker or brighter."""
    by = 15 + _choice(words[0], 21)
    share = 100 + (by if words[1] & 1 else -by)
    return np.minimum(picture.astype(np.int64) * share // 100, 255).astype(np.uint8)


def watermark(picture: Pixels, words: Words) -> Pixels:
    """Return the picture with a row of bright signs across it, half transparent."""
    size = picture.shape[0]
    signs = np.array([words[1 + at % 3] >> at % 13 & 1 for at in range(5 * 24)]).reshape(5, 24)
    cell = max(1, size // 32)
    mask = np.kron(signs, np.ones((cell, cell), np.int64))[:, : size - 2]
    top, left = _choice(words[0], size - len(mask)), (size - mask.shape[1]) // 2
    found = picture.astype(np.int64)
    part = found[top : top + len(mask), left : left + mask.shape[1]]
    part += (240 - part) * mask[:, :, None] * 9 // 16
    return found.astype(np.uint8)


CHANGES: dict[str, Callable[[Pixels, Words], Pixels]] = {
    "crop": crop,
    "rotate": rotate,
    "scale": scale,
    "jpeg": compress,
    "brightness": brighten,
    "watermark": watermark,
}
"""The changes by name. Each takes (size, size, 3) and returns (height, width, 3), both uint8."""


def _choice(word: int, choices: int) -> int:
    return word * choices >> 16


def _sampled(picture: Pixels, columns: Numbers, rows: Numbers) -> Pixels:
    """Return the picture at the places, in 1/65,536 of a pixel, between the four pixels around each."""
    most = (picture.shape[0] - 1) * _ONE
    columns, rows = np.clip(columns, 0, most), np.clip(rows, 0, most)
    left, top = columns // _ONE, rows // _ONE
    right, bottom = np.minimum(left + 1, picture.shape[0] - 1), np.minimum(top + 1, picture.shape[0] - 1)
    x, y = (columns % _ONE >> 8)[:, :, None], (rows % _ONE >> 8)[:, :, None]
    full = picture.astype(np.int64)
    above = full[top, left] * (256 - x) + full[top, right] * x
    below = full[bottom, left] * (256 - x) + full[bottom, right] * x
    found: Pixels = ((above * (256 - y) + below * y + (1 << 15)) >> 16).astype(np.uint8)
    return found


def _quantised(plane: Numbers, steps: Numbers) -> Numbers:
    """Return the plane after each of its 8 × 8 blocks has lost what the steps of its waves do not tell."""
    high, wide = (side // 8 for side in plane.shape)
    blocks = plane.reshape(high, 8, wide, 8).swapaxes(1, 2) - 128
    waves = _waves()
    found = waves @ blocks @ waves.T  # whole numbers, times 2**26
    kept = _rounded(found, steps << 26) * steps
    back = _rounded(waves.T @ kept @ waves, np.int64(1 << 26)) + 128
    return np.clip(back.swapaxes(1, 2).reshape(plane.shape), 0, 255)


def _rounded(above: Numbers, below: Numbers | np.int64) -> Numbers:
    return (2 * above + below) // (2 * below)


@functools.cache
def _waves() -> Numbers:
    """Return the matrix of the discrete cosine transform of eight values, times 2**13."""
    heights = [math.sqrt((1 if wave else 0.5) / 4) * (1 << 13) for wave in range(8)]
    rows = [
        [round(height * math.cos((2 * at + 1) * wave * math.pi / 16)) for at in range(8)]
        for wave, height in enumerate(heights)
    ]
    return np.array(rows, np.int64)


def _steps(table: str, quality: int) -> Numbers:
    """Return the steps of quantisation of a quality, as the Independent JPEG Group scales them, (8, 8)."""
    scale = 5_000 // quality if quality < 50 else 200 - 2 * quality
    steps = np.array(table.split(), np.int64).reshape(8, 8)
    return np.clip((steps * scale + 50) // 100, 1, 255)
