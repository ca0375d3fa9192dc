"""The part of a workload's job that writes streams, with the exact answers to each of their searches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from synthprof.delivery.workloads.files import NEIGHBOURS, STREAMS_FOLDER
from synthprof.delivery.workloads.order import names_of
from synthprof.delivery.workloads.streams import Runbook, runbook
from synthprof.similarity.truth import Truth
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.system.machine import default_workers

if TYPE_CHECKING:
    from synthprof.delivery.workloads.job import Work


def runbooks_of(names: str, rows: int, seed: int) -> list[Runbook]:
    """Return the streams that an order asks for. Raises SpecError for an unknown one."""
    return [runbook(name, rows, seed) for name in names_of(names) if name != "none"]


def make_stream(work: Work, step: int) -> None:
    """Write one stream, and the answers to its searches by the first metric, in one pass over the rows."""
    version, order = work.version, work.order
    book = runbooks_of(order.streams, version.rows, order.seed)[step]
    searches = book.searches()
    truth = Truth(work.vectors, NEIGHBOURS, work.metrics[0], len(searches), default_workers())
    for block in range(version.spec.blocks):
        first, rows = work.rows(block)
        truth.add(first, rows, np.array([alive.mask(first - 1, len(rows)) for alive in searches.values()]))
        done = min((block + 1) * BLOCK_ROWS, version.rows)
        work.observe(f"workload stream {book.name}", done, version.rows)
    folder = f"{STREAMS_FOLDER}/{book.name}"
    with work.making.whole(f"{folder}/runbook.yaml") as path:
        path.write_text(book.yaml(version.dataset), encoding="utf-8")
    for number, (at, alive) in enumerate(searches.items()):
        ids, scores = truth.nearest(number)
        scores[ids < 0] = np.nan
        tags = np.where(ids < 0, ids, alive.tags(ids - 1) + 1)
        for name, values in (("ids", tags), ("scores", scores)):
            file = f"{folder}/truth/step-{at:03}.{name}.npy"
            with work.making.whole(file) as path, path.open("wb") as opened:
                np.save(opened, values)
