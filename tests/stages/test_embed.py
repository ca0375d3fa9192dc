"""A data set whose embeddings come from a service: resumed row by row, published whole."""

import contextlib
import functools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from explorers import TestClient, alone
from fault_server import Faults, serving, vector
from place import hear_ctrl_c

from synthprof.base.errors import Busy, SpecError, StageError
from synthprof.encoders.reading.reader import reader_of
from synthprof.explorer.worker.open_versions import OpenVersions
from synthprof.runner.run import run_all, run_stage
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.spec.spec import Spec
from synthprof.stages.summary import Facts, summary
from synthprof.store.manifest import damaged
from synthprof.store.sqlite.database import read
from synthprof.store.store import Store
from synthprof.versions.search import search_similar, search_text
from synthprof.versions.searcher import open_searcher
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

KEY = "key-that-nobody-may-see"
PARAMS: dict[str, Any] = {
    "dataset": "asked",
    "profiles": 1_200,
    "dim_embedding": 32,
    "encoder": "http",
    "model": "m",
    "clusters": 10,
    "kmeans_niter": 3,
    "workers": 1,
    "batch_size": 32,
}


@contextlib.contextmanager
def _service(monkeypatch: pytest.MonkeyPatch, faults: Faults) -> Iterator[Faults]:
    with serving(faults) as url:
        monkeypatch.setenv("SYNTHPROF_EMBEDDINGS_URL", url)
        monkeypatch.setenv("SYNTHPROF_EMBEDDINGS_KEY", KEY)
        yield faults


def _run(home: Path, **params: Any) -> str:
    return str(run_all(Request.from_params(PARAMS | params), home).published["content"])


def test_a_run_is_published_searched_and_verified_and_asks_for_each_text_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with _service(monkeypatch, Faults(key=KEY)) as faults:
        _run(tmp_path)
        assert set(faults.answered.values()) == {1} | {faults.answered["Joga à noite no computador."]}
        version = open_version(tmp_path, "asked")
        with open_searcher(version) as searcher:
            text = version.profile(7)["descricao"]
            hits = search_text(searcher, text, searcher.query(3)).hits
            asked = reader_of(version.bundle).read(text).rest  # without what it denies
            similarity = float(searcher.encoder.encode_text([asked])[0] @ version.embeddings(7, 7)[0])
    assert hits[0].id == 7
    assert hits[0].similarity == pytest.approx(similarity, abs=1e-5)
    assert verify(version, None, lambda *_: None).sound
    told = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(KEY.encode() in text or b"127.0.0.1" in text for text in told)
    assert KEY not in caplog.text


def test_progress_counts_rows_and_those_of_blocks_that_were_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[int, ...]] = []
    with _service(monkeypatch, Faults()):
        _run(tmp_path)
        request = Request.from_params(PARAMS)
        Store(tmp_path, "asked").build(request.spec).invalidate("vectorize")
        run_stage(request, "vectorize", Shard(0, 1), tmp_path, lambda _, *done: heard.append(done))
    assert heard == [(0, 1_200, 0, "rows"), (1_200, 1_200, 0, "rows")]


def test_a_version_no_longer_open_is_closed_once_no_search_is_at_work_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _service(monkeypatch, Faults()):
        _run(tmp_path)
        opened = OpenVersions(tmp_path)
        searcher = opened.searcher("asked", "current")
        stopping = searcher.encoder.stopping  # type: ignore[attr-defined]
        opened.close_unused(idle_seconds=0)
        assert search_text(searcher, "joga RPG", searcher.query(3)).hits
        assert not stopping.is_set()
        del searcher
        assert stopping.is_set()


def test_the_explorer_asks_a_busy_service_once_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _service(monkeypatch, Faults(retry_after="60")) as faults:
        _run(tmp_path)
        asked, faults.busy = faults.requests, 1.0
        with alone(tmp_path) as client:
            answer = client.get("/api/datasets/asked/versions/current/search?text=RPG")
            assert answer.status_code == 409
            assert "the embedding service failed: 429" in answer.json()["detail"]
        assert faults.requests == asked + 1


