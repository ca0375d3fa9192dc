"""Vectors as the texmex data sets have them: the dimension before each row of `base.fvecs`, and `ids.npy`.

With a workload, `query.fvecs` and `groundtruth.ivecs`, whose rows count from 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from synthprof.delivery.exports.answered import Answered
from synthprof.delivery.exports.arrays import Vectors, vecs_rows, write_ids
from synthprof.delivery.exports.format import Format, Writing

FILE = "base.fvecs"


@dataclass(frozen=True)
class Fvecs(Format):
    """Rows of int32 d and d times float32; rows without a vector are left out."""

    name: str = "fvecs"
    whole: bool = False
    answers: bool = True

    def write(self, writing: Writing) -> Iterator[int]:
        """Append each block."""
        making, vectors = writing.making, Vectors.of(writing)
        for last, ids, matrix in vectors.blocks(making.steps):
            write_ids(making, ids, vectors.count)
            making.append(FILE, vecs_rows(matrix))
            making.step()
            yield last
        if writing.workload is not None and making.steps == writing.rows.blocks:
            answered = Answered.complete(writing)
            making.append("query.fvecs", vecs_rows(answered.queries))
            places, _ = answered.neighbours(answered.filters[0])
            making.append("groundtruth.ivecs", vecs_rows(places.astype("<i4")))
            making.step()


FORMAT = Fvecs()
