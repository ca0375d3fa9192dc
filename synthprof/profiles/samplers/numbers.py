"""Numbers from continuous distributions, by the quantile of a uniform number."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.profiles.axes import Cases
from synthprof.profiles.elementary import PIECE, Floats
from synthprof.profiles.samplers.laws import LAWS, Law, law_of
from synthprof.profiles.samplers.parameters import ByCase, of_case
from synthprof.profiles.samplers.rounding import Finish, on_grid
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.numbers import Beta, Distribution, Uniform, UniformInteger, multiples

LEAST_SHARE = 1e-6
"""Of a distribution that must lie between the bounds: tables and tails have digits for that."""


class UniformIntegers:
    """Draws integers between two bounds, each as likely as any other to 2**-10 of its share or less."""

    def __init__(self, draw: UniformInteger, _setting: Setting) -> None:
        self._low, self._size = draw.low, draw.high - draw.low + 1

    def draw(self, rows: Rows) -> pa.Array:
        """Return integers, (count,) int64."""
        scaled = (rows.tails()[0] * self._size).astype(np.int64)
        return pa.array(np.minimum(scaled, self._size - 1) + self._low)


class Uniforms:
    """Draws numbers between two bounds, or multiples of a distance, each as likely as any other."""

    def __init__(self, draw: Uniform, setting: Setting) -> None:
        self._by = ByCase(draw, setting)
        self._grid, self._integer = draw.grid, draw.integer
        self._low, self._high = self._by["low"], self._by["high"]
        for low, high in zip(self._low.tolist(), self._high.tolist(), strict=True):
            if low > high:
                raise SpecError(
                    f"{setting.column.name}: low={low:g} is above high={high:g} in a case; swap them"
                )
        if self._grid is not None:
            ends = [multiples(self._grid, low, high) for low, high in zip(self._low, self._high, strict=True)]
            self._low, self._high = np.array(ends, dtype=np.float64).T

    def draw(self, rows: Rows) -> pa.Array:
        """Return numbers, (count,) int64 or double."""
        cases, (below, _) = self._by.of(rows), rows.tails()
        low, high = of_case(self._low, cases), of_case(self._high, cases)
        if self._grid is None:
            return pa.array(np.minimum(low + below * (high - low), high) + 0.0)
        numbers = np.minimum(low + np.floor(below * (high - low + 1.0)), high)
        return on_grid(numbers, self._grid, self._integer)


class Continuous:
    """Draws from a distribution by its quantiles, cut by drawing a probability between those of the bounds.

    Raises SpecError where less than LEAST_SHARE of the distribution lies between the bounds.
    """

    def __init__(self, draw: Distribution | Beta, setting: Setting) -> None:
        self._by = ByCase(draw, setting)
        self._law: Law = law_of(draw, self._by, setting.column.name)
        self._scale = (draw.low, draw.high - draw.low) if isinstance(draw, Beta) else None
        cut = isinstance(draw, Distribution) and (draw.low is not None or draw.high is not None)
        self._range = _range(self._law, draw.low, draw.high, setting.column.name) if cut else None
        self._finish = Finish(draw, draw.low, draw.high)

    def draw(self, rows: Rows) -> pa.Array:
        """Return numbers, (count,) int64 or double."""
        cases, (below, above) = self._by.of(rows), rows.tails()
        return self._finish(by_pieces(self._piece, below, above, cases))

    def _piece(self, below: Floats, above: Floats, cases: Cases | None) -> Floats:
        if self._range is not None:
            first, last, share = (of_case(each, cases) for each in self._range)
            below, above = first + below * share, last + above * share
        found = self._law.quantile(below, above, cases)
        return found if self._scale is None else self._scale[0] + found * self._scale[1]


def by_pieces(
    quantile: Callable[[Floats, Floats, Cases | None], Floats],
    below: Floats,
    above: Floats,
    cases: Cases | None,
) -> Floats:
    """Return the quantiles of some rows, (n,), PIECE rows at a time."""
    found = np.empty(len(below))
    for start in range(0, len(below), PIECE):
        piece = slice(start, start + PIECE)
        found[piece] = quantile(below[piece], above[piece], None if cases is None else cases[piece])
    return found


def _range(law: Law, low: float | None, high: float | None, name: str) -> tuple[Floats, Floats, Floats]:
    """Return for each case the probabilities below `low`, above `high`, and between, each (cases,)."""
    below, from_low = (np.array(0.0), np.array(1.0)) if low is None else law.tails(low)
    to_high, above = (np.array(1.0), np.array(0.0)) if high is None else law.tails(high)
    share = np.where(below < 0.5, to_high - below, from_low - above)  # the side with more digits
    if (least := float(share.min())) < LEAST_SHARE:
        raise SpecError(
            f"{name}: only {max(least, 0.0):.1e} of the distribution lies between low and high, "
            f"{LEAST_SHARE:g} must; widen the bounds, or change the parameters"
        )
    first, last = np.broadcast_to(below, share.shape), np.broadcast_to(above, share.shape)
    return np.atleast_1d(first), np.atleast_1d(last), np.atleast_1d(share)


SAMPLERS: Samplers = {UniformInteger: UniformIntegers, Uniform: Uniforms, **dict.fromkeys(LAWS, Continuous)}
