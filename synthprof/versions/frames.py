"""Arrow tables as data frames of libraries that only their users have."""

from typing import TYPE_CHECKING

from synthprof.base.errors import SpecError
from synthprof.base.extras import is_installed

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyarrow as pa


def to_pandas(table: "pa.Table") -> "pd.DataFrame":
    """Return the table as a pandas data frame. Raises SpecError if pandas is not installed."""
    _check("pandas")
    frame: pd.DataFrame = table.to_pandas()
    return frame


def to_polars(table: "pa.Table") -> "pl.DataFrame":
    """Return the table as a polars data frame. Raises SpecError if polars is not installed."""
    _check("polars")
    import polars as pl

    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _check(package: str) -> None:
    if not is_installed(package):
        raise SpecError(f"{package} is not installed; pip install {package}")
