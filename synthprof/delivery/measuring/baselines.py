"""Indexes in this process, to compare a target with: FAISS, hnswlib and usearch, built from the version."""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import faiss as faiss_typed
import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix, Vector
from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed, is_installed
from synthprof.delivery.measuring.searcher import unknown
from synthprof.delivery.rows import Rows
from synthprof.delivery.workloads.filters_masks import FilterMasks
from synthprof.spec.spec import BLOCK_ROWS

faiss: Any = faiss_typed
"""FAISS, whose own declarations lack half of what it has."""

M, CONSTRUCTION = 32, 200
"""Links of a node, and effort of building, of graphs: common choices of benchmarks for a million rows."""

GRAPH_EFFORTS = (16, 32, 64, 128, 256, 512)
"""Candidates that a search in a graph keeps (efSearch)."""

LIST_EFFORTS = (1, 2, 4, 8, 16, 32, 64, 128)
"""Lists that a search in an inverted file reads (nprobe)."""


class Baseline(ABC):
    """An index in memory that threads share; see `Searcher`."""

    apart = False
    efforts: tuple[int, ...] = (0,)

    def __init__(self, name: str) -> None:
        """Take the name for the result."""
        self.name = name

    def takes(self, condition: str) -> bool:
        """Return whether it can search under the condition: only where the library filters by ids itself."""
        return condition == "" or condition == '{"and":[]}'

    def use_filter(self, number: int, condition: str) -> None:  # noqa: B027
        """Search without a filter."""

    def set_effort(self, effort: int) -> None:  # noqa: B027
        """Leave all as it is: there is no dial."""

    def close(self) -> None:  # noqa: B027
        """Hold nothing that must be let go of."""

    @abstractmethod
    def search(self, vector: Vector, k: int) -> tuple[Ids, Vector]:
        """Return ids from 1 and scores, as `Searcher.search` says."""


class Faiss(Baseline):
    """A FAISS index; filters are bitmaps over ids, so every kind of condition can be searched under."""

    def __init__(self, name: str, index: Any, masks: FilterMasks, efforts: tuple[int, ...]) -> None:  # noqa: ANN401
        """Take an index whose ids are positions from 0."""
        super().__init__(name)
        self.index, self.masks, self.efforts = index, masks, efforts
        self.effort = 0
        self.selector: Any = None
        self._bits: NDArray[np.uint8] | None = None

    def takes(self, condition: str) -> bool:
        """Return True: any filter is a set of ids."""
        return True

    def set_effort(self, effort: int) -> None:
        """Set efSearch of a graph, nprobe of an inverted file."""
        self.effort = effort

    def use_filter(self, number: int, condition: str) -> None:
        """Search among the rows that match the filter."""
        self._bits = None if number == 0 else _bits(self.masks, number, self.index.ntotal)
        self.selector = None if self._bits is None else faiss.IDSelectorBitmap(self._bits)

    def search(self, vector: Vector, k: int) -> tuple[Ids, Vector]:
        """Return ids from 1 and scores, as `Searcher.search` says."""
        scores, places = self.index.search(vector[None, :], k, params=self._parameters())
        there = places[0] >= 0
        return places[0][there] + 1, scores[0][there]

    def _parameters(self) -> Any:  # noqa: ANN401
        if isinstance(self.index, faiss.IndexHNSW):
            return faiss.SearchParametersHNSW(efSearch=self.effort, sel=self.selector)
        if isinstance(self.index, faiss.IndexIVF):
            return faiss.SearchParametersIVF(nprobe=self.effort, sel=self.selector)
        return faiss.SearchParameters(sel=self.selector)


class HnswLib(Baseline):
    """An index of hnswlib, without filters: its own call Python for every row that it meets."""

    efforts = GRAPH_EFFORTS

    def __init__(self, name: str, index: Any, metric: str) -> None:  # noqa: ANN401
        """Take an index whose ids are positions from 0."""
        super().__init__(name)
        self.index, self.metric = index, metric

    def set_effort(self, effort: int) -> None:
        """Set the number of candidates that a search keeps."""
        self.index.set_ef(effort)

    def search(self, vector: Vector, k: int) -> tuple[Ids, Vector]:
        """Return ids from 1 and scores, as `Searcher.search` says."""
        places, distances = self.index.knn_query(vector[None, :], k, num_threads=1)
        return places[0].astype(np.int64) + 1, _scores(distances[0], self.metric)


