"""The FAISS index over the embeddings, and how many true neighbours it finds."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError
from synthprof.base.files import replacing
from synthprof.similarity import index, probes, recall
from synthprof.similarity.list_proofs import proofs_of
from synthprof.spec.contents import CENTROIDS, INDEX
from synthprof.spec.sizing import IndexChoice, index_of, needs_training
from synthprof.stages.cluster import training_sample
from synthprof.stages.context import Context, Outcome
from synthprof.store.blocks import EMBEDDINGS, LABELS


def run(context: Context) -> Outcome:
    """`index.faiss` is there; searching it gives profile ids. The receipt tells its kind and recall@10.

    Profiles without an embedding are not in it. Raises SpecError if the kind of index cannot leave one out.
    """
    choice = index_of(context.spec)
    assert choice is not None
    missing = context.blocks.all_missing()
    if choice.kind == "hnsw" and len(missing):  # FAISS takes nothing out of its links again
        raise SpecError(
            f"index=hnsw cannot leave out the {len(missing)} rows without an embedding; "
            "use index=auto, or set max_failed=0 and embed them"
        )
    queries = context.blocks.matrix(EMBEDDINGS, 0)[: recall.QUERIES]
    threads = context.budget.workers
    scan = _Counted(context.blocks.matrices(EMBEDDINGS))
    path = context.folder() / INDEX
    with replacing(path) as temporary:
        with ThreadPoolExecutor(1) as beside:  # filling an index is mostly one thread's work
            searched = beside.submit(recall.exact_neighbours, queries, scan, probes.KNOWN, threads)
            built = _build(context, choice, temporary)
            while wait([searched], 1.0).not_done:
                context.step(scan.rows, context.spec.profiles, "rows compared with queries")
            exact, similarities = searched.result()
        effort, found = recall.calibrate(built, queries, exact, similarities, threads)
        index.finish(built, temporary, missing.astype(np.int64))
        proofs = proofs_of(temporary) if choice.nlist else None
    details = {"kind": choice.kind, "nlist": choice.nlist, "effort": effort, "reason": choice.reason}
    if proofs is not None:
        details["proofs"] = proofs.as_document()
    scores = {"scores": {"recall_at_10": found}}
    return Outcome(context.spec.profiles, (context.sealed(path),), details | scores)


def _build(context: Context, choice: IndexChoice, path: Path) -> Any:  # noqa: ANN401  FAISS's classes are untyped
    """Build the index of all rows, from the centroids and labels of the clusters where they fit."""
    clustered = context.folder("cluster")
    centroids = np.load(clustered / CENTROIDS, allow_pickle=False)
    wants = needs_training(choice, len(centroids))
    return index.build(
        choice,
        lambda: _told(context),
        path,
        centroids=centroids,
        labels=np.load(clustered / LABELS, allow_pickle=False),
        training=training_sample(context, choice.nlist) if wants else None,
        seed=context.spec.seed,
        threads=context.budget.workers,
        progress=lambda done, total: context.step(done, total, "steps of training"),
    )


def _told(context: Context) -> Iterator[Matrix]:
    """Yield the embeddings block by block; once the next is asked for, the rows before are in the index."""
    rows = 0
    context.progress(0, context.spec.profiles)
    for block in context.blocks.matrices(EMBEDDINGS):
        yield block
        rows += len(block)
        context.progress(rows, context.spec.profiles)


class _Counted:
    """Blocks that know how many rows of them were taken."""

    def __init__(self, blocks: Iterator[Matrix]) -> None:
        self._blocks = blocks
        self.rows = 0

    def __iter__(self) -> Iterator[Matrix]:
        for block in self._blocks:
            yield block
            self.rows += len(block)
