"""Exports with answers, read as benchmarks read them: a flat search scores 1.000 on queries and filters."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from synthprof.base.errors import SpecError
from synthprof.delivery.exports import registry
from synthprof.delivery.exports.format import Writing
from synthprof.delivery.rows import Rows
from synthprof.delivery.workloads.job import make_workload
from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.delivery.workloads.workload import Workload
from synthprof.store.outputs import Place, finish, making
from synthprof.versions.version import Version

QUERIES = 20


@pytest.fixture(scope="module")
def workload(three_blocks: Path, version: Version) -> Workload:
    order = WorkloadOrder(dataset=version.dataset, queries=QUERIES, metrics="cosine,l2", filters="all")
    return make_workload(three_blocks, order)


@pytest.fixture(scope="module")
def base(version: Version) -> np.ndarray:
    return version.embeddings().astype(np.float64)


def _exact(base: np.ndarray, queries: np.ndarray, rows: np.ndarray | None = None, k: int = 100) -> np.ndarray:
    """Return the k highest cosines of each query among the rows, in descending order."""
    among = base if rows is None else base[rows]
    return -np.sort(-(queries.astype(np.float64) @ among.T), axis=1)[:, :k]


def _check(base: np.ndarray, query: np.ndarray, places: Any, among: np.ndarray | None) -> None:
    """Fail unless these are as near as the nearest of the rows, and among them."""
    places = np.asarray(places)
    assert len(set(places.tolist())) == len(places)
    if among is not None:
        assert np.isin(places, among).all()
    wanted = _exact(base, query[None, :], among, len(places))[0]
    np.testing.assert_allclose(base[places] @ query.astype(np.float64), wanted, atol=1e-6)


@pytest.mark.parametrize(("metric", "distance"), [("cosine", "angular"), ("l2", "euclidean")])
def test_ann_benchmarks_reads_base_queries_and_distances(
    exported: Callable[..., Any], workload: Workload, base: np.ndarray, metric: str, distance: str
) -> None:
    h5py = pytest.importorskip("h5py")
    folder, _ = exported(format="hdf5", metric=metric)
    with h5py.File(folder / f"three-32-{distance}.hdf5") as file:
        assert dict(file.attrs) == {
            "type": "dense",
            "distance": distance,
            "dimension": 32,
            "point_type": "float",
        }
        train, test = file["train"][:], file["test"][:]
        places, distances = file["neighbors"][:], file["distances"][:]
    np.testing.assert_array_equal(train, base.astype(np.float32))
    assert (test.dtype, places.shape, distances.shape) == (np.float32, (QUERIES, 100), (QUERIES, 100))
    assert (np.diff(distances, axis=1) >= 0).all()
    cosines = _exact(base, test)
    wanted = 1 - cosines if metric == "cosine" else np.sqrt(2 - 2 * cosines)
    np.testing.assert_allclose(distances, wanted, atol=1e-4)
    for query, found in zip(test, places, strict=True):
        _check(base, query, found, None)


def test_vectordbbench_reads_ids_neighbours_and_labels(
    exported: Callable[..., Any], workload: Workload, base: np.ndarray
) -> None:
    folder, _ = exported(format="vectordbbench", correlation=0.5)
    train = pq.read_table(folder / "train.parquet")
    assert train.column("id").to_pylist() == list(range(len(base)))
    test = pq.read_table(folder / "test.parquet")
    queries = np.array(test.column("emb").to_pylist(), np.float32)
    cases = json.loads((folder / "custom_case.json").read_text())
    assert len(cases) > 1, "there are cases with labels"
    for case in cases:
        config = case["dataset_config"]
        assert (config["size"], config["dim"], config["file_count"]) == (len(base), 32, 1)
        name, among = "neighbors.parquet", None
        if "scalar_labels_name" in config:
            value = config["scalar_labels_name"].removeprefix("scalar_")
            name = f"neighbors_labels_{value}.parquet"
            labels = pq.read_table(folder / f"{config['scalar_labels_name']}.parquet")
            assert labels.column("id").to_pylist() == list(range(len(base)))
            among = np.flatnonzero(np.array(labels.column("labels").to_pylist()) == value)
            assert len(among) / len(base) == pytest.approx(float(config["label_percentages"][0]), rel=0.02)
        found = pq.read_table(folder / name)
        assert found.column("id").equals(test.column("id"))
        for query, places in zip(queries, found.column("neighbors_id").to_pylist(), strict=True):
            assert len(places) == 100
            _check(base, query, places, among)


def _holds(payload: dict[str, Any], condition: dict[str, Any]) -> bool:
    """Return whether a payload meets a condition, as the engine would have it; a list by one of its items."""
    ((field, test),) = condition.items()
    values = payload.get(field)
    values = values if isinstance(values, list) else [] if values is None else [values]
    compare = {
        "lt": lambda value, bound: value < bound,
        "lte": lambda value, bound: value <= bound,
        "gt": lambda value, bound: value > bound,
        "gte": lambda value, bound: value >= bound,
    }
    match test:
        case {"match": {"value": wanted}}:
            return wanted in values
        case {"match_any": {"any": wanted}}:
            return any(value in wanted for value in values)
        case {"range": bounds}:
            return any(all(compare[op](value, bound) for op, bound in bounds.items()) for value in values)
    raise AssertionError(test)


def test_qdrants_benchmark_reads_payloads_and_filtered_tests(
    exported: Callable[..., Any], workload: Workload, base: np.ndarray
) -> None:
    folder, _ = exported(format="qdrant")
    np.testing.assert_array_equal(np.load(folder / "vectors.npy"), base.astype(np.float32))
    payloads = [json.loads(line) for line in (folder / "payloads.jsonl").read_text().splitlines()]
    assert len(payloads) == len(base)
    assert all("id" not in payload for payload in payloads[:100])
    (entry,) = json.loads((folder / "datasets.json").read_text())
    assert entry["schema"].keys() >= {name for payload in payloads[:100] for name in payload}
    matching: dict[str, np.ndarray] = {}
    seen = set()
    for line in (folder / "tests.jsonl").read_text().splitlines():
        test = json.loads(line)
        key = json.dumps(test["conditions"])
        if key not in matching:
            parts = (test["conditions"] or {"and": []})["and"]
            matching[key] = np.flatnonzero([all(_holds(row, part) for part in parts) for row in payloads])
        seen.add(key)
        assert len(test["closest_ids"]) == min(100, len(matching[key])) > 0
        _check(base, np.array(test["query"], np.float32), test["closest_ids"], matching[key])
    assert len(seen) == sum(1 for row in workload.filters.to_pylist() if row["rows"])


def _sparse(path: Path) -> tuple[tuple[int, int], np.ndarray, np.ndarray]:
    """Return shape, ends of rows and columns of a matrix as the track's reader has them."""
    data = path.read_bytes()
    rows, columns, count = np.frombuffer(data, "<i8", 3)
    ends = np.frombuffer(data, "<i8", rows + 1, 24)
    places = np.frombuffer(data, "<i4", count, 24 + ends.nbytes)
    ones = np.frombuffer(data, "<f4", count, 24 + ends.nbytes + places.nbytes)
    assert len(data) == 24 + ends.nbytes + places.nbytes + ones.nbytes
    assert (ones == 1).all() and ends[-1] == count
    return (int(rows), int(columns)), ends, places


