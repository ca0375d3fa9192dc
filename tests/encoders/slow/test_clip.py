"""The encoder `clip` on a model that was trained on drawn pictures: it finds them by text and by picture."""

import io
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from drawn_pictures import changed, many, questions
from onnx import helper
from picture_sets import DIM, TINY
from PIL import Image

from synthprof.base.errors import SpecError
from synthprof.encoders.slow.clip import ClipEncoder, check_clip
from synthprof.encoders.slow.contents import Drawn, Unreadable
from synthprof.encoders.slow.preparation import Preparation, read_preparation


@pytest.fixture(scope="module")
def clip() -> ClipEncoder:
    return ClipEncoder(str(TINY), DIM)


def packed(image: Image.Image, quality: int) -> np.ndarray:
    target = io.BytesIO()
    image.save(target, "JPEG", quality=quality)
    return np.asarray(Image.open(target))


def recall(found: np.ndarray, truth: list[set[int]]) -> float:
    """The mean share of what could be found among ten that was found."""
    shares = [
        len(set(row) & of) / min(10, len(of)) for row, of in zip(found.tolist(), truth, strict=True) if of
    ]
    return float(np.mean(shares))


@pytest.mark.parametrize("count", [400, pytest.param(2_000, marks=pytest.mark.long)])
def test_drawn_pictures_are_found_by_what_they_show_and_by_their_changed_copies(
    clip: ClipEncoder, count: int
) -> None:
    stream, scenes, pictures, copies = np.random.default_rng(3), [], [], []
    for scene, image in many(991, count):
        scenes.append(scene)
        pictures.append(packed(image, 90))
        copies.append(packed(changed(image, stream), int(stream.integers(40, 90))))
    stored = clip.encode_pictures(pictures)
    asked = questions()
    found = np.argsort(-clip.encode_text(asked) @ stored.T, axis=1, kind="stable")[:, :10]
    truth = [{row for row, scene in enumerate(scenes) if scene.shows(words)} for words in asked]
    by_text = recall(found, truth)
    again = np.argsort(-clip.encode_pictures(copies) @ stored.T, axis=1, kind="stable")[:, :10]
    by_copy = recall(again, [{row} for row in range(count)])
    print(f"{count} pictures: by text {by_text:.4f}, by changed copy {by_copy:.4f}")
    assert by_text >= 0.95
    assert by_copy >= 0.98


def test_a_vector_depends_on_no_other_picture_and_no_number_of_threads(clip: ClipEncoder) -> None:
    pictures = [np.asarray(image) for _, image in many(4, 12)]
    together = clip.encode_pictures(pictures)
    with ThreadPoolExecutor(6) as threads:
        apart = list(threads.map(lambda each: clip.encode_pictures([each])[0], pictures[::-1]))[::-1]
    assert np.stack(apart).tobytes() == together.tobytes()
    answers = clip.ask([Drawn(each) for each in pictures[3:5]])
    assert (
        np.stack([each for each in answers if isinstance(each, np.ndarray)]).tobytes()
        == together[3:5].tobytes()
    )


def test_what_cannot_be_read_is_an_answer_with_its_reason(clip: ClipEncoder) -> None:
    class Broken:
        def image(self, least: int) -> Image.Image:
            raise Unreadable(f"damaged, and {least} wanted")

    broken, good = clip.ask([Broken(), clip.known_good])
    assert isinstance(broken, Unreadable) and str(broken) == "damaged, and 128 wanted"
    assert isinstance(good, np.ndarray) and abs(float(good @ good) - 1) < 1e-6


