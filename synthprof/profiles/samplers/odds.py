"""Histograms and booleans, whose odds other columns and the archetype change by factors; and constants."""

import functools
import itertools
import operator
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.profiles.axes import Cases, GivenAxis, joint
from synthprof.profiles.elementary import Floats
from synthprof.profiles.odds import normalised
from synthprof.profiles.samplers.counts import CodeTable
from synthprof.profiles.samplers.parameters import of_case
from synthprof.profiles.samplers.rounding import Finish
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.odds import BY_VALUE, Boolean, Constant, Histogram
from synthprof.schemas.draw_kinds.parameters import MAX_CASES, edges_of

Factors = Mapping[str, Mapping[str, Sequence[float]]]


class ShiftedOdds:
    """Weights times the factors of what a row depends on, each case normalised.

    The archetype's factors come last, and `separation` blends: (1 - separation) of everyone's shares plus
    separation of its own. Raises SpecError where nothing is left to choose from.
    """

    def __init__(
        self,
        weights: Sequence[float],
        factors: Factors,
        archetypes: Mapping[str, Sequence[float]],
        setting: Setting,
    ) -> None:
        names = [archetype.name for archetype in setting.schema.archetypes]
        self._mixed = len(names) if archetypes and setting.separation > 0 else 0
        self._axes = [_axis(setting, of, odds) for of, odds in factors.items()]
        ones = (1.0,) * len(weights)
        rows = [
            [*odds.values(), ones] if axis.values else [*odds.values()]
            for axis, odds in zip(self._axes, factors.values(), strict=True)
        ]
        own = [archetypes.get(name) for name in names] if self._mixed else [None]
        if functools.reduce(operator.mul, map(len, rows), len(own)) > MAX_CASES:
            raise SpecError(
                f"{setting.column.name}: its odds have more than {MAX_CASES} cases; give it fewer columns"
            )
        common = [_times(weights, found, setting.column.name) for found in itertools.product(*rows)]
        self.shares = [_blend(each, mine, setting.separation) for mine in own for each in common]

    def of(self, rows: Rows) -> Cases | None:
        """Return the case of each row, (count,); None where there is one case."""
        archetypes = [(self._mixed, rows.archetypes.astype(np.intp))] if self._mixed else []
        given = [(axis.size, rows.codes(axis)) for axis in self._axes]
        return joint([*archetypes, *given])


class Booleans:
    """Draws true with the probability of the row's case."""

    def __init__(self, draw: Boolean, setting: Setting) -> None:
        factors = {of: {key: (1.0, f) for key, f in odds.items()} for of, odds in draw.factors.items()}
        archetypes = {name: (1.0, factor) for name, factor in draw.archetype.items()}
        self._odds = ShiftedOdds((1 - draw.share, draw.share), factors, archetypes, setting)
        self._shares = np.array([float(shares[1]) for shares in self._odds.shares])

    def draw(self, rows: Rows) -> pa.Array:
        """Return booleans, (count,)."""
        cases, (_, above) = self._odds.of(rows), rows.tails()
        return pa.array(above < of_case(self._shares, cases))


class Histograms:
    """Draws a bin, and evenly within it."""

    def __init__(self, draw: Histogram, setting: Setting) -> None:
        self._odds = ShiftedOdds(draw.weights, draw.factors, draw.archetype, setting)
        self._table = CodeTable(self._odds.shares, setting.column.name)
        edges = np.array(draw.edges)
        self._lows, self._widths, self._whole = edges[:-1], np.diff(edges), draw.integer
        self._finish = Finish(draw, draw.edges[0], draw.edges[-1] - draw.integer)

    def draw(self, rows: Rows) -> pa.Array:
        """Return numbers, (count,) int64 or double."""
        codes, within = self._table.draw(rows, self._odds.of(rows))
        numbers = within * self._widths.take(codes) + self._lows.take(codes)
        return self._finish(np.floor(numbers) if self._whole else numbers)


class Constants:
    """Gives out one value."""

    def __init__(self, draw: Constant, _setting: Setting) -> None:
        self._value = pa.scalar(draw.value)

    def draw(self, rows: Rows) -> pa.Array:
        """Return the value for each row, (count,)."""
        return pa.repeat(self._value, rows.count)


def _axis(setting: Setting, of: str, odds: Mapping[str, Sequence[float]]) -> GivenAxis:
    if setting.schema.column(of).kind in BY_VALUE:
        return GivenAxis(of, values=tuple(odds))
    return GivenAxis(of, edges=edges_of(odds, of))


def _times(weights: Sequence[float], rows: Sequence[Sequence[float]], name: str) -> Floats:
    found = np.array(weights, dtype=np.float64)
    for row in rows:
        found = found * np.array(row)
    if not found.any():
        raise SpecError(f"{name}: the factors leave no value to choose; give one of them a factor above 0")
    return found


def _blend(common: Floats, own: Sequence[float] | None, separation: float) -> Floats:
    everyone = normalised(common)
    mine = common * np.array(1.0 if own is None else own)
    return (1 - separation) * everyone + separation * normalised(mine) if mine.any() else everyone


SAMPLERS: Samplers = {Histogram: Histograms, Boolean: Booleans, Constant: Constants}