def test_the_explorer_sees_that_a_version_was_replaced_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, one = 17, "/api/datasets/asked/versions/current"
    monkeypatch.setattr("fault_server.POISON", _description(tmp_path / "other", bad))
    with _service(monkeypatch, Faults()), alone(tmp_path) as client:
        _run(tmp_path, max_failed=1)
        before = client.get(one).json()
        assert client.get(f"{one}/similar/{bad}").status_code == 422
        monkeypatch.setattr("fault_server.POISON", "nothing")
        (
            tmp_path / "asked" / "CURRENT" / "report.html"
        ).unlink()  # a sound one is not replaced while it is read
        _run(tmp_path, force=True)
        after = client.get(one).json()
        assert client.get(f"{one}/similar/{bad}").status_code == 200
    assert after["version"] == before["version"]
    assert after["files"] != before["files"]


def test_bytes_do_not_depend_on_batches_shards_or_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _service(monkeypatch, Faults()):
        plain = _run(tmp_path / "plain")
    with _service(monkeypatch, Faults(busy=0.05, error=0.02, null=0.02, mode="shuffled")):
        assert _run(tmp_path / "faulty", batch_size=7, requests_in_flight=2, shards=3) == plain


def test_another_data_set_of_the_same_texts_asks_for_nothing_and_force_asks_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _service(monkeypatch, Faults()) as faults:
        first = _run(tmp_path)
        asked = faults.asked.total()
        _run(tmp_path, dataset="again", kmeans_niter=4)
        assert faults.asked.total() == asked + 1  # the text that shows that the service is there
        assert _run(tmp_path, force=True) == first
        assert faults.asked.total() == 2 * (asked) + 1


def test_another_answer_of_the_same_model_changes_no_version_under_its_readers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _service(monkeypatch, Faults()):
        first = _run(tmp_path)
        held = open_version(tmp_path, "asked")
        monkeypatch.setattr("fault_server.vector", lambda text, dim: vector(f"{text}!", dim))
        with pytest.raises(Busy, match=r"while it is being read; .* without force"):
            _run(tmp_path, force=True)
        assert not damaged(held.folder, held.manifest.files)
        del held
        assert _run(tmp_path) != first


def test_a_limit_stops_and_the_next_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _service(monkeypatch, Faults()) as faults:
        with pytest.raises(SpecError, match=r"limit=500 rows have been embedded.*again without force"):
            _run(tmp_path, limit=500)
        assert faults.asked.total() == 500 + 1
        _run(tmp_path)
    assert faults.asked.total() == PARAMS["profiles"] + 1  # and the text that shows the service is there


def test_failed_rows_are_recorded_tried_again_and_published_only_if_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = 17
    text = _description(tmp_path / "other", bad)
    monkeypatch.setattr("fault_server.POISON", text)
    with _service(monkeypatch, Faults()) as faults:
        with pytest.raises(StageError, match="1 rows have no embedding, max_failed=0 are allowed"):
            _run(tmp_path)
        failures = next(tmp_path.glob("asked/build/*/vectorize-*/failures-00000.jsonl")).read_text()
        assert [(row["id"], row["code"]) for row in map(json.loads, failures.splitlines())] == [(bad, 500)]
        before = faults.asked.total()
        _run(tmp_path, max_failed=1)
        assert faults.asked.total() - before < 20  # that row and texts known to be good, alone
        version = open_version(tmp_path, "asked")
        nulls_of = "SELECT id FROM embeddings WHERE embedding IS NULL"
        nulls = read(version.folder / "embeddings.db", nulls_of)
        assert nulls.column("id").to_pylist() == [bad]
        failed = read(version.folder / "embeddings.db", "SELECT id, code FROM embedding_failures")
        assert failed.to_pylist() == [{"id": bad, "code": 500}]
        assert version.profile(bad)["cluster_id"] == -1
        sizes = summary(version.manifest, Facts.of(version.manifest, version.folder)).cluster_sizes
        assert (len(sizes), sum(sizes)) == (PARAMS["clusters"], PARAMS["profiles"] - 1)
        searcher = open_searcher(version)
        for query in (searcher.query(1_000), searcher.query(1_000, exact=True)):
            assert bad not in {hit.id for hit in search_similar(searcher, 1, query)}
        with pytest.raises(SpecError, match="id 17 has no embedding"):
            search_similar(searcher, bad)
        assert verify(version, None, lambda *_: None).sound
        with pytest.raises(StageError, match="1 profiles have no embedding, max_failed=0"):
            run_stage(Request.from_params(PARAMS | {"save_index": False}), "publish", None, _same(tmp_path))
        monkeypatch.setattr("fault_server.POISON", "no text has this")
        before = faults.asked.total()
        monkeypatch.setattr("synthprof.store.publishing.LEAVE_SECONDS", 0.1)
        with pytest.raises(Busy, match="an explorer lets go of it within seconds, end what else reads it"):
            _run(tmp_path)
        del version, searcher
        _run(tmp_path)
        assert faults.asked.total() - before == 2  # that row and the text that shows the service is there
        version = open_version(tmp_path, "asked")
        assert not read(version.folder / "embeddings.db", nulls_of).num_rows
        assert verify(version, None, lambda *_: None).sound


