"""A limit of texts in a request, and widths to choose from, are learned with few requests and said once."""

from pathlib import Path

import numpy as np
import pytest
from fault_server import POISON, Faults, serving

from synthprof.base.errors import SpecError
from synthprof.encoders.slow.answers import Answers
from synthprof.encoders.slow.asking import Effort, Embedded, Embedder
from synthprof.encoders.slow.http import Endpoint, HttpEncoder

DIM = 32
STATED = '{{"error": "batch size {count} > maximum allowed batch size {limit}"}}'
TEXTS = [f"perfil {number}" for number in range(64)]


def _embed(
    home: Path, faults: Faults, texts: list[str] = TEXTS, model: str = "m", dim: int = DIM, size: int = 64
) -> Embedded:
    with (
        serving(faults) as url,
        Answers(home, f"m {dim}", dim) as answers,
        HttpEncoder(Endpoint(f"{url}/embeddings", patience_seconds=5), model, dim) as service,
    ):
        return Embedder(service, answers, Effort(batch_size=size, pause_seconds=0)).embed(texts)


@pytest.mark.parametrize(
    ("refusal", "size", "requests"),
    [(STATED, 64, 1 + 8), (STATED, 32, 1 + 8), ("too large", 64, 3 + 8), ("", 32, 2 + 8)],
)
def test_a_limit_of_texts_is_learned_once_whether_it_is_stated_or_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, refusal: str, size: int, requests: int
) -> None:
    faults = Faults(limit=8, refusal=refusal)
    embedded = _embed(tmp_path, faults, size=size)
    assert faults.requests == requests
    assert np.isfinite(embedded.embeddings).all()
    assert len([line for line in caplog.messages if "takes at most 8 texts in a request" in line]) == 1


def test_a_limit_is_kept_for_later_blocks_and_found_beside_a_bad_text(tmp_path: Path) -> None:
    faults = Faults(limit=8, refusal="too large")
    texts = [*TEXTS, *(f"nota {number}" for number in range(64))]
    texts[70] = f"{POISON} 70"
    with (
        serving(faults) as url,
        Answers(tmp_path, "m", DIM) as answers,
        HttpEncoder(Endpoint(f"{url}/embeddings", patience_seconds=5), "m", DIM) as service,
    ):
        embedder = Embedder(service, answers, Effort(batch_size=64, pause_seconds=0))
        embedder.embed(texts[:64])
        embedded = embedder.embed(texts[64:])
    assert np.flatnonzero(np.isnan(embedded.embeddings[:, 0])).tolist() == [6]
    assert faults.requests <= 3 + 8 + 8 + 14


@pytest.mark.parametrize("place", [0, 5, 40])
def test_a_text_that_is_too_long_fails_alone_and_is_no_limit_of_texts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: int
) -> None:
    texts = [f"{text} {number}" for text in TEXTS for number in range(4)]
    texts[place] = POISON
    faults = Faults(poison_code=400)
    embedded = _embed(tmp_path, faults, texts)
    assert np.flatnonzero(np.isnan(embedded.embeddings[:, 0])).tolist() == [place]
    assert [failure.code for failure in embedded.failures.values()] == [400]
    assert faults.requests <= 4 + 16
    assert "takes at most" not in caplog.text


@pytest.mark.parametrize("model", ["m", "text-embedding-3-small"])
def test_dimensions_are_sent_where_the_model_takes_them_and_the_width_differs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, model: str
) -> None:
    faults = Faults(dim=48, takes_dimensions=True)
    assert _embed(tmp_path, faults, model=model, size=16).embeddings.shape == (64, DIM)
    known = model != "m"
    assert faults.requests == (4 if known else 5)
    said = [line for line in caplog.messages if "gives 48 values and takes dimensions=32" in line]
    assert len(said) == (0 if known else 1)


def test_dimensions_that_a_service_refuses_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faults = Faults(takes_dimensions=False)
    assert np.isfinite(_embed(tmp_path, faults, model="text-embedding-3-large").embeddings).all()
    assert len([line for line in caplog.messages if "takes no `dimensions`" in line]) == 1
    assert faults.requests == 2


@pytest.mark.parametrize("takes", [None, False])
@pytest.mark.parametrize("model", ["m", "text-embedding-3-large"])
def test_a_width_that_a_service_does_not_give_is_refused_with_the_one_it_gives(
    takes: bool | None, model: str
) -> None:
    with serving(Faults(dim=48, takes_dimensions=takes)) as url:
        encoder = HttpEncoder(Endpoint(f"{url}/embeddings"), model, DIM)
        with encoder as service, pytest.raises(SpecError, match="gives 48 values, but dim_embedding=32; set"):
            service.check()


def test_native_width_of_a_known_model_sends_no_dimensions(tmp_path: Path) -> None:
    faults = Faults(dim=1_536, takes_dimensions=False)
    _embed(tmp_path, faults, TEXTS[:2], "text-embedding-3-small", 1_536)
    assert faults.requests == 1
