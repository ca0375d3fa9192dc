"""Weights of columns adjusted so that the margins that a schema names hold at any separation.

Archetypes shift the odds of all columns, and with them the shares of the whole population. Each margin is met
by factors on the weights of its column: iterative proportional fitting (W. E. Deming and F. F. Stephan, "On a
least squares adjustment of a sampled frequency table", Annals of Mathematical Statistics 11, 1940), here of
expected shares, which are summed over archetypes and given columns and not sampled. All of it is additions,
products and quotients in a fixed order, so that every machine finds the same factors.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthprof.profiles.joints import Floats, TooLarge, enumerable, joint_rows
from synthprof.profiles.odds import Axis, axes_of, weights_of
from synthprof.schemas.draws import Chance, Choice, Number, Shift, Subset
from synthprof.schemas.schema import Column, Schema, archetype_factors

Places = npt.NDArray[np.intp]

ByOdds = Choice | Chance | Number | Subset
"""Draws whose weights decide the shares of values."""

NEAR = 1e-9
"""The difference of shares at which a margin holds."""

MOST = 2_000
"""Most rounds of fitting; a margin that odds of 0 put out of reach is met as nearly as it can be."""

SMALLEST = 1e-12
"""The smallest factor: what nothing but odds near 0 could meet keeps them above 0."""


@dataclass(frozen=True)
class Target:
    """Shares that the values of a column must have; of a list, those of its first items.

    cells: (values,) the cell of each value. shares: (groups, cells) of each cell; nan for those that may have
    any. given: another column, whose values have the row of `shares` that `groups` (its values,) tells; empty
    for a table of one row. within: each row of `shares` is of its group alone.
    """

    column: str
    cells: Places
    shares: Floats
    given: str = ""
    groups: Places | None = None
    within: bool = False


def fitted(schema: Schema, target: Target, separation: float) -> Schema:
    """Return a schema whose odds of a column meet a target at a separation.

    It stays as it is where the column is not drawn by odds, or depends on lists, on columns of samplers or on
    more than can be summed over.
    """
    column = schema.column(target.column)
    draw = column.draw
    if not isinstance(draw, ByOdds) or column.inherited or (isinstance(draw, Subset) and draw.first):
        return schema
    axes, groups = _axes(schema, column, target)
    if not all(enumerable(schema, axis.column) for axis in axes if axis.column is not None):
        return schema
    try:
        rows = joint_rows(schema, axes, separation)
    except TooLarge:
        return schema
    problem = _Problem(schema, column, axes, groups, rows, separation)
    return _with_factors(schema, column, draw, target, problem.factors(target))


def refitted(schema: Schema, column: Column, shares: Floats, rows: Floats, separation: float) -> Schema:
    """Return a schema whose odds of a column give its values these shares, whatever it depends on.

    column: drawn by odds. shares: (values,), those that its odds leave possible. rows: the share of each
    combination of its axes, as `axes_of` gives them.
    """
    draw = column.draw
    assert isinstance(draw, ByOdds)
    target = Target(column.name, np.arange(len(shares), dtype=np.intp), shares[None])
    problem = _Problem(schema, column, axes_of(schema, column), None, rows, separation)
    return _with_factors(schema, column, draw, target, problem.factors(target))


class _Problem:
    """The expected shares of a column's values by factors on its weights.

    rows: the share of each combination of the axes. groups: the axis of the target's groups and, of each of
    its rows, the group.
    """

    def __init__(
        self,
        schema: Schema,
        column: Column,
        axes: Sequence[Axis],
        groups: tuple[int, Places] | None,
        rows: Floats,
        separation: float,
    ) -> None:
        own = [axis.column is None for axis in axes]
        given = [axis.size for axis in axes if axis.column is not None]
        self._weights = np.array(weights_of(column))
        common = self._weights
        for axis in (axis for axis in axes if axis.column is not None):
            factors = np.array(axis.factors)
            common = (common[..., None, :] if common.ndim > 1 else common[None]) * factors
        self._common = common.reshape(-1, len(self._weights))
        self._rows = rows.reshape(len(schema.archetypes) if any(own) else 1, -1)
        shifts = archetype_factors(schema, column.name) if any(own) else (None,)
        self._shifts = [None if each is None else np.array(each) for each in shifts]
        self._separation = separation
        at, of_rows = groups or (0, np.zeros(1, dtype=np.intp))
        strides = np.indices(given).reshape(len(given), -1) if given else np.zeros((1, 1), dtype=np.intp)
        place = at - any(own) if groups else 0
        self._groups: Places = (
            of_rows.take(strides[place]) if groups else np.zeros(len(self._common), np.intp)
        )

    def factors(self, target: Target) -> Floats:
        """Return the factors on each value's weight by group, (groups, values), that meet a target."""
        found = np.ones((len(target.shares), len(self._weights)))
        asked = target.shares
        for _ in range(MOST):
            drawn = self._drawn(found, target)
            wanted = _wanted(asked, drawn, target.within)
            if np.abs(wanted - drawn).max() <= NEAR:
                break
            ratio = np.divide(wanted, drawn, out=np.ones_like(drawn), where=drawn > 0)
            better = self._scaled(found * ratio.take(target.cells, axis=1))
            if np.array_equal(better, found):
                break
            found = better
        return found

    def _scaled(self, factors: Floats) -> Floats:
        """Return factors from SMALLEST to 1 in each group: their ratios alone count."""
        largest = (factors * (self._weights > 0)).max(axis=1, keepdims=True)
        scaled: Floats = np.clip(factors / largest, SMALLEST, 1.0)
        return scaled

    def _drawn(self, factors: Floats, target: Target) -> Floats:
        """Return the expected share of each cell by group, (groups, cells)."""
        common = self._common * factors.take(self._groups, axis=0)
        everyone = _normalised(common)
        shares = np.zeros_like(common)
        for rows, shift in zip(self._rows, self._shifts, strict=True):
            own = everyone
            if shift is not None:
                mine = common * shift
                mixed = (1 - self._separation) * everyone + self._separation * _normalised(mine)
                own = np.where(mine.any(axis=1, keepdims=True), mixed, everyone)
            shares += rows[:, None] * own
        by_value = np.zeros_like(factors)
        np.add.at(by_value, self._groups, shares)
        by_cell = np.zeros((target.shares.shape[1], len(factors)))
        np.add.at(by_cell, target.cells, by_value.T)
        return by_cell.T


