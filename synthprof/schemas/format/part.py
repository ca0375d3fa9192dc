"""The types of which the models of a schema's file are made: names, texts, shares, weights, files."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_COLUMNS = 1_000
"""Columns of a table."""

MAX_VALUES = 100_000
"""Values of a column, or of a list of anything else, that a schema's file itself holds."""

MAX_TEXT = 10_000
"""Characters of one text."""


class Part(BaseModel):
    """A table of a schema's file: its keys are these fields and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


Text = Annotated[str, Field(strict=True, min_length=1, max_length=MAX_TEXT)]

Words = Annotated[str, Field(strict=True, max_length=MAX_TEXT)]
"""A text that may be empty."""

Line = Annotated[str, Field(strict=True, min_length=1, max_length=200, pattern=r"^[^\r\n]*$")]
"""A text on one line."""

ColumnName = Annotated[str, Field(strict=True, max_length=63, pattern=r"^[^\W\d]\w*$")]
"""The name of a column or table: letters, digits and _, no digit first."""

ColumnRef = Annotated[str, Field(strict=True, max_length=70, pattern=r"^(parent\.)?[^\W\d]\w*$")]
"""The name of another column; in a child table, `parent.age` is one of the parent."""

FileName = Annotated[str, Field(strict=True, min_length=1, max_length=255)]
"""The name of a file beside schema.toml, as `cities.csv` or `values/cities.parquet`."""

Flag = Annotated[bool, Field(strict=True)]

Whole = Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
"""A whole number that JSON, SQLite and a float hold alike."""

Count = Annotated[int, Field(strict=True, ge=0, le=2**53)]

Real = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e300, le=1e300)]

Weight = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e15)]
"""The weight of a value beside others: weights need not add up to anything."""

Share = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1)]

Factors = Annotated[dict[str, Weight], Field(max_length=MAX_VALUES)]
"""Factors on odds by value; `*` stands for all values that are not named, which else have 1."""

Spread = Annotated[dict[str, Weight | Factors], Field(max_length=MAX_VALUES)]
"""Factors on odds by value, by ranges of numbers as `16-24`, by groups of values as `"games.csv/genre"`."""

Given = Annotated[dict[ColumnRef, dict[str, Spread]], Field(max_length=100)]
"""By another column and each of its values (of a number: from that number on), factors on the odds."""

Odds = Annotated[dict[str, Weight], Field(min_length=1, max_length=MAX_VALUES)]
"""Values and the weight of each."""
