"""Indexes of binary descriptors, of the kinds that `synthprof.delivery.matching.plan` chooses from.

The inverted lists of IVF lie around descriptors that are drawn, not trained: FAISS trains them by matrix
products in float32, whose rounding differs between machines. Everything here is in whole numbers.
"""

from collections.abc import Callable, Iterator
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


def fill(
    index: Any,  # noqa: ANN401
    parts: Callable[[], Iterator[Descriptors]],
    threads: ThreadPoolExecutor,
) -> None:
    """Add all descriptors in their order; each list of ivf gets room for just what it holds.

    Lists that grow as they are filled take up to twice their bytes, and nobody can tell before how much.

    parts: returns an iterator over the descriptors, (n, 32) uint8 each; called once more for ivf, whose lists
    are chosen first. threads: `similarity.threads.one_thread_each`. FAISS's own would spin where others want
    the processor.
    """
    if not hasattr(index, "centres"):
        for part in parts():
            threads.submit(index.add, part).result()
        return
    chosen = np.concatenate([np.zeros(0, np.int32), *(_lists(index, part, threads) for part in parts())])
    for number, count in enumerate(np.bincount(chosen, minlength=index.nlist).tolist()):
        index.invlists.resize(number, count)
        index.invlists.resize(number, 0)  # the room stays
    begin = 0
    for part in parts():
        lists = chosen[begin : begin + len(part)].astype(np.int64)
        index.add_core(len(part), faiss.swig_ptr(part), None, faiss.swig_ptr(lists))
        begin += len(part)


def _lists(
    index: Any,  # noqa: ANN401
    descriptors: Descriptors,
    threads: ThreadPoolExecutor,
) -> npt.NDArray[np.int32]:
    """Return the list of each descriptor, (n,): that of the nearest centre."""
    parts = np.array_split(descriptors, max(1, len(descriptors) // AT_ONCE))
    found = threads.map(lambda part: index.centres.search(part, 1)[1].ravel(), parts)
    return np.concatenate([each.astype(np.int32) for each in found])


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
