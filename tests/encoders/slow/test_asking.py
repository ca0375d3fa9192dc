"""Texts through an embedding service that fails on purpose."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from fault_server import POISON, Faults, serving, vector

from synthprof.base.errors import SpecError, StageError, SynthprofError
from synthprof.encoders.slow.answers import Answers, text_digest
from synthprof.encoders.slow.asking import Effort, Embedder
from synthprof.encoders.slow.http import Endpoint, HttpEncoder, endpoint_of
from synthprof.encoders.slow.patience import Patience
from synthprof.encoders.slow.rejected import Rejected
from synthprof.encoders.slow.request import Progress

DIM = 32
UNIT = np.full(DIM, DIM**-0.5, np.float32)


@contextmanager
def _embedder(
    tmp_path: Path, faults: Faults, progress: Progress = lambda *_: None, **effort: float
) -> Iterator[Embedder]:
    settings = {"batch_size": 16, "requests_in_flight": 4, "pause_seconds": 0.05}
    patience_seconds = effort.pop("patience_seconds", 20)
    with (
        serving(faults) as url,
        Answers(tmp_path, f"m {DIM}", DIM) as answers,
        HttpEncoder(
            endpoint_of({"SYNTHPROF_EMBEDDINGS_URL": url}, 20, patience_seconds), "m", DIM
        ) as service,
    ):
        yield Embedder(service, answers, Effort(**settings | effort), progress)


def _texts(count: int, poison_every: int = 0) -> list[str]:
    poisoned = (poison_every and i % poison_every == poison_every // 2 for i in range(count))
    return [f"perfil {i}{' ' + POISON if bad else ''}" for i, bad in enumerate(poisoned)]


def _expected(texts: list[str]) -> np.ndarray:
    wide = np.array([vector(text, DIM) for text in texts])
    return (wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float32)


def test_every_good_text_is_stored_and_exactly_the_poison_recorded(tmp_path: Path) -> None:
    texts = _texts(4_000, poison_every=1_000)
    faults = Faults(busy=0.05, error=0.02, null=0.01)
    with _embedder(tmp_path, faults) as embedder:
        embedded = embedder.embed(texts)
    poison = np.array([POISON in text for text in texts])
    assert set(embedded.failures) == {text_digest(text) for text in texts if POISON in text}
    assert np.isnan(embedded.embeddings[poison]).all()
    np.testing.assert_allclose(embedded.embeddings[~poison], _expected(texts)[~poison], atol=1e-6)
    failure = next(iter(embedded.failures.values()))
    assert failure.code == 500
    assert failure.tries >= 3
    # chance weighs much in so few requests: tests/test_batches.py counts them for 50,000 texts
    assert faults.requests <= 1.6 * len(texts) / 16


def test_only_a_service_elsewhere_is_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    near, proxy = Faults(), Faults()
    with serving(near) as url, serving(proxy) as proxy_url:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy_url.removesuffix("/v1"))
        for host in (url, url.replace("127.0.0.1", "localhost"), "http://embeddings.example/v1"):
            with HttpEncoder(endpoint_of({"SYNTHPROF_EMBEDDINGS_URL": host}, 20), "m", DIM) as service:
                service.ask([host])
    assert set(near.answered) == {url, url.replace("127.0.0.1", "localhost")}
    assert set(proxy.answered) == {"http://embeddings.example/v1"}


def test_a_proxy_of_any_kind_is_taken_or_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = Endpoint("http://embeddings.example/v1/embeddings")
    monkeypatch.setenv("all_proxy", "socks5://127.0.0.1:9")
    with HttpEncoder(endpoint, "m", DIM):
        monkeypatch.setenv("all_proxy", "ftp://127.0.0.1:9")
    with pytest.raises(SpecError, match=r"ftp://127\.0\.0\.1:9.*mend HTTP_PROXY"):
        HttpEncoder(endpoint, "m", DIM)


def test_an_outage_records_nothing_and_asks_for_nothing_twice(tmp_path: Path) -> None:
    texts = _texts(600)
    for code in (503, 500):
        faults = Faults(out_from=20, out_seconds=1.5, out_code=code)
        with _embedder(tmp_path / str(code), faults, pause_seconds=0.5) as embedder:
            embedded = embedder.embed(texts)
        assert not embedded.failures
        assert np.isfinite(embedded.embeddings).all()
        assert {faults.answered[text] for text in texts} == {1}


def test_an_outage_longer_than_the_patience_is_told_once_fails_and_keeps_what_was_answered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    texts = _texts(300)
    faults = Faults(out_from=10, out_seconds=60)
    with _embedder(tmp_path, faults, patience_seconds=3) as embedder:
        began = time.monotonic()
        with pytest.raises(StageError, match="has been out for 3 s"):
            embedder.embed(texts)
        assert time.monotonic() - began < 5
    told = [each.message for each in caplog.records if "is out (503" in each.message]
    assert [line.rpartition("; ")[2] for line in told] == ["waiting up to 3 s for it"]
    done = sum(faults.answered.values())
    assert done == 9 * 16
    again = Faults()
    with _embedder(tmp_path, again) as embedder:
        assert np.isfinite(embedder.embed(texts).embeddings).all()
    assert again.asked.total() == len(texts) - done


def test_progress_adds_up_to_rows_answered_and_failed(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    texts = _texts(100, poison_every=50)
    rows = [*texts, *texts, texts[0]]  # of which some have the same text
    with _embedder(tmp_path, Faults(), lambda *rows: told.append(rows)) as embedder:
        embedder.embed(rows)
        assert tuple(map(sum, zip(*told, strict=True))) == (197, 4)
        embedder.embed(["perfil 1", "perfil 1"])
    assert told[-1] == (2, 0)  # what was answered before counts as done at once


def test_the_same_text_is_asked_for_once(tmp_path: Path) -> None:
    faults = Faults()
    with _embedder(tmp_path, faults) as embedder:
        first = embedder.embed(["a", "b", "a", "a"])
        second = embedder.embed(["b", "c"])
    assert faults.asked == {"a": 1, "b": 1, "c": 1}
    assert (first.embeddings[0] == first.embeddings[2]).all()
    assert (first.embeddings[1] == second.embeddings[0]).all()


def test_answers_from_before_a_moment_do_not_count(tmp_path: Path) -> None:
    faults = Faults()
    with _embedder(tmp_path, faults) as embedder:
        embedder.embed(["a"])
    with _embedder(tmp_path, faults, since=time.time()) as embedder:
        embedder.embed(["a"])
        embedder.embed(["a"])
    assert faults.asked == {"a": 2}


def test_an_answer_counts_though_the_moment_was_set_by_a_clock_that_is_ahead(tmp_path: Path) -> None:
    faults = Faults()
    with _embedder(tmp_path, faults, since=time.time() + 60) as embedder:
        for _ in range(2):
            assert np.isfinite(embedder.embed(["a"]).embeddings).all()
    assert faults.asked == {"a": 1}


def test_a_full_disk_and_a_damaged_file_of_answers_are_one_clear_message(tmp_path: Path) -> None:
    vectors = {bytes([number]): np.zeros(5_000, np.float32) for number in range(9)}
    with Answers(tmp_path, "m", 5_000) as answers:
        answers._connection.execute("PRAGMA max_page_count = 9")
        with pytest.raises(SpecError, match="the disk is full; free some space"):
            answers.save(vectors)
        assert not answers.find(list(vectors))
    answers.path.write_bytes(b"?" * 4_096)
    with pytest.raises(StageError, match=f"{answers.path} is damaged .file is not a database.*remove it"):
        Answers(tmp_path, "m", 5_000)


def test_bad_texts_at_the_front_do_not_eat_the_limit(tmp_path: Path) -> None:
    texts = [*(f"{POISON} {i}" for i in range(3)), *_texts(6)]
    for _ in range(2):
        limited = _embedder(tmp_path, Faults(), limit=3)
        with limited as embedder, suppress(SpecError):
            embedder.embed(texts)
    with Answers(tmp_path, f"m {DIM}", DIM) as answers:
        assert set(answers.find([text_digest(text) for text in texts])) == set(map(text_digest, texts[3:]))


def test_a_limit_embeds_the_first_missing_texts(tmp_path: Path) -> None:
    texts = _texts(50)
    for wanted in (range(0, 20), range(20, 40)):
        faults = Faults()
        with _embedder(tmp_path, faults, limit=20) as embedder, pytest.raises(SpecError, match="limit=20"):
            embedder.embed(texts)
        assert set(faults.asked) == {texts[i] for i in wanted}


def test_vectors_belong_to_their_texts_in_whatever_order_they_come(tmp_path: Path) -> None:
    texts = _texts(64)
    with _embedder(tmp_path, Faults(mode="shuffled")) as embedder:
        np.testing.assert_allclose(embedder.embed(texts).embeddings, _expected(texts), atol=1e-6)


@pytest.mark.parametrize("mode", ["short", "zero", "text", "huge", "deep"])
def test_answers_that_are_not_whole_are_not_believed(tmp_path: Path, mode: str) -> None:
    odd = _embedder(tmp_path, Faults(mode=mode), patience_seconds=0.3)
    with odd as embedder, pytest.raises(StageError, match="has been out"):
        embedder.embed(_texts(4))


@pytest.mark.parametrize(
    ("faults", "dim", "message"),
    [
        (Faults(mode="html"), DIM, "not one of an embedding service, but text/html"),
        (Faults(), 64, "gives 32 values, but dim_embedding=64; set dim_embedding=32"),
        (Faults(key="secret"), DIM, "refuses the key"),
        (Faults(mode="deep"), DIM, "not one of an embedding service, but application/json"),
        (Faults(mode="bomb"), DIM, "not one .*, but more than 1310720 bytes of application/json; set"),
        (Faults(mode="no model"), DIM, "or it has no model 'm' .*model_not_found.*; set .* or model"),
        (Faults(mode="text in place"), DIM, "but application/json: .*AAAA.*; expected was .*; set"),
        (Faults(mode="zero"), DIM, "gives no list of finite numbers for a good text"),
        (Faults(mode="moved"), DIM, r"307, it moved to 'https://elsewhere/v1/embeddings'"),
        (Faults(mode="refused"), DIM, r"400 'não entendi'"),
    ],
)
def test_a_service_that_is_none_is_one_clear_message(faults: Faults, dim: int, message: str) -> None:
    with serving(faults) as url:
        endpoint = Endpoint(f"{url}/embeddings", "wrong-key-1234")
        with (
            HttpEncoder(endpoint, "m", dim) as service,
            pytest.raises(SynthprofError, match=message) as caught,
        ):
            service.check()
    assert "wrong-key-1234" not in str(caught.value)
    assert "wrong-key-1234" not in repr(Endpoint(url, "wrong-key-1234"))


def test_a_text_that_a_firewall_refuses_is_a_bad_text_and_not_a_bad_key(tmp_path: Path) -> None:
    texts = _texts(40, poison_every=40)
    with _embedder(tmp_path, Faults(mode="firewall")) as embedder:
        embedded = embedder.embed(texts)
    assert [failure.code for failure in embedded.failures.values()] == [403]


def test_a_key_is_sent_without_spaces_around_it_and_refused_if_it_cannot_be_sent() -> None:
    where = {"SYNTHPROF_EMBEDDINGS_URL": "http://x"}
    assert endpoint_of(where | {"SYNTHPROF_EMBEDDINGS_KEY": " key\n"}, 1).key == "key"
    for key in ("chavé", "a\nb"):
        with pytest.raises(SpecError, match="SYNTHPROF_EMBEDDINGS_KEY has characters that cannot") as caught:
            endpoint_of(where | {"SYNTHPROF_EMBEDDINGS_KEY": key}, 1)
        assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("login", "key", "secrets"),
    [
        ("", 'sk/4+x"&', ['sk/4+x"&', r"sk/4+x\"&", "sk%2F4%2Bx%22%26", r"sk\/4", "NrLzQreCIm"]),
        ("ana:p%2Fw@", "", ["ana", "p/w", "p%2Fw", "YW5hOnAvdw"]),
    ],
)
@pytest.mark.parametrize("mode", ["echo", "echo at an address", "echo in base64"])
def test_a_service_that_echoes_the_request_does_not_give_key_and_password_away(
    login: str, key: str, secrets: list[str], mode: str
) -> None:
    with serving(Faults(mode=mode)) as url:
        endpoint = Endpoint(f"{url.replace('//', f'//{login}')}/embeddings", key)
        with HttpEncoder(endpoint, "m", DIM) as service, pytest.raises(Rejected, match=r"400.*…") as caught:
            service.ask_once(["a"])
    assert not [secret for secret in secrets if secret in str(caught.value)]
    assert "authorization" in str(caught.value) or mode == "echo in base64"


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("https://host", "https://host/v1/embeddings"),
        ("https://host/v1/", "https://host/v1/embeddings"),
        ("https://host/api/v3", "https://host/api/v3/embeddings"),
        ("https://host/v1beta/openai/", "https://host/v1beta/openai/embeddings"),
        ("https://host/v1/embeddings/", "https://host/v1/embeddings"),
        ("http://host:11434/api/embed", "http://host:11434/api/embed"),
        ("https://host/d/x/embeddings?api-version=1", "https://host/d/x/embeddings?api-version=1"),
        ("https://host/prefix?a=b", "https://host/prefix/v1/embeddings?a=b"),
    ],
)
def test_an_address_is_completed_where_it_has_only_the_beginning(given: str, asked: str) -> None:
    assert endpoint_of({"SYNTHPROF_EMBEDDINGS_URL": given}).url == asked


def test_no_address_and_a_bad_address_say_what_to_set() -> None:
    with pytest.raises(SpecError, match="SYNTHPROF_EMBEDDINGS_URL"):
        endpoint_of({}, 1)
    for url in ("ftp://x", "no address"):
        bad = HttpEncoder(endpoint_of({"SYNTHPROF_EMBEDDINGS_URL": url}, 1), "m", DIM)
        with bad as service, pytest.raises(SpecError, match="SYNTHPROF_EMBEDDINGS_URL"):
            service.check()


def test_an_outage_that_begins_while_a_text_is_tried_once_more_records_nothing(tmp_path: Path) -> None:
    # 1: the batch; 2: a good text passes; 3, 4: the text alone; 5: now the good text fails as well
    faults = Faults(bad_requests=frozenset({1, 3, 4, 5}))
    with _embedder(tmp_path, faults) as embedder:
        embedded = embedder.embed(["a"])
    assert not embedded.failures
    assert np.isfinite(embedded.embeddings).all()
    assert faults.requests == 7  # 6: the good text passes again; 7: the text


def test_a_vector_that_is_not_finite_once_is_asked_for_again_with_the_next_batch(tmp_path: Path) -> None:
    faults = Faults(bad_requests=frozenset({1}), bad_code=200)
    with _embedder(tmp_path, faults, requests_in_flight=1) as embedder:
        assert np.isfinite(embedder.embed(_texts(33)).embeddings).all()
    assert faults.requests == 3


class _Unlucky:
    """A service that fails one text, then gives it no finite vector, and only then a good one."""

    dim, stopping, known_good = DIM, threading.Event(), "good"
    patience = Patience(20, stopping)

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, texts: Sequence[str], patient: bool = True) -> list[np.ndarray | None]:
        if texts != ["unlucky"]:
            return [UNIT] * len(texts)
        self.asked += 1
        if self.asked == 1:
            raise Rejected(500, "internal")
        return [None if self.asked == 2 else UNIT]

    def ask_once(self, texts: Sequence[str]) -> list[np.ndarray | None]:
        return self.ask(texts)


def test_a_text_that_fails_in_two_ways_by_chance_is_not_recorded(tmp_path: Path) -> None:
    with Answers(tmp_path, f"m {DIM}", DIM) as answers:
        embedder = Embedder(_Unlucky(), answers, Effort(batch_size=1, requests_in_flight=1, pause_seconds=0))
        embedded = embedder.embed(["a", "unlucky", "b"])
    assert not embedded.failures
    assert np.isfinite(embedded.embeddings).all()


def test_retry_after_is_honoured_and_told(caplog: pytest.LogCaptureFixture) -> None:
    faults = Faults(bad_requests=frozenset({1}), bad_code=429, retry_after="1.1")
    with serving(faults) as url, HttpEncoder(Endpoint(f"{url}/embeddings"), "m", DIM) as service:
        began = time.monotonic()
        service.check()
    assert faults.requests == 2
    assert time.monotonic() - began >= 1.1  # the first random wait is at most half a second
    assert "waiting 1 s for the embedding service, as it asked (Retry-After): 429" in caplog.text


@pytest.mark.parametrize("asked", ["3600", "Fri, 31 Dec 2100 23:59:59 GMT", "-1"])
def test_patience_bounds_every_wait_of_a_busy_service_from_the_start(
    asked: str, caplog: pytest.LogCaptureFixture
) -> None:
    faults = Faults(busy=1.0, retry_after=asked)
    with serving(faults) as url:
        began = time.monotonic()
        busy = HttpEncoder(Endpoint(f"{url}/embeddings", patience_seconds=1.1), "m", DIM)
        with busy as service, pytest.raises(StageError, match="429"):
            service.check()
    assert 1.1 <= time.monotonic() - began < 15
    told = any("waiting 1 s for the embedding service, not the" in line for line in caplog.messages)
    assert told == (asked != "-1")


def test_a_service_that_loads_its_model_is_waited_for_from_the_start() -> None:
    faults = Faults(out_from=1, out_seconds=0.5)
    with (
        serving(faults) as url,
        HttpEncoder(Endpoint(f"{url}/embeddings", patience_seconds=20), "m", DIM) as service,
    ):
        service.check()
    assert faults.requests > 1
