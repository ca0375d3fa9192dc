"""Trains a tiny model of avatars and their captions, and writes it as a CLIP-like folder.

    python tests/support/train_tiny_avatar_clip.py tests/encoders/tiny_avatar_clip

It takes NumPy, and ONNX Runtime to compute features with the graph that is written: three minutes of CPU. The
seed is fixed; another processor gives other last bits, so the files are committed.

Each pixel has a share in each colour that a caption can name, or in none. What most pixels share is the
ground; what else is of one colour in the rows above and below are the shapes, whose count and form ridge
regression tells. So much of an embedding says what a caption can say. The rest tells a picture from others:
directions in which pictures differ most, measured by how their changed copies differ. Texts have zeros there.
A word of a text counts for the shapes or the ground that it stands before: "two red circles above" says
nothing of below.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import train_tiny_clip as tiny
from onnx import TensorProto, helper
from PIL import Image

from synthprof.profiles.avatars import changes, drawing
from synthprof.profiles.avatars.traits import CHOICES, COLOURS, COUNTS, SHAPES, Traits

SEED, PICTURES, SIDE = 11, 4_000, tiny.INPUT
BAND = 14
"""Rows of pixels at the top, and at the bottom, that have the shapes."""

HUES, OWN = 96, 56
"""Colours by which pictures are told apart, and values of the part of an embedding that tells them."""

SHARE = 1.4
"""Length of the part that captions do not reach, to that of the other."""

NEAR = 0.25
"""Distance from a colour, of values from -1 to 1, beyond which a pixel has none of the names."""

NAMES = tuple(name for name, _ in COLOURS)
KINDS = (COUNTS, NAMES, SHAPES)
GROUP = (*COUNTS, *NAMES, *SHAPES)
SAID = 2 * len(GROUP) + len(NAMES)
PLACES = ("above", "below", "ground")
WORDS = ["[PAD]", "[UNK]", *PLACES, *GROUP, *(f"{shape}s" for shape in SHAPES)]
node = tiny._node


def drawn(count: int, stream: np.random.Generator) -> tuple[Traits, np.ndarray]:
    """Traits and pictures, (n, 64, 64, 3) uint8."""
    codes = {name: stream.integers(0, choices, count) for name, choices in CHOICES.items()}
    for side, away in (("above", 1), ("below", 3)):
        same = codes[f"{side}_colour"] == codes["ground"]
        codes[f"{side}_colour"] = (codes[f"{side}_colour"] + away * same) % len(COLOURS)
    traits = Traits(codes)
    words = stream.integers(0, 1 << 16, (count, drawing.WORDS)).astype(np.uint16)
    parts = drawing.draw(traits, words, SIDE)
    found = [
        drawing.coloured(*each) for places, palettes in parts for each in zip(places, palettes, strict=True)
    ]
    return traits, np.stack(found)


def copied(picture: np.ndarray, stream: np.random.Generator) -> np.ndarray:
    change = list(changes.CHANGES.values())[stream.integers(len(changes.CHANGES))]
    return change(picture, tuple(stream.integers(0, 1 << 16, changes.WORDS).tolist()))


def train(folder: Path) -> None:
    """Train, and write the model."""
    stream = np.random.default_rng(SEED)
    traits, pictures = drawn(PICTURES, stream)
    copies = [copied(each, stream) for each in pictures]
    shown, again = ([tiny.prepared(Image.fromarray(each)) for each in every] for every in (pictures, copies))
    weights = _first_weights(np.concatenate(shown[:400]), stream)
    nodes = [*_maps(), *_bands(), *_features()]
    for place in ("above", "below"):
        masks = tiny._run(nodes, weights, f"{place}_seen", shown)
        weights |= _told(place, masks, traits)
    of_shown, of_again = (tiny._run(nodes, weights, "features", each) for each in (shown, again))
    every = np.concatenate([of_shown, of_again])
    weights["mean"], weights["scale"] = every.mean(axis=0), 1 / (every.std(axis=0) + 1e-6)
    known, copy = ((each - weights["mean"]) * weights["scale"] for each in (of_shown, of_again))
    weights["own"] = _own(known, copy)
    folder.mkdir(parents=True, exist_ok=True)
    shape = ["batch", SAID + OWN]
    vision = tiny._model([*nodes, *_head()], weights, [tiny._pixels()], "image_embeds", shape)
    onnx.save(vision, folder / "vision_model.onnx")
    onnx.save(_text_model(), folder / "text_model.onnx")
    tiny.write_preparation(folder, WORDS)


def _near(colours: np.ndarray, sharp: float) -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases of a convolution whose softmax says how near a pixel is to each of the colours."""
    return (2 * sharp * colours)[:, :, None, None].astype(np.float32), -sharp * (colours**2).sum(axis=1)


