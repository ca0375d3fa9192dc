"""Elementary functions that give the same bits on every processor: log, exp, sine, the normal distribution.

NumPy's own choose another algorithm by processor. These consist of IEEE basic operations alone (+ − × ÷ sqrt,
comparisons, the bits of an exponent), each rounded by itself, so nothing is left to choose. The errors named
are the largest seen against decimal arithmetic and SciPy; tests hold them.
"""

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PIECE = 8_192
"""Numbers worked on at a time: what lies between two steps stays in the processor's cache. From 128 KiB on,
memory is asked of the system each time, which makes a step three times as long or longer."""

_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")
"""ln 2 in two parts; the first has 21 zeros at its end, so that its product with an exponent is exact."""

_LOG2_E = float.fromhex("0x1.71547652b82fep+0")
_SQRT_HALF = float.fromhex("0x1.6a09e667f3bcdp-1")
_INVERSE_ROOT_TAU = float.fromhex("0x1.9884533d43651p-2")
"""1 / sqrt(2 pi), the height of the normal density."""

_ATANH = tuple(2.0 / (2 * k + 1) for k in range(12))
"""log((1 + s) / (1 - s)) = s * sum of these times s**2k; |s| < 0.1716 leaves 2**-60 of it."""

_EXP = tuple(1.0 / d for d in (1, 1, 2, 6, 24, 120, 720, 5_040, 40_320, 362_880, 3_628_800, 39_916_800,
                               479_001_600, 6_227_020_800))  # fmt: skip
"""1 / n!; |r| < 0.3466 leaves 2**-57 of it."""


def log(x: Floats) -> Floats:
    """Return the natural logarithm of normal numbers above 0, (n,) float64; within 2 of its last units."""
    bits = np.ascontiguousarray(x, dtype=np.float64).view(np.int64)
    exponent = (bits >> 52) - 1_023
    part = ((bits & 0xFFFFFFFFFFFFF) | 0x3FE0000000000000).view(np.float64)  # in [0.5, 1)
    small = part < _SQRT_HALF
    part = np.where(small, part + part, part)
    turns = (exponent + 1 - small).astype(np.float64)
    above = part - 1.0
    s = above / (part + 1.0)
    squared = s * s
    # log(part) = above - s * (above - tail): the first term is exact, which keeps digits near 1
    tail = polynomial(_ATANH[1:], squared) * squared
    return turns * _LN2_HIGH + (above - (s * (above - tail) - turns * _LN2_LOW))


def exp(x: Floats) -> Floats:
    """Return e to the power of finite numbers, (n,) float64; within 2 units in the last place of normal ones.

    Beyond what a float holds it is infinite or 0.
    """
    x = np.minimum(np.maximum(x, -800.0), 800.0)
    turns = np.floor(x * _LOG2_E + 0.5)
    rest = (x - turns * _LN2_HIGH) - turns * _LN2_LOW
    found = polynomial(_EXP, rest)
    half = turns.astype(np.int64) >> 1
    with np.errstate(over="ignore", under="ignore"):
        return found * _power_of_2(half) * _power_of_2(turns.astype(np.int64) - half)


def power(x: Floats, exponent: Floats | float) -> Floats:
    """Return numbers above 0 to a power, (n,) float64; the relative error grows with |exponent * log x|."""
    return exp(log(x) * exponent)


def sine(turns: Floats) -> Floats:
    """Return the sine of angles in turns (1 is a circle), (n,) float64; within 1e-15, for |turns| < 2**31."""
    quarters = np.floor(turns * 4.0 + 0.5)
    rest = (turns * 4.0 - quarters) * _HALF_PI
    which = quarters.astype(np.int64) & 3
    squared = rest * rest
    found = np.where(which & 1, polynomial(_COSINE, squared), polynomial(_SINE, squared) * rest)
    return np.where(which & 2, -found, found)


def cosine(turns: Floats) -> Floats:
    """Return the cosine of angles in turns, (n,) float64; within 1e-15, for |turns| < 2**31."""
    return sine(turns + 0.25)


def normal_quantile(low: Floats, high: Floats | None = None) -> Floats:
    """Return x such that a standard normal variable is below x with probability `low`; relative error 1e-14.

    low: (n,) float64 in (0, 1). high: 1 - low, where it is known to more digits than that.
    After M. J. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied
    Statistics 37, 1988, whose coefficients these are (PPND16).
    """
    high = 1.0 - low if high is None else high
    found = np.empty(low.shape)
    for start in range(0, len(low), PIECE):
        piece = slice(start, start + PIECE)
        found[piece] = _normal_quantile(low[piece], high[piece])
    return found


def normal_tail(x: Floats) -> Floats:
    """Return the probability that a standard normal variable is below x, (n,) float64; relative error 1e-13.

    For x from -38 to 38; beyond it is 0 or 1. By Mills' ratio R(z) = tail / density: R' = z R - 1 gives its
    Taylor series around a grid of points.
    """
    found = np.empty(x.shape)
    for start in range(0, len(x), PIECE):
        found[start : start + PIECE] = _normal_tail(x[start : start + PIECE])
    return found


