"""The parts of a workload's job that make its filters, and answer the queries under each of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.base.arrays import Ids
from synthprof.delivery.rows import Rows
from synthprof.delivery.workloads.files import FILTERS_FILE, TRUTH_FOLDER
from synthprof.delivery.workloads.filters import Wanted, wanted_filters
from synthprof.delivery.workloads.filters_masks import FilterMasks
from synthprof.delivery.workloads.filters_plan import measured, plan_filters
from synthprof.delivery.workloads.filters_steps import nearness_of, write_labels
from synthprof.delivery.workloads.labels_nearness import Nearness
from synthprof.delivery.workloads.order import names_of
from synthprof.delivery.workloads.truth import Answering

if TYPE_CHECKING:
    from synthprof.delivery.workloads.job import Work

logger = logging.getLogger(__name__)


def filters_of(work: Work) -> list[Wanted]:
    """Return the filters that the order asks for; the first is none. Raises SpecError for an unknown one."""
    return wanted_filters(names_of(work.order.filters), work.version.rows)


def make_filters(work: Work, _: int) -> None:
    """Write the filters and the planted labels, for the answers without a filter by the first metric."""
    version, wanted = work.version, filters_of(work)
    neighbours: Ids = np.load(work.making.folder / TRUTH_FOLDER / work.metrics[0] / "0.ids.npy")

    def done(rows: int) -> None:
        work.observe("workload nearness", rows, version.rows)

    if len(wanted) == 1:
        nearness = Nearness.of(np.zeros(version.rows, np.int32), neighbours)
    else:
        nearness = nearness_of(version, work.vectors, neighbours, work.order.space, done)
    columns = Rows(version, tuple(version.schema.by_name))
    filters = plan_filters(wanted, columns, version.schema, nearness, neighbours, work.order.seed)
    for name in filters.left_out:
        logger.warning("filter %s is left out: no condition on real columns has that selectivity", name)
    for rows in write_labels(work.making, filters):
        work.observe("workload labels", rows, version.rows)
    nothing = [pa.record_batch({})] * version.spec.blocks
    table = measured(filters, Rows(version, filters.columns) if filters.columns else nothing, neighbours)
    with work.making.whole(FILTERS_FILE) as path:
        pq.write_table(table, path, compression="zstd")


def filtered_steps(work: Work) -> int:
    """Return the number of steps to answer the queries under filters; 0 without any."""
    if len(filters_of(work)) == 1 or not (found := _filtered(work)):
        return 0
    return len(work.metrics) * found[0].steps


def answer_filtered(work: Work, step: int) -> None:
    """Do one step of the answers under filters."""
    found = _filtered(work)
    metric, number = divmod(step, found[0].steps)
    found[metric].step(number)


def _filtered(work: Work) -> list[Answering]:
    """Return the answers under all filters by each metric; none where all filters were left out."""
    masks = FilterMasks(work.making.folder, work.version)
    numbers = range(1, len(masks))
    if not numbers:
        return []
    return [
        work.answering(metric, numbers, lambda block: masks.of(block, numbers)) for metric in work.metrics
    ]
