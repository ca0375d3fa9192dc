"""The job that makes a workload: resumable step by step, published whole beside the version."""

import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.digests import digest_of
from synthprof.delivery.job import Part, do_parts
from synthprof.delivery.workloads.files import QUERIES_FILE, TRUTH_FOLDER
from synthprof.delivery.workloads.filters import wanted_filters
from synthprof.delivery.workloads.filters_parts import (
    answer_filtered,
    filtered_steps,
    make_filters,
)
from synthprof.delivery.workloads.order import WorkloadOrder, names_of
from synthprof.delivery.workloads.queries import draw_queries, hardness_of
from synthprof.delivery.workloads.queries_contrast import distances_of
from synthprof.delivery.workloads.queries_space import (
    Parts,
    left_out,
    measure_of,
    open_space,
    parts_of,
)
from synthprof.delivery.workloads.streams import Runbook
from synthprof.delivery.workloads.streams_parts import make_stream, runbooks_of
from synthprof.delivery.workloads.truth import Answering
from synthprof.delivery.workloads.workload import Workload, open_workload
from synthprof.report.words import amount, count
from synthprof.similarity.nearness import Metric
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.outputs import Making, Output, Place, finish, making
from synthprof.system.events import Observer
from synthprof.system.machine import default_workers
from synthprof.system.refusals import clear_errors
from synthprof.versions.derived import WORKLOADS
from synthprof.versions.version import Version, open_version

WORKLOAD_VERSION = 1
"""Raised when a workload of the same order has other bytes."""

DRAWN_FILE = "drawn.parquet"
"""The queries with their mean distances, kept until the job is done: drawn once, as a service costs money."""

