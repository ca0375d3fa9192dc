"""The nearness of two rows: one number, the same on every machine; and how far a fast product may be off.

A score is summed in float64 in an order fixed here, and rounded to float32. Products of float32 values are
exact in float64, and every other step is one of IEEE 754: neither processor, threads nor libraries show.
Few need be summed in that order: a sum in any other is so near that it nearly always rounds to the same.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix, Vector
from synthprof.base.errors import SpecError

Metric = Literal["cosine", "dot", "l2"]
"""cosine: -1..1, and 0 where a length is 0. dot: the inner product. l2: the squared distance, as FAISS's."""

METRICS: tuple[Metric, ...] = ("cosine", "dot", "l2")

Doubles = NDArray[np.float64]
Numbers = NDArray[np.integer]
Summed = Callable[[Doubles, Doubles], Doubles]

VALUE_MAX = 2.0**50
"""Size of a vector's values beyond which products in float32 could overflow, up to a million dimensions."""

UNIT = 2.0**-24  # the largest relative error of one rounding to float32
SPARE_ROUNDINGS = 8  # of factors that are rounded themselves, beside the d of a sum of d products
TINY = 2.0**-125  # more than an underflow takes from one product
UNIT_LENGTH = 1e-6  # a length this near to 1 is part of the error; others are divided by
DOUBLE_UNIT = 2.0**-53  # the same to float64
PAIRS_AT_ONCE = 128  # of 128 values: parts that stay in a processor's cache
WIDTH_ACROSS = 16  # values of a row from which sums go across rows: short rows cost more than their values


@dataclass(frozen=True, eq=False)
class Side:
    """Queries, or rows to compare them with, made ready for one metric.

    vectors: (n, d) float32 as given. factors: (n, d or d + 1) float32, whose products are higher for nearer
    pairs. lengths: (n,) float64. slack: what the factors add to the error of a product.
    """

    metric: Metric
    vectors: Matrix
    factors: Matrix
    lengths: Doubles
    slack: float = 0.0

    @cached_property
    def doubles(self) -> Doubles:
        """The vectors in float64."""
        return self.vectors.astype(np.float64)

    @property
    def longest(self) -> float:
        """The largest length; 0 if there are no vectors."""
        return float(self.lengths.max(initial=0.0))


def queries_side(metric: Metric, queries: Matrix) -> Side:
    """Make queries ready. queries: (q, d) float32, finite, of values up to VALUE_MAX."""
    sizes = lengths(queries)
    factors = queries
    if metric == "cosine":
        factors = _divided(queries, sizes)
    elif metric == "l2":
        factors = np.concatenate([queries, np.ones((len(queries), 1), np.float32)], axis=1)
    return Side(metric, queries, np.ascontiguousarray(factors), sizes)


def rows_side(metric: Metric, rows: Matrix, sizes: Doubles) -> Side:
    """Make rows ready. rows: (n, d) float32, finite, of values up to VALUE_MAX. sizes: (n,) their lengths.

    l2 is compared by the product less half the square of the row's length, which is one more factor.
    """
    factors, slack = rows, 0.0
    if metric == "cosine":
        slack = float(np.abs(sizes - 1).max(initial=0.0))
        if slack > UNIT_LENGTH:
            factors, slack = _divided(rows, sizes), 0.0
    elif metric == "l2":
        halves = (-0.5 * sizes * sizes).astype(np.float32)
        factors = np.concatenate([rows, halves[:, None]], axis=1)
    return Side(metric, rows, factors, sizes, slack)


def check_values(vectors: Matrix, what: str, first: int = 0) -> None:
    """Raise SpecError if a value is beyond VALUE_MAX but finite. first: the number of the first vector."""
    sizes = np.abs(vectors)
    if sizes.max(initial=0.0) <= VALUE_MAX:  # not so if there is a NaN
        return
    bad = np.flatnonzero(((sizes > VALUE_MAX) & (sizes < np.inf)).any(axis=1))
    if len(bad):
        raise SpecError(
            f"{what} {first + int(bad[0])} holds a value of size {sizes[bad[0]].max():.3g}, but at most "
            f"{VALUE_MAX:.3g} can be compared; scale all vectors by the same number"
        )


def lengths(vectors: Matrix) -> Doubles:
    """Return the length of each vector, (n,) float64."""
    found = np.empty(len(vectors))
    for first in range(0, len(vectors), PAIRS_AT_ONCE):
        part = vectors[first : first + PAIRS_AT_ONCE].astype(np.float64)
        part *= part
        found[first : first + len(part)] = sum_halves(part)
    return np.sqrt(found)


def nearness(queries: Side, rows: Side, query: Numbers, row: Numbers) -> Vector:
    """Return how near each pair is, (n,) float32, higher for nearer: the score, or for l2 its negative.

    query, row: (n,) numbers of a query and of a row, from 0 on. Pairs of a query that stand side by side take
    less time.
    """
    sums = _sums(queries, rows, query, row, _sum_fast)
    bound = _bound(queries, rows, query, row, sums)
    near: Vector = (sums - bound).astype(np.float32)
    unsure = np.flatnonzero(near != (sums + bound).astype(np.float32))
    if len(unsure):
        near[unsure] = _sums(queries, rows, query[unsure], row[unsure], _sum_in_order)
    near += np.float32(0)  # no negative zero: it would come after zero in an order of bits
    return near


def as_scores(metric: Metric, near: Matrix) -> Matrix:
    """Return the scores of what `nearness` gives."""
    return np.float32(0) - near if metric == "l2" else near


