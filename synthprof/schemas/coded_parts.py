"""Parts of draws of codes as a schema's file says them: factors, weights, values of files, sentences."""

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from synthprof.schemas.draw_kinds.parameters import edges_of
from synthprof.schemas.draws import (
    Bound,
    Shift,
    Slot,
    Variant,
)
from synthprof.schemas.files import Row, Rows
from synthprof.schemas.format import coded
from synthprof.schemas.mistakes import Wrong, meant, quoted
from synthprof.schemas.nulls import MISSING
from synthprof.schemas.schema import Column

ANY_OTHER = "*"
"""The key of the factor for all values that are not named."""

ITEM_SEPARATOR = ";"
"""The sign between several values in a cell of a file."""


class Maker(Protocol):
    """The things that draws need beside their own keys: files, and the columns that they depend on."""

    def rows(self, file: str, *path: str) -> Rows:
        """Return the rows of a file that the key at `path` names."""

    def phrases(self, file: str) -> coded.Phrases:
        """Return the sentences of a file."""

    def column(self, name: str, *path: str) -> Column:
        """Return another column, which the key at `path` names."""


def shifts(
    given: Mapping[str, Mapping[str, Any]], values: Sequence[str], maker: Maker, key: str = "given"
) -> tuple[Shift, ...]:
    """Return the factors on odds of `values` that other columns have. key: the key that says them."""
    return tuple(_shift(column, odds, values, maker, key) for column, odds in given.items())


def factors_of(odds: Mapping[str, Any], values: Sequence[str], *path: str) -> tuple[float, ...]:
    """Return one factor per value: its own, else that of `*`, else 1. Raises Wrong for unknown values."""
    known = {*values, ANY_OTHER}
    for key in odds:
        if key not in known:
            raise Wrong(f"unknown value {quoted(key)!r}; {meant(key, values)}", *path, key)
    other = float(odds.get(ANY_OTHER, 1))
    return tuple(float(odds.get(value, other)) for value in values)


def heaviest(rows: Rows, value: str, weight: str, file: str) -> Rows:
    """Return the rows without lighter ones of the same value, so that the value tells all else."""
    found: dict[str, Row] = {}
    for row in rows:
        best = found.get(row[value])
        if number_in(row, weight, file) > (number_in(best, weight, file) if best else 0):
            found[row[value]] = row
    return [row for row in rows if found.get(row[value]) is row]


def number_in(row: Row, header: str, file: str) -> float:
    """Return a weight that a file has. Raises Wrong if it is none."""
    text = row[header].strip()
    if not re.fullmatch(r"\+?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?", text, re.ASCII) or float(text) > 1e15:
        raise Wrong(
            f"{file}:{row.line}: {header}={quoted(text)!r} is no weight; write a number from 0 to 1e15",
            "file",
        )
    return float(text)


def whole_in(row: Row, header: str, file: str) -> int:
    """Return the whole number in a cell. Raises Wrong for any other text."""
    if not re.fullmatch(r"\d{1,9}", row[header].strip(), re.ASCII):
        raise Wrong(
            f"{file}:{row.line}: {header}={quoted(row[header])!r} is no whole number from 0 on; correct it",
            "file",
        )
    return int(row[header])


def header_in(rows: Rows, named: str | None, key: str) -> str:
    """Return a column of a file: the named one, or the first. Raises Wrong if there is no such column."""
    if named is None:
        return next(iter(rows[0]))
    if named not in rows[0]:
        raise Wrong(f"{key}={quoted(named)!r} is no column of the file; {meant(named, list(rows[0]))}", key)
    return named


def weighted(draw: coded.Choice | coded.Subset, maker: Maker) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return values and weights, from the column itself or from a file."""
    if draw.odds is not None:
        return tuple(draw.odds), tuple(draw.odds.values())
    file = draw.file or ""
    return value_and_weights(maker.rows(file, "file"), draw.values, draw.weights, file, "values")


def value_and_weights(
    rows: Rows, value: str | None, weight: str | None, file: str, key: str
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the values of a file and their weights, by the columns that are named."""
    head = header_in(rows, value, key)
    weights = header_in(rows, weight, "weights") if weight or "weight" not in rows[0] else "weight"
    values: dict[str, float] = {}
    for row in rows:
        if row[head] in values:
            raise Wrong(f"{file}:{row.line}: {quoted(row[head])!r} stands in two rows; remove one", "file")
        values[row[head]] = number_in(row, weights, file) if weight or "weight" in row else 1.0
    return tuple(values), tuple(values.values())


