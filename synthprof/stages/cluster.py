"""k-means over the embeddings: the centroids, the cluster of each profile, and how good they are."""

import logging
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.files import FileRecord, replacing
from synthprof.base.streams import stream
from synthprof.pipeline import FILES
from synthprof.similarity.difficulty import difficulty, sample_rows
from synthprof.similarity.equal_rows import digests
from synthprof.similarity.kmeans import Training, train, training_rows
from synthprof.similarity.nearest_centroid import assign_each
from synthprof.similarity.scores import SILHOUETTE_ROWS, agreement, silhouette
from synthprof.spec.contents import CENTROIDS, CLUSTERS, LABELS, NO_CLUSTER
from synthprof.spec.sizing import clusters_of
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.stages.context import Context, Outcome
from synthprof.store.array_files import save_array
from synthprof.store.blocks import ARCHETYPES, EMBEDDINGS
from synthprof.store.receipts import read_receipts
from synthprof.store.sqlite.database import filling
from synthprof.store.sqlite.indexes import Coded, add_indexes
from synthprof.system.pool import in_turn_or_at_once

logger = logging.getLogger(__name__)

ITERATIONS = "iterations"
"""The unit of progress while the centroids are trained."""


def run(context: Context) -> Outcome:
    """`clusters.db`, `centroids.npy` and `labels.npy` are there, with the scores of the clustering."""
    spec = context.spec
    read_receipts(context.folder("vectorize"), spec.blocks)
    k = clusters_of(spec)
    context.step(0, spec.kmeans_nredo * spec.kmeans_niter, ITERATIONS)
    sample = training_sample(context, k)
    training = _train(context, sample, k)
    if training.distinct < k and len(sample) < spec.profiles:
        sample = np.concatenate([sample, _others(context, sample, k)])
        training = _train(context, sample, k)
    found = _told(k, training)
    del sample
    labels, inertia = _assign_all(context, training.centroids)
    files = (_save(context, CENTROIDS, training.centroids), _save(context, LABELS, labels))
    persisted, scores = in_turn_or_at_once(
        context.budget.workers,
        partial(_persist, context, context.blocks.without_missing(labels), found["clusters"]),
        partial(_scores, context, training.centroids, labels),
    )
    details = found | {"device": training.device, "scores": {"inertia": inertia} | scores}
    return Outcome(spec.profiles, (*files, persisted), details)


def training_sample(context: Context, k: int) -> npt.NDArray[np.float32]:
    """Return the embeddings to train k centroids on, (m, dim) float32: the same for clusters and index."""
    low, high = stream(context.spec.seed, "cluster_id", "training").words(2).tolist()
    rows = training_rows(context.spec.profiles, k, low | high << 64)
    return context.blocks.rows_at(EMBEDDINGS, rows)


def _train(context: Context, sample: npt.NDArray[np.float32], k: int) -> Training:
    spec = context.spec
    return train(
        sample,
        k,
        niter=spec.kmeans_niter,
        nredo=spec.kmeans_nredo,
        seed=spec.seed,
        threads=context.budget.workers,
        use_gpu=spec.use_gpu,
        progress=lambda done, total: context.step(done, total, ITERATIONS),
    )


def _others(context: Context, sample: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.float32]:
    """Return the first k embeddings that differ from those of the sample and from each other, or all."""
    known = np.unique(digests(sample))
    rows = [sample[:0]]
    for embeddings in context.blocks.matrices(EMBEDDINGS):
        of, firsts = np.unique(digests(embeddings), return_index=True)
        rows.append(embeddings[np.sort(firsts[~np.isin(of, known)])])
        known = np.union1d(known, of)
        if sum(map(len, rows)) >= k:
            break
    return np.concatenate(rows)[:k]


def _told(k: int, training: Training) -> dict[str, Any]:
    """Return the number of clusters for the receipt; log and record that it is below the wished k."""
    clusters = len(training.centroids)
    if clusters == k:
        return {"clusters": k}
    logger.warning("different embeddings: %d, fewer than clusters=%d; each has its own cluster", clusters, k)
    return {"clusters": clusters, "clusters_wished": k}


def _assign_all(context: Context, centroids: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int32], float]:
    """Return the cluster of every profile, and the sum of squared distances to the centroids."""
    labels = np.empty(context.spec.profiles, dtype=np.int32)
    inertia, done = 0.0, 0
    blocks = context.blocks.matrices(EMBEDDINGS)
    for found, part in assign_each(blocks, centroids, context.budget.workers):
        labels[done : done + len(found)] = found
        inertia += part
        done += len(found)
        context.progress(done, context.spec.profiles)
    return labels, inertia


def _scores(
    context: Context, centroids: npt.NDArray[np.float32], labels: npt.NDArray[np.int32]
) -> dict[str, Any]:
    """Return how good the clusters are, and how hard the embeddings, by the names of the scores."""
    found: dict[str, Any] = {"silhouette": silhouette(_first_rows(context), centroids)}
    if context.schema.archetypes:  # else there is no truth to score by
        found |= agreement(labels, _archetypes(context))
    return found | difficulty(_sample(context), context.budget.workers)


def _save(context: Context, name: str, array: np.ndarray) -> FileRecord:
    path = context.folder() / name
    with replacing(path) as temporary:
        save_array(temporary, array)
    return context.sealed(path)


def _persist(context: Context, labels: npt.NDArray[np.int32], k: int) -> FileRecord:
    file, path = FILES[CLUSTERS], context.folder() / CLUSTERS
    schema = pa.schema({"id": pa.int64(), file.column: pa.int32()})
    with replacing(path) as temporary:
        with filling(temporary) as database:
            database.execute(
                f"CREATE TABLE IF NOT EXISTS {file.table} "
                f"(id INTEGER PRIMARY KEY, {file.column} INTEGER NOT NULL)"
            )
            database.load(file.table, schema, _batches(labels, schema))
        codes = (labels - NO_CLUSTER).view(np.uint32)
        add_indexes(temporary, file.table, {file.column: Coded(codes, range(NO_CLUSTER, k))})
    return context.sealed(path)


def _batches(labels: npt.NDArray[np.int32], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for first in range(0, len(labels), BLOCK_ROWS):
        part = labels[first : first + BLOCK_ROWS]
        ids = pa.array(np.arange(first + 1, first + 1 + len(part)))
        yield pa.record_batch([ids, pa.array(part)], schema=schema)


def _first_rows(context: Context) -> npt.NDArray[np.float32]:
    """Return the first profiles' embeddings; they are as random as any, and few files are read."""
    return context.blocks.rows_at(EMBEDDINGS, np.arange(min(context.spec.profiles, SILHOUETTE_ROWS)))


def _sample(context: Context) -> npt.NDArray[np.float32]:
    """Return the embeddings that difficulty is measured on, without the placeholders of missing ones."""
    rows = sample_rows(context.spec)
    return context.blocks.rows_at(EMBEDDINGS, rows[~np.isin(rows, context.blocks.all_missing() - 1)])


def _archetypes(context: Context) -> np.ndarray:
    return np.concatenate(list(context.blocks.matrices(ARCHETYPES)))
