"""The parts of a workload's job that make its filters, and answer the queries under each of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.base.arrays import Ids, Matrix
from synthprof.delivery.rows import Rows
from synthprof.delivery.workloads.files import FILTERS_FILE, NEIGHBOURS, TRUTH_FOLDER
from synthprof.delivery.workloads.filters import Wanted, wanted_filters
from synthprof.delivery.workloads.filters_masks import FilterMasks
from synthprof.delivery.workloads.filters_plan import measured, plan_filters
from synthprof.delivery.workloads.filters_steps import nearness_of, write_labels
from synthprof.delivery.workloads.labels_nearness import Nearness
from synthprof.delivery.workloads.order import names_of
from synthprof.similarity.truth import Truth
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.system.machine import default_workers

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


def filtered_metrics(work: Work) -> int:
    """Return the number of metrics to answer by under filters; 0 without any."""
    return len(work.metrics) if len(filters_of(work)) > 1 else 0


def answer_filtered(work: Work, step: int) -> None:
    """Answer all queries under each filter by one metric."""
    metric, masks = work.metrics[step], FilterMasks(work.making.folder, work.version)
    numbers = range(1, len(masks))
    if not numbers:
        return
    truth = Truth(work.vectors, NEIGHBOURS, metric, len(numbers), default_workers())
    for block in range(work.version.spec.blocks):
        first, rows = work.rows(block)
        truth.add(first, rows, masks.of(block, numbers))
        done = min((block + 1) * BLOCK_ROWS, work.version.rows)
        work.observe(f"workload filtered truth by {metric}", done, work.version.rows)
    for number in numbers:
        write_answers(work, metric, number, *truth.nearest(number - 1))


def write_answers(work: Work, metric: str, number: int, ids: Ids, scores: Matrix) -> None:
    """Write the answers under one filter: NaN scores where there is no row."""
    scores[ids < 0] = np.nan
    for name, values in (("ids", ids), ("scores", scores)):
        path = f"{TRUTH_FOLDER}/{metric}/{number}.{name}.npy"
        with work.making.whole(path) as temporary, temporary.open("wb") as file:
            np.save(file, values)
