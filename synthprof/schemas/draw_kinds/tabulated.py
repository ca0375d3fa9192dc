"""Values and ranges of values with weights, in a file, as they are learned from a table."""

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.base.values import stored
from synthprof.schemas.draw_kinds.model import DrawModel, Files
from synthprof.schemas.draw_kinds.quantiles import ODDS

MAX_CELLS, MAX_WEIGHTS = 65_000, 1_000_000
"""Cells of a table, which are drawn as 16-bit codes; and its cells times its bands."""

MICROSECONDS = {
    "day": 86_400_000_000,
    "hour": 3_600_000_000,
    "minute": 60_000_000,
    "second": 1_000_000,
    "millisecond": 1_000,
    "microsecond": 1,
}
"""The units of times, in microseconds."""

TYPES = ("text", "bool", "integer", "float", "decimal", "date", "time", "timestamp", "timestamptz")

NULL, EQUAL, FROM, ALWAYS = "null", "= ", ">= ", "weight"
"""Headings of weights: for no value, for a value, from a number on, for all other rows."""


class Cell(BaseModel):
    """A value, or all values from `low` to `high`, each as likely; no value at all without `low`."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    low: Annotated[str | None, Field(description="The value, or the least of the range.")] = None
    high: Annotated[str | None, Field(description="The greatest value of the range.")] = None


class Band(BaseModel):
    """The weights of the cells where the column `by` has a certain value, or lies in a certain range."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    when: Annotated[str, Field(description="The heading of the weights: weight, = value, >= number, null.")]
    weights: Annotated[tuple[float, ...], Field(description="The weight of each cell.")]


