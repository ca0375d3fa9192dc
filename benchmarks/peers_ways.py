"""One stage by one other library; peers.py runs this in an environment of their own.

    PEERS/bin/python benchmarks/peers_ways.py WAY FOLDER [OPTIONS AS JSON]

FOLDER holds what every way of a stage is given: `rows.arrow` (the rows of a data set), `vectors.npy` (its
embeddings), `truth.npy` (the true neighbours of the first rows). A way prints one JSON line: CPU seconds and
wall seconds of the work alone, without imports and without reading what is given, and what came of it.
"""

import contextlib
import functools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from peers_customers import frame_by_numpy

RECALL = 0.95
"""The recall@10 at which indexes are compared."""
NEIGHBOURS = 10
INDEXED = ("state", "region", "signed_up", "age", "tier")
"""Columns with an index in SQLite, as the schema asks for."""

Found = dict[str, Any]
Matrix = np.ndarray[Any, np.dtype[np.float32]]
Search = Callable[[Matrix], Any]
"""From queries to the ids of their neighbours."""


def main() -> None:
    """Run the way that the command line names, and print what it took."""
    way, folder = sys.argv[1], Path(sys.argv[2])
    options = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    print(json.dumps(WAYS[way](folder, **options)))


def timed(work: Callable[[], Any]) -> tuple[Any, Found]:
    """Return what the work gives, and its CPU and wall seconds in all threads of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return made, {
        "cpu": round(time.process_time() - cpu, 3),
        "wall": round(time.perf_counter() - wall, 3),
    }


def rows_given(folder: Path) -> Any:
    """Return the rows as an Arrow table in memory."""
    import pyarrow as pa

    with pa.memory_map(str(folder / "rows.arrow")) as file:
        return pa.ipc.open_file(file).read_all()


def vectors_given(folder: Path) -> Matrix:
    """Return the embeddings, in memory."""
    vectors: Matrix = np.load(folder / "vectors.npy")
    return vectors


# --- rows into files --------------------------------------------------------------------------------------


def sqlite_by_adbc(folder: Path) -> Found:
    """Write the rows into SQLite by ADBC's bulk path, without a journal, then the indexes."""
    table, path = rows_given(folder), folder / "adbc.db"
    return timed(lambda: by_adbc(path, table, INDEXED))[1] | size_of(path)


def by_adbc(path: Path, table: Any, indexed: tuple[str, ...]) -> None:
    """Write a table into a new SQLite file in one transaction without a journal, then its indexes."""
    from adbc_driver_sqlite import dbapi

    with dbapi.connect(str(path), autocommit=True) as link, link.cursor() as cursor:
        for statement in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "BEGIN"):
            cursor.execute(statement)
        cursor.adbc_ingest("rows", table, mode="create")
        for column in indexed:
            cursor.execute(f"CREATE INDEX idx_{column} ON rows ({column})")
        cursor.execute("COMMIT")


def sqlite_by_duckdb(folder: Path) -> Found:
    """Write the rows into SQLite by DuckDB's extension, then the indexes by SQLite itself."""
    import sqlite3

    import duckdb

    path = folder / "duckdb_sqlite.db"
    table = rows_given(folder)
    link = duckdb.connect()
    try:
        link.execute("INSTALL sqlite; LOAD sqlite")
    except duckdb.Error as error:  # the extension comes from DuckDB's own server
        return {"left_out": f"the extension cannot be had here: {str(error).splitlines()[0][:80]}"}

    def work() -> None:
        link.register("given", table)
        link.execute(f"ATTACH '{path}' AS target (TYPE sqlite)")
        link.execute("CREATE TABLE target.rows AS SELECT * FROM given")
        link.close()
        with sqlite3.connect(path) as database:
            for column in INDEXED:
                database.execute(f"CREATE INDEX idx_{column} ON rows ({column})")

    return timed(work)[1] | size_of(path)


def duckdb_table(folder: Path) -> Found:
    """Write the rows into a DuckDB file."""
    import duckdb

    table, path = rows_given(folder), folder / "rows.duckdb"

    def work() -> None:
        with duckdb.connect(str(path)) as link:
            link.register("given", table)
            link.execute("CREATE TABLE rows AS SELECT * FROM given")

    return timed(work)[1] | size_of(path)


def parquet_by_duckdb(folder: Path) -> Found:
    """Write the rows into Parquet by DuckDB, compressed by Zstandard."""
    import duckdb

    table, path = rows_given(folder), folder / "duckdb.parquet"

    def work() -> None:
        with duckdb.connect() as link:
            link.register("given", table)
            link.execute(f"COPY given TO '{path}' (FORMAT parquet, COMPRESSION zstd)")

    return timed(work)[1] | size_of(path)


def parquet_by_polars(folder: Path) -> Found:
    """Write the rows into Parquet by Polars, compressed by Zstandard."""
    import polars

    frame, path = polars.from_arrow(rows_given(folder)), folder / "polars.parquet"
    return timed(lambda: frame.write_parquet(path, compression="zstd"))[1] | size_of(path)