class Usearch(Baseline):
    """An index of usearch, without filters."""

    efforts = GRAPH_EFFORTS

    def __init__(self, name: str, index: Any, metric: str) -> None:  # noqa: ANN401
        """Take an index whose ids are positions from 0."""
        super().__init__(name)
        self.index, self.metric = index, metric

    def set_effort(self, effort: int) -> None:
        """Set the number of candidates that a search keeps."""
        self.index.expansion_search = effort

    def search(self, vector: Vector, k: int) -> tuple[Ids, Vector]:
        """Return ids from 1 and scores, as `Searcher.search` says."""
        found = self.index.search(vector, k, threads=1)
        return found.keys.astype(np.int64) + 1, _scores(np.asarray(found.distances), self.metric)


def _bits(masks: FilterMasks, number: int, rows: int) -> NDArray[np.uint8]:
    """Return a bit for each row, set where the filter matches; the first row is the lowest bit."""
    blocks = range(-(-rows // BLOCK_ROWS))
    return np.packbits(np.concatenate([masks.of(block, [number])[0] for block in blocks]), bitorder="little")


def _scores(distances: Vector, metric: str) -> Vector:
    """Return scores for distances of hnswlib and usearch, which are 1 - score unless they are l2."""
    return distances if metric == "l2" else np.float32(1) - distances


def _matrix(rows: Rows, metric: str) -> Matrix:
    """Return all vectors of the version, (n, d) float32, at length 1 for cosine."""
    name = rows.schema.names[-1]
    parts = [block.column(name).flatten().to_numpy(zero_copy_only=False) for block in rows]
    vectors = np.ascontiguousarray(np.concatenate(parts), np.float32).reshape(rows.version.rows, -1)
    if metric == "cosine":
        vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _faiss(kind: str, vectors: Matrix, metric: str, masks: FilterMasks) -> Faiss:
    measure = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
    rows, dim = vectors.shape
    efforts: tuple[int, ...] = (0,)
    match kind:
        case "flat":
            index = faiss.IndexFlat(dim, measure)
        case "ivf":
            lists = max(1, int(4 * rows**0.5))
            index = faiss.IndexIVFFlat(faiss.IndexFlat(dim, measure), dim, lists, measure)
            index.own_fields = True
            index.train(vectors[:: max(1, rows // (lists * 64))])
            efforts = tuple(effort for effort in LIST_EFFORTS if effort <= lists)
        case _:
            index = faiss.IndexHNSWFlat(dim, M, measure)
            index.hnsw.efConstruction = CONSTRUCTION
            efforts = GRAPH_EFFORTS
    index.add(vectors)
    return Faiss(f"FAISS {kind}", index, masks, efforts)


def _hnswlib(vectors: Matrix, metric: str, masks: FilterMasks) -> HnswLib:
    import hnswlib

    index = hnswlib.Index({"cosine": "cosine", "dot": "ip", "l2": "l2"}[metric], vectors.shape[1])
    index.init_index(len(vectors), ef_construction=CONSTRUCTION, M=M)
    index.add_items(vectors)
    return HnswLib("hnswlib", index, metric)


def _usearch(vectors: Matrix, metric: str, masks: FilterMasks) -> Usearch:
    from usearch.index import Index

    measure = {"cosine": "cos", "dot": "ip", "l2": "l2sq"}[metric]
    index = Index(ndim=vectors.shape[1], metric=measure, connectivity=M, expansion_add=CONSTRUCTION)
    index.add(np.arange(len(vectors)), vectors)
    return Usearch("usearch", index, metric)


BUILDERS: dict[str, Callable[[Matrix, str, FilterMasks], Baseline]] = {
    "faiss:flat": functools.partial(_faiss, "flat"),
    "faiss:ivf": functools.partial(_faiss, "ivf"),
    "faiss:hnsw": functools.partial(_faiss, "hnsw"),
    "hnswlib": _hnswlib,
    "usearch": _usearch,
}


def build(target: str, rows: Rows, metric: str, masks: FilterMasks) -> Baseline:
    """Return the index of this name over the rows' vectors, the last of their columns.

    Raises SpecError for a name that is not among BUILDERS, or if its package is missing.
    """
    if target not in BUILDERS:
        raise unknown(target, tuple(BUILDERS))
    if target == "usearch":
        check_installed("measure", target)
    if target == "hnswlib" and not is_installed(target):
        raise SpecError("hnswlib is not installed; pip install hnswlib, which needs a compiler for C++")
    return BUILDERS[target](_matrix(rows, metric), metric, masks)
