"""Tables of the quantiles of gamma and beta distributions, exact to 1e-6 in probability.

The density of a variable y = log x, or log(x / (1 - x)), is integrated by Gauss-Legendre over cells outwards
from its mode, and inverted at points that lie close where the probability is small: 16 a halving.
Between them y follows a cubic with the right slopes at both ends, which rises as the quantile does.
"""

import functools
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.profiles.elementary import Floats, exp, log

_BITS = 4
"""Of a probability's fraction that choose a cell."""

_HALVINGS = 52
"""Of 1/2 that have cells of their own; what is less likely is drawn as if it were as likely as the last."""

_CELLS = _HALVINGS << _BITS
_FIRST = (1_023 - 1 - _HALVINGS) << _BITS
"""The leading bits of the float 2**-53, at which the first cell begins."""

_FARTHEST = 50.0
"""The integral ends where the density is e**-50 of its mode."""

_NODES = (-0.9061798459386640, -0.5384693101056831, 0.0, 0.5384693101056831, 0.9061798459386640)
_WEIGHTS = (
    0.2369268850561891,
    0.4786286704993665,
    0.5688888888888889,
    0.4786286704993665,
    0.2369268850561891,
)
"""Points and weights of Gauss-Legendre over (-1, 1), exact for polynomials of degree 9 (Abramowitz and
Stegun, table 25.4)."""


