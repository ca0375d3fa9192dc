"""Embeddings that turn between nights, as those of a model do that was replaced by another.

The turn is orthogonal: coordinates are paired, and each pair turns by the same angle. So every embedding of
an even width is that far from what it was, while all distances between embeddings of a night stay. Each
coordinate is a sum of two products, which has the same bits on every processor.
"""

import math
from collections.abc import Sequence
from typing import cast

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Matrix
from synthprof.encoders.encoder import Encoder, TextEncoder, WishEncoder
from synthprof.encoders.hashes import GOLDEN, hash_name, mix
from synthprof.schemas.texts import Tokens


def rotated(encoder: Encoder, degrees: float) -> Encoder:
    """Return an encoder whose embeddings are those of another one, turned; of texts as well."""
    return (RotatedTexts if isinstance(encoder, WishEncoder) else Rotated)(encoder, degrees)


class Rotated:
    """An encoder of profiles whose embeddings have turned by an angle in degrees."""

    def __init__(self, encoder: Encoder, degrees: float) -> None:
        self.name, self.dim, self.fast = encoder.name, encoder.dim, encoder.fast
        self._encoder = encoder
        # as decimals of nine places, which hide in what the sines of libraries differ
        self._cosine = np.float32(round(math.cos(math.radians(degrees)), 9))
        self._partners, self._sines = _pairs(encoder.dim, round(math.sin(math.radians(degrees)), 9))

    def encode(self, batch: pa.RecordBatch) -> Matrix:
        """Return one embedding per row, (n, dim) float32 with L2 norm 1."""
        return self._turned(self._encoder.encode(batch))

    def _turned(self, vectors: Matrix) -> Matrix:
        found: Matrix = vectors.take(self._partners, axis=1)
        found *= self._sines
        kept = vectors * self._cosine
        if self.dim % 2:  # the one without a partner stays
            alone = np.flatnonzero(self._partners == np.arange(self.dim))
            kept[:, alone] = vectors[:, alone]
        found += kept
        return found


class RotatedTexts(Rotated):
    """The same of an encoder that also places texts and wishes among the profiles."""

    def encode_text(self, texts: Sequence[str]) -> Matrix:
        """Return one embedding per text, (n, dim) float32 with L2 norm 1."""
        return self._turned(cast(TextEncoder, self._encoder).encode_text(texts))

    def encode_wishes(self, meanings: Sequence[Tokens], words: Sequence[str], sign: int = 1) -> Matrix | None:
        """Return one embedding for all that a text wishes, (1, dim); None if profiles show nothing of it."""
        found = cast(WishEncoder, self._encoder).encode_wishes(meanings, words, sign)
        return None if found is None else self._turned(found)


def _pairs(dim: int, sine: float) -> tuple[np.ndarray, Matrix]:
    """Return the partner of each coordinate, (dim,), and the factor on it: minus for one of each pair."""
    keys = mix(np.arange(dim, dtype=np.uint64) * GOLDEN + np.uint64(hash_name("rotation")))
    order = np.argsort(keys, kind="stable")
    pairs = order[: dim // 2 * 2].reshape(-1, 2)
    partners, sines = np.arange(dim), np.zeros(dim, np.float32)
    partners[pairs[:, 0]], partners[pairs[:, 1]] = pairs[:, 1], pairs[:, 0]
    sines[pairs[:, 0]], sines[pairs[:, 1]] = -sine, sine
    return partners, sines
