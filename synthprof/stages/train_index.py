"""The model that codes all parts of an index: centroids, trained codes, and the queries that tell recall."""

from pathlib import Path
from typing import Any

import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.base.files import replacing
from synthprof.similarity import index, recall
from synthprof.spec.contents import CENTROIDS
from synthprof.spec.sizing import IndexChoice, index_of, needs_training
from synthprof.stages.cluster import training_sample
from synthprof.stages.context import Context, Outcome
from synthprof.store.array_files import save_array
from synthprof.store.blocks import EMBEDDINGS

TRAINED = "trained.faiss"
"""The index without rows."""

QUERIES = "queries.npy"
"""The queries that tell recall, (q, dim) float32."""


def run(context: Context) -> Outcome:
    """`trained.faiss` and `queries.npy` are there."""
    choice = index_of(context.spec)
    assert choice is not None
    trained, queries = (context.folder() / name for name in (TRAINED, QUERIES))
    with replacing(trained) as temporary:
        index.write(index.train(choice, **trained_by(context, choice)), temporary)
    with replacing(queries) as temporary:
        save_array(temporary, queries_of(context))
    return Outcome(context.spec.profiles, (context.sealed(trained), context.sealed(queries)))


def trained_by(context: Context, choice: IndexChoice) -> dict[str, Any]:
    """Return what an index with inverted lists is trained by, as `index.train` takes it."""
    centroids = np.load(context.folder("cluster") / CENTROIDS, allow_pickle=False)
    wants = needs_training(choice, len(centroids))
    return {
        "centroids": centroids,
        "training": training_sample(context, choice.nlist) if wants else None,
        "seed": context.spec.seed,
        "threads": context.budget.workers,
        "progress": lambda done, total: context.step(done, total, "steps of training"),
    }


def queries_of(context: Context) -> Matrix:
    """Return the rows whose neighbours tell the recall of the index, the first ones."""
    return context.blocks.matrix(EMBEDDINGS, 0)[: recall.QUERIES]


def trained_in(folder: Path) -> tuple[Any, Matrix]:
    """Return the index without rows and the queries that the stage has left in its folder."""
    queries = np.load(folder / QUERIES, allow_pickle=False)
    return index.read_trained(folder / TRAINED), queries