def weights_of_groups(draw: coded.Choice, weight: str, maker: Maker) -> dict[str, float]:
    """Return the weight of each group of values."""
    rows = maker.rows(draw.groups or "", "groups")
    head, weights = (
        header_in(rows, draw.group, "group"),
        header_in(rows, draw.group_weights or weight, "group_weights"),
    )
    return {row[head]: number_in(row, weights, draw.groups or "") for row in rows}


def reachable_from(draw: coded.Subset, maker: Maker) -> tuple[tuple[int, ...], ...]:
    """Return for each item of another list the places of the values that it allows."""
    if draw.through is None or draw.file is None:
        return ()
    rows = maker.rows(draw.file, "file")
    by, through = header_in(rows, draw.by, "by"), maker.column(draw.through, "through")
    allowed = [set(row[by].split(ITEM_SEPARATOR)) for row in rows]
    return tuple(
        tuple(position for position, items in enumerate(allowed) if item in items) for item in through.values
    )


def _shift(column: str, odds: Mapping[str, Any], values: Sequence[str], maker: Maker, by: str) -> Shift:
    given = maker.column(column, by, column)
    if given.values:
        for key in odds:
            if key not in given.values:
                raise Wrong(
                    f"unknown value {quoted(key)!r} of {column}; {meant(key, given.values)}",
                    by,
                    column,
                    key,
                )
        rows = [factors_of(odds.get(each, {}), values, by, column, each) for each in given.values]
        return Shift(column, (), tuple(rows))
    if given.kind == "bool":
        factors_of({key: 1 for key in odds}, ("false", "true"), by, column)
        odds = {"0": odds.get("false", {}), "1": odds.get("true", {})}
    try:
        edges = edges_of(odds, f"bands of {column}")
    except ValueError as error:
        raise Wrong(str(error), by, column) from None
    lows = tuple(int(low) if low % 1 == 0 else low for low in edges)
    return Shift(column, lows, tuple(factors_of(odds[key], values, by, column, key) for key in odds))


def slot_of(sentence: coded.Sentence, maker: Maker) -> Slot:
    """Return a sentence as the slot of a text."""
    variants = [Variant(_asked(each.when, maker), each.templates) for each in sentence.variant]
    for column, by_value in sentence.by_value.items():
        for value, templates in by_value.items():
            code = _code(column, value, maker)
            variants.append(Variant(((column, code, code),), templates))
    if sentence.templates:
        variants.append(Variant((), sentence.templates))
    return Slot(sentence.name, tuple(variants), sentence.share)


def _asked(when: Mapping[str, Any], maker: Maker) -> tuple[tuple[str, Bound, Bound], ...]:
    """Return what a variant asks for: a range, one value, or `null` for rows without one."""
    found: list[tuple[str, Bound, Bound]] = []
    for name, asked in when.items():
        low, high = asked if isinstance(asked, tuple) else (asked, asked)
        if low == high == MISSING:
            found.append((name, None, None))
        else:
            found.append((name, _code(name, low, maker), _code(name, high, maker)))
    return tuple(found)


def _code(name: str, value: Any, maker: Maker) -> Bound:  # noqa: ANN401
    """Return a value as a variant has it: the position of a category's, a number, a text as written."""
    column = maker.column(name, "file")
    if isinstance(value, bool):
        return int(value)
    if column.value_kind is not None:
        return str(value) if isinstance(value, datetime.date) else value
    if not isinstance(value, str):
        return int(value)
    if value not in column.values:
        raise Wrong(f"{quoted(value)!r} is no value of {name}; {meant(value, column.values)}", "file")
    return column.values.index(value)


def product_of(factors: Any) -> float:  # noqa: ANN401
    """Return the product of factors, 1 for none."""
    return math.prod(factors, start=1.0)
