"""Probabilities made of weights and factors, and tables to draw from them with integers alone.

Drawing compares raw random integers with integer thresholds (Walker's alias method, here after M. D. Vose, "A
linear algorithm for generating random numbers with a given distribution", IEEE TSE 17, 1991). The thresholds
come from sums by math.fsum, which are exact, so the same bytes come out on every machine.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Codes
from synthprof.base.errors import SpecError
from synthprof.schemas.draws import Chance, Choice, Number, Shift, Subset, YearsSince
from synthprof.schemas.schema import Column, Schema, archetype_factors

Shares = npt.NDArray[np.float64]
Drawn = npt.NDArray[np.unsignedinteger[Any]]

WORD = 2**32

MAX_SEQUENCES = 1_024
"""Lists of so few values that there are no more lists than this are drawn whole: one draw instead of several,
and a table that stays in the processor's cache."""


@dataclass(frozen=True)
class Axis:
    """One thing that a column's odds depend on: the archetype (column None) or another column.

    factors[codes[value - low]] are the factors on the odds for a value of that column; a category's value is
    its index. Of a column that a sampler draws, factors[i] hold where edges[i] <= value < edges[i + 1].
    """

    column: str | None
    low: int
    codes: npt.NDArray[np.intp]
    factors: tuple[tuple[float, ...], ...]
    edges: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """Number of rows of factors."""
        return len(self.factors)


@dataclass(frozen=True)
class Odds:
    """Probabilities of a column's values, (size of each axis …, values) float64, each row summing to 1."""

    axes: tuple[Axis, ...]
    shares: Shares


@dataclass(frozen=True)
class AliasTable:
    """A table to draw from: per row 2**bits slots, each with a threshold and the code beyond it."""

    bits: int
    limits: npt.NDArray[np.uint32]
    others: npt.NDArray[np.unsignedinteger[Any]]

    def draw(self, words: npt.NDArray[np.uint32], rows: Codes | None = None) -> Drawn:
        """One code per word, (n,), each from the given row of the table; from row 0 without rows.

        Codes are uint16, or uint32 where there are more than 65,536 values.
        """
        rest = np.uint32(32 - self.bits)
        slots = words >> rest
        at = slots if rows is None else rows * (1 << self.bits) + slots
        own = (words & np.uint32((1 << int(rest)) - 1)) < self.limits.take(at)
        return np.where(own, slots.astype(self.others.dtype), self.others.take(at))


def odds_of(schema: Schema, column: Column, separation: float) -> Odds:
    """Return the probabilities of a column's values given the archetype and the columns it depends on.

    The population's weights times the factors of the given columns are what everyone has in common; an
    archetype multiplies those by its own factors, and `separation` blends the two, each normalised.
    Raises SpecError where nothing is left to choose from.
    """
    axes = _axes(schema, column)
    own = archetype_factors(schema, column.name) if axes and axes[0].column is None else (None,)
    mine = [None if factors is None else np.array(factors) for factors in own]
    given = [np.array(axis.factors) for axis in axes if axis.column is not None]
    common = [_common(column, factors) for factors in itertools.product(*given)]
    blended = [_blend(weights, factors, separation) for factors in mine for weights in common]
    return Odds(axes, np.array(blended).reshape(*(axis.size for axis in axes), -1))


def sequences(draw: Subset) -> tuple[tuple[int, ...], ...]:
    """Every list that can be drawn, as indices of values; none where there are more than MAX_SEQUENCES."""
    first = () if draw.first is None else (draw.values.index(draw.first),)
    rest = [i for i in range(len(draw.values)) if i not in first]
    lengths = range(1 - len(first), len(draw.sizes) + 1 - len(first))
    if draw.through is not None or sum(math.perm(len(rest), length) for length in lengths) > MAX_SEQUENCES:
        return ()
    return tuple((*first, *items) for length in lengths for items in itertools.permutations(rest, length))


def sequence_shares(draw: Subset, found: Sequence[tuple[int, ...]], shares: Sequence[float]) -> list[float]:
    """Return the share of each list when sizes are drawn first, then items one by one without replacement."""
    sizes = normalised(draw.sizes).tolist()
    first = 0 if draw.first is None else 1
    result = []
    for items in found:
        share, left = sizes[len(items) - 1], 1.0
        for item in items[first:]:
            share *= shares[item] / left if left > 0 else 0.0
            left -= shares[item]
        result.append(share)
    return result


def alias_table(shares: Shares) -> AliasTable:
    """Make the table that draws each row of `shares` (rows, values), exact to 2**-32."""
    bits = max(1, (shares.shape[1] - 1).bit_length())
    limits: list[int] = []
    others: list[int] = []
    for parts in apportion(shares, WORD).tolist():
        own, beyond = _alias_row(parts, bits)
        limits += own
        others += beyond
    return AliasTable(bits, np.array(limits, dtype=np.uint32), np.array(others, dtype=code_type(1 << bits)))


