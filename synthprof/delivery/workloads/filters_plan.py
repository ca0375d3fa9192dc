"""The plan of a workload's filters: conditions found, labels planted, and all of it measured."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthprof.base.arrays import Ids
from synthprof.delivery.workloads.conditions import columns_of, mask
from synthprof.delivery.workloads.files import FILTERS
from synthprof.delivery.workloads.filters import Wanted
from synthprof.delivery.workloads.filters_columns import column_filters
from synthprof.delivery.workloads.labels import PlantedLabel, plant
from synthprof.delivery.workloads.labels_nearness import Nearness
from synthprof.delivery.workloads.tenants import TENANT, Tenants
from synthprof.schemas.schema import Schema
from synthprof.spec.spec import BLOCK_ROWS

Batches = Iterable[pa.RecordBatch]


@dataclass(frozen=True, eq=False)
class Filters:
    """The filters of a workload by number, with what their conditions need beside the version.

    wanted, conditions: of each filter. labels: planted. left_out: names of filters on columns for which the
    columns have no condition of that selectivity.
    """

    schema: Schema
    seed: int
    nearness: Nearness
    wanted: tuple[Wanted, ...]
    conditions: tuple[str, ...]
    labels: tuple[PlantedLabel, ...]
    tenants: Tenants | None
    left_out: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the version that `masks` needs."""
        named = [name for condition in self.conditions for name in columns_of(condition)]
        return tuple(name for name in dict.fromkeys(named) if name in self.schema.by_name)

    @property
    def has_planted(self) -> bool:
        """True if filters ask for planted columns."""
        return bool(self.labels) or self.tenants is not None

    @property
    def planted_schema(self) -> pa.Schema:
        """The columns of labels.parquet."""
        fields = [pa.field("id", pa.int64(), nullable=False)]
        fields += [pa.field(each.label.name, pa.bool_(), nullable=False) for each in self.labels]
        fields += [] if self.tenants is None else [pa.field(TENANT, pa.int32(), nullable=False)]
        return pa.schema(fields)

    def planted(self, block: int) -> pa.RecordBatch:
        """Return the rows of labels.parquet for a block of the version, counted from 0."""
        scores, first = self.nearness.block(block), block * BLOCK_ROWS
        arrays = [pa.array(np.arange(first + 1, first + len(scores) + 1))]
        arrays += [pa.array(each.block(self.seed, block, scores)) for each in self.labels]
        arrays += [] if self.tenants is None else [pa.array(self.tenants.of(first, len(scores)))]
        return pa.RecordBatch.from_arrays(arrays, schema=self.planted_schema)

    def masks(self, block: int, rows: pa.RecordBatch) -> NDArray[np.bool_]:
        """Return which rows of a block meet each filter, (filters, rows) bool.

        rows: the block with the columns of `columns`, typed as `delivery/rows.py` gives them.
        """
        planted = self.planted(block)
        both = [
            mask(condition, planted if each.is_planted else rows, self.schema)
            for each, condition in zip(self.wanted, self.conditions, strict=True)
        ]
        return np.array(both).reshape(len(both), planted.num_rows)


def plan_filters(
    wanted: Sequence[Wanted], batches: Batches, schema: Schema, nearness: Nearness, neighbours: Ids, seed: int
) -> Filters:
    """Return the filters that can be had, in their order.

    batches: all rows with the schema's columns, typed; gone through twice, if a filter is on columns.
    neighbours: (q, k) ids of the true neighbours without a filter, -1 for none.
    """
    real = [each for each in wanted if not each.is_planted]
    asked = [(each.kind, each.share) for each in real]
    found = column_filters(batches, schema, nearness.rows, asked) if asked else []
    conditions = {each.name: one.condition for each, one in zip(real, found, strict=True) if one}
    conditions |= {each.name: each.condition for each in wanted if each.is_planted}
    kept = tuple(each for each in wanted if each.name in conditions)
    labels = list(dict.fromkeys(each.label for each in kept if each.label is not None))
    return Filters(
        schema,
        seed,
        nearness,
        kept,
        tuple(conditions[each.name] for each in kept),
        tuple(plant(labels, nearness, neighbours, seed)),
        Tenants(nearness.rows, seed) if any(each.tenant is not None for each in kept) else None,
        tuple(each.name for each in wanted if each.name not in conditions),
    )


def measured(filters: Filters, batches: Batches, neighbours: Ids) -> pa.Table:
    """Return the table of filters.parquet, with what each filter's rows are by its condition.

    batches: all rows in blocks, with the columns of `filters.columns`.
    """
    pairs = np.sort(neighbours[neighbours > 0] - 1)
    rows = np.zeros(len(filters.wanted), np.int64)
    hits = np.zeros(len(filters.wanted), np.int64)
    for block, batch in enumerate(batches):
        masks = filters.masks(block, batch)
        first = block * BLOCK_ROWS
        begin, end = np.searchsorted(pairs, (first, first + masks.shape[1]))
        rows += masks.sum(axis=1)
        hits += masks[:, pairs[begin:end] - first].sum(axis=1)
    return pa.Table.from_pylist(list(_rows(filters, rows, hits / max(len(pairs), 1))), FILTERS)


def _rows(
    filters: Filters, rows: NDArray[np.int64], shares: NDArray[np.float64]
) -> Iterator[dict[str, object]]:
    total = filters.nearness.rows
    for number, (each, condition) in enumerate(zip(filters.wanted, filters.conditions, strict=True)):
        count = int(rows[number])
        correlation = (
            filters.nearness.correlation(count, float(shares[number])) if 0 < count < total else None
        )
        yield {
            "filter": number,
            "name": each.name,
            "kind": each.kind,
            "condition": condition,
            "selectivity": each.share,
            "measured_selectivity": count / total,
            "correlation": each.correlation,
            "measured_correlation": correlation if correlation == correlation else None,
            "rows": count,
        }
