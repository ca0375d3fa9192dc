"""Vectors as big-ann-benchmarks has them: `base.fbin`, the shape and then the rows, and `ids.npy`.

With a workload, `query.fbin` and `groundtruth.ibin`, whose rows count from 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from synthprof.delivery.exports.answered import Answered
from synthprof.delivery.exports.arrays import Vectors, bin_header, write_ids
from synthprof.delivery.exports.format import Format, Writing

FILE = "base.fbin"


@dataclass(frozen=True)
class Fbin(Format):
    """uint32 n, uint32 d, then n times d float32; rows without a vector are left out."""

    name: str = "fbin"
    whole: bool = False
    answers: bool = True

    def write(self, writing: Writing) -> Iterator[int]:
        """Append each block."""
        making, vectors = writing.making, Vectors.of(writing)
        for last, ids, matrix in vectors.blocks(making.steps):
            if making.steps == 0:
                making.append(FILE, bin_header(vectors.count, vectors.dim))
            write_ids(making, ids, vectors.count)
            making.append(FILE, matrix.astype("<f4", copy=False).tobytes())
            making.step()
            yield last
        if writing.workload is not None and making.steps == writing.rows.blocks:
            answered = Answered.complete(writing)
            queries = answered.queries
            making.append("query.fbin", bin_header(*queries.shape) + queries.tobytes())
            answered.append_truth("groundtruth.ibin", answered.filters[:1], np.zeros(len(queries), np.int64))
            making.step()


FORMAT = Fbin()
