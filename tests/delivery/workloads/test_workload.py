"""Workloads as a whole: the same bytes wherever the work was cut, opened only if they are whole."""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import call

from synthprof.base.errors import SpecError, StageError
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.delivery.workloads import job
from synthprof.delivery.workloads.files import NEIGHBOURS
from synthprof.delivery.workloads.job import make_workload
from synthprof.delivery.workloads.order import (
    DEFAULT_MIX,
    WorkloadKeywords,
    WorkloadOrder,
)
from synthprof.delivery.workloads.workload import (
    Workload,
    find_workload,
    open_workload,
    workloads_of,
)
from synthprof.store.outputs import OUTPUT
from synthprof.store.store import Store
from synthprof.versions.version import open_version

ORDER = WorkloadOrder(dataset="small", queries=30, metrics="cosine,l2")


@pytest.fixture(scope="module")
def made(two_versions: Path, tmp_path_factory: pytest.TempPathFactory) -> Workload:
    home = tmp_path_factory.mktemp("made") / "home"
    shutil.copytree(two_versions, home, symlinks=True)
    return make_workload(home, ORDER)


def _bytes(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_the_answers_are_those_of_every_row_compared(made: Workload, copied: Path) -> None:
    rows = open_version(copied, "small").embeddings().astype(np.float64)
    products = made.vectors.astype(np.float64) @ rows.T
    for metric, scores in (("cosine", products), ("l2", 2 - 2 * products)):
        ids, found = made.truth(metric)
        assert ids.shape == found.shape == (30, NEIGHBOURS)
        assert (ids[:, len(rows) :] == -1).all()
        assert np.isnan(found[:, len(rows) :]).all()
        assert np.array_equal(np.sort(ids[:, : len(rows)], axis=1), np.tile(np.arange(1, 61), (30, 1)))
        own = np.take_along_axis(scores, ids[:, : len(rows)] - 1, axis=1)
        np.testing.assert_allclose(found[:, : len(rows)], own, atol=1e-6)


@pytest.mark.parametrize("cut", range(7))
def test_bytes_do_not_depend_on_where_the_work_was_cut(
    made: Workload, copied: Path, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    step, done = job.Making.step, 0

    def killed(self: job.Making, *, checkpoint: bool = False) -> None:
        nonlocal done
        if done == cut:
            raise KeyboardInterrupt
        done += 1
        step(self, checkpoint=checkpoint)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(job.Making, "step", killed)
        make_workload(copied, ORDER)
    assert not list((copied / "small" / "workloads").glob("[!.]*"))
    drawn = list(copied.glob("small/workloads/.making/*/drawn.parquet"))
    before = [path.stat().st_mtime_ns for path in drawn]
    again = make_workload(copied, ORDER)
    assert _bytes(again.folder) == _bytes(made.folder)
    assert len(before) == 1


def test_a_service_is_not_asked_again_for_queries_that_are_drawn(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "PARTS", (job.PARTS[0], job.Part("fails", lambda _: 1, _fails), *job.PARTS[1:]))
    with pytest.raises(StageError):
        make_workload(copied, ORDER)
    monkeypatch.setattr(job, "draw_queries", None)
    monkeypatch.setattr(job, "PARTS", (job.PARTS[0], *job.PARTS[2:]))
    assert make_workload(copied, ORDER).queries.num_rows == 30


def _fails(*_: object) -> None:
    raise StageError("the power fails; try again")


def test_a_finished_workload_stays_as_it_is_and_another_order_stands_beside_it(copied: Path) -> None:
    first = make_workload(copied, ORDER)
    moment = (first.folder / OUTPUT).stat().st_mtime_ns
    assert make_workload(copied, ORDER).folder == first.folder
    assert (first.folder / OUTPUT).stat().st_mtime_ns == moment
    second = make_workload(copied, ORDER.model_copy(update={"seed": 2}))
    version = open_version(copied, "small")
    assert {each.folder for each in workloads_of(version)} == {first.folder, second.folder}
    assert find_workload(version, first.output.key).folder == first.folder
    with pytest.raises(SpecError, match=r"has 2 workloads .*; name one"):
        find_workload(version)
    with pytest.raises(SpecError, match=f"has no workload 'x'; there are: .*{second.output.key}"):
        find_workload(version, "x")
    older = open_version(copied, "small", _older(copied))
    with pytest.raises(SpecError, match=r"has 0 workloads \(none\); make one by `synthprof workload"):
        find_workload(older)


def _older(home: Path) -> str:
    current = open_version(home, "small").name
    return next(path.name for path in Store(home, "small").versions() if path.name != current)


@pytest.mark.parametrize("name", ["queries.parquet", "truth/l2/0.ids.npy", OUTPUT])
def test_a_workload_with_a_missing_or_shorter_file_is_not_opened(
    made: Workload, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "workload"
    shutil.copytree(made.folder, folder)
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(StageError, match=r"is missing or was changed; remove the folder and make"):
        open_workload(folder)


def test_another_kind_of_folder_is_no_workload(copied: Path) -> None:
    folder, _ = export(copied, Order(dataset="small", format="jsonl"))
    with pytest.raises(StageError, match="holds exports, not workloads"):
        open_workload(folder)


def test_answers_that_are_not_there_are_refused_by_name(made: Workload) -> None:
    with pytest.raises(SpecError, match="metric='dot' is not in this workload, which has cosine, l2"):
        made.truth("dot")
    for unknown in ("few", 1, -1):
        with pytest.raises(SpecError, match=f"there is no filter {unknown!r}; there are: none"):
            made.truth("l2", unknown)
    assert made.labels is None
    assert np.array_equal(made.truth().ids, made.truth("cosine", "none").ids)


def test_a_file_with_other_contents_is_refused(made: Workload, tmp_path: Path) -> None:
    folder = tmp_path / "workload"
    shutil.copytree(made.folder, folder)
    whole = open_workload(folder)
    np.save(folder / "truth/l2/0.ids.npy", np.zeros((2, 3), np.int64))
    shutil.copy(folder / "filters.parquet", folder / "queries.parquet")
    with pytest.raises(StageError, match="has other columns"):
        _ = whole.queries
    shutil.copy(made.folder / "queries.parquet", folder)
    with pytest.raises(StageError, match=r"int64 of shape \(2, 3\), not int64 of \(30, 100\)"):
        whole.truth("l2")


def test_the_command_tells_the_classes_within_80_columns_and_as_json(made: Workload) -> None:
    home = made.folder.parents[2]
    words = ["workload", "--dataset", "small", "--queries", "30", "--metrics", "cosine,l2"]
    told = call(words, SYNTHPROF_HOME=str(home), COLUMNS="80")
    assert told.returncode == 0, told.stderr
    lines = told.stdout.splitlines()
    assert max(map(len, lines[:-1])) <= 80
    assert lines[-2].startswith("✓ 30 queries, no filters, by cosine, l2, ")
    assert lines[-1].strip() == str(made.folder)
    assert lines[0].split() == ["class", "queries", "mean", "hardness"]
    assert [line.split()[:2] for line in lines[2:6]] == [
        ["in_distribution", "12"],
        ["hard", "6"],
        ["near_copy", "6"],
        ["text", "6"],
    ]
    document = json.loads(call([*words, "--json"], SYNTHPROF_HOME=str(home)).stdout)
    assert document["workload"] == made.output.key
    assert document["classes"]["text"]["queries"] == 6
    wrong = call(["workload", "--dataset", "small", "--mix", "hard=0"], SYNTHPROF_HOME=str(home))
    assert wrong.returncode == 2
    assert "asks for no query" in wrong.stderr


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"mix": "foo=1"}, "Invalid input for param mix"),
        ({"mix": "hard=0"}, "asks for no query; give one of the classes a part above 0"),
        ({"mix": "hard=1,hard=2"}, "names a class twice"),
        ({"metrics": "cosine, euclid"}, "Invalid input for param metrics"),
        ({"queries": "0"}, "0 is less than the minimum of 1"),
        ({"quries": 3}, "did you mean queries?"),
        ({"space": "x"}, "'x' is not one of"),
    ],
)
def test_a_wrong_order_is_refused_with_what_to_write(params: dict, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        WorkloadOrder.from_params(params)


def test_numbers_are_read_as_people_write_them_and_orders_of_one_meaning_are_equal() -> None:
    one = WorkloadOrder.from_params(
        {"queries": "10k", "mix": " text=0.5,hard=3 ", "metrics": "l2, cosine,l2"}
    )
    other = WorkloadOrder.from_params(
        {"queries": 10_000, "mix": "hard=3.0,text=0.50", "metrics": "l2,cosine"}
    )
    assert one == other
    assert one.counts(one.parts) == {"hard": 8_571, "text": 1_429}
    assert sum(WorkloadOrder(queries=7).counts(DEFAULT_MIX).values()) == 7


def test_keywords_are_the_parameters() -> None:
    assert WorkloadKeywords.__annotations__.keys() | {"dataset"} == WorkloadOrder.schemas().keys()


OTHER_KERNELS = """
import os, sys
from pathlib import Path
import synthprof  # which chooses the common kernels
os.environ.update({"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "AVX2,FMA3"})
from synthprof.delivery.workloads.job import make_workload
from synthprof.delivery.workloads.order import WorkloadOrder
make_workload(Path(sys.argv[1]), WorkloadOrder(dataset="small", queries=30, metrics="cosine,l2"))
"""


@pytest.mark.long
@pytest.mark.skipif(platform.machine() != "x86_64", reason="kernels of x86-64")
def test_bytes_do_not_depend_on_the_kernels_that_multiply_matrices(made: Workload, copied: Path) -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", OTHER_KERNELS, copied], check=True)
    (folder,) = (copied / "small" / "workloads").glob("workload-*")
    assert _bytes(folder) == _bytes(made.folder)
