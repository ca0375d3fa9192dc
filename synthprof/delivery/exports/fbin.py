"""Vectors as big-ann-benchmarks has them: `base.fbin`, the shape and then the rows, and `ids.npy`."""

from collections.abc import Iterator
from dataclasses import dataclass

from synthprof.delivery.exports.arrays import Vectors, bin_header, write_ids
from synthprof.delivery.exports.format import Format, Writing

FILE = "base.fbin"


@dataclass(frozen=True)
class Fbin(Format):
    """uint32 n, uint32 d, then n times d float32; rows without a vector are left out."""

    name: str = "fbin"
    whole: bool = False

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


FORMAT = Fbin()
