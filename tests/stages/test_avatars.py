"""Pictures of profiles from the order to the published version, whatever the workers and shards."""

import io
import tarfile
from pathlib import Path

import pyarrow as pa
import pytest

from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.manifest import content_digest
from synthprof.versions.verify import verify
from synthprof.versions.version import Version, open_version

ORDER = {
    **{
        "dataset": "drawn",
        "profiles": BLOCK_ROWS + 40,
        "clusters": 4,
        "kmeans_niter": 2,
        "dim_embedding": 24,
    },
    **{"dim_vector": 20, "avatars": True, "avatar_copies": 0.2, "index": "flat", "prose": "card"},
}


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    home = tmp_path_factory.mktemp("drawn")
    run_all(Request.from_params(ORDER | {"workers": 2}), home)
    return open_version(home, "drawn")


def _truth(version: Version) -> pa.Table:
    with pa.ipc.open_file(version.folder / "avatar_truth.arrow") as reader:
        return reader.read_all()


@pytest.mark.long
def test_a_version_has_a_shard_for_each_block_and_the_truth_about_all(version: Version) -> None:
    truth = _truth(version)
    shards = sorted((version.folder / "avatars").iterdir())
    assert [path.name for path in shards] == ["avatars-00000.tar", "avatars-00001.tar"]
    keys = [name.removesuffix(".png") for path in shards for name in _names(path) if name.endswith(".png")]
    assert keys == truth["picture"].to_pylist()
    own = [row for row in truth.to_pylist() if row["copy_of"] is None]
    assert [row["id"] for row in own] == list(range(1, BLOCK_ROWS + 41))


@pytest.mark.long
def test_pictures_do_not_depend_on_rows_that_follow_or_on_workers(version: Version, tmp_path: Path) -> None:
    run_all(Request.from_params(ORDER | {"profiles": 50, "clusters": 1, "workers": 1}), tmp_path)
    few = open_version(tmp_path, "drawn")
    whole, part = (_members(each.folder / "avatars" / "avatars-00000.tar") for each in (version, few))
    assert part == {name: whole[name] for name in part}
    assert _truth(few).equals(_truth(version).slice(0, len(_truth(few))))


@pytest.mark.long
def test_verify_draws_the_pictures_again_and_sees_what_is_not_theirs(version: Version) -> None:
    verdict = verify(version, 1, lambda *_: None)
    assert (verdict.damaged, verdict.unknown, verdict.contradictions) == ((), (), ())
    stranger = version.folder / "avatars" / "more.tar"
    stranger.write_bytes(b"")
    try:
        assert verify(version, 0, lambda *_: None).unknown == ("avatars/more.tar",)
    finally:
        stranger.unlink()


@pytest.mark.long
def test_the_contents_name_the_pictures(version: Version) -> None:
    files = [
        file
        for file in version.manifest.files
        if file.path not in ("overview.json", "map.arrow", "report.html")
    ]
    assert content_digest(files) == version.manifest.content
    assert "avatars/avatars-00001.tar" in {file.path for file in files}


def test_orders_without_pictures_have_the_name_that_they_had() -> None:
    """Versions of earlier releases are found by these digests."""
    plain = Spec(seed=3)
    assert plain.digest == Spec(seed=3, avatar_size=128, avatar_copies=0.5).digest
    assert "avatars" not in plain.described()
    drawn = {Spec(seed=3, avatars=True, avatar_size=size).digest for size in (64, 128)}
    assert len(drawn | {plain.digest}) == 3


def _names(path: Path) -> list[str]:
    with tarfile.open(path) as shard:
        return shard.getnames()


def _members(path: Path) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as shard:
        return {each.name: shard.extractfile(each).read() for each in shard}  # type: ignore[union-attr]