def size_of(path: Path) -> Found:
    """Return the size of a file, and remove it."""
    size = path.stat().st_size
    path.unlink()
    return {"mib": round(size / 2**20, 1)}


# --- clusters ---------------------------------------------------------------------------------------------


def clusters_by_faiss(folder: Path, k: int, niter: int, sample: int) -> Found:
    """Train bare faiss.Kmeans on a sample, assign all rows."""
    import faiss

    vectors = vectors_given(folder)
    random = np.random.default_rng(1)

    def work() -> Matrix:
        kmeans = faiss.Kmeans(vectors.shape[1], k, niter=niter, seed=1, max_points_per_centroid=sample)
        kmeans.train(vectors[random.choice(len(vectors), sample, replace=False)])
        kmeans.index.search(vectors, 1)
        return kmeans.centroids  # type: ignore[no-any-return]

    return trained(work, vectors)


def clusters_by_sklearn(folder: Path, k: int, niter: int, sample: int) -> Found:
    """Train MiniBatchKMeans on as many rows as the others see, assign all rows."""
    from sklearn.cluster import MiniBatchKMeans

    vectors = vectors_given(folder)

    def work() -> Matrix:
        passes = max(1, round(niter * sample / len(vectors)))
        kmeans = MiniBatchKMeans(
            k, batch_size=8_192, max_iter=passes, n_init=1, random_state=1, max_no_improvement=None
        )
        kmeans.fit(vectors)
        kmeans.predict(vectors)
        return kmeans.cluster_centers_.astype(np.float32)  # type: ignore[no-any-return]

    return trained(work, vectors)


def clusters_by_superkmeans(folder: Path, k: int, niter: int, sample: int) -> Found:
    """Train SuperKMeans hierarchically on a sample with two passes of refinement, assign all rows."""
    import superkmeans

    vectors = vectors_given(folder)
    random = np.random.default_rng(1)

    def work() -> Matrix:
        kmeans = superkmeans.SuperKMeans(k, vectors.shape[1], hierarchical=True, iters_refinement=2, seed=1)
        centroids = np.asarray(kmeans.train(vectors[random.choice(len(vectors), sample, replace=False)]))
        kmeans.assign(vectors, centroids)
        return centroids

    return trained(work, vectors)


def trained(work: Callable[[], Matrix], vectors: Matrix) -> Found:
    """Return what a training took, and the mean squared distance of all rows to their centroids."""
    centroids, took = timed(work)
    return took | {"inertia": inertia(vectors, centroids)}


def inertia(vectors: Matrix, centroids: Matrix) -> float:
    """Return the mean squared distance of rows to the nearest of the centroids."""
    import faiss

    nearest = faiss.IndexFlatL2(vectors.shape[1])
    nearest.add(centroids)
    return float(nearest.search(vectors, 1)[0].mean())


# --- indexes ----------------------------------------------------------------------------------------------


def truth(folder: Path, queries: int) -> Found:
    """Write the true neighbours of the first rows by inner product, as `truth.npy`."""
    import faiss

    vectors = vectors_given(folder)
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    np.save(folder / "truth.npy", flat.search(vectors[:queries], NEIGHBOURS)[1])
    return {}


def index_ours(folder: Path) -> Found:
    """Search the index that synthprof published; what it took to make stands in its manifest."""
    import faiss

    index = faiss.read_index(str(folder / "index.faiss"))
    parameters = faiss.ParameterSpace()

    def searching(effort: int) -> Search:
        set_effort(parameters, index, effort)
        return lambda queries: index.search(queries, NEIGHBOURS)[1]

    return found_by_effort(folder, searching, (1, 2, 4, 8, 16, 32, 64), 1)


def index_by_autofaiss(folder: Path) -> Found:
    """Build what autofaiss chooses."""
    import faiss
    from autofaiss import build_index

    vectors = vectors_given(folder)

    def work() -> Any:
        return build_index(
            vectors,
            save_on_disk=False,
            metric_type="ip",
            nb_cores=len(os.sched_getaffinity(0)),
            verbose=40,
            min_nearest_neighbors_to_retrieve=NEIGHBOURS,
        )[0]

    index, took = timed(work)
    name = type(faiss.downcast_index(index)).__name__
    parameters = faiss.ParameterSpace()

    def searching(effort: int) -> Search:
        set_effort(parameters, index, effort)
        return lambda queries: index.search(queries, NEIGHBOURS)[1]

    return took | {"chosen": name} | found_by_effort(folder, searching, (1, 4, 16, 64, 256, 1_024), 0)


def index_by_hnswlib(folder: Path) -> Found:
    """Build a graph by hnswlib, with its usual settings."""
    import hnswlib

    vectors = vectors_given(folder)
    graph = hnswlib.Index("ip", vectors.shape[1])

    def work() -> None:
        graph.init_index(len(vectors), M=16, ef_construction=200, random_seed=1)
        graph.add_items(vectors, num_threads=len(os.sched_getaffinity(0)))

    took = timed(work)[1]

    def searching(effort: int) -> Search:
        graph.set_ef(effort)
        return lambda queries: graph.knn_query(queries, NEIGHBOURS, num_threads=1)[0]

    return took | found_by_effort(folder, searching, (10, 20, 40, 80, 160, 320), 0)


