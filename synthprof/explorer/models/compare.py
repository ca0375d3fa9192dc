"""Models of the comparison of two versions."""

from synthprof.explorer.models.model import ApiModel


class Change(ApiModel):
    """The shares of one value in two versions."""

    value: str
    left: float
    right: float
    difference: float


class Comparison(ApiModel):
    """The changes of one column; `distance` is half the sum of all absolute differences, 0 to 1."""

    column: str
    distance: float
    changes: list[Change]


class Compared(ApiModel):
    """A comparison of two versions of a data set, the column that differs most first."""

    left: str
    right: str
    columns: list[Comparison]
