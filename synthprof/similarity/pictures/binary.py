"""Indexes of binary descriptors, of the kinds that `synthprof.delivery.matching.plan` chooses from.

The inverted lists of IVF lie around descriptors that are drawn, not trained: FAISS trains them by matrix
products in float32, whose rounding differs between machines. Everything here is in whole numbers.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from synthprof.base.streams import stream

Descriptors = npt.NDArray[np.uint8]

BITS = 256
NPROBE = 8
"""Inverted lists that a search reads; 12 of 512 found what all of them found (bench_match.py)."""

AT_ONCE = 4_096
"""Descriptors that a thread searches at once."""

LINKS, EFFORT = 16, 64
"""Of HNSW: links of a descriptor, and candidates of a search."""


def centres(sample: Descriptors, lists: int, seed: int) -> Descriptors:
    """Return descriptors to lay inverted lists around, at most `lists`, no two the same.

    sample: (n, 32) uint8. A descriptor that many pictures share is drawn once.
    """
    different = np.unique(sample, axis=0)
    order = np.argsort(stream(seed, "match", "centres").words(len(different)), kind="stable")
    return np.ascontiguousarray(different[order[:lists]])


def empty_index(kind: str, around: Descriptors | None = None) -> Any:  # noqa: ANN401  FAISS is untyped
    """Return an index without descriptors. kind: flat, ivf or hnsw. around: centres of ivf's lists."""
    if kind == "flat":
        return faiss.IndexBinaryFlat(BITS)
    if kind == "hnsw":
        graph = faiss.IndexBinaryHNSW(BITS, LINKS)
        graph.hnsw.efSearch = EFFORT
        return graph
    if around is None:
        raise ValueError("ivf needs centres")
    lists = faiss.IndexBinaryFlat(BITS)
    lists.add(around)
    index: Any = faiss.IndexBinaryIVF(lists, BITS, len(around))
    index.own_fields = False
    index.centres = lists  # which the index only points to
    index.is_trained = True
    index.nprobe = min(NPROBE, len(around))
    return index


def add(index: Any, descriptors: Descriptors, threads: ThreadPoolExecutor) -> None:  # noqa: ANN401
    """Add descriptors, (n, 32) uint8, in their order; the lists of ivf are chosen in threads.

    threads: `similarity.threads.one_thread_each`. FAISS's own would spin where others want the processor.
    """
    if not hasattr(index, "centres"):
        threads.submit(index.add, descriptors).result()
        return
    parts = np.array_split(descriptors, max(1, len(descriptors) // AT_ONCE))
    lists = np.concatenate(
        [each[1].ravel() for each in threads.map(lambda part: index.centres.search(part, 1), parts)]
    )
    index.add_core(len(descriptors), faiss.swig_ptr(descriptors), None, faiss.swig_ptr(lists))


def nearest(
    index: Any,  # noqa: ANN401
    descriptors: Descriptors,
    neighbours: int,
    threads: ThreadPoolExecutor,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Return the nearest descriptors of each, (n, neighbours), -1 for none, and how many bits differ."""
    parts = np.array_split(descriptors, max(1, len(descriptors) // AT_ONCE))
    found = list(threads.map(lambda part: index.search(part, neighbours), parts))
    return np.concatenate([each[1] for each in found]), np.concatenate([each[0] for each in found])
