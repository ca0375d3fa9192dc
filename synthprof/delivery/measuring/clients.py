"""Clients that search at once for some seconds, each query at least once among them."""

import functools
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import StageError
from synthprof.delivery.measuring.searcher import Searcher

START_SECONDS = 120
"""Seconds that all clients may take to connect and warm up."""


@dataclass(frozen=True)
class Round:
    """One point to measure: how many ask for how many neighbours, and how long.

    filter: number and condition of the filter to search under. warm_up: searches of each client before the
    clock starts.
    """

    queries: Matrix
    k: int
    effort: int
    filter: tuple[int, str]
    clients: int
    seconds: float
    warm_up: int


@dataclass(frozen=True)
class Answers:
    """The answers to one client, or to all of them.

    ids, scores: (queries, k), an answer to each query; -1 and NaN where there is none. asked: (searches,) the
    query of each search. latencies: (searches,) seconds. began, ended: of the monotonic clock.
    """

    ids: Ids
    scores: Matrix
    asked: Ids
    latencies: np.ndarray
    began: float
    ended: float


def ask(searcher: Searcher, order: Round, client: int, ready: Callable[[], Any]) -> Answers:
    """Search as one of the clients, from its own part of the queries on."""
    searcher.use_filter(*order.filter)
    searcher.set_effort(order.effort)
    total = len(order.queries)
    first, end = client * total // order.clients, (client + 1) * total // order.clients
    for number in range(first, first + order.warm_up):
        searcher.search(order.queries[number % total], order.k)
    ids = np.full((total, order.k), -1, np.int64)
    scores = np.full((total, order.k), np.nan, np.float32)
    asked: list[int] = []
    latencies: list[float] = []
    ready()
    began = now = time.monotonic()
    while now - began < order.seconds or len(asked) < end - first:
        number = (first + len(asked)) % total
        start = time.perf_counter()
        found, near = searcher.search(order.queries[number], order.k)
        latencies.append(time.perf_counter() - start)
        asked.append(number)
        ids[number, : len(found)], scores[number, : len(found)] = found, near
        now = time.monotonic()
    return Answers(ids, scores, np.array(asked, np.int64), np.array(latencies), began, now)


def in_threads(searcher: Searcher, order: Round) -> Answers:
    """Return the answers to clients that are threads, which share the searcher."""
    barrier = threading.Barrier(order.clients)
    with ThreadPoolExecutor(order.clients, "client") as pool:
        work = functools.partial(_ask_shared, searcher, order, barrier)
        return together(list(pool.map(work, range(order.clients))))


def in_processes(connect: Callable[[], Searcher], order: Round) -> Answers:
    """Return the answers to clients that are processes, each with a searcher of its own.

    connect: can be pickled. Raises what a client raises, or StageError if one does not start in time.
    """
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(order.clients)
    with ProcessPoolExecutor(order.clients, spawn, _join, (barrier,)) as pool:
        work = [pool.submit(_ask_apart, connect, order, client) for client in range(order.clients)]
        errors = [error for each in work if (error := each.exception()) is not None]
        for error in sorted(errors, key=lambda each: isinstance(each, threading.BrokenBarrierError)):
            if isinstance(error, threading.BrokenBarrierError):
                raise StageError(f"some of {order.clients} clients did not start within {START_SECONDS} s")
            raise error
        return together([each.result() for each in work])


def together(parts: Sequence[Answers]) -> Answers:
    """Return the answers to all clients as those to one; of several to a query, the first client's."""
    ids, scores = parts[0].ids.copy(), parts[0].scores.copy()
    for part in parts[1:]:
        lacking = ids[:, 0] < 0
        ids[lacking], scores[lacking] = part.ids[lacking], part.scores[lacking]
    return Answers(
        ids,
        scores,
        np.concatenate([part.asked for part in parts]),
        np.concatenate([part.latencies for part in parts]),
        min(part.began for part in parts),
        max(part.ended for part in parts),
    )


def _ask_shared(searcher: Searcher, order: Round, barrier: threading.Barrier, client: int) -> Answers:
    try:
        return ask(searcher, order, client, lambda: barrier.wait(START_SECONDS))
    except BaseException:
        barrier.abort()
        raise


_barrier: Any = None
"""The place where clients of a process pool meet; a barrier is handed on only at their start."""


def _join(barrier: Any) -> None:  # noqa: ANN401
    global _barrier
    _barrier = barrier


def _ask_apart(connect: Callable[[], Searcher], order: Round, client: int) -> Answers:
    try:
        searcher = connect()
    except BaseException:
        _barrier.abort()
        raise
    try:
        return ask(searcher, order, client, lambda: _barrier.wait(START_SECONDS))
    finally:
        searcher.close()