def code_type(values: int) -> type[np.unsignedinteger[Any]]:
    """Return the type of codes of so many values."""
    return np.uint16 if values <= 2**16 else np.uint32


def apportion(weights: Shares, total: int) -> npt.NDArray[np.int64]:
    """Integers in proportion to the weights (rows, values), each row summing to `total`.

    By largest remainder, earlier ones first.
    """
    scale = total / np.array([math.fsum(row) for row in weights.tolist()])
    exact = weights * scale[:, None]
    parts = np.floor(exact).astype(np.int64)
    by_remainder = np.argsort(parts - exact, axis=1, kind="stable")
    places = np.arange(parts.shape[1])
    ranks = np.empty_like(by_remainder)
    np.put_along_axis(ranks, by_remainder, places[None, :], axis=1)
    parts += ranks < total - parts.sum(axis=1, keepdims=True)
    return parts


def normalised(weights: Sequence[float] | Shares) -> Shares:
    """Return the weights (values,) over their exact sum."""
    given = np.asarray(weights, dtype=np.float64)
    shares: Shares = given / math.fsum(given.tolist())
    return shares


def _axes(schema: Schema, column: Column) -> tuple[Axis, ...]:
    axes = []
    if any(archetype_factors(schema, column.name)):
        count = len(schema.archetypes)
        axes.append(Axis(None, 0, np.arange(count), ((),) * count))
    axes += [_shift_axis(schema, shift) for shift in getattr(column.draw, "shifts", ())]
    match column.draw:
        case Subset(through=str(through), reachable=reachable, values=values):
            sets = [frozenset(indices) for indices in reachable]
            factors = tuple(tuple(float(i in allowed) for i in range(len(values))) for allowed in sets)
            axes.append(Axis(through, 0, np.arange(len(factors)), factors))
        case YearsSince(column=name) as years:
            low, high = schema.column(name).span
            factors = tuple(_years_factors(years, value) for value in range(low, high + 1))
            axes.append(Axis(name, low, np.arange(len(factors)), factors))
    return tuple(axes)


def _shift_axis(schema: Schema, shift: Shift) -> Axis:
    given = schema.column(shift.column)
    if given.value_kind is not None:
        return Axis(shift.column, 0, np.arange(len(shift.factors)), shift.factors, shift.edges)
    if not shift.edges:
        return Axis(shift.column, 0, np.arange(len(shift.factors)), shift.factors)
    low, high = given.span
    bands = np.searchsorted(np.array(shift.edges), np.arange(low, high + 1), side="right") - 1
    return Axis(shift.column, low, np.maximum(bands, 0), shift.factors)


def _years_factors(years: YearsSince, value: int) -> tuple[float, ...]:
    top = max(0, min(value - years.start, years.most))
    return tuple(
        float((x + 1) ** years.rise * (top + 1 - x) ** years.fall) if x <= top else 0.0
        for x in range(years.most + 1)
    )


def weights_of(column: Column) -> list[float]:
    """Return the weight of each value of a column in the whole population."""
    match column.draw:
        case Choice(weights=weights) | Number(weights=weights):
            return list(weights)
        case Subset(values=values, weights=weights, first=first):
            return [0.0 if value == first else w for value, w in zip(values, weights, strict=True)]
        case Chance(share=share):
            return [1 - share, share]
        case YearsSince(most=most):
            return [1.0] * (most + 1)
    raise TypeError(f"{column.name} is not drawn by odds")


def _common(column: Column, factors: Sequence[Shares]) -> Shares:
    """Return the weights without archetypes, given a row of factors of each column it depends on."""
    weights = math.prod(factors, start=np.array(weights_of(column)))
    if not weights.any():
        raise SpecError(
            f"{column.name}: the factors leave no value to choose; give one of them a factor above 0"
        )
    return weights


def _blend(common: Shares, factors: Shares | None, separation: float) -> Shares:
    everyone = normalised(common)
    if factors is None:
        return everyone
    own = common * factors
    return (1 - separation) * everyone + separation * normalised(own) if own.any() else everyone


def _alias_row(parts: list[int], bits: int) -> tuple[list[int], list[int]]:
    """Thresholds and other codes of one row; `parts` are integers that sum to 2**32."""
    slots, room = 1 << bits, WORD >> bits
    left = parts + [0] * (slots - len(parts))
    limits, others = [room] * slots, list(range(slots))
    small = [i for i in range(slots) if left[i] < room]
    large = [i for i in range(slots) if left[i] > room]
    while small:
        j = large.pop()
        have = left[j]
        while have > room and small:
            i = small.pop()
            limits[i], others[i] = left[i], j
            have += left[i] - room
        left[j] = have
        if have < room:
            small.append(j)
        elif have > room:
            large.append(j)
    return limits, others
