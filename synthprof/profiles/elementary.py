"""Elementary functions by the basic operations of IEEE 754: the same bits on every machine."""

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_ROOT = 0.7071067811865476
_LN2 = 0.6931471805599453


def log2(numbers: Values) -> Values:
    """Return the logarithm to base 2 of numbers above 0, (n,), within 2e-15 of the exact one or of its size.

    The exponent, and of a fraction f from 0.7 to 1.4 the series ln f = 2 (s + s**3 / 3 + s**5 / 5 + …) with
    s = (f - 1) / (f + 1).
    """
    fractions, exponents = np.frexp(numbers)
    low = fractions < _ROOT
    fractions = np.where(low, 2 * fractions, fractions)
    exponents = exponents - low
    s = (fractions - 1.0) / (fractions + 1.0)
    square = s * s
    total = np.full_like(s, 1 / 23)
    for power in range(21, 0, -2):
        total = total * square + 1 / power
    return exponents + 2.0 * s * total / _LN2
