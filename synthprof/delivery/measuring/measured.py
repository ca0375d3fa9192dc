"""The result of a measurement: a point for each filter, class of queries, effort and number of clients."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from synthprof.delivery.measuring.clients import Answers, Round
from synthprof.delivery.measuring.recall import recalls
from synthprof.delivery.workloads.order import CLASSES
from synthprof.delivery.workloads.workload import Workload

ALL = "all"
"""The name of all classes of queries together."""


@dataclass(frozen=True)
class Point:
    """Recall and speed of some queries under one filter.

    queries: the class, or `all`. effort: of the dial, 0 where there is none. recall: of k, from 0 to 1; None
    where no row matches. qps: searches a second by all clients, of all classes together. p50_ms, p95_ms,
    p99_ms: milliseconds that half, 95 and 99 of 100 searches took at most. searches: how many were measured.
    """

    filter: str
    queries: str
    effort: int
    clients: int
    k: int
    recall: float | None
    qps: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    searches: int


@dataclass(frozen=True)
class Measured:
    """The points of one target on one workload. skipped: filters that it cannot search under."""

    target: str
    dataset: str
    version: str
    workload: str
    metric: str
    rows: int
    points: tuple[Point, ...]
    skipped: tuple[str, ...] = ()

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"


def points_of(answers: Answers, order: Round, workload: Workload, metric: str) -> Iterator[Point]:
    """Yield a point for all queries, and one for each class that was asked."""
    number, _ = order.filter
    truth = workload.truth(metric, number)
    recall = recalls(answers.ids, answers.scores, truth, metric)
    classes = np.array(workload.queries.column("class").to_pylist())
    qps = len(answers.asked) / (answers.ended - answers.began)
    names = [ALL, *(name for name in CLASSES if name in classes)]
    for name in names:
        chosen = np.full(len(classes), True) if name == ALL else classes == name
        latencies = answers.latencies[chosen[answers.asked]] * 1_000
        found = recall[chosen & ~np.isnan(recall)]
        p50, p95, p99 = (round(float(each), 4) for each in np.percentile(latencies, (50, 95, 99)))
        yield Point(
            filter=workload.filters.column("name")[number].as_py(),
            queries=name,
            effort=order.effort,
            clients=order.clients,
            k=order.k,
            recall=round(float(found.mean()), 6) if len(found) else None,
            qps=round(qps, 1),
            p50_ms=p50,
            p95_ms=p95,
            p99_ms=p99,
            searches=len(latencies),
        )
