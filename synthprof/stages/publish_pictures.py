"""The overview and the map of a version, computed while it is published."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.arrays import Matrix
from synthprof.base.files import replacing
from synthprof.report.overview import described, map_of, overview
from synthprof.similarity.projection import Plane, place, plane
from synthprof.spec.contents import CENTROIDS, LABELS, MAP, NO_CLUSTER, OVERVIEW
from synthprof.spec.limits import MAX_POINTS
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.stages.context import Context
from synthprof.store.blocks import EMBEDDINGS, Blocks
from synthprof.system.slots import cpu_slot

PICTURES = (OVERVIEW, MAP)
"""Made for looking at, from the data beside them: `content` names that data without them."""

SAMPLE = 4_000
"""Profiles that the layout of the map is made from."""


@dataclass(frozen=True)
class Clusters:
    """The cluster of each profile (-1: none), the rows of each cluster, and the clusters to describe."""

    labels: npt.NDArray[np.int32]
    rows_of: npt.NDArray[np.int64]
    chosen: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Pictures:
    """The files by their names in the version; places, (n, 2), and clusters, (n,), of the map's points."""

    paths: dict[str, Path]
    places: Matrix
    labels: npt.NDArray[np.int32]


def clusters_of(context: Context) -> Clusters:
    """Return the result of the stage `cluster`."""
    labels = context.blocks.without_missing(np.load(labels_file(context), allow_pickle=False))
    rows_of = np.bincount(labels[labels >= 0], minlength=len(_centroids(context)))
    return Clusters(labels, rows_of, described(rows_of))


def labels_file(context: Context) -> Path:
    """Return the path of the profiles' clusters, an array that can be mapped."""
    return context.folder("cluster") / LABELS


def draw(context: Context, clusters: Clusters, traits: npt.NDArray[np.int64]) -> Pictures:
    """Both files lie in the folder of the stage, whole. traits: the sum of `overview.count` over blocks."""
    paths = {name: context.folder() / name for name in PICTURES}
    spec = context.spec
    sample = context.blocks.rows_at(EMBEDDINGS, np.arange(min(SAMPLE, spec.profiles)))
    # in the pool, where BLAS has one thread and so rounds the same on every machine
    planes = context.pool.map(_plane, [(sample, _centroids(context))])
    with replacing(paths[OVERVIEW]) as temporary:
        text = overview(
            context.schema, spec.separation, traits, clusters.chosen, clusters.rows_of, spec.profiles
        )
        temporary.write_text(text, encoding="utf-8")
    places, table = _map(context, next(planes))
    with (
        replacing(paths[MAP]) as temporary,
        pa.OSFile(str(temporary), "wb") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table, max_chunksize=MAX_POINTS)
    return Pictures(paths, places, clusters.labels[: len(places)])


@dataclass(frozen=True)
class _MapJob:
    blocks: Blocks
    block: int
    slots: int
    labels: Path
    on: Plane


def _map(context: Context, on: Plane) -> tuple[Matrix, pa.Table]:
    """Return the places of the first profiles, which are as random as any, and the map's points."""
    points = min(MAX_POINTS, context.spec.profiles)
    jobs = [
        _MapJob(context.blocks, block, context.budget.workers, labels_file(context), on)
        for block in range(-(-points // BLOCK_ROWS))
    ]
    found: list[tuple[Matrix, pa.Table]] = []
    for placed in context.pool.map(_map_block, jobs):
        found.append(placed)
        context.step(min(len(found) * BLOCK_ROWS, points), points, "points placed on the map")
    places, tables = zip(*found, strict=True)
    return np.concatenate(places)[:points], pa.concat_tables(tables).slice(0, points).combine_chunks()


def _plane(job: tuple[Matrix, Matrix]) -> Plane:
    return plane(*job)


def _map_block(job: _MapJob) -> tuple[Matrix, pa.Table]:
    blocks = job.blocks
    embeddings = blocks.matrix(EMBEDDINGS, job.block)
    shown = blocks.profiles(job.block) if blocks.spec.collection else blocks.traits(job.block)
    with cpu_slot(job.slots):
        places = place(job.on, embeddings)
        labels = labels_of(blocks, job.block, job.labels)
        return places, map_of(blocks.schema, shown, places, labels)


def labels_of(blocks: Blocks, block: int, labels: Path) -> npt.NDArray[np.int32]:
    """Return the cluster of each profile of a block, (n,); -1 for a profile without an embedding."""
    first = block * BLOCK_ROWS
    every = np.load(labels, mmap_mode="r", allow_pickle=False)
    found = np.array(every[first : first + blocks.spec.block_rows(block)])
    found[blocks.missing(block)] = NO_CLUSTER
    return found


def _centroids(context: Context) -> Matrix:
    found: Matrix = np.load(context.folder("cluster") / CENTROIDS, allow_pickle=False)
    return found