def test_an_index_that_cannot_leave_out_rows_is_refused_before_anything_is_read_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fault_server.POISON", _description(tmp_path / "other", 17))
    request = Request.from_params(PARAMS | {"index": "hnsw", "max_failed": 1})
    with _service(monkeypatch, Faults()):
        for name in ("setup", "generate", "vectorize", "cluster"):
            run_stage(request, name, Shard(0, 1) if name in ("generate", "vectorize") else None, tmp_path)
    for path in tmp_path.glob("asked/build/*/vectorize-*/embeddings-*"):
        path.unlink()
    with pytest.raises(SpecError, match="index=hnsw cannot leave out the 1 rows without an embedding"):
        run_stage(request, "export_index", None, tmp_path)


def _same(home: Path) -> Path:
    """The data root after the same data set without an index was made up to publishing."""
    request = Request.from_params(PARAMS | {"save_index": False, "max_failed": 1})
    for name in ("setup", "generate", "ingest", "vectorize", "persist_blobs", "cluster"):
        shard = Shard(0, 1) if name in ("generate", "vectorize") else None
        run_stage(request, name, shard, home)
    return home


def _description(home: Path, number: int) -> str:
    """The description of a profile, whatever encodes it."""
    plain = {"encoder": "catalogue", "model": "", "profiles": 100, "clusters": 0}
    run_all(Request.from_params(PARAMS | plain), home)
    return str(open_version(home, "asked").profile(number)["descricao"])


@pytest.mark.long
def test_kills_lose_no_more_than_what_was_in_flight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _service(monkeypatch, Faults()):
        plain = _run(tmp_path / "plain")
    kills, pick = 5, random.Random(3)
    with _service(monkeypatch, Faults(seconds=0.03)) as faults:
        home = tmp_path / "killed"
        for _ in range(kills):
            child = _start(home)
            asked = faults.asked.total()
            wanted = asked + pick.randint(60, 200)
            deadline = time.monotonic() + 60
            while faults.asked.total() < wanted and child.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            child.kill()
            child.wait()
        assert _run(home, requests_in_flight=1) == plain
    again = sum(faults.asked.values()) - len(faults.asked) - faults.asked["Joga à noite no computador."]
    assert again <= kills * PARAMS["batch_size"]


def _start(home: Path) -> "subprocess.Popen[bytes]":
    words = [f"--{name.replace('_', '-')}={value}" for name, value in PARAMS.items()]
    command = [sys.executable, "-m", "synthprof", "run", *words, "--requests-in-flight=1"]
    environment = os.environ | {"SYNTHPROF_HOME": str(home)}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_the_model_is_part_of_the_spec_and_leaves_older_digests_alone() -> None:
    # the digest of the default spec names every version that was ever made with it
    assert Spec(model="m").digest != Spec().digest
    assert "model" in Spec().model_dump()
    assert Spec().digest == Spec(model="").digest


def test_a_model_and_a_service_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SpecError, match="encoder=http needs model"):
        _run(tmp_path, model="")
    monkeypatch.delenv("SYNTHPROF_EMBEDDINGS_URL", raising=False)
    with pytest.raises(SpecError, match="set SYNTHPROF_EMBEDDINGS_URL"):
        _run(tmp_path)
    assert not list(tmp_path.rglob("*.npy"))


