"""Files of vectors: what their readers read is what the version holds, by position from 0."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from synthprof.base.errors import SpecError
from synthprof.delivery.exports import job
from synthprof.delivery.exports.arrays import vecs_rows
from synthprof.versions.version import Version


def _bin(path: Path, kind: str) -> np.ndarray:
    rows, dim = np.fromfile(path, "<u4", 2)
    assert path.stat().st_size == 8 + int(rows) * int(dim) * np.dtype(kind).itemsize
    return np.fromfile(path, kind, offset=8).reshape(rows, dim)


def test_arrow_files_are_read_from_memory_as_the_rows_that_parquet_has(exported, version) -> None:
    folder, _ = exported(format="arrow", columns="nome,embedding,idiomas")
    (path,) = (folder / "data").iterdir()
    with pa.memory_map(str(path)) as file:
        found = pa.ipc.open_file(file).read_all()
    assert found.schema.names == ["id", "nome", "embedding", "idiomas"]
    assert found.column("nome").equals(version.table(columns=["nome"]).column(0))
    assert found.column("embedding").type == pa.list_(pa.float32(), 32)


def test_arrays_of_numpy_are_those_of_the_version(exported, version) -> None:
    folder, _ = exported(format="npy")
    found = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
    assert np.array_equal(found["embeddings"], version.embeddings())
    assert np.array_equal(found["vectors"], version.vectors())
    assert np.array_equal(found["cluster_ids"], version.clusters())
    assert found["ids"].tolist() == list(range(1, version.rows + 1))
    assert found.keys() == {"embeddings", "vectors", "cluster_ids", "ids"}
    folder, _ = exported(format="npy", columns="archetype")
    assert np.array_equal(np.load(folder / "archetypes.npy"), version.labels())


def test_a_column_of_texts_is_no_array(exported) -> None:
    with pytest.raises(SpecError, match="not 'nome'; leave it out, or take parquet"):
        exported(format="npy", columns="nome")


def test_texmex_readers_find_the_dimension_before_each_row(exported, version) -> None:
    folder, _ = exported(format="fvecs")
    found = np.fromfile(folder / "base.fvecs", "<i4").reshape(version.rows, -1)
    assert (found[:, 0] == 32).all()
    assert np.array_equal(found[:, 1:].view("<f4"), version.embeddings())
    assert vecs_rows(np.array([[1, 2]], np.int32)).hex() == "020000000100000002000000"


def test_big_ann_readers_find_the_shape_and_then_the_rows(exported, version) -> None:
    folder, _ = exported(format="fbin", space="vector")
    assert np.array_equal(_bin(folder / "base.fbin", "<f4"), version.vectors())
    assert np.load(folder / "ids.npy").tolist() == list(range(1, version.rows + 1))


@pytest.mark.parametrize(("form", "kind"), [("u8bin", "u1"), ("i8bin", "i1")])
def test_8_bits_give_back_each_number_within_half_a_step(exported, version, form: str, kind: str) -> None:
    folder, _ = exported(format=form)
    scale = json.loads((folder / "scale.json").read_text())
    steps = _bin(folder / f"base.{form}", kind)
    wanted = version.embeddings()
    error = np.abs(scale["offset"] + scale["scale"] * steps.astype(float) - wanted)
    assert error.max() <= scale["largest_error"] * 1.000001
    assert (steps.min(), steps.max()) == (0, 255) if form == "u8bin" else np.abs(steps).max() == 127


def test_rows_without_an_embedding_are_left_out_and_ids_say_which_are_there(
    exported, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few rows of each block, as of texts that a service refused."""
    lacking = [0, 5, 16_384, 32_999]
    whole, clusters = version.embeddings(), version.clusters()
    whole[lacking], clusters[lacking] = np.nan, -1
    monkeypatch.setattr(Version, "embeddings", lambda _, first=1, last=None: whole[first - 1 : last])
    monkeypatch.setattr(Version, "clusters", lambda _: clusters)
    monkeypatch.setattr(job, "EXPORTS", "lacking")
    folder, _ = exported(format="fbin")
    there = np.delete(np.arange(version.rows), lacking)
    assert np.array_equal(np.load(folder / "ids.npy"), there + 1)
    assert np.array_equal(_bin(folder / "base.fbin", "<f4"), whole[there])
    assert np.isnan(np.load(exported(format="npy")[0] / "embeddings.npy")[lacking]).all()
    found = pq.read_table(exported(format="parquet", columns="embedding")[0] / "data").column("embedding")
    assert pc.indices_nonzero(found.is_null()).to_pylist() == lacking
