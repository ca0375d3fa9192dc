"""The rows that each filter of a workload matches."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthprof.delivery.rows import ID, Rows
from synthprof.delivery.workloads.conditions import columns_of, mask
from synthprof.delivery.workloads.workload import Workload
from synthprof.versions.version import Version


@dataclass(frozen=True)
class Masks:
    """The filters of a workload, applied to the rows of the version that it was made for."""

    version: Version
    workload: Workload

    def planted(self, block: int) -> dict[str, pa.Array]:
        """Return the planted columns of a block's rows by name."""
        labels = self.workload.labels
        if labels is None:
            return {}
        ids = Rows(self.version).ids(block)
        found = labels.slice(ids[0] - 1, len(ids)).combine_chunks()
        return {name: found.column(name).combine_chunks() for name in labels.schema.names if name != ID}

    def block(self, numbers: list[int], block: int) -> NDArray[np.bool_]:
        """Return which rows of a block match each of the filters, (n, filters)."""
        conditions = [self.workload.filters.column("condition")[number].as_py() for number in numbers]
        wanted = {name for condition in conditions for name in columns_of(condition)}
        planted = self.planted(block)
        batch = Rows(self.version, tuple(sorted(wanted - planted.keys())) or (ID,)).block(block)
        for name in sorted(wanted & planted.keys()):
            batch = batch.append_column(name, planted[name])
        return np.stack([mask(each, batch, self.version.schema) for each in conditions], axis=1)

    def packed(self, number: int) -> NDArray[np.uint8]:
        """Return a bit for each row, the first row in the lowest bit of the first byte."""
        blocks = range(self.version.spec.blocks)
        return np.packbits(
            np.concatenate([self.block([number], block)[:, 0] for block in blocks]), bitorder="little"
        )
