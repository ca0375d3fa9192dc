"""Steps of a workload's making that are about filters: nearness of all rows, the file of planted labels."""

from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.base.arrays import Ids, Matrix
from synthprof.delivery.workloads.files import LABELS_FILE
from synthprof.delivery.workloads.filters_plan import Filters
from synthprof.delivery.workloads.labels_closeness import Closeness
from synthprof.delivery.workloads.labels_nearness import Nearness
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.outputs import Making
from synthprof.versions.version import Version

GROUP_BLOCKS = 8
"""Blocks in a row group of labels.parquet."""


def nearness_of(
    version: Version,
    queries: Matrix,
    neighbours: Ids,
    space: str = "embedding",
    done: Callable[[int], object] = lambda _: None,
) -> Nearness:
    """Return how near all rows of a version are to queries, in one pass over their vectors.

    queries: (q, d) float32. neighbours: (q, k) ids of the true neighbours without a filter, nearest first, -1
    for none. space: "embedding", or "vector" for feature vectors. done: gets the rows done after each block.
    """
    read = version.embeddings if space == "embedding" else version.vectors
    last = neighbours[np.arange(len(neighbours)), (neighbours > 0).sum(axis=1) - 1]
    ends = {int(each): read(int(each), int(each)) for each in np.unique(last)}
    closeness = Closeness.of(queries, np.concatenate([ends[int(each)] for each in last]))
    keys = np.empty(version.rows, np.int32)
    for first in range(0, version.rows, BLOCK_ROWS):
        end = min(first + BLOCK_ROWS, version.rows)
        keys[first:end] = closeness.keys(read(first + 1, end))
        done(end)
    return Nearness.of(keys, neighbours)


def write_labels(work: Making, filters: Filters) -> Iterator[int]:
    """Write labels.parquet as one whole file, if filters ask for planted columns; yield the rows done."""
    if not filters.has_planted:
        return
    schema, blocks = filters.planted_schema, -(-filters.nearness.rows // BLOCK_ROWS)
    with (
        work.whole(LABELS_FILE) as path,
        pq.ParquetWriter(path, schema, compression="zstd", write_statistics=False) as writer,
    ):
        for first in range(0, blocks, GROUP_BLOCKS):
            group = range(first, min(first + GROUP_BLOCKS, blocks))
            table = pa.Table.from_batches([filters.planted(block) for block in group], schema)
            writer.write_table(table, row_group_size=GROUP_BLOCKS * BLOCK_ROWS)
            yield min(group.stop * BLOCK_ROWS, filters.nearness.rows)
