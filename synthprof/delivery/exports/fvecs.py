"""Vectors as the texmex data sets have them: `base.fvecs`, the dimension before each row, and `ids.npy`."""

from collections.abc import Iterator
from dataclasses import dataclass

from synthprof.delivery.exports.arrays import Vectors, vecs_rows, write_ids
from synthprof.delivery.exports.format import Format, Writing

FILE = "base.fvecs"


@dataclass(frozen=True)
class Fvecs(Format):
    """Rows of int32 d and d times float32; rows without a vector are left out."""

    name: str = "fvecs"
    whole: bool = False

    def write(self, writing: Writing) -> Iterator[int]:
        """Append each block."""
        making, vectors = writing.making, Vectors.of(writing)
        for last, ids, matrix in vectors.blocks(making.steps):
            write_ids(making, ids, vectors.count)
            making.append(FILE, vecs_rows(matrix))
            making.step()
            yield last


FORMAT = Fvecs()