def _first_weights(shown: np.ndarray, stream: np.random.Generator) -> tiny.Weights:
    named = np.array([colour for _, colour in COLOURS], np.float32) / 127.5 - 1
    even = (shown + 1) / (shown + 1).mean(axis=(1, 2, 3), keepdims=True) - 1
    pixels = even.transpose(0, 2, 3, 1).reshape(-1, 3)
    pixels = pixels[stream.permutation(len(pixels))[:40_000]]
    hues = pixels[:HUES].copy()
    for _ in range(20):
        nearest = ((pixels[:, None] - hues[None]) ** 2).sum(axis=2).argmin(axis=1)
        hues = np.stack(
            [pixels[nearest == at].mean(axis=0) if (nearest == at).any() else hues[at] for at in range(HUES)]
        )
    sharp = 4 / NEAR**2
    found: tiny.Weights = {"least": np.float32(1e-3), "share": np.float32(SHARE)}
    found["colours"], found["colours_bias"] = _near(named, sharp)
    found["hues"], found["hues_bias"] = _near(hues, 30.0)
    found |= {"sharp": np.float32(sharp), "near": np.float32(NEAR**2), "one": np.float32(1)}
    found |= {"channel": np.array([1]), "space": np.array([2, 3]), "rows": np.array([2])}
    found |= {"zero": np.array([0]), "named": np.array([len(NAMES)])}
    found |= {"surely": np.float32(40), "plainly": np.float32(100)}
    found |= {"from_above": np.array([0]), "to_above": np.array([BAND])}
    return found | {"from_below": np.array([SIDE - BAND]), "to_below": np.array([SIDE])}


def _maps() -> list[tiny.Node]:
    """From `pixel_values` to `apart`: the share of a pixel in each colour that is not the ground's."""
    return [
        node("Conv", "pixel_values colours colours_bias", "to_colours"),
        node("Mul", "pixel_values pixel_values", "squared"),
        node("ReduceSum", "squared channel", "length", keepdims=1),
        node("Sub", "length near", "beyond"),
        node("Mul", "beyond sharp", "to_none"),
        node("Concat", "to_colours to_none", "to_all", axis=1),
        node("Softmax", "to_all", "shares", axis=1),
        node("Slice", "shares zero named channel", "maps"),
        node("ReduceMean", "maps", "covered", axes=[2, 3], keepdims=1),
        node("Mul", "covered surely", "covered_surely"),
        node("Softmax", "covered_surely", "ground", axis=1),
        node("Flatten", "ground", "ground_said"),
        node("Sub", "one ground", "no_ground"),
        node("Mul", "maps no_ground", "apart"),
    ]


def _bands() -> list[tiny.Node]:
    """From `apart` to the colour of the shapes at a place, `above_colour`, and where it is, `above_seen`."""
    found = []
    for place in ("above", "below"):
        found += [
            node("Slice", f"apart from_{place} to_{place} rows", f"{place}_maps"),
            node("ReduceMean", f"{place}_maps", f"{place}_covered", axes=[2, 3], keepdims=1),
            node("Mul", f"{place}_covered plainly", f"{place}_plainly"),
            node("Softmax", f"{place}_plainly", f"{place}_hue", axis=1),
            node("Flatten", f"{place}_hue", f"{place}_colour"),
            node("Mul", f"{place}_maps {place}_hue", f"{place}_shown"),
            node("ReduceSum", f"{place}_shown channel", f"{place}_mask", keepdims=0),
            node("Flatten", f"{place}_mask", f"{place}_seen"),
        ]
    return found


def _features() -> list[tiny.Node]:
    """From `pixel_values` to `features`: the picture in little, and how much of each hue, however bright."""
    return [
        node("Add", "pixel_values one", "bright"),
        node("ReduceMean", "bright", "light", axes=[1, 2, 3], keepdims=1),
        node("Add", "light least", "light_some"),
        node("Div", "bright light_some", "relative"),
        node("Sub", "relative one", "even"),
        node("AveragePool", "even", "little", kernel_shape=[4, 4], strides=[4, 4]),
        node("Flatten", "little", "little_flat"),
        node("Conv", "even hues hues_bias", "to_hues"),
        node("Softmax", "to_hues", "hue_shares", axis=1),
        node("ReduceMean", "hue_shares", "hue_covered", axes=[2, 3], keepdims=0),
        node("Add", "hue_covered least", "hue_some"),
        node("Sqrt", "hue_some", "hue_root"),
        node("Concat", "little_flat hue_root", "features", axis=1),
    ]