def _normalised(weights: Floats) -> Floats:
    sums = np.add.reduce(weights, axis=1, keepdims=True)
    return weights / np.where(sums > 0, sums, 1.0)


def _wanted(asked: Floats, drawn: Floats, within: bool) -> Floats:
    """Return the shares to come to: those asked for, and what is left for those that may have any.

    What is left keeps its proportions; where nothing is left over or too much, it or what is asked is scaled.
    """
    whole = np.add.reduce(drawn, axis=1, keepdims=True) if within else np.ones((1, 1))
    free = np.isnan(asked)
    named = np.where(free, 0.0, asked * whole)
    axis = 1 if within else None
    left = whole - np.add.reduce(named, axis=axis, keepdims=True)
    others = np.add.reduce(np.where(free, drawn, 0.0), axis=axis, keepdims=True)
    kept = np.where(others > 0, np.maximum(left, 0.0), 0.0)
    scaled = named * np.where(others > 0, 1.0, whole / np.where(whole > left, whole - left, 1.0))
    return np.where(free, drawn * kept / np.where(others > 0, others, 1.0), scaled)


def _axes(schema: Schema, column: Column, target: Target) -> tuple[list[Axis], tuple[int, Places] | None]:
    """Return the axes of a column's odds and, of a two-way target, which of them has groups in its rows."""
    axes = list(axes_of(schema, column))
    if not target.given or target.groups is None:
        return axes, None
    at = next((place for place, axis in enumerate(axes) if axis.column == target.given), None)
    given = schema.column(target.given)
    if at is None:
        low = given.span[0] if given.kind == "integer" else 0
        ones = ((1.0,) * len(weights_of(column)),)
        axes.append(Axis(target.given, low, np.zeros(len(target.groups), dtype=np.intp), ones))
        at = len(axes) - 1
    pairs = list(zip(axes[at].codes.tolist(), target.groups.tolist(), strict=True))
    places = {pair: place for place, pair in enumerate(dict.fromkeys(pairs))}
    axes[at] = replace(
        axes[at],
        codes=np.array([places[pair] for pair in pairs], dtype=np.intp),
        factors=tuple(axes[at].factors[code] for code, _ in places),
    )
    return axes, (at, np.array([group for _, group in places], dtype=np.intp))


def _with_factors(schema: Schema, column: Column, draw: ByOdds, target: Target, factors: Floats) -> Schema:
    if target.groups is None:
        return with_draw(schema, column, weighted(draw, factors[0]))
    rows = tuple(map(tuple, factors.take(target.groups, axis=0).tolist()))
    given = schema.column(target.given)
    edges = tuple(range(given.span[0], given.span[1] + 1)) if given.kind == "integer" else ()
    shift, shifts = Shift(target.given, edges, rows), [*draw.shifts]
    same = next((place for place, each in enumerate(shifts) if each.column == shift.column), None)
    if same is None:
        shifts.append(shift)
    else:
        shifts[same] = _product(shifts[same], shift)
    return with_draw(schema, column, replace(draw, shifts=tuple(shifts)))


def _product(one: Shift, other: Shift) -> Shift:
    """Return the factors of two shifts by one column; `other` has a row for each of its values."""
    if not one.edges:
        at = list(range(len(other.factors)))
    else:
        at = [max(0, sum(edge <= value for edge in one.edges) - 1) for value in other.edges]
    rows = [
        tuple(a * b for a, b in zip(one.factors[place], row, strict=True))
        for place, row in zip(at, other.factors, strict=True)
    ]
    return Shift(one.column, other.edges, tuple(rows))


def weighted(draw: ByOdds, factors: Floats) -> ByOdds:
    """Return a draw with a factor on the weight of each value, (values,)."""
    if isinstance(draw, Chance):
        no, yes = (np.array([1 - draw.share, draw.share]) * factors).tolist()
        return replace(draw, share=yes / (yes + no))
    return replace(draw, weights=tuple((np.array(draw.weights) * factors).tolist()))


def with_draw(schema: Schema, column: Column, draw: ByOdds) -> Schema:
    """Return a schema that draws one of its columns in another way."""
    made = replace(column, draw=draw)

    def with_made(columns: tuple[Column, ...]) -> tuple[Column, ...]:
        return tuple(made if each is column else each for each in columns)

    return replace(schema, columns=with_made(schema.columns), hidden=with_made(schema.hidden))
