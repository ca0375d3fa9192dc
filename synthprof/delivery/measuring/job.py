"""The job that measures recall and speed of a target, or of an index that is built here, on a workload."""

import functools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError
from synthprof.base.files import write_text
from synthprof.delivery.measuring.baselines import build
from synthprof.delivery.measuring.clients import Answers, Round, in_processes, in_threads
from synthprof.delivery.measuring.measured import Measured, Point, points_of
from synthprof.delivery.measuring.order import MeasureOrder
from synthprof.delivery.measuring.picture import picture
from synthprof.delivery.measuring.searcher import Searcher
from synthprof.delivery.measuring.targets import LoadedTarget, is_address, is_server
from synthprof.delivery.rows import Rows
from synthprof.delivery.workloads.filters_masks import FilterMasks
from synthprof.delivery.workloads.workload import Workload, find_workload
from synthprof.system.events import Observer
from synthprof.system.refusals import clear_errors
from synthprof.versions.derived import MEASURED, MEASUREMENTS, PICTURE
from synthprof.versions.version import Version, open_version

logger = logging.getLogger(__name__)


def measure(home: Path, order: MeasureOrder, observe: Observer = lambda *_: None) -> tuple[Path, Measured]:
    """Measure a target on a workload; return the folder of `measure.json` and `measure.svg`, and the points.

    Raises SpecError for an unknown target, workload, metric or filter, or if the target does not hold the
    version, StageError if the target fails.
    """
    version = open_version(home, order.dataset, order.version or None)
    workload = find_workload(version, order.workload)
    workload.truth(order.metric)  # refused before anything is built
    with clear_errors(), closing(_searcher(order, version, workload)) as searcher:
        points, skipped = _points(order, version, workload, searcher, observe)
        measured = Measured(
            target=searcher.name,
            dataset=version.dataset,
            version=version.name,
            workload=workload.output.key,
            metric=order.metric,
            rows=version.rows,
            points=tuple(points),
            skipped=tuple(skipped),
        )
        folder = _folder(home, measured)
        write_text(folder / MEASURED, measured.text())
        write_text(folder / PICTURE, picture(measured))
    return folder, measured


def _searcher(order: MeasureOrder, version: Version, workload: Workload) -> Searcher:
    if is_address(order.target):
        return LoadedTarget(order, version, workload)
    masks = FilterMasks(workload.folder, version)
    return build(order.target, Rows(version, (workload.space,)), order.metric, masks)


def _points(
    order: MeasureOrder, version: Version, workload: Workload, searcher: Searcher, observe: Observer
) -> tuple[list[Point], list[str]]:
    """Return the points of all rounds, and the names of the filters that the target cannot search under."""
    names = workload.filters.column("name").to_pylist()
    conditions = workload.filters.column("condition").to_pylist()
    chosen = order.chosen(names)
    taken = [number for number in chosen if number == 0 or searcher.takes(conditions[number])]
    if not taken:
        raise SpecError(
            f"filters={order.filters:.80}: {searcher.name} can search under none of them; load the planted "
            f"labels and tenants of the workload, too, by --workload {workload.output.key}"
        )
    answered = _answering(order, version, workload, searcher)
    rounds = list(_rounds(order, workload, searcher, [(number, conditions[number]) for number in taken]))
    points: list[Point] = []
    for done, each in enumerate(rounds, 1):
        points += points_of(answered(each), each, workload, order.metric)
        observe("measure", done, len(rounds), 0, "points")
    return points, [names[number] for number in chosen if number not in taken]


def _answering(
    order: MeasureOrder, version: Version, workload: Workload, searcher: Searcher
) -> Callable[[Round], Answers]:
    """Return the way to answer a round: by threads here, or by processes with connections of their own."""
    if not searcher.apart or not is_server(order.target):
        return functools.partial(in_threads, searcher)
    home = version.folder.parent.parent.parent
    connect = functools.partial(_connect, home, order, version.name, workload.output.key)
    return functools.partial(in_processes, connect)


def _connect(home: Path, order: MeasureOrder, version: str, workload: str) -> Searcher:
    found = open_version(home, order.dataset, version)
    return LoadedTarget(order, found, find_workload(found, workload))


def _rounds(
    order: MeasureOrder, workload: Workload, searcher: Searcher, filters: list[tuple[int, str]]
) -> Iterator[Round]:
    """Yield the rounds. A file of this machine is searched by one client: it is one thread's."""
    alone = searcher.apart and not is_server(order.target)
    for chosen in filters:
        for clients in (1,) if alone else order.client_counts:
            for effort in searcher.efforts:
                yield Round(
                    queries=_queries(workload, order.metric),
                    k=order.k,
                    effort=effort,
                    filter=chosen,
                    clients=clients,
                    seconds=order.seconds,
                    warm_up=order.warm_up,
                )


def _queries(workload: Workload, metric: str) -> Matrix:
    """Return the vectors to search for; by cosine of length 1, as the scores of the truth are of such."""
    vectors = workload.vectors
    if metric != "cosine":
        return vectors
    norms: Matrix = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, np.float32(1e-30)), np.float32)


def _folder(home: Path, measured: Measured) -> Path:
    """Return a new folder beside the versions, named by the moment."""
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return home / measured.dataset / MEASUREMENTS / f"{measured.workload}-{moment}"