def _whole(folder: Path) -> Path:
    """Both towers in one file, as Optimum exports them."""
    vision, text = (onnx.load(TINY / f"{name}_model.onnx") for name in ("vision", "text"))
    graph = helper.make_graph(
        [*vision.graph.node, *text.graph.node], "clip", [*vision.graph.input, *text.graph.input],
        [*vision.graph.output, *text.graph.output], [*vision.graph.initializer, *text.graph.initializer],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    (folder / "onnx").mkdir(parents=True)
    onnx.save(model, folder / "onnx" / "model.onnx")
    for name in ("preprocessor_config.json", "tokenizer.json"):
        shutil.copy(TINY / name, folder)
    return folder


def test_towers_in_one_file_give_the_same_vectors(clip: ClipEncoder, tmp_path: Path) -> None:
    whole = ClipEncoder(str(_whole(tmp_path / "whole")), DIM)
    pictures = [np.asarray(image) for _, image in many(4, 3)]
    assert np.array_equal(whole.encode_pictures(pictures), clip.encode_pictures(pictures))
    assert np.array_equal(whole.encode_text(["two red circles"]), clip.encode_text(["two red circles"]))
    assert whole.identity != clip.identity


def test_pictures_are_embedded_without_the_tower_of_texts(tmp_path: Path, clip: ClipEncoder) -> None:
    shutil.copytree(TINY, tmp_path / "model")
    (tmp_path / "model" / "text_model.onnx").write_bytes(b"no model")
    pictures = [np.asarray(image) for _, image in many(4, 3)]
    found = ClipEncoder(str(tmp_path / "model"), DIM).encode_pictures(pictures)
    assert np.array_equal(found, clip.encode_pictures(pictures))


@pytest.mark.parametrize("missing", ["preprocessor_config.json", "tokenizer.json", "text_model.onnx"])
def test_a_folder_that_lacks_a_file_is_refused_by_its_name(tmp_path: Path, missing: str) -> None:
    shutil.copytree(TINY, tmp_path / "model")
    (tmp_path / "model" / missing).unlink()
    with pytest.raises(SpecError, match=missing):
        check_clip(str(tmp_path / "model"))


def test_what_is_no_model_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="is no folder"):
        check_clip("laion/CLIP")
    shutil.copytree(TINY, tmp_path / "model")
    for name in ("text", "vision"):
        (tmp_path / "model" / f"{name}_model.onnx").write_bytes(b"no model")
        with pytest.raises(SpecError, match="cannot be loaded"):
            ClipEncoder(str(tmp_path / "model"), DIM).check()
    (tmp_path / "model" / "preprocessor_config.json").write_text('{"size": {"shortest_edge": 1e9}}')
    with pytest.raises(SpecError, match="preprocessor_config"):
        ClipEncoder(str(tmp_path / "model"), DIM).check()
    with pytest.raises(SpecError, match=f"gives {DIM} values, but dim_embedding=8; set dim_embedding={DIM}"):
        ClipEncoder(str(TINY), 8).check()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"size": 224, "crop_size": 224, "do_center_crop": True}, Preparation((224, 224), 224)),
        (
            {
                "size": {"shortest_edge": 256},
                "crop_size": {"height": 224, "width": 200},
                "do_center_crop": True,
            },
            Preparation((200, 224), 256),
        ),
        ({"size": {"height": 384, "width": 320}, "do_center_crop": False}, Preparation((320, 384))),
    ],
)
def test_preparations_are_read_in_the_forms_that_models_have_them(
    tmp_path: Path, told: dict[str, object], expected: Preparation
) -> None:
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps(told | {"do_normalize": False}))
    assert read_preparation(path) == expected


def test_a_picture_is_prepared_as_the_reference_does_it() -> None:
    """Resized by Pillow on its shorter side, cut in the middle, scaled and normalised, channels first."""
    pixels = np.random.default_rng(1).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    half = (0.5, 0.4, 0.3)
    found = Preparation((32, 32), 36, mean=half, deviation=half).prepared(Image.fromarray(pixels))
    image = Image.fromarray(pixels).resize((48, 36), Image.Resampling.BICUBIC).crop((8, 2, 40, 34))
    expected = (np.asarray(image) / 255 - half) / half
    assert found.shape == (1, 3, 32, 32) and found.dtype == np.float32
    assert np.allclose(found[0].transpose(1, 2, 0), expected, atol=1e-6)


def test_a_very_long_picture_takes_no_more_memory_than_others() -> None:
    for shape in ((1, 60_000, 3), (60_000, 1, 3)):
        found = Preparation((32, 32), 32).prepared(Image.fromarray(np.full(shape, 51, np.uint8)))
        assert found.shape == (1, 3, 32, 32) and np.allclose(found, 0.2)


def test_the_model_is_loaded_once_by_threads_that_come_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from synthprof.encoders.slow import towers

    loads: list[str] = []
    load = towers.load_towers
    monkeypatch.setattr(towers, "load_towers", lambda *asked: (loads.append(asked[0]), load(*asked))[1])
    encoder, barrier = ClipEncoder(str(TINY), DIM), threading.Barrier(4)

    def ask(_: int) -> None:
        barrier.wait()
        encoder.encode_text(["a"])

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(ask, range(4)))
    assert len(loads) == 1