Flags = npt.NDArray[np.bool_]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Work:
    """The order to make one workload, and the folder that it is made in."""

    version: Version
    order: WorkloadOrder
    parts: Parts
    making: Making = field(repr=False)
    observe: Observer = field(repr=False)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The measures of nearness to answer by."""
        return cast(tuple[Metric, ...], names_of(self.order.metrics))

    @functools.cached_property
    def drawn(self) -> pa.Table:
        """The queries as `queries.parquet` has them, with `mean`: the mean distance to the rows."""
        return pq.read_table(self.making.folder / DRAWN_FILE)

    @functools.cached_property
    def vectors(self) -> Matrix:
        """The vectors of the queries, (queries, dim) float32."""
        values = self.drawn.column("vector").combine_chunks()
        return np.asarray(values.flatten().to_numpy()).reshape(len(values), -1)

    def answering(
        self, metric: Metric, numbers: Sequence[int] = (0,), masks: Callable[[int], Flags] | None = None
    ) -> Answering:
        """Return the answers to all queries by one metric under filters, to be found step by step.

        masks: the rows of a block that meet each of the filters, (filters, n); None of filter 0, none.
        """

        def done(rows: int) -> None:
            self.observe(f"workload truth by {metric}", rows, self.version.rows)

        return Answering(
            self.making,
            self.vectors,
            metric,
            numbers,
            self.version.spec.blocks,
            self.rows,
            masks,
            default_workers(),
            done,
        )

    def rows(self, block: int) -> tuple[int, Matrix]:
        """Return the first id of a block and the vectors of its rows, (n, dim); NaN where there is none."""
        first = block * BLOCK_ROWS + 1
        last = min(first + BLOCK_ROWS - 1, self.version.rows)
        read = self.version.vectors if self.order.space == "vector" else self.version.embeddings
        return first, read(first, last)


def make_workload(home: Path, order: WorkloadOrder, observe: Observer = lambda *_: None) -> Workload:
    """Make a workload for a version and return it. A finished one stays as it is.

    Raises SpecError for an unknown version or a class of queries that it cannot have, Busy if the same
    workload is being made, StageError for a damaged version. The same call goes on where it was cut short.
    """
    version = open_version(home, order.dataset, order.version or None)
    parts = parts_of(version, order)
    begun = _output(version, order, parts)
    place = Place(home / order.dataset / WORKLOADS, f"workload-{begun.key}")
    if place.output() is None:
        with clear_errors(), making(place, f"{place.name} of {order.dataset!r}", begun) as folder:
            do_parts(PARTS, Work(version, order, parts, folder, observe))
            output = finish(place, folder, begun)
        logger.info("%s: %s queries, %s", place.name, count(order.queries), amount(output.bytes_total))
    return open_workload(place.folder)


def _output(version: Version, order: WorkloadOrder, parts: Parts) -> Output:
    """Return the manifest without files. Its key follows from what determines the bytes."""
    spec, filters = version.spec, wanted_filters(names_of(order.filters), version.rows)
    runbooks_of(order.streams, version.rows, order.seed)
    facts: dict[str, Any] = {
        "kind": WORKLOADS,
        "name": "workload",
        "dataset": version.dataset,
        "version": version.name,
        "content": version.manifest.content,
        "options": order.options(parts) | {"filters": [each.name for each in filters]},
        "rows": version.rows,
        "details": {
            "dim": spec.dim_vector if order.space == "vector" else spec.dim_embedding,
            "classes": order.counts(parts),
            "left_out": {} if order.parts else left_out(version, order),
            "written_by": {"pyarrow": pa.__version__},
        },
    }
    return Output(key=digest_of(facts | {"workload_version": WORKLOAD_VERSION})[:12], **facts)


def _draw(work: Work, _: int) -> None:
    """Draw the queries."""
    with open_space(work.version, work.order) as space:
        queries, means = draw_queries(space, work.order, work.order.counts(work.parts))
    _write(work, DRAWN_FILE, queries.append_column("mean", pa.array(means)))


def _steps(work: Work) -> int:
    return len(work.metrics) * work.answering(work.metrics[0]).steps


def _answer(work: Work, step: int) -> None:
    """Do one step of the answers without a filter."""
    metric, number = divmod(step, work.answering(work.metrics[0]).steps)
    work.answering(work.metrics[metric]).step(number)


def _measure_hardness(work: Work, _: int) -> None:
    """Write the queries with their hardness by the true 100th neighbour, where the measure is a distance."""
    drawn, measure = work.drawn, measure_of(work.order)
    if measure:
        name = measure if measure in work.metrics else "dot"
        folder = work.making.folder / TRUTH_FOLDER / name
        ids: Ids = np.load(folder / "0.ids.npy", mmap_mode="r")
        last = int((ids[0] > 0).sum()) - 1
        nears = distances_of(np.load(folder / "0.scores.npy", mmap_mode="r")[:, last], measure)
        place = drawn.schema.get_field_index("hardness")
        found = hardness_of(drawn.column("mean").to_numpy(), nears)
        drawn = drawn.set_column(place, drawn.schema.field(place), found)
    _write(work, QUERIES_FILE, drawn.drop_columns(["mean"]))
    work.making.forget(DRAWN_FILE)


def _runbooks(work: Work) -> list[Runbook]:
    return runbooks_of(work.order.streams, work.version.rows, work.order.seed)


def _write(work: Work, name: str, table: pa.Table) -> None:
    with work.making.whole(name) as path:
        pq.write_table(table, path, compression="zstd")


def _once(_: Work) -> int:
    return 1


def _part(name: str, count: Callable[[Work], int], do: Callable[[Work, int], None]) -> Part[Work]:
    """Return a part of single steps; what a step has written is durable when the next one begins."""

    def each(work: Work, first: int) -> None:
        steps = count(work)
        for step in range(first, steps):
            do(work, step)
            work.making.step(checkpoint=True)
            work.observe(f"workload {name}", step + 1, steps, 0, "steps")

    return Part(name, count, each)


PARTS = (
    _part("queries", _once, _draw),
    _part("truth", _steps, _answer),
    _part("filters", _once, make_filters),
    _part("filtered truth", filtered_steps, answer_filtered),
    _part("streams", lambda work: len(_runbooks(work)), make_stream),
    _part("hardness", _once, _measure_hardness),
)
"""The parts of the job, in order. A part that others need stands before them."""
