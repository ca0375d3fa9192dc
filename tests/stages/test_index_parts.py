"""Indexes that are filled in parts: the bytes of one made at once, however the work is cut or killed."""

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from synthprof.base.errors import SpecError, StageError
from synthprof.pipeline import wanted
from synthprof.runner import reindex
from synthprof.runner.run import alone, run_stage
from synthprof.similarity import list_filling
from synthprof.spec import sizing
from synthprof.spec.contents import part_seal_name, seal_name
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.spec.sizing import index_of
from synthprof.stages import export_index
from synthprof.stages.footprint import Footprint
from synthprof.store.build import Build
from synthprof.store.receipts import Receipt, read_receipt
from synthprof.store.store import Store

PARAMS: dict[str, Any] = {
    **{"dataset": "lists", "profiles": 34_000, "seed": 5, "clusters": 64, "kmeans_niter": 2},
    **{"dim_embedding": 16, "dim_vector": 20, "store": "parquet", "index": "ivf_flat", "workers": 1},
}
"""Three blocks, the last one short; with PART_BLOCKS of 1 they are three parts."""

SHARDS = (Shard(1, 3), Shard(0, 1))


pytestmark = pytest.mark.usefixtures("small_parts")


@pytest.fixture(scope="module")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with a build whose index is to be made; tests copy it."""
    home = tmp_path_factory.mktemp("clustered")
    for name in ("setup", "generate", "vectorize", "cluster"):
        run_stage(Request.from_params(PARAMS), name, None, home)
    return home


@pytest.fixture
def home(clustered: Path, tmp_path: Path) -> Path:
    shutil.copytree(clustered, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def _build(home: Path, params: dict[str, Any] = PARAMS) -> Build:
    return Store(home, "lists").build(Request.from_params(params).spec)


def _filled(home: Path, params: dict[str, Any], shards: tuple[Shard | None, ...]) -> Request:
    request, known = Request.from_params(params), Request.from_params(PARAMS)
    if request.spec != known.spec:
        reindex._take_over(Store(home, "lists"), known.spec, request)
        run_stage(request, "setup", None, home)
    run_stage(request, "train_index", None, home)
    for shard in shards:
        run_stage(request, "fill_index", shard, home)
    return request


def _exported(home: Path, request: Request) -> tuple[bytes, Receipt]:
    receipt = run_stage(request, "export_index", None, home)
    folder = Store(home, "lists").build(request.spec).stage_folder("export_index")
    return (folder / "index.faiss").read_bytes(), receipt


def _at_once(home: Path, request: Request, patch: pytest.MonkeyPatch) -> tuple[bytes, dict[str, Any]]:
    """Return the index of all rows at once, and its details, made of the same blocks."""
    with patch.context() as here, alone(request, home) as context:
        here.setattr(export_index, "lists_in_parts", lambda _: False)
        here.setattr(export_index, "INDEX", "at-once.faiss")
        done = export_index.run(replace(context, name="export_index"))
        return (context.folder("export_index") / "at-once.faiss").read_bytes(), done.details


@pytest.mark.parametrize("kind", ["ivf_flat", "ivf_sq8", "ivf_pq", "ivf_sq8 with lists of its own"])
def test_an_index_of_parts_is_that_of_all_rows_at_once(
    kind: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "own" in kind:
        monkeypatch.setattr(sizing, "NLIST_BAND", 1)
    request = _filled(home, PARAMS | {"index": kind.partition(" ")[0]}, SHARDS)
    choice = index_of(request.spec)
    assert choice is not None and choice.nlist == (184 if "own" in kind else 64)
    written, receipt = _exported(home, request)
    assert (written, receipt.details) == _at_once(home, request, monkeypatch)
    assert receipt.rows == 34_000


@pytest.mark.parametrize("shards", [(None,), (Shard(0, 2), Shard(2, 3))])
def test_bytes_do_not_depend_on_shards_or_workers(
    home: Path, monkeypatch: pytest.MonkeyPatch, shards: tuple[Shard | None, ...]
) -> None:
    request = _filled(home, PARAMS | {"workers": 2}, shards)
    assert _exported(home, request)[0] == _at_once(home, request, monkeypatch)[0]


@pytest.mark.parametrize("more", [{"store": "sqlite"}, {"index": "flat"}, {"index": "hnsw"}])
def test_other_indexes_are_made_by_one_stage(home: Path, more: dict[str, Any]) -> None:
    request = Request.from_params(PARAMS | more)
    names = [each.name for each in wanted(request.spec) if "index" in each.name]
    assert names == ["export_index"]
    with pytest.raises(SpecError, match="no index is filled in parts; set store=parquet and an index with"):
        run_stage(request, "fill_index", None, home)


def test_a_killed_filler_costs_the_parts_in_flight_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_part = list_filling.fill_part

    def killed(*given: Any) -> None:
        fill_part(*given)
        if given[-1] == 16_385:
            os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patch:
        patch.setattr(list_filling, "fill_part", killed)
        with pytest.raises(StageError, match="killed"):
            _filled(home, PARAMS, (None,))
    folder = _build(home).stage_folder("fill_index")
    first, second = (folder / f"lists-0000{part}.bin" for part in (0, 1))
    assert first.exists() and not second.exists()
    before = first.stat().st_ino
    request = _filled(home, PARAMS, (None,))
    assert first.stat().st_ino == before
    assert _exported(home, request)[0] == _at_once(home, request, monkeypatch)[0]


def test_a_layout_that_is_cut_short_begins_anew(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = _filled(home, PARAMS, SHARDS)
    lay_out = list_filling.lay_out

    def cut(*given: Any) -> None:
        lay_out(*given)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(list_filling, "lay_out", cut)
        with pytest.raises(SpecError, match="No space left"):
            _exported(home, request)
    assert not list(_build(home).stage_folder("export_index").iterdir())
    assert _exported(home, request)[0] == _at_once(home, request, monkeypatch)[0]


@pytest.mark.parametrize("name", ["lists-00001.bin", "neighbours-00001.npy"])
def test_a_damaged_part_is_refused_and_made_anew_and_no_other(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = _filled(home, PARAMS, SHARDS)
    folder = _build(home).stage_folder("fill_index")
    before = {path.name: path.stat().st_ino for path in folder.glob("*-*.*")}
    data = bytearray((folder / name).read_bytes())
    data[-9] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(StageError, match=f"{name} .*removed, with what was made from it: run it again"):
        _exported(home, request)
    assert not (folder / name).exists()
    with monkeypatch.context() as patch:
        patch.setattr(
            "synthprof.runner.run.release_ended", lambda _: None
        )  # else lists go once they are laid out
        written = _exported(home, request)[0]
    changed = {path.name for path in folder.glob("*-*.*") if path.stat().st_ino != before.get(path.name)}
    assert changed >= {name}
    assert changed <= {"lists-00001.bin", "neighbours-00001.npy", "seal-part-00001.json"} | {
        path.name for path in folder.glob("receipt*")
    }
    assert written == _at_once(home, request, monkeypatch)[0]


def test_what_was_filled_by_damaged_labels_is_not_kept(home: Path) -> None:
    _filled(home, PARAMS, SHARDS)
    build = _build(home)
    build.discard([build.stage_folder("cluster") / "labels.npy"])
    assert not list(build.stage_folder("fill_index").glob("seal-*"))
    kept = {path.name for path in build.stage_folder("vectorize").glob("seal-*")}
    assert kept == {seal_name(block) for block in range(3)}


def test_a_part_that_was_filled_from_a_damaged_block_is_not_kept(home: Path) -> None:
    _filled(home, PARAMS, SHARDS)
    build = _build(home)
    build.discard([build.stage_folder("vectorize") / "embeddings-00001.npy"])
    left = {path.name for path in build.stage_folder("fill_index").glob("seal-*")}
    assert left == {part_seal_name(0), part_seal_name(2)}


def test_lists_are_let_go_once_they_are_laid_out_and_made_again_for_who_needs_them(home: Path) -> None:
    request = _filled(home, PARAMS, SHARDS)
    build, folder = _build(home), _build(home).stage_folder("fill_index")
    lists, others = list(folder.glob("lists-*")), list(folder.glob("neighbours-*"))
    assert (len(lists), len(others)) == (3, 3)
    written = sum(path.stat().st_size for path in (*lists, *others))
    assert written <= Footprint(request.spec).disk("fill_index") <= 1.2 * written
    first = _exported(home, request)[0]
    assert not list(folder.glob("lists-*"))
    assert read_receipt(folder, SHARDS[0]) is not None
    (build.stage_folder("export_index") / "index.faiss").unlink()
    assert _exported(home, request)[0] == first
