"""Correlated normal numbers behind columns: a Gaussian copula."""

from collections.abc import Callable

from synthprof.profiles.elementary import Floats, normal_quantile
from synthprof.schemas.correlations import Correlation


class Copula:
    """Makes the normal numbers of the columns of a correlation.

    Each is a sum of independent ones in a fixed order, element by element: a matrix product would order the
    sum by processor.
    """

    def __init__(self, correlation: Correlation) -> None:
        self.columns = correlation.columns
        self._factor = correlation.factor

    def normals(self, tails: Callable[[str], tuple[Floats, Floats]]) -> dict[str, Floats]:
        """Return the normal numbers of each column, (n,), from independent uniform ones and 1 minus them."""
        own = [normal_quantile(*tails(column)) for column in self.columns]
        found = {}
        for column, row in zip(self.columns, self._factor, strict=True):
            total = own[0] * row[0]
            for numbers, share in zip(own[1:], row[1:], strict=False):
                total += numbers * share
            found[column] = total
        return found