@dataclass(frozen=True)
class QuantileTable:
    """The quantiles of some distributions.

    terms: four coefficients, each (cases * 2 * cells,) float64: for each distribution the lower half, then
    the upper one. tails: for each distribution, the probabilities below and above a number y.
    """

    terms: tuple[Floats, Floats, Floats, Floats]
    tails: tuple[Callable[[float], tuple[float, float]], ...]

    def at(self, below: Floats, above: Floats, cases: npt.NDArray[np.intp] | None) -> Floats:
        """Return y by the probabilities below and above it, (n,) float64; of case 0 without cases."""
        upper = above < below
        tail = np.minimum(np.maximum(np.minimum(below, above), 2.0**-53), 0.5 - 2.0**-54)
        bits = tail.view(np.int64)
        cell = (bits >> (52 - _BITS)) - _FIRST + upper * _CELLS
        if cases is not None:
            cell += cases * (2 * _CELLS)
        part = (((bits << _BITS) & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000).view(np.float64) - 1.0
        found = self.terms[3].take(cell)
        for term in self.terms[2::-1]:
            found *= part
            found += term.take(cell)
        return found


@dataclass(frozen=True)
class _Density:
    """The logarithm of a density of y up to a constant, (n,), and at a point its first two derivatives."""

    logarithm: Callable[[Floats], Floats]
    slopes: Callable[[float], tuple[float, float]]
    mode: float


def quantile_table(laws: tuple[tuple[str, float, float], ...]) -> QuantileTable:
    """Return the table of some laws: ("gamma", shape, 0) at scale 1, or ("beta", alpha, beta)."""
    made = [_table_of(*law) for law in laws]
    terms = tuple(np.concatenate([each[0][k] for each in made]) for k in range(4))
    return QuantileTable((terms[0], terms[1], terms[2], terms[3]), tuple(each[1] for each in made))


Made = tuple[tuple[Floats, ...], Callable[[float], tuple[float, float]]]


@functools.lru_cache(maxsize=256)
def _table_of(law: str, first: float, second: float) -> Made:
    integral = _Integral(_gamma(first) if law == "gamma" else _beta(first, second))
    halvings = 2.0 ** np.arange(-_HALVINGS - 1, -1)
    tails = np.outer(halvings, 1.0 + np.arange(1 << _BITS) * 2.0**-_BITS).reshape(-1)
    ends = np.append(tails, 0.5)
    sides = [_cubics(*integral.inverse(ends, upper), ends) for upper in (False, True)]
    return tuple(np.concatenate(parts) for parts in zip(*sides, strict=True)), integral.tails


def _cubics(y: Floats, slopes: Floats, ends: Floats) -> tuple[Floats, ...]:
    width, rise = np.diff(ends), np.diff(y)
    begin, end = slopes[:-1] * width, slopes[1:] * width
    return y[:-1], begin, 3.0 * rise - 2.0 * begin - end, begin + end - 2.0 * rise


def _gamma(shape: float) -> _Density:
    mode = _log(shape)
    return _Density(
        lambda y: (y - mode) * shape - (exp(y) - shape),
        lambda y: (shape - _exp(y), -_exp(y)),
        mode,
    )


def _beta(alpha: float, beta: float) -> _Density:
    mode = _log(alpha / beta)
    both = alpha + beta
    top = _log(1.0 + beta / alpha) * alpha + _log(1.0 + alpha / beta) * beta

    def logarithm(y: Floats) -> Floats:
        near = log(1.0 + exp(-np.abs(y)))
        return top - (near + np.maximum(-y, 0.0)) * alpha - (near + np.maximum(y, 0.0)) * beta

    def slopes(y: float) -> tuple[float, float]:
        share = 1.0 / (1.0 + _exp(-y))
        return alpha - both * share, -both * share * (1.0 - share)

    return _Density(logarithm, slopes, mode)


class _Integral:
    """The integral of a density from both sides, over cells in which it changes by about a quarter."""

    def __init__(self, density: _Density) -> None:
        self.density = density
        self.ends = np.array(_ends(density))
        parts = self._between(self.ends[:-1], self.ends[1:]).tolist()
        below, above = [*itertools.accumulate(parts)], [*itertools.accumulate(reversed(parts))]
        self.total = below[-1]
        self.below = np.array([0.0, *below]) / self.total
        self.above = np.array([0.0, *above])[::-1] / above[-1]

    def inverse(self, tails: Floats, upper: bool) -> tuple[Floats, Floats]:
        """Return where the probability on one side is `tails`, (n,), and how y changes with it, (n,)."""
        if upper:
            cell = len(self.above) - 1 - np.searchsorted(self.above[::-1], tails, side="right")
            begun = self.above.take(cell + 1)
            start, sign = self.ends.take(cell + 1), -1.0
        else:
            cell = np.searchsorted(self.below, tails, side="right") - 1
            begun = self.below.take(cell)
            start, sign = self.ends.take(cell), 1.0
        mass = np.abs(self.below.take(cell + 1) - self.below.take(cell))
        mass = np.maximum(mass, np.abs(self.above.take(cell + 1) - self.above.take(cell)))
        width = self.ends.take(cell + 1) - self.ends.take(cell)
        away = width * ((tails - begun) / mass)
        for _ in range(4):
            y = start + away * sign
            reached = begun + np.abs(self._between(start, y)) / self.total
            away = np.minimum(np.maximum(away + (tails - reached) / self._density(y), 0.0), width)
        y = start + away * sign
        return y, sign / self._density(y)

    def tails(self, y: float) -> tuple[float, float]:
        """Return the probabilities below and above y."""
        if not self.ends[0] < y < self.ends[-1]:
            return (0.0, 1.0) if y <= self.ends[0] else (1.0, 0.0)
        cell = int(np.searchsorted(self.ends, y, side="right")) - 1
        part = float(self._between(self.ends[cell : cell + 1], np.array([y]))[0]) / self.total
        rest = float(self._between(np.array([y]), self.ends[cell + 1 : cell + 2])[0]) / self.total
        return float(self.below[cell]) + part, float(self.above[cell + 1]) + rest

    def _density(self, y: Floats) -> Floats:
        found: Floats = exp(self.density.logarithm(y)) / self.total
        return found

    def _between(self, first: Floats, last: Floats) -> Floats:
        half, middle = (last - first) * 0.5, (last + first) * 0.5
        found = np.zeros(len(middle))
        for node, weight in zip(_NODES, _WEIGHTS, strict=True):
            found += exp(self.density.logarithm(middle + half * node)) * weight
        return found * half


def _ends(density: _Density) -> list[float]:
    """Return the ends of cells: as wide as the density changes slowly, from the mode outwards."""
    sides = []
    for sign in (-1.0, 1.0):
        y, fallen = density.mode, 0.0
        side = []
        while fallen < _FARTHEST:
            slope, bend = density.slopes(y)
            step = 0.25 / (abs(slope) + math.sqrt(-bend))
            y += sign * step
            fallen += 0.5 * (abs(slope) + abs(density.slopes(y)[0])) * step
            side.append(y)
        sides.append(side)
    return [*reversed(sides[0]), density.mode, *sides[1]]


def _log(x: float) -> float:
    return float(log(np.array([x]))[0])


_EXP = tuple(1.0 / math.factorial(n) for n in range(14))


def _exp(x: float) -> float:
    """Return about e**x by basic operations; it chooses the widths of cells and nothing else."""
    turns = math.floor(min(max(x, -700.0), 700.0) * 1.4426950408889634 + 0.5)
    rest = min(max(x, -700.0), 700.0) - turns * 0.6931471805599453
    found = 0.0
    for term in reversed(_EXP):
        found = found * rest + term
    return math.ldexp(found, turns)
