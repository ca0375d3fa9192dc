"""Traits of a profile's picture, which follow from its attributes, and their caption.

The attributes are read as features, so that any schema has them. Equal attributes give equal traits.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.profiles.features import features, required_dim
from synthprof.schemas.schema import Schema

Codes = npt.NDArray[np.int64]

COLOURS: tuple[tuple[str, tuple[int, int, int]], ...] = (
    ("red", (208, 32, 38)),
    ("orange", (240, 140, 20)),
    ("yellow", (246, 222, 60)),
    ("green", (38, 150, 62)),
    ("blue", (36, 84, 200)),
    ("purple", (128, 44, 160)),
    ("white", (248, 248, 248)),
    ("black", (20, 20, 24)),
)
"""Colours of shapes and grounds, with their names in captions."""

SHAPES = ("circle", "square", "diamond", "triangle")
COUNTS = ("one", "two", "three", "four")
SKINS = ((255, 224, 196), (234, 190, 150), (198, 140, 100), (150, 98, 64), (104, 64, 42))
HAIRS = ((24, 20, 20), (84, 52, 32), (150, 96, 48), (222, 180, 100), (170, 60, 36), (150, 150, 156))

CHOICES = {
    "above_shape": len(SHAPES),
    "above_colour": len(COLOURS),
    "above_count": len(COUNTS),
    "below_shape": len(SHAPES),
    "below_colour": len(COLOURS),
    "below_count": len(COUNTS),
    "ground": len(COLOURS),
    "skin": len(SKINS),
    "hair": len(HAIRS),
    "smile": 3,
}
"""The traits, each with its number of choices."""

_STEPS = 64
"""Steps of an attribute: neighbours of a number, as of an age, may differ in the picture."""

_ODD = 2_654_435_761  # Knuth's multiplicative hash, "The Art of Computer Programming", 6.4


@dataclass(frozen=True, eq=False)
class Traits:
    """The traits of some profiles: by name, (n,) int64 from 0 below `CHOICES`."""

    codes: dict[str, Codes]

    def __getitem__(self, name: str) -> Codes:
        """Return the codes of one trait, (n,)."""
        return self.codes[name]

    def captions(self) -> list[str]:
        """Return a sentence about what each picture shows.

        As "two red circles above and one blue square below on a green ground".
        """
        groups = {
            side: [
                _group(*each)
                for each in zip(
                    self[f"{side}_count"].tolist(),
                    self[f"{side}_colour"].tolist(),
                    self[f"{side}_shape"].tolist(),
                    strict=True,
                )
            ]
            for side in ("above", "below")
        }
        grounds = (COLOURS[code][0] for code in self["ground"].tolist())
        return [
            f"{above} above and {below} below on {'an' if ground[0] in 'aeiou' else 'a'} {ground} ground"
            for above, below, ground in zip(groups["above"], groups["below"], grounds, strict=True)
        ]


def traits_of(schema: Schema, profiles: pa.RecordBatch) -> Traits:
    """Return the traits of the profiles; a schema without features gives all of them the same."""
    width = required_dim(schema)
    values = features(schema, profiles, width)
    steps = np.minimum((values * np.float32(_STEPS)).astype(np.int64), _STEPS - 1)
    codes = {}
    for at, (name, choices) in enumerate(CHOICES.items()):
        step = np.full(len(values), at, np.int64)
        for place in range(at, at + (width and 2)):  # two attributes: one may be the same in most rows
            step = step * _STEPS + steps[:, place * 3 % width]
        codes[name] = (((step + 1) * _ODD >> 11) % 65_536) * choices >> 16
    # a group of shapes in the colour of the ground would not be seen
    for side, away in (("above", 1), ("below", 3)):
        same = codes[f"{side}_colour"] == codes["ground"]
        codes[f"{side}_colour"] = (codes[f"{side}_colour"] + away * same) % len(COLOURS)
    return Traits(codes)


def parts_of(caption: str) -> tuple[str, str, str]:
    """Return what a caption says of the shapes above, of those below, and of the ground.

    >>> parts_of("two red circles above and one blue square below on a green ground")
    ('two red circles above', 'one blue square below', 'a green ground')
    """
    above, _, rest = caption.partition(" and ")
    below, _, ground = rest.partition(" on ")
    return above, below, ground


def _group(count: int, colour: int, shape: int) -> str:
    return f"{COUNTS[count]} {COLOURS[colour][0]} {SHAPES[shape]}{'s' if count else ''}"
