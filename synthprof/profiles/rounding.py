"""Rounding of floats to decimals: to the nearest of the exact value, and to the even one of two as near."""

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_SPLIT = 134_217_729.0
"""2**27 + 1, by which a product's error is found exactly (T. J. Dekker, "A floating-point technique for
extending the available precision", Numerische Mathematik 18, 1971)."""

_WHOLE = 2.0**52
"""From here on every float is a whole number."""


def scaled(values: Values, decimals: int) -> Values:
    """Return round(value × 10^decimals), (n,) or a single one, whole numbers as float64; finite values only.

    The product is rounded only once: 2.675 × 100 is 267, as 2.675 is a little less than it says.
    """
    factor = 10.0**decimals
    products = np.asarray(values * factor, dtype=np.float64)
    found = np.array(np.rint(products))
    halves = (np.abs(products - found) == 0.5) & (np.abs(products) < _WHOLE)
    if decimals and halves.any():
        error = _error(np.asarray(values)[halves], factor, products[halves])
        below = np.floor(products[halves])
        found[halves] = np.where(error > 0, below + 1, np.where(error < 0, below, found[halves]))
    return found


def rounded(values: Values, decimals: int) -> Values:
    """Return floats with at most so many decimals; those too large to have some stay."""
    large = np.abs(values) * 10.0**decimals >= _WHOLE
    found: Values = np.where(large, values, scaled(np.where(large, 0.0, values), decimals) / 10.0**decimals)
    return found


def _error(values: Values, factor: float, products: Values) -> Values:
    """Return value × factor − product, exactly."""
    high, low = _halves(values)
    factor_high, factor_low = _halves(np.float64(factor))
    found: Values = low * factor_low - (
        ((products - high * factor_high) - low * factor_high) - high * factor_low
    )
    return found


def _halves(value: Any) -> tuple[Any, Any]:  # noqa: ANN401
    high = value * _SPLIT - (value * _SPLIT - value)
    return high, value - high