def index_by_usearch(folder: Path) -> Found:
    """Build a graph by USearch, with its usual settings, in float32."""
    from usearch.index import Index

    vectors = vectors_given(folder)
    graph = Index(ndim=vectors.shape[1], metric="ip", dtype="f32")
    keys = np.arange(len(vectors))
    took = timed(lambda: graph.add(keys, vectors, threads=len(os.sched_getaffinity(0))))[1]

    def searching(effort: int) -> Search:
        graph.expansion_search = effort
        return lambda queries: graph.search(queries, NEIGHBOURS, threads=1).keys

    return took | found_by_effort(folder, searching, (10, 20, 40, 80, 160, 320), 0)


def set_effort(parameters: Any, index: Any, effort: int) -> None:
    """Set the lists to look at, or the candidates of a graph; an index that compares all rows has neither."""
    for option in ("nprobe", "efSearch"):
        with contextlib.suppress(RuntimeError):
            parameters.set_index_parameter(index, option, effort)


def found_by_effort(
    folder: Path, searching: Callable[[int], Search], efforts: tuple[int, ...], first_id: int
) -> Found:
    """Return the least effort that reaches the recall, and its microseconds a query in one thread."""
    import faiss

    faiss.omp_set_num_threads(1)
    true = np.load(folder / "truth.npy")
    queries = vectors_given(folder)[: len(true)]
    found: Found = {}
    for effort in efforts:
        ids, took = timed(functools.partial(searching(effort), queries))
        ids = np.asarray(ids).astype(np.int64) - first_id
        hits = [len(set(mine) & set(yours)) for mine, yours in zip(ids, true, strict=True)]
        found = {
            "effort": effort,
            "recall": round(sum(hits) / true.size, 4),
            "us_a_query": round(1e6 * took["cpu"] / len(true), 1),
        }
        if found["recall"] >= RECALL:
            break
    return found


# --- the whole --------------------------------------------------------------------------------------------


def whole(folder: Path, rows: int, schema: str, k: int, niter: int, sample: int) -> Found:
    """Make a data set as a careful user would: the best library for each stage, all in memory.

    NumPy and pandas draw the rows, scikit-learn hashes the texts into vectors, ADBC writes SQLite, FAISS
    makes clusters and the index. Nothing is checked, sealed, resumed, measured or reported.
    """
    import faiss
    import pyarrow as pa
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.preprocessing import normalize

    def blobs(vectors: Matrix) -> Any:
        width = vectors.shape[1] * 4
        packed = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(width), len(vectors), [None, pa.py_buffer(np.ascontiguousarray(vectors))]
        )
        return pa.table({"id": pa.array(np.arange(1, len(vectors) + 1)), "value": packed.cast(pa.binary())})

    def work() -> None:
        frame = frame_by_numpy(rows, Path(schema))
        texts = frame["about"].astype(str)
        table = pa.Table.from_pandas(frame, preserve_index=False)
        encoder = HashingVectorizer(n_features=128, norm=None, dtype=np.float32)
        vectors = normalize(encoder.transform(texts)).toarray().astype(np.float32)
        by_adbc(folder / "perfis.db", table, INDEXED)
        by_adbc(folder / "embeddings.db", blobs(vectors), ())
        by_adbc(folder / "vetores.db", blobs(np.ascontiguousarray(vectors[:, :32])), ())
        kmeans = faiss.Kmeans(128, k, niter=niter, seed=1, max_points_per_centroid=sample)
        random = np.random.default_rng(1)
        kmeans.train(vectors[random.choice(rows, sample, replace=False)])
        labels = kmeans.index.search(vectors, 1)[1].ravel()
        clusters = pa.table({"id": np.arange(1, rows + 1), "cluster_id": labels})
        by_adbc(folder / "clusters.db", clusters, ("cluster_id",))
        index = faiss.index_factory(128, f"IVF{k},Flat", faiss.METRIC_INNER_PRODUCT)
        index.train(vectors[random.choice(rows, min(rows, 40 * k), replace=False)])
        index.add(vectors)
        faiss.write_index(index, str(folder / "index.faiss"))

    return timed(work)[1]


WAYS: dict[str, Callable[..., Found]] = {
    "ADBC into SQLite": sqlite_by_adbc,
    "DuckDB into SQLite": sqlite_by_duckdb,
    "DuckDB into its own file": duckdb_table,
    "DuckDB into Parquet": parquet_by_duckdb,
    "Polars into Parquet": parquet_by_polars,
    "faiss.Kmeans": clusters_by_faiss,
    "MiniBatchKMeans": clusters_by_sklearn,
    "SuperKMeans": clusters_by_superkmeans,
    "truth": truth,
    "synthprof": index_ours,
    "autofaiss": index_by_autofaiss,
    "hnswlib": index_by_hnswlib,
    "USearch": index_by_usearch,
    "the best library for each stage": whole,
}


if __name__ == "__main__":
    main()
