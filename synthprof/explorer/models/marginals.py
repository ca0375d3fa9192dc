"""Models of the shares of the values of columns."""

from synthprof.explorer.models.model import ApiModel


class MarginalValue(ApiModel):
    """The share of a value, and its target share, null if the schema has none."""

    value: str
    share: float
    target: float | None


class Marginal(ApiModel):
    """The shares of one column's values.

    ordered: they are bands of numbers, dates or times. missing: the share of rows without a value.
    """

    column: str
    kind: str
    ordered: bool = False
    missing: float | None = None
    values: list[MarginalValue]


class Marginals(ApiModel):
    """The shares of all columns that have a list of values."""

    columns: list[Marginal]
