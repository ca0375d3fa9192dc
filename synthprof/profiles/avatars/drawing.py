"""Pictures of profiles, many at once: shapes in whole numbers, so that every machine draws the same.

A picture has at most 16 colours. Its face and its two groups of shapes follow from the traits; the ground
behind them is a mesh of triangles of the profile's own, by which two pictures can be told apart.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from synthprof.profiles.avatars.traits import COLOURS, HAIRS, SKINS, Traits

Pixels = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int64]

COLOURS_MAX = 16
TRIANGLES = 9
WORDS = 8 * TRIANGLES + 4
"""Random 16-bit words that a picture takes."""

UNIT = 1 << 10
"""The side of a picture in the numbers of its shapes, whatever its pixels."""

_GROUND, _SKIN, _HAIR, _DARK, _ABOVE, _BELOW, _MESH = range(7)
"""Places in the palette; those of the triangles follow."""

_AT_ONCE = 1 << 17
"""Pixels that are worked on at once: their numbers stay in the processor's cache."""


def draw(traits: Traits, words: npt.NDArray[np.uint16], size: int) -> Iterator[tuple[Pixels, Pixels]]:
    """Yield the pictures of some profiles at a time: (m, size, size) uint8 places in a palette, and palettes.

    words: (n, WORDS), uniform. The palettes are (m, 16, 3) uint8, red, green and blue.
    """
    step = max(1, _AT_ONCE // size**2)
    for first in range(0, len(words), step):
        part = slice(first, first + step)
        yield _draw(Traits({name: codes[part] for name, codes in traits.codes.items()}), words[part], size)


def coloured(places: Pixels, palette: Pixels) -> Pixels:
    """Return one picture with its colours, (size, size, 3), from its places and its palette."""
    found: Pixels = palette[places]
    return found


def _draw(traits: Traits, words: npt.NDArray[np.uint16], size: int) -> tuple[Pixels, Pixels]:
    numbers = words.astype(np.int64)
    canvas = _Canvas(len(numbers), size)
    _mesh(canvas, numbers)
    _face(canvas, traits, numbers[:, -4:])
    _group(canvas, traits, "above", 112, _ABOVE)
    _group(canvas, traits, "below", UNIT - 112, _BELOW)
    return canvas.places, _palette(traits, numbers)


class _Canvas:
    """Pictures that are painted on: `places`, and the middle of each pixel in the numbers of shapes."""

    def __init__(self, count: int, size: int) -> None:
        self.places = np.zeros((count, size, size), np.uint8)
        self.middles = ((2 * np.arange(size, dtype=np.int64) + 1) * UNIT) // (2 * size)

    def offsets(self, x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
        """Return how far pixels lie from a point of each picture: (n, size) by column, and by row."""
        return self.middles - x[:, None], self.middles - y[:, None]

    def paint(self, inside: npt.NDArray[np.bool_], place: int) -> None:
        """Give the pixels inside, (n, size, size), a place in the palette."""
        np.copyto(self.places, np.uint8(place), where=inside)

    def ellipse(self, x: Numbers, y: Numbers, wide: Numbers, high: Numbers, place: int) -> None:
        """Paint an ellipse in each picture, by its middle and half of its axes, (n,) each; 0 for none."""
        across, down = self.offsets(x, y)
        limit = 1 << 24
        columns = np.minimum(across**2 * limit // np.maximum(wide[:, None], 1) ** 2, limit + 1)
        rows = np.minimum(down**2 * limit // np.maximum(high[:, None], 1) ** 2, limit + 1)
        columns, rows = columns.astype(np.int32), rows.astype(np.int32)
        self.paint(columns[:, None, :] + rows[:, :, None] <= limit, place)

    def triangle(self, corners: Numbers, place: int) -> None:
        """Paint a triangle in each picture. corners: (n, 3, 2), x and y of each."""
        inside, turn = None, _turn(corners)
        for at in range(3):
            (x, y), (to_x, to_y) = corners[:, at].T, corners[:, (at + 1) % 3].T
            across, down = self.offsets(x, y)
            rows = (down * ((to_x - x) * turn)[:, None]).astype(np.int32)
            columns = (across * ((to_y - y) * turn)[:, None]).astype(np.int32)
            side = rows[:, :, None] >= columns[:, None, :]
            inside = side if inside is None else np.logical_and(inside, side, out=inside)
        if inside is not None:
            self.paint(inside, place)

    def box(self, x: Numbers, y: Numbers, wide: Numbers, high: Numbers, place: int) -> None:
        """Paint a rectangle in each picture, by its middle and half of its sides, (n,) each."""
        across, down = self.offsets(x, y)
        columns, rows = np.abs(across) <= wide[:, None], np.abs(down) <= high[:, None]
        self.paint(columns[:, None, :] & rows[:, :, None], place)

    def diamond(self, x: Numbers, y: Numbers, half: Numbers, place: int) -> None:
        """Paint a square that stands on a corner in each picture; half: of its diagonal, (n,)."""
        across, down = (np.abs(each).astype(np.int32) for each in self.offsets(x, y))
        self.paint(across[:, None, :] + down[:, :, None] <= half[:, None, None], place)


def _turn(corners: Numbers) -> Numbers:
    """Return 1 where the corners go round one way, -1 where the other, (n,)."""
    (ax, ay), (bx, by), (cx, cy) = (corners[:, at].T for at in range(3))
    return np.where((bx - ax) * (cy - ay) - (by - ay) * (cx - ax) < 0, -1, 1)


def _mesh(canvas: _Canvas, numbers: Numbers) -> None:
    """Paint the triangles of the ground: a corner anywhere, the others at most 3/8 of the side away."""
    for at in range(TRIANGLES):
        part = numbers[:, 8 * at : 8 * at + 6].reshape(-1, 3, 2)
        corners = part * UNIT >> 16
        corners[:, 1:] = corners[:, :1] + (part[:, 1:] * 768 >> 16) - 384
        canvas.triangle(corners, _MESH + at)


def _face(canvas: _Canvas, traits: Traits, numbers: Numbers) -> None:
    n = len(numbers)

    def of(value: int) -> Numbers:
        return np.full(n, value, np.int64)

    x = 512 + (numbers[:, 0] * 120 >> 16) - 60
    y = 512 + (numbers[:, 1] * 80 >> 16) - 40
    wide = 150 + (numbers[:, 2] * 60 >> 16)
    high = 180 + (numbers[:, 3] * 60 >> 16)
    canvas.ellipse(x, y - 40, wide + 30, high + 24, _HAIR)
    canvas.ellipse(x, y + 24, wide, high - 10, _SKIN)
    for side in (-1, 1):
        canvas.ellipse(x + side * wide // 2, y - 20, of(26), of(34), _DARK)
    canvas.box(x, y + 110, 40 + 28 * traits["smile"], of(14), _DARK)


def _group(canvas: _Canvas, traits: Traits, side: str, y: int, place: int) -> None:
    """Paint one to four shapes in a row, in the middle of it."""
    counts, shapes = traits[f"{side}_count"] + 1, traits[f"{side}_shape"]
    n = len(counts)
    middle, half = np.full(n, y, np.int64), 84
    for at in range(int(counts.max(initial=0))):
        x = 512 + (2 * at - counts + 1) * 112
        there = at < counts

        def sized(shape: int, size: int, there: npt.NDArray[np.bool_] = there) -> Numbers:
            return np.where(there & (shapes == shape), size, -UNIT)

        canvas.diamond(x, middle, sized(2, half), place)
        canvas.box(x, middle, sized(1, half * 3 // 4), sized(1, half * 3 // 4), place)
        _circle(canvas, x, middle, sized(0, half), place)
        _upright(canvas, x, middle, sized(3, half), place)


def _circle(canvas: _Canvas, x: Numbers, y: Numbers, half: Numbers, place: int) -> None:
    across, down = canvas.offsets(x, y)
    inside = (across**2).astype(np.int32)[:, None, :] + (down**2).astype(np.int32)[:, :, None]
    canvas.paint(inside <= np.where(half > 0, half**2, -1).astype(np.int32)[:, None, None], place)


def _upright(canvas: _Canvas, x: Numbers, y: Numbers, half: Numbers, place: int) -> None:
    """Paint a triangle with its point up, as wide as it is high; half: of that, not above 0 for none."""
    across, down = canvas.offsets(x, y)
    rows = (down + half[:, None]).astype(np.int32)
    columns = (2 * np.abs(across)).astype(np.int32)
    below = (down <= half[:, None]) & (half[:, None] > 0)
    canvas.paint((columns[:, None, :] <= rows[:, :, None]) & below[:, :, None], place)


def _palette(traits: Traits, numbers: Numbers) -> Pixels:
    """Return the colours of each picture, (n, 16, 3); the triangles' are shades of the ground's."""
    colours = np.array([colour for _, colour in COLOURS], np.int64)
    found = np.zeros((len(numbers), COLOURS_MAX, 3), np.int64)
    ground = colours[traits["ground"]]
    found[:, _GROUND] = ground
    found[:, _SKIN] = np.array(SKINS)[traits["skin"]]
    found[:, _HAIR] = np.array(HAIRS)[traits["hair"]]
    found[:, _DARK] = 30
    found[:, _ABOVE] = colours[traits["above_colour"]]
    found[:, _BELOW] = colours[traits["below_colour"]]
    for at in range(TRIANGLES):
        shade, tint = numbers[:, 8 * at + 6], numbers[:, 8 * at + 7]
        target = np.stack([tint & 255, tint >> 8, shade & 255], axis=1)
        share = (96 + (shade >> 9))[:, None]
        found[:, _MESH + at] = (ground * (256 - share) + target * share) >> 8
    return found.astype(np.uint8)
