"""The filter track of big-ann-benchmarks: base and queries as `.fbin`, tags as `.spmat`, and the truth.

A tag stands for a filter of the workload: a row has the tags of the filters that it meets, a query has one.
Each query gets a filter under which it has 100 neighbours, in turn; the truth maker of the track breaks on
fewer. The track's own set has bytes for vectors; its readers take float32 as well, whose truth is exact here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from synthprof.base.arrays import Ids
from synthprof.base.errors import SpecError
from synthprof.delivery.exports.answered import Answered, Filter
from synthprof.delivery.exports.format import Format, Writing

KINDS = ("column", "range", "and", "label", "tenant")
"""Kinds of filters that become tags."""

BASE, QUERIES, TRUTH = "base.fbin", "query.fbin", "GT.ibin"

BASE_TAGS, QUERY_TAGS, UNFILTERED = "base.metadata.spmat", "query.metadata.spmat", "unfiltered.GT.ibin"


@dataclass(frozen=True)
class BigAnnFilter(Format):
    """Files of the filter track, and the truth without filters beside them."""

    name: str = "bigann-filter"
    whole: bool = False
    workload: bool = True

    def write(self, writing: Writing) -> Iterator[int]:
        """Append the base block by block, then write the tags and the truth."""
        answered, making, rows = Answered(writing), writing.making, writing.rows
        for block in range(making.steps, rows.blocks):
            if not block:
                making.append(BASE, np.array([answered.rows, answered.workload.dim], "<u4").data)
            making.append(BASE, np.ascontiguousarray(answered.base(block), "<f4").data)
            making.step()
            yield rows.ids(block)[-1]
        if making.steps == rows.blocks:
            _write_answers(answered)
            making.step()


def _write_answers(answered: Answered) -> None:
    making, vectors = answered.writing.making, answered.queries
    filters = answered.answering(KINDS)
    if not filters:
        raise SpecError(
            f"workload {answered.workload.output.key} has no filter that 100 rows match; make one with "
            "filters, of a version with more rows"
        )
    of_query = np.arange(len(vectors)) % len(filters)
    making.append(QUERIES, np.array(vectors.shape, "<u4").data)
    making.append(QUERIES, np.ascontiguousarray(vectors, "<f4").data)
    answered.append_truth(UNFILTERED, answered.filters[:1], np.zeros_like(of_query))
    answered.append_truth(TRUTH, filters, of_query)
    ends = np.arange(len(vectors) + 1)
    _write_sparse(answered, QUERY_TAGS, len(filters), ends, [of_query])
    _write_base_tags(answered, filters)


def _write_base_tags(answered: Answered, filters: Sequence[Filter]) -> None:
    """Write the tags of each row: two passes, first how many, then which."""
    blocks = range(answered.writing.rows.blocks)
    counts = np.concatenate([answered.matching(filters, block).sum(axis=1) for block in blocks])
    ends = np.concatenate([[0], np.cumsum(counts)])
    parts = (np.nonzero(answered.matching(filters, block))[1] for block in blocks)
    _write_sparse(answered, BASE_TAGS, len(filters), ends, parts)


def _write_sparse(
    answered: Answered,
    name: str,
    columns: int,
    ends: Ids,
    parts: Iterable[Ids],
) -> None:
    """Write a matrix of ones by rows (CSR): its shape, where rows end, their columns, their values."""
    making = answered.writing.making
    making.append(name, np.array([len(ends) - 1, columns, ends[-1]], "<i8").data)
    making.append(name, ends.astype("<i8").data)
    for part in parts:
        making.append(name, part.astype("<i4").data)
    for first in range(0, int(ends[-1]), 1 << 20):
        making.append(name, np.ones(min(1 << 20, int(ends[-1]) - first), "<f4").data)


FORMAT = BigAnnFilter()
