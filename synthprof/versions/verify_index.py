"""Verification of an index: it holds every embedding under its id, and finds it."""

from collections.abc import Iterator
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from synthprof.similarity import inverted_file
from synthprof.similarity.recall import ten_nearest
from synthprof.spec.contents import EMBEDDINGS_DB, INDEX
from synthprof.store.sqlite.database import read
from synthprof.versions.published import Published

QUERIES = 100
"""Number of embeddings per block that are looked up in the index."""

MIN_FOUND = {"flat": 1.0, "ivf_flat": 1.0, "hnsw": 0.9}
"""Share of the embeddings that the index must find under their own ids in a full search; kinds that store
codes instead of vectors must find half."""


def open_index(version: Published, intact: set[str]) -> Any:  # noqa: ANN401
    """Return the index, or None if it is missing or damaged; FAISS silently accepts most flipped bits.

    Its lists, if it has any, are read where they lie.
    """
    return inverted_file.opened(version.folder / INDEX) if INDEX in intact else None


def index_faults(version: Published, index: Any) -> Iterator[str]:  # noqa: ANN401  FAISS's classes are untyped
    """Yield the faults of the index as a whole: a wrong number of vectors, dimension, or ids."""
    if index is None:
        return
    rows, dim = version.manifest.rows, version.spec.dim_embedding
    expected = _ids_expected(version)
    if (index.ntotal, index.d) != (len(expected), dim):
        yield f"{INDEX} holds {index.ntotal} vectors of {index.d} values, not {len(expected)} of {dim}"
        return
    if not _holds_once(index, expected):
        yield f"{INDEX} does not hold the ids 1 to {rows} once each"


def lookup_faults(
    version: Published,
    index: Any,  # noqa: ANN401
    embeddings: npt.NDArray[np.float32],
    there: npt.NDArray[np.int64],
    first: int,
) -> Iterator[str]:
    """Yield a fault if too few embeddings of a sample are found under their ids or at the same distance.

    embeddings: (n, dim) float32 of the block from id `first`. there: indices of the rows that have one.
    """
    if index.d != embeddings.shape[1]:
        return
    rows = there[np.unique(np.linspace(0, len(there) - 1, QUERIES).astype(int))]
    _search_every_list(index)
    squared, found = ten_nearest(index, np.ascontiguousarray(embeddings[rows]))
    itself = (found == (rows + first)[:, None]).any(axis=1) | (squared[:, -1] <= 1e-5)
    share = float(itself.mean())
    if share < MIN_FOUND.get(_kind(version), 0.5):
        yield f"{INDEX} finds only {share:.0%} of the embeddings from id {first} at their place"


def _ids_expected(version: Published) -> npt.NDArray[np.int64]:
    """Return the ids of all rows that have an embedding, ascending."""
    ids = np.arange(1, version.manifest.rows + 1)
    if not any(receipt.rejected for receipt in version.manifest.stages):
        return ids
    query = "SELECT id FROM embeddings WHERE embedding IS NULL"
    return np.setdiff1d(ids, read(version.folder / EMBEDDINGS_DB, query).column("id").to_numpy())


def _holds_once(index: Any, expected: npt.NDArray[np.int64]) -> bool:  # noqa: ANN401
    """Return whether the index holds those ids, ascending, once each; True for one that has no ids."""
    if hasattr(index, "id_map"):
        parts = iter([np.asarray(faiss.vector_to_array(index.id_map), dtype=np.int64)])
    elif inverted_file.is_mapped(index):
        parts = inverted_file.ids_of(index)
    else:
        return True
    seen, count = np.zeros(int(expected[-1]) + 1 if len(expected) else 0, np.bool_), 0
    for ids in filter(len, parts):
        if ids.min() < 0 or ids.max() >= len(seen):
            return False
        seen[ids], count = True, count + len(ids)
    return count == len(expected) and np.array_equal(np.flatnonzero(seen), expected)


def _search_every_list(index: Any) -> None:  # noqa: ANN401
    if hasattr(index, "nprobe"):
        index.nprobe = index.nlist
        return
    inner = faiss.downcast_index(index.index) if hasattr(index, "index") else index
    if hasattr(inner, "hnsw"):
        inner.hnsw.efSearch = 256


def _kind(version: Published) -> str:
    kinds = [receipt.details.get("kind") for receipt in version.manifest.stages]
    return next((str(kind) for kind in kinds if kind), "")