def errors(queries: Side, rows: Side) -> Doubles:
    """Return a bound of how far a product of factors is off for each query, (q,) float64.

    A sum of n products in float32, in any order, is off by at most n u / (1 - n u) times the sum of their
    absolute values, which is at most the product of the lengths (Higham 2002, section 3.1). The bound also
    holds the rounding of a score to float32.
    """
    longest = rows.longest
    roundings = queries.factors.shape[1] + SPARE_ROUNDINGS
    share = roundings * UNIT / (1 - roundings * UNIT)
    ones = np.ones(len(queries.lengths))
    of = {
        "cosine": (ones, ones),
        "dot": (queries.lengths * longest,) * 2,
        "l2": (queries.lengths * longest + longest**2 / 2, (queries.lengths + longest) ** 2),
    }
    terms, scores = of[queries.metric]
    bound: Doubles = 1.001 * (share * terms + 4 * UNIT * scores) + rows.slack + roundings * TINY
    return bound


def products_of(queries: Side, near: Doubles, query: Numbers) -> Doubles:
    """Return the products of factors that pairs as near would have, or a little less.

    near: (n, m) float64 of float32, query: (n,) the numbers of their queries.
    """
    if queries.metric != "l2":
        return near - 2 * UNIT * np.abs(near)
    squares = (queries.lengths[query] ** 2 * (1 - UNIT))[:, None]
    products: Doubles = (squares + near * (1 + 2 * UNIT)) / 2
    return products


def ordered_bits(values: Matrix) -> NDArray[np.uint32]:
    """Return numbers in the order of the values, (…,) uint32; 0 is below all of them. No value may be NaN."""
    bits = values.view(np.uint32)
    return bits ^ ((values.view(np.int32) >> 31).view(np.uint32) | np.uint32(1 << 31))


def values_of_bits(numbers: NDArray[np.uint32]) -> Matrix:
    """Return the values that `ordered_bits` made numbers of."""
    signs = (~numbers).view(np.int32) >> 31
    return (numbers ^ (signs.view(np.uint32) | np.uint32(1 << 31))).view(np.float32)


def sum_halves(values: Doubles) -> Doubles:
    """Sum each row, whose second half is added to the first until one value is left; uses up the values.

    values: (n, d) float64, d >= 1. Returns (n,) float64.
    """
    width = values.shape[1]
    while width > WIDTH_ACROSS:
        values, width = _half(values, width)
    across = np.ascontiguousarray(values[:, :width].T)
    while width > 1:
        half = (width + 1) // 2
        across[: width - half] += across[half:width]
        width = half
    sums: Doubles = across[0]
    return sums


def _half(values: Doubles, width: int) -> tuple[Doubles, int]:
    half = (width + 1) // 2
    values[:, : width - half] += values[:, half:width]
    return values, half


def _sums(queries: Side, rows: Side, query: Numbers, row: Numbers, summed: Summed) -> Doubles:
    """Return the nearness of pairs in float64, with their terms added up by `summed`."""
    near, shape = np.empty(len(query)), (PAIRS_AT_ONCE, rows.vectors.shape[1])
    taken, room = np.empty(shape, np.float32), np.empty(shape)
    for part in _parts_of_one(query):
        these, of_query = room[: part.stop - part.start], queries.doubles[query[part.start]]
        these[:] = rows.vectors.take(row[part], axis=0, out=taken[: len(these)], mode="clip")
        if queries.metric == "l2":
            these -= of_query
        near[part] = summed(these, these if queries.metric == "l2" else of_query)
    if queries.metric == "l2":
        return -near
    if queries.metric == "cosine":
        sizes = queries.lengths[query] * rows.lengths[row]
        near /= np.where(sizes > 0, sizes, 1)
    return near


def _parts_of_one(numbers: Numbers) -> Iterator[slice]:
    """Yield parts of at most PAIRS_AT_ONCE equal numbers that stand side by side."""
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    for begin, end in itertools.pairwise(edges):
        for first in range(begin, end, PAIRS_AT_ONCE):
            yield slice(first, min(first + PAIRS_AT_ONCE, end))


def _sum_fast(these: Doubles, those: Doubles) -> Doubles:
    """Sum the products of each row, (n, d), with those, (n, d) or (d,), in any order."""
    found: Doubles = these @ those if those.ndim == 1 else np.einsum("ij,ij->i", these, those)
    return found


def _sum_in_order(these: Doubles, those: Doubles) -> Doubles:
    """Sum them in the order that defines a score; uses up `these`."""
    these *= those
    return sum_halves(these)


def _bound(queries: Side, rows: Side, query: Numbers, row: Numbers, sums: Doubles) -> Doubles:
    """Return more than two sums of the same terms differ by: twice what each may be off, and roundings.

    By the same theorem as `errors`. A cosine is divided by the lengths, and so is its bound.
    """
    sizes: Doubles = np.ones(len(sums))
    if queries.metric == "dot":
        sizes = queries.lengths[query] * rows.lengths[row]
    elif queries.metric == "l2":
        sizes = np.abs(sums)
    sizes *= (4 * rows.vectors.shape[1] + 8) * DOUBLE_UNIT
    return sizes


def _divided(vectors: Matrix, sizes: Doubles) -> Matrix:
    divided = np.empty_like(vectors)
    for first in range(0, len(vectors), PAIRS_AT_ONCE):
        part = slice(first, first + PAIRS_AT_ONCE)
        divided[part] = vectors[part] / np.where(sizes[part] > 0, sizes[part], 1)[:, None]
    return divided