def polynomial(coefficients: Sequence[float], x: Floats) -> Floats:
    """Return the polynomial whose n-th coefficient is that of x**n, by Horner's rule, (n,) float64."""
    found = x * coefficients[-1]
    for each in coefficients[-2:0:-1]:
        found += each
        found *= x
    found += coefficients[0]
    return found


# --- the normal distribution -----------------------------------------------------------------------------

_CENTRE = (
    (3.3871328727963666080, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125,
     45921.953931549871457, 67265.770927008700853, 33430.575583588128105, 2509.0809287301226727),
    (1.0, 42.313330701600911252, 687.18700749205790830, 5394.1960214247511077, 21213.794301586595867,
     39307.895800092710610, 28729.085735721942674, 5226.4952788528545610),
)  # fmt: skip
_MIDDLE = (
    (1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
     1.27045825245236838258, 0.241780725177450611770, 0.0227238449892691845833, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187, 1.67638483018380384940, 0.689767334985100004550, 0.148103976427480074590,
     0.0151986665636164571966, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
_FAR = (
    (6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 0.296560571828504891230,
     0.0265321895265761230930, 0.00124266094738807843860, 2.71155556874348757815e-5,
     2.01033439929228813265e-7),
    (1.0, 0.599832206555887937690, 0.136929880922735805310, 0.0148753612908506148525,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15),
)  # fmt: skip
"""Numerators and denominators by region, each in powers of its own variable."""


def _normal_quantile(low: Floats, high: Floats) -> Floats:
    centred = (low - high) * 0.5
    found = centred * _ratio(_CENTRE, 0.180625 - centred * centred)
    outside = np.flatnonzero(np.abs(centred) > 0.425)
    below, above = low.take(outside), high.take(outside)
    root = np.sqrt(-log(np.minimum(below, above)))
    size = _ratio(_MIDDLE, root - 1.6)
    if (far := np.flatnonzero(root > 5.0)).size:
        size[far] = _ratio(_FAR, root.take(far) - 5.0)
    found[outside] = np.where(below < above, -size, size)
    return found


def _ratio(fraction: tuple[Sequence[float], Sequence[float]], x: Floats) -> Floats:
    return polynomial(fraction[0], x) / polynomial(fraction[1], x)


_GRID = 16
"""Points of Mills' ratio for each unit of x."""

_FARTHEST = 38.0
"""The tail beyond is below the least normal number."""

_TERMS = 10
"""Of a Taylor series around a point at most 1/32 away: the next is below 2**-55."""


@functools.cache
def _mills_ratios() -> list[Floats]:
    """Return the n-th Taylor coefficients of Mills' ratio at each point of the grid, n from 0 on.

    They are computed from the far end on, where the ratio is a quickly converging fraction: towards 0 errors
    shrink.
    """
    step, start = 1.0 / _GRID, int(_FARTHEST) + 2
    z = float(start)
    ratio = 0.0
    for k in range(60, 0, -1):
        ratio = k / (z + ratio)
    ratio = 1.0 / (z + ratio)
    rows = []
    for i in range(start * _GRID, -1, -1):
        z = i * step
        series = [ratio, z * ratio - 1.0]
        for n in range(1, 20):
            series.append((z * series[n] + series[n - 1]) / (n + 1))
        rows.append(series[: _TERMS + 1])
        ratio = 0.0
        for term in reversed(series):
            ratio = ratio * -step + term
    return [np.array(terms) for terms in zip(*reversed(rows), strict=True)]


def _normal_tail(x: Floats) -> Floats:
    z = np.minimum(np.abs(x), _FARTHEST)
    at = (z * _GRID + 0.5).astype(np.int64)
    away = z - at * (1.0 / _GRID)
    terms = _mills_ratios()
    ratio = terms[_TERMS].take(at) * away
    for n in range(_TERMS - 1, 0, -1):
        ratio += terms[n].take(at)
        ratio *= away
    ratio += terms[0].take(at)
    tail = ratio * (exp(z * z * -0.5) * _INVERSE_ROOT_TAU)
    tail = np.where(np.abs(x) > _FARTHEST, 0.0, tail)
    return np.where(x > 0.0, 1.0 - tail, tail)


# --- sine ------------------------------------------------------------------------------------------------

_HALF_PI = float.fromhex("0x1.921fb54442d18p+0")


def _series(first: int, terms: int) -> tuple[float, ...]:
    """Return 1 / first!, -1 / (first + 2)!, and so on."""
    found, size = [], 1
    for n in range(first + 2 * terms):
        size *= max(n, 1)
        if n >= first and (n - first) % 2 == 0:
            found.append((-1) ** ((n - first) // 2) / size)
    return tuple(found)


_SINE = _series(1, 9)
_COSINE = _series(0, 10)


def _power_of_2(exponent: npt.NDArray[np.int64]) -> Floats:
    return ((exponent + 1_023) << 52).view(np.float64)
