"""Trains a tiny model of pictures and texts, and writes it as a CLIP-like folder.

    python tests/support/train_tiny_clip.py tests/encoders/tiny_clip

It takes NumPy, and ONNX Runtime to compute features with the graph that is written: 15 s of CPU. The seed
is fixed; another processor gives other last bits, so the files are committed.

Everything is fitted in closed form or by k-means. A picture's foreground is told from the colour of its edge;
filters are k-means centroids of patches of foregrounds; their pooled responses, moments and colours are the
features. A third of an embedding says what a caption can say: ridge regression on features and random units,
then a softmax over the words that exclude each other. The rest tells a picture from others: the directions in
which pictures differ most, measured by how their changed copies differ. Texts have zeros there.
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

import drawn_pictures as draw
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

SEED, INPUT, PICTURES = 7, 64, 4_000
FILTERS, PATCH, UNITS = 24, 7, 384
SHARPNESS = 7.0
"""Factor of the regression's outputs, which are 0 or 1, before their softmax."""

SHARE = 0.8
"""Length of the part that captions do not reach, to that of the other."""

PLURALS = tuple(draw.told("", "", shape) for shape in draw.SHAPES)
PARTS = (draw.COUNTS, tuple(draw.COLOURS), draw.SHAPES, draw.PLACES)
"""The words that exclude each other in a caption."""

SAID = sum(map(len, PARTS))
DIM = 64
WORDS = ["[PAD]", "[UNK]", "at", "the", *(word for words in PARTS for word in words), *PLURALS]

Weights = dict[str, np.ndarray]
Node = Any


def prepared(image: Image.Image) -> np.ndarray:
    """As `preprocessor_config.json` below says: resized, cropped, scaled, (1, 3, h, w)."""
    factor = INPUT / min(image.size)
    wide, high = (max(INPUT, int(side * factor)) for side in image.size)
    image = image.resize((wide, high), Image.Resampling.BICUBIC)
    left, top = (wide - INPUT) // 2, (high - INPUT) // 2
    values = np.asarray(image.crop((left, top, left + INPUT, top + INPUT)), np.float32) / 255
    return ((values - 0.5) / 0.5).transpose(2, 0, 1)[None]


def packed(image: Image.Image, quality: int) -> Image.Image:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality)
    return Image.open(target)


def train(folder: Path) -> None:
    """Train, and write the model."""
    stream = np.random.default_rng(SEED)
    scenes, pictures, copies = [], [], []
    for scene, image in draw.many(SEED, PICTURES):
        scenes.append(scene)
        pictures.append(prepared(packed(image, 90)))
        copies.append(prepared(packed(draw.changed(image, stream), int(stream.integers(40, 90)))))
    weights = _first_weights()
    masks = _run(_foreground(), weights, "mask", pictures[:600])
    weights["filters"], weights["biases"] = _filters(masks[:, 0], stream)
    nodes = [*_foreground(), *_features()]
    of_pictures, of_copies = (_run(nodes, weights, "features", each) for each in (pictures, copies))
    every = np.concatenate([of_pictures, of_copies])
    weights["mean"], weights["scale"] = every.mean(axis=0), 1 / (every.std(axis=0) + 1e-6)
    known, again = ((each - weights["mean"]) * weights["scale"] for each in (of_pictures, of_copies))
    weights |= _said(np.concatenate([known, again]), [*scenes, *scenes], stream)
    weights["own"] = _own(known, again)
    _write(folder, nodes, weights)


def _first_weights() -> Weights:
    edge = np.zeros((1, 1, INPUT, INPUT), np.float32)
    edge[..., (0, -1), :] = edge[..., :, (0, -1)] = 1
    rows, columns = (each.astype(np.float32) / INPUT - 0.5 for each in np.mgrid[:INPUT, :INPUT])
    ones = np.ones_like(rows)
    places = np.stack([ones, columns, rows, columns**2, rows**2, columns * rows])[None]
    found: Weights = {"edge": edge / edge.sum(), "places": places, "share": np.float32(SHARE)}
    found |= {"low": np.float32(0.1), "steep": np.float32(1.25), "zero": np.float32(0), "one": np.float32(1)}
    found |= {"blank": np.float32(0.2), "least": np.float32(1e-3), "small": np.float32(1 / INPUT)}
    return found | {"space": np.array([2, 3]), "channel": np.array([1])}


def _node(kind: str, inputs: str, output: str, **settings: Any) -> Node:
    return helper.make_node(kind, inputs.split(), [output], **settings)


def _foreground() -> list[Node]:
    """From `pixel_values` to `mask`: the share of a pixel that a shape covers, whatever its colour."""
    return [
        _node("Mul", "pixel_values edge", "at_edge"),
        _node("ReduceSum", "at_edge space", "ground", keepdims=1),
        _node("Sub", "pixel_values ground", "apart"),
        _node("Abs", "apart", "far"),
        _node("ReduceSum", "far channel", "farness", keepdims=1),
        _node("ReduceMax", "farness", "farthest", axes=[2, 3], keepdims=1),
        _node("Max", "farthest blank", "reach"),
        _node("Div", "farness reach", "relative"),
        _node("Sub", "relative low", "above"),
        _node("Mul", "above steep", "steeper"),
        _node("Clip", "steeper zero one", "mask"),
    ]


