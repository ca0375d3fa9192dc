"""The inverted lists of an index by parts of its rows, and the neighbours of the queries in each part.

Parts are laid out to one file by `export_index`, and then let go of (docs/adr/0083).
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix
from synthprof.base.files import FileRecord, replacing
from synthprof.similarity import index, list_filling, probes, recall
from synthprof.spec.contents import CENTROIDS, LABELS, OF_PARTS, ids_of
from synthprof.spec.sizing import in_band, index_of
from synthprof.stages.context import Context, Outcome, PartJob
from synthprof.stages.train_index import trained_in
from synthprof.store.blocks import EMBEDDINGS, LISTS, NEIGHBOURS
from synthprof.store.build import Build
from synthprof.system.slots import cpu_slot


def run(context: Context) -> Outcome:
    """Fill the lists of each part of the shard, and find neighbours. A part that matches its seal is kept."""
    files = context.map_parts(_make)
    return Outcome(sum(context.spec.block_rows(block) for block in context.shard_blocks), files)


def _make(job: PartJob) -> tuple[FileRecord, ...]:
    blocks, first = job.blocks, job.numbers.start
    if kept := blocks.kept(OF_PARTS, first):
        return kept
    with cpu_slot(job.slots):
        trained, queries = trained_in(_folder(job, "train_index"))
        ids = ids_of(blocks.spec, job.part)
        with replacing(blocks.path(LISTS, first), durable=False) as temporary:
            labels = _labels(job, trained)
            list_filling.fill_part(trained, _embeddings(job), labels, temporary, ids.start)
        near = recall.nearest_rows(queries, _embeddings(job), probes.KNOWN, first_id=ids.start)
        known = blocks.write(NEIGHBOURS, first, np.stack([each.astype(np.float64) for each in near]))
        return blocks.seal(OF_PARTS, first, known)


def _labels(job: PartJob, trained: Any) -> NDArray[np.int32]:  # noqa: ANN401  FAISS's classes are untyped
    """Return the list of each row of the part: its cluster, if the clusters are the lists."""
    spec, clustered = job.blocks.spec, _folder(job, "cluster")
    choice, ids = index_of(spec), ids_of(spec, job.part)
    assert choice is not None
    clusters = len(np.load(clustered / CENTROIDS, mmap_mode="r", allow_pickle=False))
    if not in_band(clusters, choice.nlist):
        return index.labels_in(trained, _embeddings(job), 1)
    every = np.load(clustered / LABELS, mmap_mode="r", allow_pickle=False)
    return np.array(every[ids.start - 1 : ids.stop - 1])


def _embeddings(job: PartJob) -> Iterator[Matrix]:
    return (job.blocks.matrix(EMBEDDINGS, block) for block in job.numbers)


def _folder(job: PartJob, name: str) -> Path:
    return Build(job.blocks.build, job.blocks.spec).stage_folder(name)