def test_an_airflow_task_takes_address_and_key_from_its_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    from synthprof.orchestration.tasks.service import service_environment

    http = {"encoder": "http"}
    connection = {"conn_type": "http", "host": "https://e.example/v1", "password": KEY}
    monkeypatch.setenv("AIRFLOW_CONN_SYNTHPROF_EMBEDDINGS", json.dumps(connection))
    expected = {"SYNTHPROF_EMBEDDINGS_URL": "https://e.example/v1", "SYNTHPROF_EMBEDDINGS_KEY": KEY}
    assert service_environment("vectorize", http) == expected
    assert service_environment("generate", http) == service_environment("setup", {"encoder": "hashed"}) == {}
    parts = {"conn_type": "http", "host": "127.0.0.1", "port": 8000, "schema": "http"}
    monkeypatch.setenv("AIRFLOW_CONN_SYNTHPROF_EMBEDDINGS", json.dumps(parts))
    assert service_environment("setup", http)["SYNTHPROF_EMBEDDINGS_URL"] == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("uri", "address"),
    [
        ("https://:key@api.example.com/v1", "https://api.example.com/v1"),
        ("http://:key@127.0.0.1:8000/a/v1", "http://127.0.0.1:8000/a/v1"),
        ("https://:key@api.example.com", "https://api.example.com"),
        ("http://:key@api.example.com/https", "https://api.example.com"),
        ('{"host": "http://10.0.0.5", "port": 8000, "password": "key"}', "http://10.0.0.5:8000"),
        ('{"host": "https://10.0.0.5:1/v1", "port": 8000, "password": "key"}', "https://10.0.0.5:1/v1"),
        ('{"password": "key"}', None),
    ],
)
def test_the_connection_may_be_a_uri_or_have_parts(
    monkeypatch: pytest.MonkeyPatch, uri: str, address: str | None
) -> None:
    from synthprof.orchestration.tasks.service import service_environment

    monkeypatch.setenv("AIRFLOW_CONN_SYNTHPROF_EMBEDDINGS", uri)
    found = service_environment("setup", {"encoder": "http"})
    told = {"SYNTHPROF_EMBEDDINGS_URL": address} if address else {}
    assert found == {**told, "SYNTHPROF_EMBEDDINGS_KEY": "key"}


def test_the_explorer_in_airflow_asks_the_service_of_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synthprof.orchestration.explorer.mounted import explorer

    with _service(monkeypatch, Faults(key=KEY)):
        _run(tmp_path)
        connection = {"conn_type": "http", "host": os.environ["SYNTHPROF_EMBEDDINGS_URL"], "password": KEY}
        monkeypatch.setenv("AIRFLOW_CONN_SYNTHPROF_EMBEDDINGS", json.dumps(connection))
        monkeypatch.setenv("SYNTHPROF_HOME", str(tmp_path))
        for name in ("SYNTHPROF_EMBEDDINGS_URL", "SYNTHPROF_EMBEDDINGS_KEY"):
            monkeypatch.delenv(name)
        version = {"dataset": "asked", "version": "current"}
        asked = {**version, "text": "RPG", "k": 1, "where": [], "exact": False}
        with TestClient(explorer()) as client:
            ask = functools.partial(client.app.state.worker.ask, "search", "search", **asked)
            answer = client.portal.call(ask)
    assert answer.status == 200, answer.body


def test_ctrl_c_says_that_nothing_is_lost_and_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["--force", *(f"--{name.replace('_', '-')}={value}" for name, value in PARAMS.items())]
    with _service(monkeypatch, Faults(key=KEY, seconds=0.5)) as faults:
        process = subprocess.Popen(
            [sys.executable, "-m", "synthprof", "run", *options],
            env=os.environ | {"SYNTHPROF_HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=hear_ctrl_c,
        )
        while faults.requests < 4:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
        faults.seconds = 0
        assert process.returncode == 130
        assert "Interrupted; what was done is kept: the same command without --force goes on" in said
        _run(tmp_path)
    profiles = [times for text, times in faults.answered.items() if text != "Joga à noite no computador."]
    assert len(profiles) == PARAMS["profiles"]
    assert sum(profiles) <= PARAMS["profiles"] + 4 * PARAMS["batch_size"]
