"""NumPy arrays, a file for each column: row i is the id i + 1, and a row without an embedding is NaN."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from synthprof.base.errors import SpecError
from synthprof.delivery.exports.arrays import as_array
from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.exports.order import Order
from synthprof.delivery.rows import ARCHETYPE, CLUSTER_ID, EMBEDDING, ID, VECTOR, Rows
from synthprof.store.columnar.matrices import npy_header
from synthprof.versions.version import Version

FILES = {
    ID: "ids.npy",
    CLUSTER_ID: "cluster_ids.npy",
    VECTOR: "vectors.npy",
    EMBEDDING: "embeddings.npy",
    ARCHETYPE: "archetypes.npy",
}
"""The file of each column that can be an array."""


@dataclass(frozen=True)
class Npy(Format):
    """`ids.npy`, `cluster_ids.npy`, `vectors.npy`, `embeddings.npy`; `archetypes.npy` when asked for."""

    name: str = "npy"

    def rows(self, version: Version, order: Order) -> Rows:
        """Return the rows with the columns that can be arrays."""
        for name in order.names:
            if name not in FILES:
                raise SpecError(
                    f"columns={order.columns:.80}: npy holds {', '.join(FILES)}, not {name[:80]!r}; leave it "
                    "out, or take parquet"
                )
        there = [name for name in Rows(version).names if name in FILES and name != ARCHETYPE]
        return Rows(version, order.names or tuple(there))

    def write(self, writing: Writing) -> Iterator[int]:
        """Append each block to the file of each column, which begins with the shape of all of it."""
        rows, making = writing.rows, writing.making
        for block, batch in enumerate(rows.ahead(making.steps), making.steps):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                array = np.ascontiguousarray(as_array(column))
                array = array.astype(array.dtype.newbyteorder("<"), copy=False)
                if block == 0:
                    shape = (rows.version.rows, *array.shape[1:])
                    making.append(FILES[name], npy_header(array.dtype, shape))
                making.append(FILES[name], array.data)
            making.step()
            yield rows.ids(block)[-1]


FORMAT = Npy()
