"""Block files go once a database has their rows, and come back for who reads them."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from everyday import everyday
from harness import cases

from synthprof.base.errors import Busy, StageError
from synthprof.base.locks import lock
from synthprof.pipeline import BEFORE_PUBLISH, RELEASES, maker_of, wanted
from synthprof.runner.repair import repair
from synthprof.runner.run import run_all, run_stage
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard
from synthprof.stages import releasing
from synthprof.store.blocks import Blocks
from synthprof.store.build import Build
from synthprof.store.manifest import read_manifest
from synthprof.store.receipts import ended
from synthprof.store.store import Store

PARAMS: dict[str, Any] = {
    **{"dataset": "small", "profiles": 66_000, "seed": 3, "clusters": 4, "kmeans_niter": 2, "workers": 2},
    **{"dim_embedding": 16, "index": "flat"},
}
"""Five blocks, the last one short: the files of the first two profiles' blocks always stay."""

BLOCKS = 5


STEPS = ("seal_file", "mark_released", "unlink")


class Killed(BaseException):
    """A stand-in for a kill: nothing catches it."""


def _build(home: Path, **params: Any) -> Build:
    return Store(home, "small").build(Request.from_params(PARAMS | params).spec)


def _left(build: Build, kind: str) -> list[str]:
    return sorted(path.name for path in build.stage_folder(maker_of(kind).name).glob(f"{kind}-*"))


def _content(home: Path) -> str:
    return read_manifest(Store(home, "small").current()).content


