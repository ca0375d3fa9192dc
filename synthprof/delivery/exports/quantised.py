"""Vectors in 8 bits, as big-ann-benchmarks has them, with the scale that gives back the numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Matrix
from synthprof.delivery.exports.arrays import Vectors, bin_header, write_ids, write_json
from synthprof.delivery.exports.format import Format, Writing

SCALE_FILE = "scale.json"


@dataclass(frozen=True)
class Scale:
    """The numbers that 8 bits stand for: x = offset + scale * q, within scale / 2.

    Of `i8bin` the offset is 0, so that cosines and products keep their order; `u8bin` keeps that of distances
    alone.
    """

    scale: float
    offset: float
    lowest: int

    def of(self, matrix: Matrix) -> npt.NDArray[np.int16]:
        """Return each number as its nearest step."""
        steps = np.rint((matrix.astype(np.float64) - self.offset) / self.scale)
        return np.clip(steps, self.lowest, self.lowest + 255).astype(np.int16)

    def as_document(self) -> dict[str, Any]:
        """Return what `scale.json` says."""
        return {
            "formula": "x = offset + scale * q",
            "scale": self.scale,
            "offset": self.offset,
            "largest_error": self.scale / 2,
        }


@dataclass(frozen=True)
class Quantised(Format):
    """`base.u8bin` or `base.i8bin`: uint32 n, uint32 d, then n times d bytes; `ids.npy` and `scale.json`.

    signed: from -127 to 127, symmetric; otherwise from 0 to 255. Rows without a vector are left out.
    """

    whole: bool = False
    signed: bool = False

    def write(self, writing: Writing) -> Iterator[int]:
        """Find the scale, which takes one pass; then append each block."""
        making, vectors = writing.making, Vectors.of(writing)
        scale, file = self.scale(vectors), f"base.{self.name}"
        for last, ids, matrix in vectors.blocks(making.steps):
            if making.steps == 0:
                making.append(file, bin_header(vectors.count, vectors.dim))
            write_ids(making, ids, vectors.count)
            making.append(file, scale.of(matrix).astype("i1" if self.signed else "u1").tobytes())
            making.step()
            yield last
        write_json(making, SCALE_FILE, scale.as_document())

    def scale(self, vectors: Vectors) -> Scale:
        """Return the scale that holds the lowest and the highest number of all."""
        low, high = 0.0, 0.0
        for _, _, matrix in vectors.blocks(0):
            low = min(low, float(matrix.min(initial=0.0)))
            high = max(high, float(matrix.max(initial=0.0)))
        if self.signed:
            return Scale((max(-low, high) or 1.0) / 127, 0.0, -127)
        return Scale((high - low or 1.0) / 255, low, 0)
