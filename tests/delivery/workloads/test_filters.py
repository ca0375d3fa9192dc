"""The filters of a workload: by name, planned, measured by their conditions, and written."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synthprof.base.errors import SpecError
from synthprof.delivery.workloads.conditions import mask
from synthprof.delivery.workloads.files import FILTERS, LABELS_FILE
from synthprof.delivery.workloads.filters import SHARES, default_names, wanted_filters
from synthprof.delivery.workloads.filters_columns import column_filters
from synthprof.delivery.workloads.filters_plan import Filters, measured, plan_filters
from synthprof.delivery.workloads.filters_steps import write_labels
from synthprof.delivery.workloads.labels_closeness import Closeness
from synthprof.delivery.workloads.labels_nearness import Nearness
from synthprof.schemas.loader import collection_schema
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.outputs import Place, making

ROWS, QUERIES = 20_000, 120
SCHEMA = collection_schema("size:integer,weight:float,city:text,tags:list")


def _vectors() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(2)
    rows, queries = (generator.normal(size=(n, 16)).astype(np.float32) for n in (ROWS, QUERIES))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows, queries, np.argsort(-(queries @ rows.T), axis=1)[:, :100] + 1


VECTORS, QUERY_VECTORS, NEIGHBOURS = _vectors()


@pytest.fixture(scope="module")
def batches() -> list[pa.RecordBatch]:
    generator = np.random.default_rng(3)
    words = np.array([f"w{n}" for n in range(200)])
    city = words[generator.zipf(1.6, ROWS).clip(max=199)]
    whole = pa.record_batch(
        {
            "size": generator.integers(0, 90, ROWS),
            "weight": generator.normal(size=ROWS),
            "city": city,
            "tags": pa.array([[a, b] for a, b in zip(city, np.roll(city, 7), strict=True)]),
        }
    )
    return [whole.slice(first, BLOCK_ROWS) for first in range(0, ROWS, BLOCK_ROWS)]


@pytest.fixture(scope="module")
def filters(batches: list[pa.RecordBatch]) -> Filters:
    closeness = Closeness.of(QUERY_VECTORS, VECTORS[NEIGHBOURS[:, -1] - 1])
    nearness = Nearness.of(closeness.keys(VECTORS), NEIGHBOURS)
    return plan_filters(wanted_filters(["all"], ROWS), batches, SCHEMA, nearness, NEIGHBOURS, 4)


@pytest.fixture(scope="module")
def table(filters: Filters, batches: list[pa.RecordBatch]) -> pa.Table:
    return measured(filters, batches, NEIGHBOURS)


def test_the_default_filters_are_few_cover_every_selectivity_and_begin_with_none() -> None:
    names = default_names(10**6)
    assert names[0] == "none" and 25 <= len(names) == len(set(names)) <= 40
    wanted = wanted_filters(names, 10**6)
    for kinds in ({"label"}, {"column", "range", "and"}):
        assert {each.share for each in wanted if each.kind in kinds} >= set(SHARES)
    assert {"label_2p", "label_50p", "label_0.1p"} <= set(names)


def test_every_filter_is_there_as_asked_for(table: pa.Table, filters: Filters) -> None:
    assert table.schema.equals(FILTERS) and not filters.left_out
    assert table.column("name").to_pylist() == list(default_names(ROWS))
    for row in table.to_pylist():
        assert row["measured_selectivity"] == row["rows"] / ROWS
        if row["kind"] in ("label", "column", "range") or row["name"].startswith("and"):
            assert abs(row["rows"] - row["selectivity"] * ROWS) <= max(0.02 * row["rows"], 1), row
        if row["kind"] == "tenant":
            assert abs(row["rows"] - row["selectivity"] * ROWS) <= 1
        if row["kind"] == "label" and row["selectivity"] * NEIGHBOURS.size >= 10:
            assert abs(row["measured_correlation"] - row["correlation"]) <= 0.05, row
    assert table.column("rows")[0].as_py() == ROWS


def test_masks_are_what_conditions_say_of_the_written_labels(
    table: pa.Table, filters: Filters, batches: list[pa.RecordBatch], tmp_path: Path
) -> None:
    with making(Place(tmp_path / "workloads", "w"), "w") as work:
        assert list(write_labels(work, filters))[-1] == ROWS
        labels = pq.read_table(work.folder / LABELS_FILE)
    assert labels.column("id").to_pylist() == list(range(1, ROWS + 1))
    assert labels.schema.equals(filters.planted_schema)
    masks = np.concatenate([filters.masks(*each) for each in enumerate(batches)], axis=1)
    whole = pa.Table.from_batches(batches)
    for number, row in enumerate(table.to_pylist()):
        planted = all(part["column"] in labels.schema.names for part in json.loads(row["condition"])["and"])
        found = mask(row["condition"], labels if planted else whole, SCHEMA)
        assert (found == masks[number]).all() and found.sum() == row["rows"], row


def test_the_last_block_is_made_alone(filters: Filters, batches: list[pa.RecordBatch]) -> None:
    alone = filters.masks(1, batches[1])
    assert alone.shape == (len(filters.wanted), ROWS - BLOCK_ROWS)
    assert filters.planted(1).column("id")[0].as_py() == BLOCK_ROWS + 1


def test_filters_are_found_by_name() -> None:
    names = ["label_33p_far25", "and_7p", "tenant_5_label_2p", "none", "and_7p"]
    found = wanted_filters(names, 1_000)
    assert [each.name for each in found] == ["none", *names[:3]]
    assert found[1].label is not None and found[1].correlation == -0.25 and found[1].share == 0.33
    assert (found[2].kind, found[2].share, found[3].kind) == ("and", 0.07, "and")
    assert len(wanted_filters(["all", "label_2p"], 10**6)) == len(default_names(10**6))


@pytest.mark.parametrize(
    "name", ["x", "label_0p", "label_100p", "label_2p_near101", "tenant_1000", "column_p"]
)
def test_an_unknown_filter_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match=name):
        wanted_filters([name], 1_000)


def test_filters_that_columns_cannot_meet_are_left_out() -> None:
    batch = pa.record_batch({"city": ["a", "b"] * 300})
    wanted = wanted_filters(["column_50p", "column_10p", "range_50p", "label_10p"], 600)
    nearness = Nearness.of(np.arange(600, dtype=np.int32) * 9, np.array([[1, 2, -1]]))
    found = plan_filters(wanted, [batch], SCHEMA, nearness, np.array([[1, 2, -1]]), 1)
    assert [each.name for each in found.wanted] == ["none", "column_50p", "label_10p"]
    assert found.left_out == ("column_10p", "range_50p") and found.tenants is None


def test_labels_are_written_as_the_same_bytes_again(filters: Filters, tmp_path: Path) -> None:
    digests = []
    for name in ("one", "two"):
        with making(Place(tmp_path / "workloads", name), name) as work:
            list(write_labels(work, filters))
            digests.append(work.records())
    assert digests[0] == digests[1]


def test_columns_with_names_of_planted_ones_are_not_taken() -> None:
    """The meaning of a condition follows from names alone."""
    schema = collection_schema("tenant:text,label_2p:bool")
    batch = pa.record_batch({"tenant": ["a", "b"] * 50, "label_2p": [True, False] * 50})
    assert column_filters([batch], schema, 100, [("column", 0.5)]) == [None]