DATABASES = [each for each in RELEASES if each.applies(Request.from_params(PARAMS).spec)]
"""What is let go of where rows lie in databases; tests/stages/test_index_parts.py looks at lists."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("made")
    run_all(Request.from_params(PARAMS), home)
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "home", symlinks=True)
    return tmp_path / "home"


def test_a_run_leaves_no_block_that_a_database_has(made: Path) -> None:
    build = _build(made)
    assert _left(build, "profiles") == ["profiles-00000.arrow", "profiles-00001.arrow"]
    assert _left(build, "vectors") == _left(build, "embeddings") == []
    assert len(_left(build, "traits")) == BLOCKS
    assert all(ended(build.stage_folder(each.name), BLOCKS) for each in wanted(build.spec, BEFORE_PUBLISH))


def test_embeddings_are_read_from_their_database_as_from_their_blocks(made: Path, tmp_path: Path) -> None:
    request = Request.from_params(PARAMS)
    for name in ("setup", "generate", "vectorize"):
        run_stage(request, name, None, tmp_path)
    with_blocks = Blocks(_build(tmp_path).folder, request.spec)
    without = Blocks(_build(made).folder, request.spec)
    for block in range(BLOCKS):
        found = without.matrix("embeddings", block)
        assert found.dtype == "float32" and found.flags.c_contiguous
        assert (found == with_blocks.matrix("embeddings", block)).all()


@pytest.mark.parametrize(
    "name", everyday(["persist_blobs", "ingest", "vectorize", "cluster", "export_index"], 2)
)
def test_a_stage_done_again_alone_gives_the_same_version(home: Path, name: str) -> None:
    before, build = _content(home), _build(home)
    for path in build.stage_folder(name).glob("receipt*.json"):
        path.unlink()
    for database in build.stage_folder(name).glob("*.db"):
        database.unlink()
    run_stage(Request.from_params(PARAMS), name, None, home)
    assert not _left(build, "vectors") and not _left(build, "embeddings")
    shutil.rmtree(build.stage_folder("publish"))
    run_stage(Request.from_params(PARAMS), "publish", None, home)
    assert _content(home) == before


def test_a_shard_done_again_makes_only_its_own_blocks_again(home: Path) -> None:
    request, build = Request.from_params(PARAMS), _build(home)
    for path in build.stage_folder("vectorize").glob("receipt*.json"):
        path.unlink()
    run_stage(request, "vectorize", Shard(2, 4), home)
    assert len(_left(build, "profiles")) <= 4
    run_stage(request, "vectorize", Shard(0, 2), home)
    run_stage(request, "vectorize", Shard(4, 5), home)
    assert len(_left(build, "profiles")) == 2


def test_shards_let_go_of_their_profiles_as_they_end(tmp_path: Path) -> None:
    request, build = Request.from_params(PARAMS), _build(tmp_path)
    for name in ("setup", "generate", "ingest"):
        run_stage(request, name, None, tmp_path)
    assert len(_left(build, "profiles")) == BLOCKS
    run_stage(request, "vectorize", Shard(2, 4), tmp_path)
    assert len(_left(build, "profiles")) == BLOCKS - 2
    run_stage(request, "vectorize", Shard(0, 2), tmp_path)
    run_stage(request, "vectorize", Shard(4, 5), tmp_path)
    assert len(_left(build, "profiles")) == 2


def test_a_damaged_database_is_repaired_from_blocks_made_again(home: Path) -> None:
    before, name = _content(home), "embeddings.db"
    for path in (_build(home).stage_folder("persist_blobs") / name, Store(home, "small").current() / name):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink()
        path.write_bytes(content)
    done = repair(home, "small")
    assert done.files == (name,) and done.stages == ("persist_blobs",)
    assert _content(home) == before


def test_a_block_that_changed_is_found_before_it_goes(tmp_path: Path, made: Path) -> None:
    request, build = Request.from_params(PARAMS), _build(tmp_path)
    for name in ("setup", "generate", "vectorize"):
        run_stage(request, name, None, tmp_path)
    path = build.stage_folder("generate") / "profiles-00003.arrow"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # in a text: Arrow does not notice
    path.write_bytes(content)
    with pytest.raises(StageError, match=r"profiles-00003.arrow changed after being written"):
        run_stage(request, "ingest", None, tmp_path)
    assert run_all(request, tmp_path).published["content"] == _content(made)


@pytest.mark.parametrize(
    ("kind", "step"),
    cases([(each.kind, step) for step in STEPS for each in DATABASES], 4),
)
def test_a_kill_while_blocks_are_let_go_of_costs_nothing(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, step: str
) -> None:
    """Before the blocks are proven, between that and the mark, before the first file goes, and after some."""
    request, build = Request.from_params(PARAMS | {"workers": 1}), _build(tmp_path)
    with monkeypatch.context() as patched:
        _kill_at(patched, kind, step)
        with pytest.raises(Killed):
            run_all(request, tmp_path)
    for each in DATABASES:  # what has gone is in a database that is whole
        if len(_left(build, each.kind)) < BLOCKS:
            assert (build.stage_folder(maker_of(each.into).name) / each.into).exists()
    assert run_all(request, tmp_path).published["content"] == _content(made)
    assert not _left(build, "vectors") and len(_left(build, "profiles")) == 2


def _kill_at(patched: pytest.MonkeyPatch, kind: str, step: str) -> None:
    """Arrange for a kill at a step of the release of a kind."""
    if step == "unlink":
        unlink, gone = Path.unlink, list[Path]()

        def unlinked(path: Path, missing_ok: bool = False) -> None:
            if path.name.startswith(f"{kind}-"):
                gone.append(path)
                if len(gone) == 2:
                    raise Killed
            unlink(path, missing_ok=missing_ok)

        patched.setattr(Path, "unlink", unlinked)
        return
    of = releasing._release

    def release(context: Any, each: Any, *more: Any) -> None:
        if each.kind == kind and any(releasing._there(context.folder(maker_of(kind).name), each, more[0])):
            if step == "seal_file":
                more = (*more[:-1], _killed)
            else:
                patched.setattr(releasing, step, _killed)
        of(context, each, *more)

    patched.setattr(releasing, "_release", release)


def _killed(*_: Any) -> Any:
    raise Killed


@pytest.mark.parametrize("seal", ["half", "of another checksum"])
def test_a_block_whose_seal_proves_nothing_stays(tmp_path: Path, seal: str) -> None:
    request, home = Request.from_params(PARAMS), tmp_path / "home"
    for name in ("setup", "generate", "ingest"):
        run_stage(request, name, None, home)
    build = _build(home)
    path = build.stage_folder("generate") / "seal-00003.json"
    text = path.read_text()
    path.write_text(text[: len(text) // 2] if seal == "half" else text.replace("xxh128", "sha256"))
    run_stage(request, "vectorize", None, home)
    assert _left(build, "profiles") == [f"profiles-0000{number}.arrow" for number in (0, 1, 3)]


def test_where_another_process_lets_go_of_the_same_files_nobody_waits(home: Path) -> None:
    request, build = Request.from_params(PARAMS), _build(home)
    run = build.folder / "locks" / "release-profiles"
    shutil.rmtree(build.stage_folder("ingest"))
    with lock(run, "held"), pytest.raises(Busy), lock(run, "asked", patience_seconds=0):
        pass
    with lock(run, "held"):
        run_stage(request, "ingest", None, home)
    assert len(_left(build, "profiles")) == BLOCKS
    run_all(request, home)
    assert len(_left(build, "profiles")) == 2


def test_nothing_is_let_go_of_where_a_bucket_has_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNTHPROF_STORAGE", "file:///nowhere")
    run_all(Request.from_params(PARAMS), tmp_path)
    assert all(len(_left(_build(tmp_path), each.kind)) == BLOCKS for each in DATABASES)