class Tabulated(DrawModel):
    """A value from a table of values and ranges with weights, which may depend on one other column.

    The file has one row for each value (`low`) or range (`low` and `high`), an empty one for no value.
    Its columns of weights are `= Paris`, where the column `by` is Paris, or `>= 30`, where it is 30 or more,
    up to the next such column, `null`, where it has no value, and `weight` for all other rows.

    It is for what is learned or counted: texts, numbers, dates and times, single values among ranges, a share
    of no value, and weights of their own for each value of a column. For numbers that several columns and
    archetypes shift by factors, or that are correlated with others, take `histogram`.

    >>> cells = (Cell(low="1.5", high="2.4"), Cell(low="2.5"))
    >>> Tabulated(type="float", digits=1, cells=cells, bands=(Band(when="weight", weights=(3, 1)),)).told
    '2 values or ranges from 1.5 to 2.5'
    """

    draw: Literal["tabulated"] = "tabulated"
    type: Annotated[str, Field(description=f"The type of the values: one of {', '.join(TYPES)}.")]
    digits: Annotated[
        int, Field(ge=-18, le=18, description="The digits after the point; -3 is in thousands.")
    ] = 0
    every: Annotated[
        Literal["day", "hour", "minute", "second", "millisecond", "microsecond"],
        Field(description="The unit of dates and times: a value is a whole number of them."),
    ] = "day"
    by: Annotated[str | None, Field(description="The column on which the weights depend.")] = None
    file: Annotated[str | None, Field(description="The file of the table.")] = None
    cells: Annotated[
        tuple[Cell, ...], Field(max_length=MAX_CELLS, description="The values and ranges, without a file.")
    ] = ()
    bands: Annotated[
        tuple[Band, ...], Field(description="The weights, without a file: the first band for all rows.")
    ] = ()

    @property
    def kind(self) -> Kind:
        """The kind that the type names."""
        kind = Kind(self.type)  # type: ignore[arg-type]
        if self.type == "decimal":
            return Kind("decimal", max(0, self.digits))
        if self.type in ("time", "timestamp", "timestamptz"):
            return Kind(kind.name, {"millisecond": 3, "microsecond": 6}.get(self.every, 0))
        return kind

    @property
    def given(self) -> tuple[str, ...]:
        """The column on which the weights depend."""
        return () if self.by is None else (self.by,)

    @property
    def known(self) -> tuple[str, ...]:
        """The texts of the table."""
        return tuple(str(cell.low) for cell in self.cells if cell.low) if self.type == "text" else ()

    @property
    def may_lack(self) -> bool:
        """True where one of the cells is that of no value."""
        return any(cell.low is None for cell in self.cells)

    @property
    def ends(self) -> tuple[Any, Any]:
        """The ends of the first and the last range."""
        found = self._marks()
        return (found[0], found[-1]) if found else (None, None)

    @property
    def quantiles(self) -> tuple[Any, ...]:
        """Ends of ranges, a few of them."""
        found = self._marks()
        return tuple(found[:: max(1, len(found) // len(ODDS))])

    @property
    def told(self) -> str:
        """The number of cells, and what they depend on."""
        there = [cell for cell in self.cells if cell.low is not None]
        span = f" from {there[0].low} to {there[-1].high or there[-1].low}" if there else ""
        by = f", by {self.by}" if self.by else ""
        return f"{len(there)} values or ranges{'' if self.type == 'text' else span}{by}"

    def with_files(self, files: Files) -> Self:
        """Return the declaration with the rows of its file. Raises ValueError for rows that are no table."""
        if self.file is None:
            return self
        cells, bands = table_of(files.rows(self.file))
        values = self.model_dump() | {"file": None, "cells": cells, "bands": bands}
        return type(self).model_validate(values)

    def unit_of(self, text: str) -> int:
        """Return the whole number that stands for a value, in units of `digits` or `every`.

        Raises ValueError for a text that is no such value.
        """
        if self.type in ("integer", "float", "decimal"):
            number = Decimal(text).scaleb(self.digits) if _is_number(text) else Decimal("NaN")
            if not number.is_finite() or number != number.to_integral_value() or abs(number) >= 2**62:
                raise ValueError(f"{text!r} is no number with {self.digits} digits after the point")
            return int(number)
        unit, rest = divmod(microseconds_of(self.type, text), MICROSECONDS[self.every])
        if rest:
            raise ValueError(f"{text!r} is no whole number of the unit {self.every!r}")
        return unit

    def _marks(self) -> list[Any]:
        """Return the ends of the ranges, ascending, in the type of the kind; empty for texts and truths."""
        if self.type in ("text", "bool"):
            return []
        read = _READ[self.type]
        return [read(text) for cell in self.cells for text in (cell.low, cell.high) if text]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.type not in TYPES:
            raise ValueError(f"type={self.type!r} is not drawn from a table; use one of {', '.join(TYPES)}")
        if self.file is not None:
            if self.cells or self.bands:
                raise ValueError("file stands beside cells or bands; keep one of them")
            return self
        _check_weights(self)
        _check_cells(self)
        _check_bands(self)
        return self


def _moment(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text.removesuffix("Z"))


_READ: Mapping[str, Callable[[str], Any]] = {
    "integer": lambda text: int(Decimal(text)),
    "float": float,
    "decimal": float,
    "date": datetime.date.fromisoformat,
    "time": datetime.time.fromisoformat,
    "timestamp": _moment,
    "timestamptz": _moment,
}
"""The functions that read the ends of ranges, by type."""


def microseconds_of(kind: str, text: str) -> int:
    """Return the microseconds of a date, time or timestamp, since 1970 or midnight. Raises ValueError."""
    digits = 0 if kind == "date" else 6
    found = str(stored(Kind(kind, digits), text))  # type: ignore[arg-type]
    if kind == "time":
        found = f"1970-01-01T{found}"
    return (_moment(found) - datetime.datetime(1970, 1, 1)) // datetime.timedelta(microseconds=1)


def table_of(rows: Sequence[Mapping[str, str]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return cells and bands of the rows of a file. Raises ValueError for rows that are no table."""
    heads = list(rows[0]) if rows else []
    if "low" not in heads or ALWAYS not in heads:
        raise ValueError("the file needs the columns low and weight")
    bands = [ALWAYS, *(head for head in heads if head not in ("low", "high", ALWAYS))]
    cells = [{"low": row["low"] or None, "high": row.get("high") or None} for row in rows]
    weights = [[_weight(row, place, head) for place, row in enumerate(rows, 2)] for head in bands]
    return cells, [{"when": head, "weights": each} for head, each in zip(bands, weights, strict=True)]


def _weight(row: Mapping[str, str], place: int, head: str) -> float:
    try:
        return float(row[head] or 0)
    except ValueError:
        raise ValueError(f"row {place}: {head!r} is {row[head]!r}; write a number from 0 on") from None


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False


def _check_weights(draw: Tabulated) -> None:
    if not draw.cells or not draw.bands or draw.bands[0].when != ALWAYS:
        raise ValueError("a table needs cells, and weights for all rows; name a file, or write both")
    if len(draw.cells) * len(draw.bands) > MAX_WEIGHTS:
        raise ValueError(
            f"the table has {len(draw.cells) * len(draw.bands):,} weights, {MAX_WEIGHTS:,} are the most; "
            "merge values or bands"
        )
    for band in draw.bands:
        if len(band.weights) != len(draw.cells):
            raise ValueError(f"{band.when!r} has {len(band.weights)} weights for {len(draw.cells)} cells")
        if not all(math.isfinite(each) and each >= 0 for each in band.weights) or not any(band.weights):
            raise ValueError(f"the weights of {band.when!r} must be finite numbers from 0 on, not all 0")


def _check_cells(draw: Tabulated) -> None:
    there = [cell for cell in draw.cells if cell.low is not None]
    if len(draw.cells) - len(there) > 1:
        raise ValueError("more than one row has no value; merge them")
    if draw.type in ("text", "bool"):
        named = [cell.low for cell in there]
        if any(cell.high for cell in there) or len(set(named)) != len(named):
            raise ValueError(f"each value of the type {draw.type} stands once, without high")
        if draw.type == "bool" and not set(named) <= {"true", "false"}:
            raise ValueError(f"{named} are not true and false")
        return
    last: int | None = None
    for cell in there:
        low = draw.unit_of(str(cell.low))
        high = low if cell.high is None else draw.unit_of(cell.high)
        if low > high or (last is not None and low <= last):
            raise ValueError(
                f"the range from {cell.low} to {cell.high or cell.low} does not ascend; sort them"
            )
        last = high


def _check_bands(draw: Tabulated) -> None:
    heads = [band.when for band in draw.bands[1:]]
    if bool(heads) != (draw.by is not None):
        raise ValueError("weights that depend on a column need `by`, and `by` such weights")
    kinds = {head[: 3 if head.startswith(FROM) else 2] for head in heads if head != NULL}
    if len(set(heads)) != len(heads) or len(kinds) > 1 or not kinds <= {EQUAL, FROM}:
        raise ValueError(
            f"the columns of weights are not told apart: {heads[:5]}; write all as '= value', or all as "
            "'>= number'"
        )
    edges = [head.removeprefix(FROM) for head in heads if head.startswith(FROM)]
    numbers = [edge_of(edge) for edge in edges]
    if numbers != sorted(set(numbers)):
        raise ValueError(f"the edges {edges[:5]} do not ascend; sort them")


def edge_of(text: str) -> float | int:
    """Return the number of an edge of bands; of a date or time its microseconds. Raises ValueError."""
    if _is_number(text):
        number = Decimal(text)
        return int(number) if number == number.to_integral_value() and abs(number) < 2**63 else float(number)
    for kind in ("timestamp", "timestamptz", "time"):
        try:
            return microseconds_of(kind, text)
        except ValueError:
            continue
    raise ValueError(f"{text!r} is no number, date or time")


KINDS = (Tabulated,)