def _head() -> list[tiny.Node]:
    """From what is seen and `features` to `image_embeds`."""
    found = []
    for place in ("above", "below"):
        found += [
            node("Gemm", f"{place}_seen {place}_tells_count {place}_bias_count", f"{place}_count_raw"),
            node("Softmax", f"{place}_count_raw", f"{place}_count", axis=1),
            node("Gemm", f"{place}_seen {place}_tells_shape {place}_bias_shape", f"{place}_shape_raw"),
            node("Softmax", f"{place}_shape_raw", f"{place}_shape", axis=1),
        ]
    parts = " ".join(
        f"{place}_{kind}" for place in ("above", "below") for kind in ("count", "colour", "shape")
    )
    return [
        *found,
        node("Concat", f"{parts} ground_said", "said", axis=1),
        node("LpNormalization", "said", "said_unit", axis=1, p=2),
        node("Sub", "features mean", "centred"),
        node("Mul", "centred scale", "known"),
        node("MatMul", "known own", "own_raw"),
        node("LpNormalization", "own_raw", "own_unit", axis=1, p=2),
        node("Mul", "own_unit share", "own_part"),
        node("Concat", "said_unit own_part", "image_embeds", axis=1),
    ]


def _told(place: str, seen: np.ndarray, traits: Traits) -> tiny.Weights:
    """Ridge regression of the count and the form of shapes on where they are."""
    found: tiny.Weights = {}
    seen = seen.astype(np.float64)
    centre = seen.mean(axis=0)
    square = (seen - centre).T @ (seen - centre) + 3.0 * np.eye(seen.shape[1])
    for kind, words in (("count", COUNTS), ("shape", SHAPES)):
        truth = np.eye(len(words))[traits[f"{place}_{kind}"]]
        slope = np.linalg.solve(square, (seen - centre).T @ (truth - truth.mean(axis=0))) * tiny.SHARPNESS
        found[f"{place}_tells_{kind}"] = slope
        found[f"{place}_bias_{kind}"] = truth.mean(axis=0) * tiny.SHARPNESS - centre @ slope
    return found


def _own(known: np.ndarray, copy: np.ndarray) -> np.ndarray:
    """Directions in which pictures differ, in the measure of how copies differ (Fisher's discriminants)."""
    within = np.cov((known - copy).T.astype(np.float64)) + 0.05 * np.eye(known.shape[1])
    values, vectors = np.linalg.eigh(within)
    white = vectors / np.sqrt(values)
    spread, directions = np.linalg.eigh(np.cov((known.astype(np.float64) @ white).T))
    return white @ directions[:, np.argsort(-spread)[:OWN]]


def _text_model() -> onnx.ModelProto:
    """A text is the sum of its words, each at the place that the next of `PLACES` names, else at both."""
    meaning = np.zeros((len(WORDS), len(GROUP)), np.float32)
    place = np.zeros((len(WORDS), len(PLACES)), np.float32)
    for number, word in enumerate(WORDS):
        if word in PLACES:
            place[number, PLACES.index(word)] = 1
        elif (single := word[:-1] if word[:-1] in SHAPES else word) in GROUP:
            meaning[number, GROUP.index(single)] = 1
    hues = np.zeros((len(GROUP), len(NAMES)), np.float32)
    hues[[GROUP.index(name) for name in NAMES], range(len(NAMES))] = 1
    nodes = [
        node("Gather", "meaning input_ids", "meant_all"),
        node("Cast", "attention_mask", "tokens", to=TensorProto.FLOAT),
        node("Unsqueeze", "tokens last", "tokens_wide"),
        node("Mul", "meant_all tokens_wide", "meant"),
        node("Gather", "places input_ids", "marks"),
        node("CumSum", "marks along", "to_come", reverse=1),  # a place at this word or later
        node("Clip", "to_come nothing one", "comes"),
        helper.make_node("Split", ["comes", "each"], ["a", "b", "g"], axis=2),
        node("Sub", "one a", "no_a"), node("Sub", "one b", "no_b"), node("Sub", "one g", "no_g"),
        node("Mul", "no_a b", "at_b"),
        node("Mul", "no_a no_b", "no_group"),
        node("Mul", "no_group g", "at_g"),
        node("Mul", "no_group no_g", "nowhere"),
        node("Mul", "nowhere half", "either"),
        node("Add", "a either", "of_above"), node("Add", "at_b either", "of_below"),
        node("Mul", "meant of_above", "above_all"), node("Mul", "meant of_below", "below_all"),
        node("Mul", "meant at_g", "ground_all"),
        node("ReduceSum", "above_all middle", "above", keepdims=0),
        node("ReduceSum", "below_all middle", "below", keepdims=0),
        node("ReduceSum", "ground_all middle", "ground_raw", keepdims=0),
        node("MatMul", "ground_raw hues", "ground"),
        node("MatMul", "ground nowhere_own", "rest"),
        node("Concat", "above below ground rest", "text_embeds", axis=1),
    ]  # fmt: skip
    weights = {
        "meaning": meaning, "places": place, "hues": hues, "last": np.array([2]), "middle": np.array([1]),
        "along": np.array(1), "each": np.array([1, 1, 1]), "nothing": np.float32(0), "one": np.float32(1),
        "half": np.float32(0.5), "nowhere_own": np.zeros((len(NAMES), OWN), np.float32),
    }  # fmt: skip
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    return tiny._model(nodes, weights, inputs, "text_embeds", ["batch", SAID + OWN])


if __name__ == "__main__":
    train(Path(sys.argv[1]))
