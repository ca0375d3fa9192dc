"""The true neighbours of a few queries computed a second time, plainly: float64 products with every row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.similarity.nearness import Metric


@dataclass(frozen=True)
class Difference:
    """A place of a query's answer, from 0 on, where the second computation found another row or score."""

    query: int
    place: int
    id: int
    expected_id: int
    score: float
    expected_score: float


class Check:
    """The nearest rows of a few queries, from the same blocks that `Truth` gets, in the order of their ids.

    It shares no code with `Truth`: NumPy adds up the products, all scores of a block are there at once.
    """

    def __init__(self, queries: Matrix, k: int, metric: Metric, filters: int = 1) -> None:
        """Begin without rows. queries: (q, d) float32; a few, as all scores of a block are held."""
        self._queries, self._k, self._metric = queries.astype(np.float64), k, metric
        self._near = [[np.empty(0, np.float32) for _ in queries] for _ in range(filters)]
        self._ids = [[np.empty(0, np.int64) for _ in queries] for _ in range(filters)]

    def add(self, first_id: int, rows: Matrix, masks: NDArray[np.bool_] | None = None) -> None:
        """Take a block of rows, whose ids are higher than those before. masks: (filters, n) bool."""
        near = self._all_near(rows)
        usable = np.isfinite(rows).all(axis=1)
        for number, (of_near, of_ids) in enumerate(zip(self._near, self._ids, strict=True)):
            allowed = usable if masks is None else usable & masks[number]
            for query, values in enumerate(near):
                best, ids = of_near[query], of_ids[query]
                least = best[-1] if len(best) == self._k else -np.inf
                new = np.flatnonzero(allowed & (values >= least))
                values = np.concatenate([best, values[new]])
                order = np.argsort(-values, kind="stable")[: self._k]
                of_near[query] = values[order]
                of_ids[query] = np.concatenate([ids, new + first_id])[order]

    def differences(self, ids: Ids, scores: Matrix, number: int = 0) -> tuple[Difference, ...]:
        """Compare with what `Truth.nearest` gave for a filter: ids and scores, (q, k).

        The last bit of a score may differ where its sum lies halfway between two numbers: an answer that
        differs by that alone is taken as equal.
        """
        found: list[Difference] = []
        for query, (near, own_ids) in enumerate(zip(self._near[number], self._ids[number], strict=True)):
            missing = self._k - len(near)
            own = np.pad(-near if self._metric == "l2" else near, (0, missing), constant_values=np.nan)
            expected = np.pad(own_ids, (0, missing), constant_values=-1)
            given = np.where(ids[query] > 0, scores[query], np.nan).astype(np.float64)
            steps = np.nan_to_num(np.abs(given - own) / np.spacing(np.abs(own)))
            places = np.flatnonzero((ids[query] != expected) | (steps > 0))
            if steps.max(initial=0.0) > 1 or not steps.any():
                found += [
                    Difference(
                        query, place, int(ids[query, place]), int(expected[place]), given[place], own[place]
                    )
                    for place in places.tolist()
                ]
        return tuple(found)

    def _all_near(self, rows: Matrix) -> Matrix:
        wide = rows.astype(np.float64)
        with np.errstate(invalid="ignore", over="ignore"):
            if self._metric == "l2":
                return np.stack([-np.square(wide - query).sum(axis=1) for query in self._queries]).astype(
                    np.float32
                )
            near = self._queries @ wide.T
            if self._metric == "cosine":
                sizes = np.linalg.norm(self._queries, axis=1)[:, None] * np.linalg.norm(wide, axis=1)
                near = np.divide(near, sizes, out=np.zeros_like(near), where=sizes > 0)
        return near.astype(np.float32)
