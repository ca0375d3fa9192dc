"""Whole numbers by tables of their probabilities."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.profiles.alias import WORD, alias_table, apportion
from synthprof.profiles.axes import Cases
from synthprof.profiles.elementary import Floats, exp, log
from synthprof.profiles.samplers.parameters import ByCase
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.counts import MAX_VALUES, Poisson, Zipf

MAX_ENTRIES = 2**20
"""Of a table of probabilities, all cases together: 6 MB."""

_NEGLIGIBLE = 2.0**-44
"""Of the largest weight: below, a number is not drawn, as thresholds have 32 bits."""


class CodeTable:
    """Codes from 0 on by their probabilities: by an alias table, or by rising shares where they must rise."""

    def __init__(self, shares: Sequence[Floats], name: str) -> None:
        width = max(map(len, shares))
        if width > MAX_VALUES or width * len(shares) > MAX_ENTRIES:
            raise SpecError(
                f"{name}: {len(shares)} cases of {width} values are more than {MAX_ENTRIES} entries, or than "
                f"{MAX_VALUES} values; let it depend on fewer values, or narrow its range"
            )
        self._shares = np.array([np.pad(row, (0, width - len(row))) for row in shares])
        self.alias = alias_table(self._shares)
        rows = np.arange(len(shares), dtype=np.int64)[:, None]
        self.ends = apportion(self._shares, WORD).cumsum(axis=1)
        self._rising = (self.ends + rows * WORD).reshape(-1)
        self._width = width

    def draw(self, rows: Rows, cases: Cases | None) -> tuple[Cases, Floats]:
        """Return a code for each row, and a uniform number beside it, each (count,)."""
        if rows.correlated() is not None:
            return self._by_quantile(rows.tails()[0], cases)
        words = rows.stream("draw").uint32(rows.total)[: rows.count]
        return self.alias.draw(words, cases).astype(np.intp), rows.uniform("within")

    def codes(self, rows: Rows, cases: Cases | None) -> Cases:
        """Return a code for each row, (count,)."""
        if rows.correlated() is not None:
            return self._by_quantile(rows.tails()[0], cases)[0]
        words = rows.stream("draw").uint32(rows.total)[: rows.count]
        return self.alias.draw(words, cases).astype(np.intp)

    def _by_quantile(self, below: Floats, cases: Cases | None) -> tuple[Cases, Floats]:
        scaled = np.minimum(below * WORD, WORD - 2.0**-20)
        whole = scaled.astype(np.int64)
        first = np.intp(0) if cases is None else cases * self._width
        at = np.searchsorted(self._rising, whole if cases is None else whole + cases * WORD, side="right")
        ends = self.ends.reshape(-1)
        begin = np.where(at > first, ends.take(np.maximum(at - 1, 0)), 0)
        return at - first, (scaled - begin) / (ends.take(at) - begin)


class Counts:
    """Draws whole numbers: a code, and from which number on the case counts."""

    def __init__(self, draw: Poisson | Zipf, setting: Setting) -> None:
        self._by = ByCase(draw, setting)
        if isinstance(draw, Poisson):
            weights = [poisson_weights(mean, draw.low, draw.high) for mean in self._by["mean"].tolist()]
        else:
            weights = [(draw.low, zipf_weights(s, draw.size)) for s in self._by["exponent"].tolist()]
        self._first = np.array([first for first, _ in weights])
        self._table = CodeTable([shares for _, shares in weights], setting.column.name)

    def draw(self, rows: Rows) -> pa.Array:
        """Return integers, (count,) int64."""
        cases = self._by.of(rows)
        codes = self._table.codes(rows, cases)
        codes += self._first[0] if cases is None else self._first.take(cases)
        return pa.array(codes.astype(np.int64, copy=False))


def poisson_weights(mean: float, low: int, high: int | None) -> tuple[int, Floats]:
    """Return the first number with a weight that counts, and the weights from it on, (values,)."""
    top = max(int(mean), low) if high is None else min(max(int(mean), low), high)
    up, down = [1.0], []
    number = top
    while up[-1] > _NEGLIGIBLE and number != high:
        number += 1
        up.append(up[-1] * (mean / number))
    number, weight = top, 1.0
    while weight > _NEGLIGIBLE and number > low:
        weight *= number / mean
        number -= 1
        down.append(weight)
    return number, np.array([*reversed(down), *up])


def zipf_weights(exponent: float, size: int) -> Floats:
    """Return 1 / k**exponent for k from 1 to `size`, (size,)."""
    return exp(log(np.arange(1.0, size + 1)) * -exponent)


SAMPLERS: Samplers = {Poisson: Counts, Zipf: Counts}
