"""Exports, workloads, loads and measurements in the explorer, as their own files have them."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa
import pytest
from browser import CHROMIUM, chromium, looking
from explorers import alone, answer, served
from small import DATASET

from synthprof.cli.main import run
from synthprof.delivery.exports.finished import exports
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.delivery.exports.registry import TITLES
from synthprof.delivery.loaders.job import load
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.measuring.job import measure
from synthprof.delivery.measuring.order import MeasureOrder
from synthprof.delivery.workloads.job import make_workload
from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.explorer.worker.opening import OPENING, opened
from synthprof.store import loads
from synthprof.store.outputs import Place, making, read_output

ONE = f"/api/datasets/{DATASET}/versions/current"
EVIL = "<img src=x onerror=document.title='taken'>"
OPENED = ("parquet", "arrow", "jsonl", "csv", "npy", "fvecs", "fbin", "u8bin", "i8bin")
MODULES = ("numpy", "polars", "pyarrow", "pyarrow.ipc", "faiss.contrib.vecs_io")


@pytest.fixture(scope="module")
def home(two_versions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root whose current version has one of each, and a measurement that tries to be markup."""
    home = tmp_path_factory.mktemp("derived") / "it's here"
    shutil.copytree(two_versions, home, symlinks=True)
    export(home, Order.from_params({"dataset": DATASET, "format": "jsonl", "columns": "idade"}))
    made = make_workload(home, WorkloadOrder(dataset=DATASET, queries=12, filters="label_50p"))
    order = {"dataset": DATASET, "into": f"duckdb:{home}/rows.duckdb", "workload": made.output.key}
    load(home, LoadOrder.from_params(order))
    asked = {"dataset": DATASET, "target": "faiss:flat", "clients": "1", "seconds": 1, "filters": "all"}
    folder, _ = measure(home, MeasureOrder.from_params(asked))
    other = folder.with_name("evil")
    shutil.copytree(folder, other)
    told = json.loads((other / "measure.json").read_text()) | {"target": EVIL, "skipped": [EVIL]}
    (other / "measure.json").write_text(json.dumps(told))
    return home


@pytest.fixture(scope="module")
def client(home: Path) -> Iterator:
    with alone(home) as client:
        yield client


def test_exports_are_told_with_a_line_that_opens_them(client, home: Path) -> None:
    (found,) = answer(client, f"{ONE}/exports")["exports"]
    (made,) = exports(home, DATASET)
    told = {name: found[name] for name in ("key", "rows", "bytes", "folder", "state")}
    wanted = {name: getattr(made, name) for name in ("key", "rows", "bytes")}
    assert told == wanted | {"folder": str(made.folder), "state": "finished"}
    assert _value(found["opened"]).collect().columns == ["id", "idade"]
    assert client.get(f"/{made.folder}/rows.jsonl").status_code == 404, "files are not served"


def test_every_format_says_how_it_is_opened(home: Path, tmp_path: Path) -> None:
    assert list(OPENING) == list(TITLES)
    shutil.copytree(home / DATASET, tmp_path / DATASET, symlinks=True)
    for name in OPENED:
        folder, output = export(tmp_path, Order.from_params({"dataset": DATASET, "format": name}))
        value = _value(opened(name, folder, [file.path for file in output.files]))
        rows = value.collect().height if hasattr(value, "collect") else _rows(value)
        assert rows == output.rows, name


def _value(line: str):
    """The value of a line of code, in a namespace that has imported what it names."""
    names: dict = {}
    for module in MODULES:
        exec(f"import {module}", names)
    return eval(line, names)


def _rows(value) -> int:
    return value.read_all().num_rows if isinstance(value, pa.ipc.RecordBatchFileReader) else len(value)


