"""Probabilities made of weights and factors, for each combination of what a column depends on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthprof.base.errors import SpecError
from synthprof.base.sums import exact_sums
from synthprof.profiles.alias import Shares
from synthprof.schemas.draws import Chance, Choice, Number, Shift, Subset, YearsSince
from synthprof.schemas.schema import Column, Schema, archetype_factors


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


def odds_of(schema: Schema, column: Column, separation: float, axes: Sequence[Axis] | None = None) -> Odds:
    """Return the probabilities of a column's values given the archetype and the columns it depends on.

    The population's weights times the factors of the given columns are what everyone has in common; an
    archetype multiplies those by its own factors, and `separation` blends the two, each normalised.
    axes: those to take; all where none are given. Raises SpecError where nothing is left to choose from.
    """
    axes = axes_of(schema, column) if axes is None else tuple(axes)
    common = joint_factors([axis for axis in axes if axis.column is not None], weights_of(column))
    if not common.any(axis=1).all():
        raise SpecError(
            f"{column.name}: the factors leave no value to choose; give one of them a factor above 0"
        )
    return Odds(axes, blended(schema, column, axes, common, separation))


def blended(
    schema: Schema, column: Column, axes: Sequence[Axis], common: Shares, separation: float
) -> Shares:
    """Return the shares of values, (size of each axis …, values), of weights that everyone has in common.

    common: (combinations of the given columns, values). A row without any weight stays without.
    """
    own = archetype_factors(schema, column.name) if axes and axes[0].column is None else (None,)
    everyone = normalised_rows(common)
    rows = [_blend(everyone, common, factors, separation) for factors in own]
    return np.array(rows).reshape(*(axis.size for axis in axes), -1)


def joint_factors(axes: Sequence[Axis], weights: Sequence[float]) -> Shares:
    """Return weights times the factors of each combination of the axes, (combinations, values)."""
    found = np.array(weights, dtype=np.float64)[None]
    for axis in axes:
        found = (found[:, None, :] * np.array(axis.factors)[None]).reshape(-1, found.shape[1])
    return found


def axes_of(schema: Schema, column: Column) -> tuple[Axis, ...]:
    """Return what the odds of a column depend on: the archetype, the columns given, and one that it needs."""
    axes = []
    if any(archetype_factors(schema, column.name)):
        count = len(schema.archetypes)
        axes.append(Axis(None, 0, np.arange(count), ((),) * count))
    axes += shift_axes(schema, getattr(column.draw, "shifts", ()))
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


def shift_axes(schema: Schema, shifts: Sequence[Shift]) -> list[Axis]:
    """Return the axes of factors that other columns have; values with the same factors have one row."""
    return [_shift_axis(schema, shift) for shift in shifts]


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


def normalised(weights: Sequence[float] | Shares) -> Shares:
    """Return the weights (values,) over their exact sum."""
    given = np.asarray(weights, dtype=np.float64)
    shares: Shares = given / math.fsum(given.tolist())
    return shares


def normalised_rows(weights: Shares) -> Shares:
    """Return each row of weights (rows, values) over its exact sum; a row of zeros stays so."""
    sums = exact_sums(weights)[:, None]
    shares: Shares = weights / np.where(sums > 0, sums, 1.0)
    return shares


def _shift_axis(schema: Schema, shift: Shift) -> Axis:
    given = schema.column(shift.column)
    if given.value_kind is not None:
        return Axis(shift.column, 0, np.arange(len(shift.factors)), shift.factors, shift.edges)
    rows = {factors: row for row, factors in enumerate(dict.fromkeys(shift.factors))}
    codes = np.array([rows[factors] for factors in shift.factors], dtype=np.intp)
    axis = Axis(shift.column, 0, codes, tuple(rows))
    if not shift.edges:
        return axis
    low, high = given.span
    bands = np.searchsorted(np.array(shift.edges), np.arange(low, high + 1), side="right") - 1
    return replace(axis, low=low, codes=codes.take(np.maximum(bands, 0)))


def _years_factors(years: YearsSince, value: int) -> tuple[float, ...]:
    top = max(0, min(value - years.start, years.most))
    last = len(years.starts) - 1
    return tuple(
        float((x + 1) ** years.rise * (top + 1 - x) ** years.fall)
        * (years.starts[max(0, min(value - years.start - x, last))] if years.starts else 1.0)
        if x <= top
        else 0.0
        for x in range(years.most + 1)
    )


def _blend(everyone: Shares, common: Shares, factors: Sequence[float] | None, separation: float) -> Shares:
    if factors is None:
        return everyone
    own = common * np.array(factors)
    mixed = (1 - separation) * everyone + separation * normalised_rows(own)
    return np.where(own.any(axis=1, keepdims=True), mixed, everyone)
