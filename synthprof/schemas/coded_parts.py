"""Parts of draws of codes as a schema's file says them: factors, weights, values of files."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from synthprof.schemas.draw_kinds.parameters import edges_of
from synthprof.schemas.draws import Shift
from synthprof.schemas.files import Row, Rows
from synthprof.schemas.format import coded, phrases
from synthprof.schemas.mistakes import Wrong, meant, quoted
from synthprof.schemas.rules import ITEM_SEPARATOR
from synthprof.schemas.schema import Column

_WEIGHT = re.compile(r"\+?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,2})?", re.ASCII)

ANY_OTHER = "*"
"""The key of the factor for all values that are not named."""


Pairs = tuple[tuple[int, tuple[int, ...]], ...]
"""For places of values, those of others."""


class Files(Protocol):
    """The files of values beside a schema's file."""

    def rows(self, file: str, *path: str) -> Rows:
        """Return the rows of a file that the key at `path` names."""


class Maker(Files, Protocol):
    """The things that draws need beside their own keys: files, and the columns that they depend on."""

    def phrases(self, file: str) -> phrases.Phrases:
        """Return the sentences of a file."""

    def column(self, name: str, *path: str) -> Column:
        """Return another column, which the key at `path` names."""


def shifts(
    given: Mapping[str, Mapping[str, Any]], values: Sequence[str], maker: Maker, key: str = "given"
) -> tuple[Shift, ...]:
    """Return the factors on odds of `values` that other columns have. key: the key that says them."""
    return tuple(_shift(column, odds, values, maker, key) for column, odds in given.items())


def factors_of(odds: Mapping[str, Any], values: Sequence[str], files: Files, *path: str) -> tuple[float, ...]:
    """Return one factor per value: its own, else that of `*`, else 1. Raises Wrong for unknown values.

    `"16-24" = 2` applies to the numbers 16 to 24. `"games.csv/genre" = { RPG = 9 }` applies to the values
    whose row in that file has RPG in the column `genre`. A factor for the value itself multiplies these.
    """
    spread = _spread(odds, values, files, path)
    known = {*values, ANY_OTHER}
    for key in spread:
        if key not in known:
            raise Wrong(f"unknown value {quoted(key)!r}; {meant(key, values)}", *path, key)
    other = float(spread.get(ANY_OTHER, 1))
    return tuple(float(spread.get(value, other)) for value in values)


def _spread(
    factors: Mapping[str, Any], values: Sequence[str], files: Files, path: tuple[str, ...]
) -> Mapping[str, float]:
    """Return factors per value, from factors for values, ranges of numbers and groups of values."""
    found: dict[str, float] = {}
    for key, factor in factors.items():
        if isinstance(factor, Mapping):
            found |= _by_group(key, factor, files, path)
    numbered = values[0].isdecimal() if values else False
    for key, factor in factors.items():
        if isinstance(factor, Mapping):
            continue
        span = re.fullmatch(r"(\d{1,5})-(\d{1,5})", key, re.ASCII) if numbered else None
        if span:
            found |= {str(number): float(factor) for number in range(int(span[1]), int(span[2]) + 1)}
        else:
            found[key] = factor * found.get(key, 1.0)
    return found


def _by_group(
    key: str, factors: Mapping[str, float], files: Files, path: tuple[str, ...]
) -> dict[str, float]:
    file, _, by = key.rpartition("/")
    rows = files.rows(file, *path, key)
    if by not in rows[0]:
        raise Wrong(f"{quoted(by)!r} is no column of {file}; {meant(by, list(rows[0]))}", *path, key)
    groups = list(dict.fromkeys(row[by] for row in rows))
    for group in factors:
        if group not in groups:
            raise Wrong(f"unknown value {quoted(group)!r}; {meant(group, groups)}", *path, key, group)
    first = next(iter(rows[0]))
    return {row[first]: factors[row[by]] for row in rows if row[by] in factors}


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
    if not _WEIGHT.fullmatch(text) or float(text) > 1e15:
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


def reachable_from(draw: coded.Subset, values: Sequence[str], maker: Maker) -> tuple[tuple[int, ...], ...]:
    """Return for each item of another list the places of the values that it allows."""
    if draw.through is None:
        return ()
    through = maker.column(draw.through, "through")
    if draw.offers is not None:
        return _offered(draw, draw.offers, through, values, maker)
    rows = maker.rows(draw.file or "", "file")
    by = header_in(rows, draw.by, "by")
    allowed = [set(row[by].split(ITEM_SEPARATOR)) for row in rows]
    return tuple(
        tuple(position for position, items in enumerate(allowed) if item in items) for item in through.values
    )


def _offered(
    draw: coded.Subset, file: str, through: Column, values: Sequence[str], maker: Maker
) -> tuple[tuple[int, ...], ...]:
    rows = maker.rows(file, "offers")
    by, first = header_in(rows, draw.by, "by"), next(iter(rows[0]))
    places = {value: place for place, value in enumerate(values)}
    found = {}
    for row in rows:
        cells = [cell for cell in row[by].split(ITEM_SEPARATOR) if cell]
        if unknown := [cell for cell in cells if cell not in places]:
            raise Wrong(
                f"{file}:{row.line}: {by}={quoted(unknown[0])!r} is none of the values; "
                f"{meant(unknown[0], values)}",
                "offers",
            )
        found[row[first]] = tuple(sorted(places[cell] for cell in cells))
    if lacking := [item for item in through.values if item not in found]:
        raise Wrong(f"{file} has no row for {quoted(lacking[0])!r} of {through.name}; add it", "offers")
    return tuple(found[item] for item in through.values)


def pairs_of(pairs: Mapping[str, Sequence[str]], values: Sequence[str], key: str) -> Pairs:
    """Return what each value requires or excludes, by places. Raises Wrong for unknown values."""
    for one, others in pairs.items():
        if unknown := [each for each in (one, *others) if each not in values]:
            raise Wrong(f"unknown value {quoted(unknown[0])!r}; {meant(unknown[0], values)}", key, one)
    return tuple((values.index(one), tuple(map(values.index, others))) for one, others in pairs.items())


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
        rows = [factors_of(odds.get(each, {}), values, maker, by, column, each) for each in given.values]
        return Shift(column, (), tuple(rows))
    if given.kind == "bool":
        factors_of({key: 1 for key in odds}, ("false", "true"), maker, by, column)
        odds = {"0": odds.get("false", {}), "1": odds.get("true", {})}
    try:
        edges = edges_of(odds, f"bands of {column}")
    except ValueError as error:
        raise Wrong(str(error), by, column) from None
    lows = tuple(int(low) if low % 1 == 0 else low for low in edges)
    return Shift(column, lows, tuple(factors_of(odds[key], values, maker, by, column, key) for key in odds))


def product_of(factors: Any) -> float:  # noqa: ANN401
    """Return the product of factors, 1 for none."""
    return math.prod(factors, start=1.0)
