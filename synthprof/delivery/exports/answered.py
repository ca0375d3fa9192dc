"""Vectors with queries and true neighbours as benchmarks take them: rows by position, from 0."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError
from synthprof.delivery.exports.format import Writing
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
            version = self.writing.rows.version
            raise SpecError(
                f"version {version.name} of {version.dataset!r} has rows without an embedding, which no "
                "benchmark takes; run it again without failed rows"
            )
        return np.ascontiguousarray(found.flatten(), "<f4").reshape(-1, self.workload.dim)

    def neighbours(self, of: Filter) -> tuple[Ids, Matrix]:
        """Return positions from 0, -1 where fewer rows match, and scores, NaN there: both (queries, 100)."""
        found = self.workload.truth(self.writing.metric, of.number)
        return np.where(found.ids > 0, found.ids - 1, -1), found.scores

    def answering(self, kinds: Sequence[str]) -> tuple[Filter, ...]:
        """Return the filters of these kinds under which every query has 100 neighbours."""
        rows = {row["filter"]: row["rows"] for row in self.workload.filters.to_pylist()}
        return tuple(each for each in self.filters if each.kind in kinds and rows[each.number] >= NEIGHBOURS)

    @functools.cached_property
    def masks(self) -> FilterMasks:
        """The rows that filters match."""
        return FilterMasks(self.workload.folder, self.writing.rows.version)

    def matching(self, filters: Sequence[Filter], block: int) -> npt.NDArray[np.bool_]:
        """Return which rows of a block match each filter, (n, filters)."""
        return self.masks.of(block, [each.number for each in filters]).T
