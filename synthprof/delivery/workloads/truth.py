"""The exact answers to the queries of a workload: found in steps that can be taken up again, then checked."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix
from synthprof.base.errors import StageError
from synthprof.base.units import MIB
from synthprof.delivery.workloads.files import NEIGHBOURS, TRUTH_FOLDER
from synthprof.similarity.nearness import Metric
from synthprof.similarity.truth import QUERIES_AT_ONCE, Truth
from synthprof.similarity.truth_check import Check
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.outputs import Making
from synthprof.system.pool import ahead

STATE_BYTES = 512 * MIB
"""Memory of the answers found so far: more queries or filters than fit take another pass over the rows."""

STEP_BLOCKS = 64
"""Blocks of a step: a million rows, and so many are compared again after a crash."""

CHECKED = 4
"""Queries whose answers are computed a second time."""

Block = tuple[int, Matrix, NDArray[np.bool_] | None]


@dataclass(frozen=True, eq=False)
class Answering:
    """All queries of a workload to be answered by one metric under some filters.

    numbers: of the filters. rows: the first id and the vectors, (n, dim) float32, of a block by its number.
    masks: the rows of a block that match each filter, (filters, n); None where there is only filter 0, none.
    done: told the rows that are done in the present pass.
    """

    making: Making
    queries: Matrix
    metric: Metric
    numbers: Sequence[int]
    blocks: int
    rows: Callable[[int], tuple[int, Matrix]]
    masks: Callable[[int], NDArray[np.bool_]] | None = None
    threads: int = 1
    done: Callable[[int], object] = lambda _: None

    @property
    def steps(self) -> int:
        """The number of steps: some for each group of queries and its pass over all rows, and the check."""
        return len(self._groups) * self._parts + 1

    def step(self, number: int) -> None:
        """Do one step after all those before it. Raises StageError if the check finds a difference."""
        if number == self.steps - 1:
            self._check()
            return
        group, part = divmod(number, self._parts)
        queries = self.queries[self._groups[group]]
        truth = Truth(queries, NEIGHBOURS, self.metric, len(self.numbers), self.threads)
        first = part * STEP_BLOCKS
        if part:
            keys = np.load(self.making.folder / self._state(number - 1), mmap_mode="r")
            truth.restore({"keys": keys, "ranges": np.array([[1, first * BLOCK_ROWS + 1]])})
            self.making.forget(self._state(number - 1))
        for block in self._blocks(first, min(first + STEP_BLOCKS, self.blocks)):
            truth.add(*block)
        if part + 1 < self._parts:
            self._save(self._state(number), truth.state()["keys"])
        else:
            self._write(truth, self._groups[group])
        if part > 1:  # no checkpoint names it any more
            (self.making.folder / self._state(number - 2)).unlink(missing_ok=True)

    @property
    def _groups(self) -> list[slice]:
        fitting = STATE_BYTES // (8 * NEIGHBOURS * len(self.numbers))
        size = max(1, fitting // QUERIES_AT_ONCE) * QUERIES_AT_ONCE
        count = len(self.queries)
        return [slice(first, min(first + size, count)) for first in range(0, count, size)]

    @property
    def _parts(self) -> int:
        return -(-self.blocks // STEP_BLOCKS)

    def _blocks(self, first: int, last: int) -> Iterator[Block]:
        def read(number: int) -> Block:
            return *self.rows(number), None if self.masks is None else self.masks(number)

        for first_id, rows, masks in ahead(map(read, range(first, last))):
            yield first_id, rows, masks
            self.done(first_id - 1 + len(rows))

    def _state(self, number: int) -> str:
        return f"{TRUTH_FOLDER}/{self.metric}/{self.numbers[0]}.after-{number}.npy"

    def _path(self, number: int, what: str) -> str:
        return f"{TRUTH_FOLDER}/{self.metric}/{number}.{what}.npy"

    def _write(self, truth: Truth, queries: slice) -> None:
        for place, number in enumerate(self.numbers):
            ids, scores = truth.nearest(place)
            scores[ids < 0] = np.nan
            for what, values in (("ids", ids), ("scores", scores)):
                if len(values) == len(self.queries):
                    self._save(self._path(number, what), values)
                    continue
                if queries.start == 0:
                    self.making.append(self._path(number, what), _header(values, len(self.queries)))
                self.making.append(self._path(number, what), np.ascontiguousarray(values).data)

    def _save(self, name: str, values: NDArray[Any]) -> None:
        with self.making.whole(name) as path, path.open("wb") as file:
            np.save(file, values)

    def _check(self) -> None:
        """Compute the answers to a few queries again, in float64 and without the kernel."""
        sample = np.unique(np.linspace(0, len(self.queries) - 1, CHECKED).astype(np.int64))
        check = Check(self.queries[sample], NEIGHBOURS, self.metric, len(self.numbers))
        for block in self._blocks(0, self.blocks):
            check.add(*block)
        for place, number in enumerate(self.numbers):
            ids, scores = (
                _rows_of(self.making.folder / self._path(number, what), sample) for what in ("ids", "scores")
            )
            for each in check.differences(ids, scores, place):
                raise StageError(
                    f"query {sample[each.query]} under filter {number} by {self.metric} has row {each.id} at "
                    f"place {each.place}, but a second computation found row {each.expected_id}; check the "
                    f"memory of this machine, remove {self.making.folder} and make the workload again"
                )


def _header(values: NDArray[Any], rows: int) -> bytes:
    """Return the beginning of a file of NumPy for so many rows like these."""
    file = io.BytesIO()
    of = np.lib.format.header_data_from_array_1_0(values)
    np.lib.format.write_array_header_1_0(
        file, of | {"shape": (rows, *values.shape[1:]), "fortran_order": False}
    )
    return file.getvalue()


def _rows_of(path: Path, rows: NDArray[np.int64]) -> NDArray[Any]:
    found: NDArray[Any] = np.load(path, mmap_mode="r")[rows]
    return found
