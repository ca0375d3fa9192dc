"""FAISS in threads of ours, so that the same input gives the same bytes with any number of them.

A matrix product inside FAISS does not promise that: OpenBLAS cuts a product into one part per thread, the
parts end at other rows, and the kernels for ragged ends round differently. (Haswell and Zen kernels:
the distances of 99 of 148 random shapes changed with the thread count; SkylakeX: 8, all with d = 500.)
So the unit of work is a product of fixed shape, 4,096 rows by k centroids, the last one filled up;
each runs in one thread, and several Python threads take turns, as FAISS lets go of the GIL. On every x86-64
with AVX2 the kernels are the same (`synthprof.system.kernels`). k-means does without FAISS (whole_points.py).
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import faiss
import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.base.errors import StageError

PRODUCT_ROWS = 4_096  # FAISS's own distance_compute_blas_query_bs; 2,048 and 16,384 were no faster
BLAS_VALUES_MIN = 64_000  # query values from which FAISS multiplies matrices: 500 queries take half the time
faiss.cvar.distance_compute_blas_threshold = BLAS_VALUES_MIN  # of what they take by its own 128,000


def one_thread_each(threads: int) -> ThreadPoolExecutor:
    """Threads in each of which FAISS and its BLAS use one thread; the caller's setting stays as it is."""
    return ThreadPoolExecutor(max(1, threads), "faiss", faiss.omp_set_num_threads, (1,))


def faiss_thread(threads: int) -> ThreadPoolExecutor:
    """One Python thread in which FAISS uses so many of its own; the caller's setting stays as it is."""
    return ThreadPoolExecutor(1, "faiss", faiss.omp_set_num_threads, (max(1, threads),))


def finite(vectors: Matrix, what: str) -> Matrix:
    """Return the vectors as C-contiguous float32; raise StageError if a value is not finite."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    finite = np.isfinite(vectors)
    if not finite.all():
        raise StageError(
            f"row {int(np.argmin(finite.all(axis=1)))} of the {what} holds NaN or infinity, but "
            "every embedding must be finite; run it again with force, which makes all of them anew"
        )
    return vectors


def product_rows(dim: int) -> int:
    """PRODUCT_ROWS, or as many times that as make FAISS multiply matrices of so few dimensions."""
    return PRODUCT_ROWS * math.ceil(BLAS_VALUES_MIN / (PRODUCT_ROWS * dim))


def products(vectors: Matrix) -> Iterator[Matrix]:
    """Yield the rows in parts of exactly product_rows, the last one filled up with zeros."""
    rows = product_rows(vectors.shape[1])
    for first in range(0, len(vectors), rows):
        part = vectors[first : first + rows]
        yield part if len(part) == rows else np.pad(part, ((0, rows - len(part)), (0, 0)))


def flat_index(vectors: Matrix, device: str = "cpu") -> Any:  # noqa: ANN401  FAISS's classes are untyped
    """Return an index that compares with every row, numbered from 0; device: "cpu" or "gpu"."""
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    return faiss.index_cpu_to_all_gpus(index, ngpu=1) if device == "gpu" else index
