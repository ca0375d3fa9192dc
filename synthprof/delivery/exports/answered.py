"""Vectors with queries and true neighbours as benchmarks take them: rows by position, from 0."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError
from synthprof.delivery.exports.format import Writing
from synthprof.delivery.rows import EMBEDDING
from synthprof.delivery.workloads.files import NEIGHBOURS
from synthprof.delivery.workloads.filters_masks import FilterMasks
from synthprof.delivery.workloads.workload import Workload


@dataclass(frozen=True)
class Filter:
    """A filter of a workload: its number, name and kind, and the share of rows that it was made to match.

    correlation: as it was planted; None where it was not. condition: see `workloads/files.py`.
    """

    number: int
    name: str
    kind: str
    selectivity: float
    correlation: float | None
    condition: str


class Answered:
    """The base, the queries and the answers that one export is made of."""

    def __init__(self, writing: Writing) -> None:
        """Take the workload of the order. Raises SpecError without one."""
        if writing.workload is None:
            raise SpecError("this format holds true neighbours; name a workload")
        self.writing = writing
        self.workload: Workload = writing.workload

    @classmethod
    def complete(cls, writing: Writing) -> "Answered":
        """Return the answers to write beside vectors. Raises SpecError if a row of the version has none."""
        if writing.space == EMBEDDING and (writing.rows.version.clusters() < 0).any():
            raise _incomplete(writing)
        return cls(writing)

    @property
    def rows(self) -> int:
        """The number of rows in the base."""
        return self.writing.rows.version.rows

    @property
    def queries(self) -> Matrix:
        """The vectors of the queries, (queries, dim) float32, C-contiguous."""
        return np.ascontiguousarray(self.workload.vectors, "<f4")

    @functools.cached_property
    def filters(self) -> tuple[Filter, ...]:
        """The filters by number; the first is none."""
        return tuple(
            Filter(
                row["filter"],
                row["name"],
                row["kind"],
                row["selectivity"],
                None if row["correlation"] is None else round(row["correlation"], 6),
                row["condition"],
            )
            for row in self.workload.filters.to_pylist()
        )

    def base(self, block: int) -> Matrix:
        """Return the vectors of a block, (n, dim) float32. Raises SpecError if a row has none."""
        found = self.writing.rows.block(block).column(self.writing.space)
        if found.null_count:
            raise _incomplete(self.writing)
        return np.ascontiguousarray(found.flatten(), "<f4").reshape(-1, self.workload.dim)

    def neighbours(self, of: Filter) -> tuple[Ids, Matrix]:
        """Return positions from 0, -1 where fewer rows match, and scores, NaN there: both (queries, 100)."""
        found = self.workload.truth(self.writing.metric, of.number)
        return np.where(found.ids > 0, found.ids - 1, -1), found.scores

    def answering(self, kinds: Sequence[str]) -> tuple[Filter, ...]:
        """Return the filters of these kinds under which every query has 100 neighbours."""
        rows = {row["filter"]: row["rows"] for row in self.workload.filters.to_pylist()}
        return tuple(each for each in self.filters if each.kind in kinds and rows[each.number] >= NEIGHBOURS)

    def append_truth(self, name: str, filters: Sequence[Filter], of_query: Ids) -> None:
        """Append the truth of big-ann-benchmarks: shape, positions as int32, scores as float32.

        of_query: (queries,) the place among the filters of the one that each query is under.
        """
        found = [self.neighbours(each) for each in filters]
        rows = np.arange(len(of_query))
        places = np.stack([places for places, _ in found])[of_query, rows]
        scores = np.stack([scores for _, scores in found])[of_query, rows]
        parts = (np.array(places.shape, "<u4"), places.astype("<i4"), scores.astype("<f4"))
        for part in parts:
            self.writing.making.append(name, part.data)

    @functools.cached_property
    def masks(self) -> FilterMasks:
        """The rows that filters match."""
        return FilterMasks(self.workload.folder, self.writing.rows.version)

    def matching(self, filters: Sequence[Filter], block: int) -> npt.NDArray[np.bool_]:
        """Return which rows of a block match each filter, (n, filters)."""
        return self.masks.of(block, [each.number for each in filters]).T


def _incomplete(writing: Writing) -> SpecError:
    version = writing.rows.version
    return SpecError(
        f"version {version.name} of {version.dataset!r} has rows without an embedding, which no benchmark "
        "takes; run it again without failed rows"
    )