def test_workloads_loads_and_measurements_are_told_as_their_files_have_them(client, home: Path) -> None:
    (workload,) = answer(client, f"{ONE}/workloads")["workloads"]
    assert sum(each["queries"] for each in workload["classes"]) == workload["queries"] == 12
    assert all(each["hardness"] > 0 for each in workload["classes"])
    assert [(each["name"], each["rows"]) for each in workload["filters"]] == [("label_50p", 30)]
    (loaded,) = answer(client, f"{ONE}/loads")["loads"]
    assert (loaded["rows"], loaded["workload"], loaded["state"]) == (60, workload["key"], "finished")
    told = {each["target"]: each for each in answer(client, f"{ONE}/measurements")["measurements"]}
    assert told.pop(EVIL)["points"]
    (measured,) = told.values()
    assert {each["filter"] for each in measured["points"]} == {"none", "label_50p"}
    assert {each["recall"] for each in measured["points"]} == {1.0}
    picture = client.get(f"/picture/{DATASET}/current/{measured['name']}")
    assert picture.headers["content-type"].startswith("image/svg+xml") and b"<svg" in picture.content
    assert picture.headers["content-security-policy"].startswith("sandbox")
    assert client.get(f"/picture/{DATASET}/current/..").status_code in (404, 422)


def test_the_other_version_has_none_of_them(client) -> None:
    (dataset,) = answer(client, "/api/datasets")["datasets"]
    older = f"/api/datasets/{DATASET}/versions/{dataset['versions'][1]['version']}"
    for name in ("exports", "workloads", "loads", "measurements"):
        assert answer(client, f"{older}/{name}")[name] == []


def test_a_load_tells_no_password(client, home: Path) -> None:
    (path, progress), *_ = loads.loads(home, DATASET)
    hidden = progress.model_copy(update={"into": "postgresql://ana:***@host/shop", "done": False})
    other = path.with_name("postgresql-000000000000.json")
    loads.write(other, hidden)
    try:
        found = answer(client, f"{ONE}/loads")["loads"]
        assert [(each["into"], each["state"]) for each in found][1] == (hidden.into, "stopped")
    finally:
        other.unlink()


def test_what_is_in_the_making_is_shown_as_such(
    client, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SYNTHPROF_HOME", str(home))
    (made,) = exports(home, DATASET)
    begun = read_output(made.folder).model_copy(update={"files": (), "key": "0" * 12})
    place = Place(made.folder.parent, "jsonl-000000000000")
    with ExitStack() as work:
        folder = work.enter_context(making(place, "x", begun))
        folder.append("rows.jsonl", b"half")
        states = {each["key"]: each["state"] for each in answer(client, f"{ONE}/exports")["exports"]}
        assert states == {made.key: "finished", "0" * 12: "working"}
        assert "export jsonl-000000000000: in the making" in _status(capsys)
    found = {each["key"]: each for each in answer(client, f"{ONE}/exports")["exports"]}["0" * 12]
    assert (found["state"], found["opened"]) == ("stopped", "")
    assert "jsonl-000000000000: cut short; the same `synthprof export` goes on" in _status(capsys)
    shutil.rmtree(place.making)


def _status(capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["status"]) == 0
    return " ".join(capsys.readouterr().out.split())


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_the_view_shows_all_of_it_as_text_on_wide_narrow_and_dark_pages(home: Path) -> None:
    with served(home) as url, chromium() as browser:
        for options in (
            {"viewport": {"width": 1280, "height": 900}},
            {"viewport": {"width": 400, "height": 900}, "color_scheme": "dark"},
        ):
            with looking(browser, url.rstrip("/"), **options) as seen:
                page = seen.open(f"?dataset={DATASET}&view=derived")
                page.get_by_role("heading", name="jsonl").wait_for()
                page.get_by_text(EVIL).first.wait_for()
                assert "taken" not in page.title()
                page.get_by_text("1 filter").click()
                page.get_by_role("table", name="Filters of").get_by_text("label_50p").wait_for()
                page.get_by_role("table", name="Loads").get_by_text("duckdb").wait_for()
                width = page.evaluate("document.documentElement.scrollWidth")
                assert width <= options["viewport"]["width"]
