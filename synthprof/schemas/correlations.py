"""Rank correlations between columns of numbers, by a Gaussian copula."""

import math
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Matrix = tuple[tuple[float, ...], ...]

MAX_COLUMNS = 64
"""Columns of one matrix."""

_LEAST_PIVOT = 1e-9
"""Of the factor: below, a column follows from the others, and rounding decides its sign."""


class Correlation(BaseModel):
    """Spearman's rank correlations that columns shall have with each other; each keeps its distribution.

    Behind the columns are correlated normal numbers, whose Pearson correlation r gives the rank correlation
    rho by r = 2 sin(pi rho / 6) (K. Pearson, "On Further Methods of Determining Correlation", 1907). Columns
    with few different values reach a little less, as equal values have no order.

    >>> round(Correlation(columns=("a", "b"), spearman=((1, 0.5), (0.5, 1))).factor[1][0], 6)
    0.517638
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    columns: Annotated[
        tuple[str, ...],
        Field(
            min_length=2, max_length=MAX_COLUMNS, description="Columns of numbers, drawn from distributions."
        ),
    ]
    spearman: Annotated[
        tuple[tuple[Annotated[float, Field(strict=True, ge=-1, le=1, allow_inf_nan=False)], ...], ...],
        Field(description="Rank correlations of each column, in their order, with all of them."),
    ]

    @property
    def factor(self) -> Matrix:
        """The lower triangle L with L L' = the correlations of the normal numbers (Cholesky's factor)."""
        return _factor(self._pearson(1.0)) or ()

    @model_validator(mode="after")
    def _possible(self) -> Self:
        count, rows, names = len(self.columns), self.spearman, self.columns
        if len(set(self.columns)) != count:
            raise ValueError(f"correlated columns {', '.join(names)} name one twice; name each once")
        if len(rows) != count or any(len(row) != count for row in rows):
            raise ValueError(f"spearman needs {count} rows of {count} numbers; give one for each column")
        for i, row in enumerate(rows):
            if row[i] != 1:
                raise ValueError(f"{names[i]} has {row[i]:g} with itself; write 1")
            for j in range(i):
                if row[j] != rows[j][i]:
                    raise ValueError(
                        f"{names[i]} with {names[j]} is {row[j]:g}, but the other way round it is "
                        f"{rows[j][i]:g}; write the same number"
                    )
        if not _factor(self._pearson(1.0)):
            raise ValueError(
                f"no columns can have these correlations together: that of {', '.join(names)} is not "
                f"positive definite; multiply the numbers off its diagonal by {self._possible_share():.2f}"
            )
        return self

    def _pearson(self, share: float) -> Matrix:
        """Return the correlations of the normal numbers where the ranks have `share` of theirs."""
        return tuple(
            tuple(1.0 if i == j else 2.0 * _sine_of_sixth(rho * share) for j, rho in enumerate(row))
            for i, row in enumerate(self.spearman)
        )

    def _possible_share(self) -> float:
        """Return the largest hundredth of the matrix that is possible."""
        return next((n / 100 for n in range(99, 0, -1) if _factor(self._pearson(n / 100))), 0.0)


def _factor(matrix: Matrix) -> Matrix | None:
    """Return Cholesky's factor, sums in order of columns; None where there is none."""
    rows: list[tuple[float, ...]] = []
    for i, row in enumerate(matrix):
        found: list[float] = []
        for j in range(i):
            rest = row[j]
            for k in range(j):
                rest -= found[k] * rows[j][k]
            found.append(rest / rows[j][j])
        pivot = row[i]
        for each in found:
            pivot -= each * each
        if not pivot > _LEAST_PIVOT:
            return None
        rows.append((*found, math.sqrt(pivot)))
    return tuple(rows)


def _sine_of_sixth(rho: float) -> float:
    """Return sin(pi rho / 6) by its series: the same bits in every C library."""
    x = rho * 0.5235987755982989
    squared, found = x * x, 0.0
    for n in range(17, 1, -2):
        found = (found + 1.0) * -squared / (n * (n - 1))
    return x * (found + 1.0)
