"""The files of a workload, which exports, loaders and measurements read.

<home>/<dataset>/workloads/workload-<key>/
  queries.parquet      a row for each query, in the order of their numbers from 0: `queries_schema`
  filters.parquet      a row for each filter, in the order of their numbers from 0; 0 is no filter: FILTERS
  labels.parquet       a row for each row of the version by id, with the planted columns that filters ask for:
                       `id` int64, then a bool column for each label and `tenant` int32
  truth/<metric>/<number>.ids.npy        (queries, 100) int64, ids from 1, -1 where fewer rows match
  truth/<metric>/<number>.scores.npy     (queries, 100) float32, nearest first, NaN where fewer rows match
  streams/<name>/runbook.yaml            steps over rows from 0, as big-ann-benchmarks has them (`streams.py`)
  streams/<name>/truth/step-<number>.ids.npy, .scores.npy    as above, by the first metric: of each search the
                       tags plus 1, which are the ids of rows unless they were replaced
  OUTPUT.json          the manifest (`store/outputs.py`)
"""

import pyarrow as pa

from synthprof.delivery.workloads.order import CLASSES as CLASSES
from synthprof.delivery.workloads.order import METRICS as METRICS
from synthprof.versions.queries import FILTERS_FILE as FILTERS_FILE
from synthprof.versions.queries import QUERIES_FILE as QUERIES_FILE

LABELS_FILE = "labels.parquet"
TRUTH_FOLDER, STREAMS_FOLDER = "truth", "streams"

NEIGHBOURS = 100
"""True neighbours of each query."""


def queries_schema(dim: int) -> pa.Schema:
    """Return the columns of `queries.parquet`, for vectors of so many dimensions.

    hardness: relative contrast at k = 100, the mean distance over the distance of the 100th neighbour.
    origin: the id of the row that the query was made from or would have had; null of a text.
    """
    return pa.schema(
        [
            pa.field("query", pa.int32(), nullable=False),
            pa.field("class", pa.dictionary(pa.int8(), pa.string()), nullable=False),
            pa.field("hardness", pa.float32()),
            pa.field("origin", pa.int64()),
            pa.field("text", pa.string()),
            pa.field("vector", pa.list_(pa.float32(), dim), nullable=False),
        ]
    )


FILTERS = pa.schema(
    [
        pa.field("filter", pa.int32(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("condition", pa.string(), nullable=False),
        pa.field("selectivity", pa.float64(), nullable=False),
        pa.field("measured_selectivity", pa.float64(), nullable=False),
        pa.field("correlation", pa.float32()),
        pa.field("measured_correlation", pa.float32()),
        pa.field("rows", pa.int64(), nullable=False),
    ]
)
"""The columns of `filters.parquet`. kind: none, column, range, and, label or tenant. condition: JSON as
{"and": [{"column", "op", "value"}, ...]} with the operators =, in, <, <=, >, >= and contains (of a list).
selectivity: the share of rows that was asked for. correlation: asked for; null where none is planted."""
