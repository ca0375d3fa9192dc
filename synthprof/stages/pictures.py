"""What a page shows of a version at once, drawn while it is published: the overview and the map."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.files import replacing
from synthprof.overview import MAP, MOST_POINTS, OVERVIEW, described, map_of, overview
from synthprof.projection import Matrix, Plane, place, plane
from synthprof.resources import cpu_slot
from synthprof.spec import BLOCK_ROWS
from synthprof.stages.cluster import CENTROIDS, LABELS, without_missing
from synthprof.stages.context import EMBEDDINGS, Blocks, Context

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
    """What the stage `cluster` found."""
    labels = without_missing(context, np.load(labels_file(context), allow_pickle=False))
    rows_of = np.bincount(labels[labels >= 0], minlength=len(_centroids(context)))
    return Clusters(labels, rows_of, described(rows_of))


def labels_file(context: Context) -> Path:
    """Where the cluster of each profile stands, as an array that can be mapped."""
    return context.folder("cluster") / LABELS


def draw(context: Context, clusters: Clusters, traits: npt.NDArray[np.int64]) -> Pictures:
    """Both files lie in the folder of the stage, whole. traits: the sum of `overview.count` over blocks."""
    paths = {name: context.folder() / name for name in PICTURES}
    spec = context.spec
    with replacing(paths[OVERVIEW]) as temporary:
        text = overview(
            context.schema, spec.separation, traits, clusters.chosen, clusters.rows_of, spec.profiles
        )
        temporary.write_text(text, encoding="utf-8")
    places = _places(context)
    with replacing(paths[MAP]) as temporary:
        table = _map(context, places, clusters.labels)
        with pa.OSFile(str(temporary), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=MOST_POINTS)
    return Pictures(paths, places, clusters.labels[: len(places)])


@dataclass(frozen=True)
class _PlaceJob:
    blocks: Blocks
    block: int
    slots: int
    on: Plane


def _places(context: Context) -> Matrix:
    """The places of the first profiles on the map; they are as random as any."""
    sample = context.blocks.rows_at(EMBEDDINGS, np.arange(min(SAMPLE, context.spec.profiles)))
    on = plane(sample, _centroids(context))
    jobs = [_PlaceJob(context.blocks, block, context.pool.workers, on) for block in _blocks(context)]
    return np.concatenate(list(context.pool.map(_place_block, jobs)))[:MOST_POINTS]


def _place_block(job: _PlaceJob) -> Matrix:
    embeddings = job.blocks.matrix(EMBEDDINGS, job.block)
    with cpu_slot(job.slots):
        return place(job.on, embeddings)


def _map(context: Context, places: Matrix, labels: npt.NDArray[np.int32]) -> pa.Table:
    rows = len(places)
    profiles = [
        context.blocks.profiles(block).slice(0, rows - block * BLOCK_ROWS) for block in _blocks(context)
    ]
    return map_of(context.schema, profiles, places, labels[:rows])


def _blocks(context: Context) -> range:
    """The blocks that points of the map are from."""
    return range(-(-min(MOST_POINTS, context.spec.profiles) // BLOCK_ROWS))


def _centroids(context: Context) -> Matrix:
    found: Matrix = np.load(context.folder("cluster") / CENTROIDS, allow_pickle=False)
    return found
