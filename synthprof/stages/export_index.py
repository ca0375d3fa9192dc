"""The FAISS index over the embeddings, and how many true neighbours it finds."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from synthprof import index, recall
from synthprof.contents import CENTROIDS, INDEX
from synthprof.errors import SpecError
from synthprof.files import record, replacing
from synthprof.plan import index_of
from synthprof.sizing import needs_training
from synthprof.stages.cluster import training_sample
from synthprof.stages.context import EMBEDDINGS, LABELS, Context, Outcome

QUERIES = 500


def run(context: Context) -> Outcome:
    """`index.faiss` is there; searching it gives profile ids. The receipt tells its kind and recall@10."""
    spec, folder = context.spec, context.folder()
    choice = index_of(spec)
    assert choice is not None
    trained = context.folder("cluster")
    centroids = np.load(trained / CENTROIDS, allow_pickle=False)
    labels = np.load(trained / LABELS, allow_pickle=False)
    threads = context.budget.workers
    training = None
    if needs_training(choice, len(centroids)):
        training = training_sample(context, choice.nlist)
    queries = context.blocks.matrix(EMBEDDINGS, 0)[:QUERIES]
    with ThreadPoolExecutor(1) as beside:  # filling an index is mostly one thread's work
        searched = beside.submit(
            recall.exact_neighbours, queries, context.blocks.matrices(EMBEDDINGS), threads=threads
        )
        built = index.build(
            choice,
            context.blocks.matrices(EMBEDDINGS),
            centroids=centroids,
            labels=labels,
            training=training,
            seed=spec.seed,
            threads=threads,
        )
        exact, _ = searched.result()
    nprobe, found = recall.calibrate(built, queries, exact, threads=threads)
    _remove(built, context.blocks.all_missing())
    path = folder / INDEX
    with replacing(path) as temporary:
        index.write(built, temporary)
    details = {"kind": choice.kind, "nlist": choice.nlist, "nprobe": nprobe, "reason": choice.reason}
    return Outcome(spec.profiles, (record(path, folder),), {**details, "scores": {"recall_at_10": found}})


def _remove(built: Any, missing: np.ndarray) -> None:  # noqa: ANN401  FAISS's classes are untyped
    """Profiles without an embedding are not in the index. Raises SpecError if it cannot leave one out."""
    if not len(missing):
        return
    try:
        built.remove_ids(missing.astype(np.int64))
    except RuntimeError:
        raise SpecError(
            f"an index of this kind cannot leave out the {len(missing)} rows without an embedding; "
            "use index=auto, or set max_failed=0 and embed them"
        ) from None
