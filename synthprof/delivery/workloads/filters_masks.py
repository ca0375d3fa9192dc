"""The rows that meet the filters of a workload, a block at a time, from its files and the version."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from synthprof.base.kinds import check_file
from synthprof.delivery.rows import ID, Rows
from synthprof.delivery.workloads.conditions import columns_of, mask
from synthprof.delivery.workloads.files import FILTERS_FILE, LABELS_FILE
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.versions.version import Version

NO_LABELS = pa.schema([(ID, pa.int64())])


class Planted:
    """The planted columns of a version's rows, a block at a time, from a folder of a workload.

    names: the columns without `id`; none where no filter asks for any.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        """Open the file for a version of so many rows. Raises OSError if it cannot be read."""
        path = folder / LABELS_FILE
        self._file = pq.ParquetFile(check_file(path)) if path.exists() else None
        self.schema = self._file.schema_arrow.remove_metadata() if self._file else NO_LABELS
        self.names = tuple(name for name in self.schema.names if name != ID)
        self._rows = rows
        self._group: tuple[int, Any] = (-1, None)

    def rows(self, block: int) -> pa.Table:
        """Return the planted columns of a block's rows, with `id`."""
        first = block * BLOCK_ROWS
        rows = min(BLOCK_ROWS, self._rows - first)
        if self._file is None:
            return pa.table({ID: np.arange(first + 1, first + rows + 1)})
        per_group = self._file.metadata.row_group(0).num_rows
        group = first // per_group
        if self._group[0] != group:
            self._group = (group, self._file.read_row_group(group))
        return self._group[1].slice(first - group * per_group, rows)

    def joined(self, batch: pa.RecordBatch, block: int) -> pa.RecordBatch:
        """Return the rows of a block with the planted columns after their own."""
        planted = self.rows(block)
        for name in self.names:
            batch = batch.append_column(name, planted.column(name).combine_chunks())
        return batch


class FilterMasks:
    """The rows that meet the filters in a folder of a workload, finished or in the making.

    A column of labels.parquet is a planted one, any other a column of the version.
    """

    def __init__(self, folder: Path, version: Version) -> None:
        """Open the files. Raises OSError if one cannot be read, SpecError if a condition is malformed."""
        table = pq.read_table(check_file(folder / FILTERS_FILE))
        self.names: tuple[str, ...] = tuple(table.column("name").to_pylist())
        self._conditions: list[str] = table.column("condition").to_pylist()
        self.labels = Planted(folder, version.rows)
        self._planted = set(self.labels.names)
        named = [name for each in self._conditions for name in columns_of(each)]
        real = tuple(name for name in dict.fromkeys(named) if name not in self._planted)
        self._schema, self._rows = version.schema, Rows(version, real) if real else None

    def __len__(self) -> int:
        return len(self._conditions)

    def of(self, block: int, numbers: Sequence[int] = ()) -> NDArray[np.bool_]:
        """Return which rows of a block meet filters, (filters, rows) bool; of all, or of those numbers."""
        planted = self.labels.rows(block)
        real = self._rows.block(block) if self._rows else planted
        found = []
        for number in numbers or range(len(self)):
            condition = self._conditions[number]
            is_planted = self._planted.issuperset(columns_of(condition))
            found.append(mask(condition, planted if is_planted else real, self._schema))
        return np.array(found).reshape(len(found), planted.num_rows)