def _features() -> list[Node]:
    """From `mask` to `features`: pooled filters, moments, colours, and the mask in little."""
    return [
        _node("Conv", "mask filters biases", "responses", pads=[PATCH // 2] * 4),
        _node("Relu", "responses", "positive"),
        _node("ReduceSum", "positive space", "pooled", keepdims=0),
        _node("Mul", "mask places", "placed"),
        _node("ReduceSum", "placed space", "moments", keepdims=0),
        _node("ReduceSum", "mask space", "covered", keepdims=0),
        _node("Add", "covered least", "area"),
        _node("Sqrt", "area", "side"),
        _node("Div", "pooled area", "pooled_by_area"),
        _node("Div", "pooled side", "pooled_by_side"),
        _node("Div", "moments area", "moments_by_area"),
        _node("Mul", "mask pixel_values", "coloured"),
        _node("ReduceSum", "coloured space", "colours", keepdims=0),
        _node("Div", "colours area", "colour"),
        _node("Mul", "colour colour", "colour_squared"),
        _node("Flatten", "ground", "ground_flat"),
        _node("Sub", "colour ground_flat", "contrast"),
        _node("AveragePool", "mask", "little", kernel_shape=[8, 8], strides=[8, 8]),
        _node("Flatten", "little", "little_flat"),
        _node("Mul", "pooled small", "pooled_small"),
        _node(
            "Concat",
            "pooled_small pooled_by_area pooled_by_side moments_by_area area side colour colour_squared "
            "ground_flat contrast little_flat",
            "features",
            axis=1,
        ),
    ]  # fmt: skip


def _head() -> list[Node]:
    """From `features` to `image_embeds`."""
    nodes = [
        _node("Sub", "features mean", "centred"),
        _node("Mul", "centred scale", "known"),
        _node("Gemm", "known random random_bias", "hidden_raw"),
        _node("Relu", "hidden_raw", "hidden"),
        _node("Concat", "known hidden", "both", axis=1),
        _node("Gemm", "both words_of words_bias", "each_word"),
    ]
    first = 0
    for place, words in enumerate(PARTS):
        nodes.append(_node("Slice", f"each_word from{place} to{place} channel", f"part{place}"))
        nodes.append(_node("Softmax", f"part{place}", f"share{place}", axis=1))
        first += len(words)
    return [
        *nodes,
        _node("Concat", " ".join(f"share{place}" for place in range(len(PARTS))), "said", axis=1),
        _node("LpNormalization", "said", "said_unit", axis=1, p=2),
        _node("MatMul", "known own", "own_raw"),
        _node("LpNormalization", "own_raw", "own_unit", axis=1, p=2),
        _node("Mul", "own_unit share", "own_part"),
        _node("Concat", "said_unit own_part", "image_embeds", axis=1),
    ]


def _run(nodes: list[Node], weights: Weights, output: str, inputs: list[np.ndarray]) -> np.ndarray:
    """The output of a graph for each picture."""
    model = _model(
        nodes, weights, [_pixels()], output, ["n", 1, "h", "w"] if output == "mask" else ["n", "d"]
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run([output], {"pixel_values": each})[0] for each in inputs])


def _filters(masks: np.ndarray, stream: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """k-means centroids of patches at the edges of shapes, each with two thresholds."""
    windows = np.lib.stride_tricks.sliding_window_view(masks, (PATCH, PATCH), axis=(1, 2))
    patches = windows.reshape(-1, PATCH * PATCH)
    patches = patches[stream.permutation(np.flatnonzero(patches.std(axis=1) > 0.15))[:30_000]]
    patches = patches - patches.mean(axis=1, keepdims=True)
    unit = patches / np.linalg.norm(patches, axis=1, keepdims=True)
    centres = unit[:FILTERS].copy()
    for _ in range(25):
        nearest = (unit @ centres.T).argmax(axis=1)
        for place in range(FILTERS):
            if (nearest == place).any():
                mean = unit[nearest == place].mean(axis=0)
                centres[place] = mean / np.linalg.norm(mean)
    responses = patches @ centres.T
    strong = [np.quantile(each[each > 0], 0.75) for each in responses.T]
    biases = np.concatenate([np.full(FILTERS, -0.15), -np.array(strong)]).astype(np.float32)
    filters = np.tile(centres, (2, 1)).reshape(-1, 1, PATCH, PATCH).astype(np.float32)
    return filters, biases


def _said(known: np.ndarray, scenes: list[draw.Scene], stream: np.random.Generator) -> Weights:
    """Ridge regression of the words on the features and on random units of them."""
    random = (stream.normal(size=(known.shape[1], UNITS)) / np.sqrt(known.shape[1]) * 1.5).astype(np.float32)
    bias = stream.uniform(-1, 1, UNITS).astype(np.float32)
    both = np.concatenate([known, np.maximum(known @ random + bias, 0)], axis=1).astype(np.float64)
    truth = np.zeros((len(scenes), SAID))
    for row, scene in enumerate(scenes):
        first = 0
        for words, word in zip(PARTS, (scene.count, scene.colour, scene.shape, scene.place), strict=True):
            truth[row, first + words.index(word)] = 1
            first += len(words)
    centre, mean = both.mean(axis=0), truth.mean(axis=0)
    square = (both - centre).T @ (both - centre) + 3.0 * np.eye(both.shape[1])
    slope = np.linalg.solve(square, (both - centre).T @ (truth - mean)) * SHARPNESS
    found: Weights = {"random": random, "random_bias": bias, "words_of": slope}
    return found | {"words_bias": mean * SHARPNESS - centre @ slope}


def _own(known: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Directions in which pictures differ, in the measure of how copies differ (Fisher's discriminants)."""
    known, again = known.astype(np.float64), again.astype(np.float64)
    within = np.cov((known - again).T) + 0.02 * np.eye(known.shape[1])
    values, vectors = np.linalg.eigh(within)
    white = vectors / np.sqrt(values)
    spread, directions = np.linalg.eigh(np.cov((known @ white).T))
    wanted = np.argsort(-spread)[: DIM - SAID]
    return white @ directions[:, wanted]


def _write(folder: Path, nodes: list[Node], weights: Weights) -> None:
    """Write both towers, the tokenizer and how pictures are prepared, as Optimum exports them."""
    folder.mkdir(parents=True, exist_ok=True)
    first = 0
    for place, words in enumerate(PARTS):
        weights |= {f"from{place}": np.array([first]), f"to{place}": np.array([first + len(words)])}
        first += len(words)
    onnx.save(
        _model([*nodes, *_head()], weights, [_pixels()], "image_embeds", ["batch", DIM]),
        folder / "vision_model.onnx",
    )
    onnx.save(_text_model(), folder / "text_model.onnx")
    write_preparation(folder, WORDS)


def write_preparation(folder: Path, words: list[str]) -> None:
    """Write how pictures are prepared, and a tokenizer of these words."""
    half = [0.5, 0.5, 0.5]
    config = {
        "image_processor_type": "CLIPImageProcessor", "do_convert_rgb": True, "do_resize": True,
        "size": {"shortest_edge": INPUT}, "resample": 3, "do_center_crop": True,
        "crop_size": {"height": INPUT, "width": INPUT}, "do_rescale": True, "rescale_factor": 1 / 255,
        "do_normalize": True, "image_mean": half, "image_std": half,
    }  # fmt: skip
    (folder / "preprocessor_config.json").write_text(json.dumps(config, indent=1) + "\n")
    tokenizer = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None,
        "decoder": None,
        "model": {
            "type": "WordLevel", "vocab": {word: number for number, word in enumerate(words)},
            "unk_token": "[UNK]",
        },
    }  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, indent=1) + "\n")


def _text_model() -> onnx.ModelProto:
    """A text is the sum of its words: each that a caption can say has a place of its own."""
    words = np.zeros((len(WORDS), DIM), np.float32)
    said = [word for each in PARTS for word in each]
    for number, word in enumerate(WORDS):
        single = draw.SHAPES[PLURALS.index(word)] if word in PLURALS else word
        if single in said:
            words[number, said.index(single)] = 1
    nodes = [
        _node("Gather", "vocabulary input_ids", "each_token"),
        _node("Cast", "attention_mask", "tokens", to=TensorProto.FLOAT),
        _node("Unsqueeze", "tokens last", "tokens_wide"),
        _node("Mul", "each_token tokens_wide", "tokens_kept"),
        _node("ReduceSum", "tokens_kept middle", "text_embeds", keepdims=0),
    ]
    weights = {"vocabulary": words, "last": np.array([2]), "middle": np.array([1])}
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    return _model(nodes, weights, inputs, "text_embeds", ["batch", DIM])


def _pixels() -> Any:
    return helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["batch", 3, INPUT, INPUT])


def _model(
    nodes: list[Node], weights: Weights, inputs: list[Any], output: str, shape: list[Any]
) -> onnx.ModelProto:
    used = {name for node in nodes for name in node.input}
    kept = [
        numpy_helper.from_array(value.astype(np.float32) if value.dtype == np.float64 else value, name)
        for name, value in ((name, np.asarray(value)) for name, value in weights.items())
        if name in used
    ]
    told = helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)
    model = helper.make_model(
        helper.make_graph(nodes, output, inputs, [told], kept), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


if __name__ == "__main__":
    train(Path(sys.argv[1]))
