"""Pictures drawn by a seed: one to three shapes of one colour in a part of them, with captions."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance

SHAPES = ("circle", "square", "triangle", "cross")
COLOURS = {
    "red": (214, 40, 40), "green": (46, 139, 60), "blue": (37, 80, 200), "yellow": (238, 205, 40),
    "purple": (128, 50, 160), "black": (25, 25, 25),
}  # fmt: skip
COUNTS = ("one", "two", "three")
PLACES = ("left", "right", "top", "bottom")
SIDE = 96


@dataclass(frozen=True)
class Scene:
    """The contents of a picture."""

    count: str
    colour: str
    shape: str
    place: str

    @property
    def caption(self) -> str:
        """As "two red circles at the left"."""
        return f"{told(self.count, self.colour, self.shape)} at the {self.place}"

    def shows(self, words: str) -> bool:
        """Return whether a caption, whole or of some of its parts, holds."""
        asked = {word.removesuffix("es") if word == "crosses" else word for word in words.split()}
        asked = {word[:-1] if word[:-1] in SHAPES else word for word in asked}
        own = {self.count, self.colour, self.shape, self.place}
        for kind in (SHAPES, COLOURS, COUNTS, PLACES):
            if (named := asked & set(kind)) and not named <= own:
                return False
        return True


def told(count: str, colour: str, shape: str) -> str:
    """The words for shapes: "one red circle", "two crosses", "blue squares"."""
    many = shape if count == "one" else f"{shape}es" if shape == "cross" else f"{shape}s"
    return " ".join(filter(None, (count, colour, many)))


SCENES = tuple(
    Scene(count, colour, shape, place)
    for count in COUNTS for colour in COLOURS for shape in SHAPES for place in PLACES
)  # fmt: skip


def questions() -> list[str]:
    """Captions of all scenes, and of parts of them: with a count or without, but without a place."""
    found = [scene.caption for scene in SCENES]
    found += [told(count, colour, shape) for count in COUNTS for colour in COLOURS for shape in SHAPES]
    found += [told("", colour, shape) for colour in COLOURS for shape in SHAPES]
    return list(dict.fromkeys(found))


def drawn(scene: Scene, stream: np.random.Generator, side: int = SIDE) -> Image.Image:
    """A picture of the scene: places, sizes, turns and the shade of the ground are drawn at random."""
    scale = 3
    shade = stream.integers(205, 256, 3)
    image = Image.new("RGB", (side * scale, side * scale), tuple(map(int, shade)))
    pen = ImageDraw.Draw(image)
    colour = np.array(COLOURS[scene.colour]) + stream.integers(-18, 19, 3)
    fill = tuple(int(each) for each in np.clip(colour, 0, 255))
    for x, y, radius in _spots(scene, stream):
        _draw(pen, scene.shape, np.array((x, y)) * side * scale, radius * side * scale, stream, fill)
    return image.resize((side, side), Image.Resampling.BOX)


def _spots(scene: Scene, stream: np.random.Generator) -> Iterator[tuple[float, float, float]]:
    """Yield middle and radius of each shape, as shares of the side: none over another, none in a corner."""
    found: list[tuple[float, float, float]] = []
    count = COUNTS.index(scene.count) + 1
    axis = int(scene.place in ("left", "right"))
    while len(found) < count or not 0.36 < np.mean([spot[axis] for spot in found]) < 0.64:
        if len(found) == count:
            found.clear()
        radius = stream.uniform(0.1, 0.145)
        along, across = stream.uniform(0.15, 0.85), stream.uniform(0.15, 0.33)
        x, y = (across, along) if scene.place in ("left", "right") else (along, across)
        x, y = (1 - x, y) if scene.place == "right" else (x, 1 - y) if scene.place == "bottom" else (x, y)
        if all(np.hypot(x - a, y - b) > radius + r + 0.03 for a, b, r in found):
            found.append((x, y, radius))
        elif stream.random() < 0.05:
            found.clear()
    yield from found


def _draw(
    pen: ImageDraw.ImageDraw, shape: str, middle: np.ndarray, radius: float, stream: np.random.Generator,
    fill: tuple[int, ...],
) -> None:  # fmt: skip
    turn = stream.uniform(-0.15, 0.15)
    if shape == "circle":
        pen.ellipse((*(middle - radius * 0.9), *(middle + radius * 0.9)), fill=fill)
        return
    angles = {"square": (45, 135, 225, 315), "triangle": (90, 210, 330)}.get(shape)
    if angles is not None:
        corners = np.deg2rad(angles) + turn
        points = middle + radius * 1.15 * np.stack([np.cos(corners), -np.sin(corners)], axis=1)
        pen.polygon([tuple(each) for each in points], fill=fill)
        return
    for half in (0, np.pi / 2):
        way = np.array((np.cos(turn + half), np.sin(turn + half)))
        side = np.array((-way[1], way[0]))
        ends = [way + side * 0.28, way - side * 0.28, -way - side * 0.28, -way + side * 0.28]
        pen.polygon([tuple(middle + radius * 1.05 * each) for each in ends], fill=fill)


def changed(image: Image.Image, stream: np.random.Generator) -> Image.Image:
    """A copy of a picture that somebody has cut a little, scaled and made lighter or darker."""
    wide, high = image.size
    left, top, right, bottom = stream.uniform(0, 0.035, 4)
    box = (left * wide, top * high, wide - right * wide, high - bottom * high)
    factor = stream.uniform(0.7, 1.5)
    image = image.resize((round(wide * factor), round(high * factor)), Image.Resampling.BICUBIC, box)
    return ImageEnhance.Brightness(image).enhance(stream.uniform(0.85, 1.1))


def many(seed: int, count: int) -> Iterator[tuple[Scene, Image.Image]]:
    """Scenes and their pictures, drawn at random; the same ones by the same seed."""
    stream = np.random.default_rng(seed)
    for _ in range(count):
        scene = SCENES[stream.integers(len(SCENES))]
        yield scene, drawn(scene, stream)
