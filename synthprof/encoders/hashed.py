"""The simulated embedding: a seeded Gaussian for each profile, from a stable hash of its fields.

Neighbours have no meaning; it serves load tests that need dense vectors without structure.
"""

from collections.abc import Sequence
from statistics import NormalDist
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.arrays import Matrix
from synthprof.encoders.exact import CHUNK_ROWS, unit_rows
from synthprof.encoders.hashes import GOLDEN, Hashes, hash_name, hash_strings, mix
from synthprof.schemas.uses import Scale

IDENTITY: Final = "id"
"""The column that numbers the rows: left out of the hash."""

SIGMA: Final = 1_024
"""One standard deviation in the whole numbers of the table of Gaussian values."""


class HashedEncoder:
    """Encoder `hashed`: rows with equal fields, apart from the id, have equal vectors; all else is noise."""

    name = "hashed"
    fast = True

    def __init__(self, dim: int, seed: int, scales: Sequence[Scale]) -> None:
        """Take the columns that scale the dimensions, each an equal part of them, in order."""
        self.dim = dim
        self._factors = tuple(scales)
        self._seed = seed
        self._normal = _normal_values()

    def encode(self, batch: pa.RecordBatch) -> Matrix:
        """Return one vector per row, (n, dim) float32 with L2 norm 1, from its fields and the seed."""
        keys = self._keys(batch)
        scales = self._scales(batch)
        steps = np.arange(1, self.dim // 4 + 2, dtype=np.uint64) * GOLDEN
        vectors = np.empty((batch.num_rows, self.dim), np.float32)
        for first in range(0, len(keys), CHUNK_ROWS):
            rows = slice(first, first + CHUNK_ROWS)
            words = mix(keys[rows, None] + steps).astype("<u8", copy=False)
            np.multiply(self._normal[words.view("<u2")[:, : self.dim]], scales[rows], out=vectors[rows])
        return unit_rows(vectors)

    def _keys(self, batch: pa.RecordBatch) -> Hashes:
        """Return a hash of all fields of each row, independent of the order of the columns."""
        keys = np.full(batch.num_rows, hash_name(f"{self._seed}"), np.uint64)
        for name in sorted(set(batch.schema.names) - {IDENTITY}):
            salt = hash_name(f"{self._seed}\x1f{name}")
            keys = mix(keys ^ _hash_column(batch.column(name), salt))
        return keys

    def _scales(self, batch: pa.RecordBatch) -> Matrix:
        """Return the factor on each value of the rows, (n, dim)."""
        share = np.arange(self.dim) * len(self._factors) // self.dim
        factors = np.full((batch.num_rows, len(self._factors)), 100, np.float32)
        for place, scale in enumerate(self._factors):
            name = scale.column
            if name in batch.schema.names and not pa.types.is_string(batch.schema.field(name).type):
                values = pc.fill_null(batch.column(name).cast(pa.int64()), 0).to_numpy()
                factors[:, place] += scale.factor * np.clip(values, 0, scale.limit)
        return factors[:, share] if self._factors else np.full((batch.num_rows, 1), 100, np.float32)


def _hash_column(column: pa.Array, salt: int) -> Hashes:
    """Return one hash per value: of integers and flags by value, independent of width; of others as text."""
    if pa.types.is_boolean(column.type) or pa.types.is_integer(column.type):
        values = column.cast(pa.int64())
        missing = values.is_null().to_numpy(zero_copy_only=False)
        numbers = pc.fill_null(values, 0).to_numpy().astype(np.uint64)
        return mix(mix(numbers ^ np.uint64(salt)) + missing.astype(np.uint64))
    return hash_strings(column, salt)


def _normal_values() -> npt.NDArray[np.float32]:
    """Return the Gaussian's quantiles at the middles of 65,536 equal odds, as whole numbers of 1/SIGMA.

    The rounding hides what libraries differ in (about one part in 1e15), so the table is the same everywhere.
    """
    quantile, middles = NormalDist(0, SIGMA).inv_cdf, (np.arange(32_768) + 0.5) / 65_536
    lower = np.rint([quantile(odds) for odds in middles.tolist()]).astype(np.float32)
    return np.concatenate([lower, -lower[::-1]])