def test_the_filter_track_reads_vectors_tags_and_truth(
    exported: Callable[..., Any], workload: Workload, base: np.ndarray
) -> None:
    folder, _ = exported(format="bigann-filter")
    n, d = np.fromfile(folder / "base.fbin", "<u4", 2)
    assert ((n, d), (folder / "base.fbin").stat().st_size) == (base.shape, 8 + base.size * 4)
    queries = np.fromfile(folder / "query.fbin", "<f4", offset=8).reshape(-1, d)
    (rows, tags), ends, places = _sparse(folder / "base.metadata.spmat")
    (count, same), query_ends, query_tags = _sparse(folder / "query.metadata.spmat")
    assert (rows, count, same) == (n, QUERIES, tags)
    for name, filtered in (("GT.ibin", True), ("unfiltered.GT.ibin", False)):
        q, k = np.fromfile(folder / name, "<u4", 2)
        found = np.fromfile(folder / name, "<i4", q * k, offset=8).reshape(q, k)
        for number in range(QUERIES):
            wanted = query_tags[query_ends[number] : query_ends[number + 1]]
            owners = np.repeat(np.arange(n), np.diff(ends))
            among = owners[np.isin(places, wanted)] if filtered else None
            _check(base, queries[number], found[number], among)


def test_files_of_vectors_get_queries_and_truth_of_a_named_workload(
    exported: Callable[..., Any], workload: Workload, base: np.ndarray
) -> None:
    key = workload.output.key
    folder, _ = exported(format="fvecs", workload=key)
    queries = np.fromfile(folder / "query.fvecs", "<f4").reshape(QUERIES, -1)[:, 1:]
    places = np.fromfile(folder / "groundtruth.ivecs", "<i4").reshape(QUERIES, -1)
    assert (places[:, 0] == 100).all()
    for query, found in zip(queries, places[:, 1:], strict=True):
        _check(base, query, found, None)
    folder, _ = exported(format="fbin", workload=key, metric="l2")
    assert np.array_equal(np.fromfile(folder / "query.fbin", "<f4", offset=8).reshape(QUERIES, -1), queries)
    q, k = np.fromfile(folder / "groundtruth.ibin", "<u4", 2)
    found = np.fromfile(folder / "groundtruth.ibin", "<i4", q * k, offset=8).reshape(q, k)
    scores = np.fromfile(folder / "groundtruth.ibin", "<f4", offset=8 + q * k * 4).reshape(q, k)
    np.testing.assert_allclose(scores[0], ((base[found[0]] - queries[0]) ** 2).sum(axis=1), atol=1e-5)
    assert "query.fvecs" not in {path.name for path in exported(format="fvecs")[0].iterdir()}


@pytest.mark.parametrize("name", ["hdf5", "vectordbbench", "qdrant", "bigann-filter"])
def test_bytes_do_not_depend_on_where_the_work_was_cut(
    exported: Callable[..., Any], workload: Workload, version: Version, tmp_path: Path, name: str
) -> None:
    form = registry.find(name)
    folder, output = exported(format=name)
    rows = Rows(version, ("embedding",))
    place = Place(tmp_path, folder.name)
    for steps in (1, 2):
        with making(place, name) as work:
            for _ in zip(range(steps), form.write(Writing(rows, work, workload=workload)), strict=False):
                pass
            work._checkpoint()
    with making(place, name) as work:
        for _ in form.write(Writing(rows, work, workload=workload)):
            pass
        finish(place, work, output.model_copy(update={"files": ()}))
    cards = {"README.md", "croissant.json", "datapackage.json", "schema.json"}
    for file in output.files:
        if file.path not in cards:
            assert (place.folder / file.path).read_bytes() == (folder / file.path).read_bytes()


def test_a_distance_that_a_benchmark_does_not_have_is_refused(
    exported: Callable[..., Any], workload: Workload
) -> None:
    with pytest.raises(SpecError, match="use cosine or l2"):
        exported(format="hdf5", metric="dot")
