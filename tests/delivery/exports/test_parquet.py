"""Parquet: typed columns, the right settings for each, and the same bytes wherever the work was cut."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synthprof.delivery.exports import parts
from synthprof.delivery.rows import Rows, as_lists
from synthprof.store.columnar.parquet import settings_for


@pytest.fixture(scope="module")
def folder(exported) -> Path:
    return exported(format="parquet")[0] / "data"


def test_what_is_read_is_what_the_version_holds(folder: Path, version) -> None:
    found = pq.read_table(folder)
    assert found.schema.equals(Rows(version).schema)
    assert found.column("id").to_pylist() == list(range(1, version.rows + 1))
    plain = version.table(columns=["descricao", "idade", "cluster_id"])
    assert found.select(plain.column_names).equals(plain)
    for name, matrix in (("embedding", version.embeddings()), ("vector", version.vectors())):
        column = found.column(name).combine_chunks()
        assert np.array_equal(column.values.to_numpy().reshape(version.rows, -1), matrix)
    lists = found.column("jogos_favoritos").to_pylist()
    texts = version.table(columns=["jogos_favoritos"]).column(0).to_pylist()
    assert [", ".join(items) for items in lists] == texts
    assert pa.types.is_boolean(found.schema.field("usa_microfone").type)
    assert found.schema.field("idade").metadata[b"description"]


def test_values_that_repeat_have_a_dictionary_and_vectors_a_split_by_byte(folder: Path) -> None:
    group = pq.ParquetFile(next(folder.glob("*.parquet"))).metadata.row_group(0)
    columns = {each.path_in_schema: each for each in map(group.column, range(group.num_columns))}
    assert {each.compression for each in columns.values()} == {"ZSTD"}
    for name in ("cidade", "idade", "jogos_favoritos.list.element"):
        assert "RLE_DICTIONARY" in columns[name].encodings, name
    for name in ("id", "nome", "descricao"):
        assert not {"RLE_DICTIONARY", "PLAIN_DICTIONARY"} & set(columns[name].encodings), name
    for name in ("vector.list.element", "embedding.list.element"):
        assert "BYTE_STREAM_SPLIT" in columns[name].encodings
        assert columns[name].statistics is None
    assert (columns["id"].statistics.min, columns["id"].statistics.max) == (1, 33_000)


def test_large_rows_make_several_files_and_groups_of_whole_blocks(
    exported, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = pq.read_table(folder, columns=["id", "nome"])
    monkeypatch.setattr(parts, "GROUPS", 2)
    monkeypatch.setattr(parts, "GROUP_BYTES", 1)
    found, output = exported(format="parquet", columns="nome")
    names = [f"data/rows-{part:05}-of-00002.parquet" for part in range(2)]
    assert [file.path for file in output.files if file.path.startswith("data/")] == names
    groups = [pq.ParquetFile(found / name).metadata.num_row_groups for name in names]
    assert groups == [2, 1]
    assert pq.read_table(found / "data").equals(whole)


def test_a_row_without_an_embedding_is_null(tmp_path: Path) -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    matrix[1] = np.nan
    batch = pa.record_batch({"id": [1, 2, 3], "embedding": as_lists(matrix)})
    pq.write_table(pa.Table.from_batches([batch]), tmp_path / "x.parquet", **settings_for(batch))
    found = pq.read_table(tmp_path / "x.parquet")
    assert found.column("embedding").to_pylist() == [[0.0, 1.0], None, [4.0, 5.0]]
    assert found.schema == batch.schema


def test_the_hidden_truth_comes_only_when_it_is_asked_for(exported, version) -> None:
    folder, _ = exported(format="parquet", columns="archetype")
    found = pq.read_table(folder / "data")
    assert found.column_names == ["id", "archetype"]
    assert np.array_equal(found.column("archetype").to_numpy(), version.labels())
