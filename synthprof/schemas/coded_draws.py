"""What a schema's file says of draws of codes, made into the values that they are drawn from."""

import datetime
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from synthprof.schemas.draw_kinds.parameters import edges_of
from synthprof.schemas.draws import (
    Bound,
    Chance,
    Choice,
    Draw,
    Forms,
    FullName,
    Lookup,
    Number,
    Prose,
    Shift,
    Slot,
    Subset,
    Variant,
    YearsSince,
)
from synthprof.schemas.files import Row, Rows
from synthprof.schemas.format import coded
from synthprof.schemas.mistakes import Wrong, meant, quoted
from synthprof.schemas.nulls import MISSING
from synthprof.schemas.schema import FLAG_VALUES, Column

ANY_OTHER = "*"
"""The key of the factor for all values that are not named."""

ITEM_SEPARATOR = ";"
"""What parts several values in a cell of a file."""


class Maker(Protocol):
    """What the draws need beside their own keys: files, and the columns that they depend on."""

    def rows(self, file: str, *path: str) -> Rows:
        """Return the rows of a file that the key at `path` names."""

    def phrases(self, file: str) -> coded.Phrases:
        """Return the sentences of a file."""

    def column(self, name: str, *path: str) -> Column:
        """Return another column, which the key at `path` names."""


def choice(draw: coded.Choice, maker: Maker) -> Draw:
    """Return one of several values; where they have groups, each group has its own weight first."""
    if draw.groups is None or draw.group is None or draw.file is None:
        values, weights = _weighted(draw, maker)
        return Choice(values, weights, shifts(draw.given, values, maker))
    rows = maker.rows(draw.file, "file")
    value, weight = _header(rows, draw.values, "values"), _header(rows, draw.weights or "weight", "weights")
    kept = heaviest(rows, value, weight, draw.file)
    of_group = _weights_of_groups(draw, weight, maker)
    totals = dict.fromkeys(of_group, 0.0)
    group = _header(rows, draw.group, "group")
    for row in kept:
        if row[group] not in totals:
            raise Wrong(
                f"{draw.file}:{row.line}: {group}={quoted(row[group])!r} is no row of {draw.groups}; add it",
                "groups",
            )
        totals[row[group]] += number_in(row, weight, draw.file)
    if empty := [name for name, total in totals.items() if not total]:
        raise Wrong(f"{quoted(empty[0])!r} of {draw.groups} has no value in {draw.file}; add one", "groups")
    weights = tuple(
        of_group[row[group]] * number_in(row, weight, draw.file) / totals[row[group]] for row in kept
    )
    values = tuple(row[value] for row in kept)
    return Choice(values, weights, shifts(draw.given, values, maker))


def chance(draw: coded.Chance, maker: Maker) -> Draw:
    """Return 1 or 0."""
    return Chance(draw.share, shifts(draw.given, FLAG_VALUES, maker))


def number(draw: coded.Number, maker: Maker) -> Draw:
    """Return a whole number by the rows of a table."""
    rows = maker.rows(draw.file, "file")
    first = _header(rows, draw.values, "values")
    factors = [_header(rows, draw.weights, "weights")] if draw.weights else [n for n in rows[0] if n != first]
    lows = [_whole(row, first, draw.file) for row in rows]
    for row, low, before in zip(rows[1:], lows[1:], lows, strict=False):
        if low != before + 1:
            raise Wrong(
                f"{draw.file}:{row.line}: {first}={low} follows {before}; each row has the next number",
                "file",
            )
    weights = tuple(_product(number_in(row, name, draw.file) for name in factors) for row in rows)
    values = tuple(map(str, lows))
    return Number(lows[0], weights, draw.bands, shifts(draw.given, values, maker))


def years(draw: coded.Years, maker: Maker) -> Draw:
    """Return years since a number of another column."""
    maker.column(draw.of, "of")
    return YearsSince(draw.of, draw.start, draw.most, draw.rise, draw.fall)


def lookup(draw: coded.Lookup, maker: Maker) -> Draw:
    """Return the value that follows from another column."""
    rows = maker.rows(draw.file, "file")
    by, value = _header(rows, draw.by, "by"), _header(rows, draw.values, "values")
    if draw.weights:
        rows = heaviest(rows, by, _header(rows, draw.weights, "weights"), draw.file)
    found = {row[by]: row[value] for row in rows}
    of = maker.column(draw.of, "of")
    if not of.values:
        raise Wrong(f"of={draw.of!r} has no values to look up; name a category", "of")
    if missing := [each for each in of.values if each not in found]:
        raise Wrong(f"{draw.file} has no row for {quoted(missing[0])!r} of {draw.of}; add it", "file")
    values = tuple(dict.fromkeys(found.values()))
    if draw.order:
        ordered = maker.rows(draw.order, "order")
        head = value if value in ordered[0] else next(iter(ordered[0]))
        values = tuple(dict.fromkeys(row[head] for row in ordered))
    positions = {each: position for position, each in enumerate(values)}
    if lacking := [found[each] for each in of.values if found[each] not in positions]:
        raise Wrong(f"{draw.order} has no row for {quoted(lacking[0])!r}; add it", "order")
    return Lookup(of.name, values, tuple(positions[found[each]] for each in of.values))


def subset(draw: coded.Subset, maker: Maker) -> Draw:
    """Return several different values."""
    values, weights = _weighted(draw, maker)
    if draw.first is not None and draw.first not in values:
        raise Wrong(
            f"first={quoted(draw.first)!r} is none of its values; {meant(draw.first, values)}", "first"
        )
    if len(draw.sizes) > len(values):
        raise Wrong(
            f"sizes has {len(draw.sizes)} weights for {len(values)} values; give at most one each", "sizes"
        )
    return Subset(
        values,
        weights,
        draw.sizes,
        shifts(draw.given, values, maker),
        draw.first,
        draw.through,
        _reachable(draw, maker),
    )


def name(draw: coded.Name, maker: Maker) -> Draw:
    """Return first and last names."""
    rows, lasts = maker.rows(draw.firsts, "firsts"), maker.rows(draw.lasts, "lasts")
    sexes = maker.column(draw.sex, "sex").values
    if draw.masculine not in sexes:
        raise Wrong(
            f"masculine={quoted(draw.masculine)!r} is no value of {draw.sex}; {meant(draw.masculine, sexes)}",
            "masculine",
        )
    maker.column(draw.age, "age")
    decades = tuple(int(key) for key in rows[0] if key.isdecimal())
    if not decades:
        raise Wrong(f"{draw.firsts} has no column of a decade; head one by its first year, as 1990", "firsts")
    first, of_sex = _header(rows, draw.first, "first"), _header(rows, draw.of_sex, "of_sex")
    groups = [[row for row in rows if row[of_sex] == sex] for sex in sexes]
    if empty := [sex for sex, group in zip(sexes, groups, strict=True) if not group]:
        raise Wrong(f"{draw.firsts} has no name where {of_sex} is {quoted(empty[0])!r}; add some", "firsts")
    last, weights = _value_and_weights(lasts, draw.last, draw.weights, draw.lasts, "last")
    return FullName(
        sex=draw.sex,
        masculine=draw.masculine,
        age=draw.age,
        year=draw.year,
        decades=decades,
        firsts=tuple(tuple(row[first] for row in group) for group in groups),
        weights=tuple(
            tuple(tuple(number_in(row, str(decade), draw.firsts) for decade in decades) for row in group)
            for group in groups
        ),
        lasts=last,
        last_weights=weights,
        two_lasts=draw.two_lasts,
        locale=draw.locale,
    )


def prose(draw: coded.Prose, maker: Maker) -> Draw:
    """Return sentences that tell of other columns."""
    slots = tuple(_slot(each, maker) for each in maker.phrases(draw.file).slot)
    forms = Forms(draw.forms.of, draw.forms.values) if draw.forms else None
    first_name = draw.first_name if draw.of else ""
    found = Prose(slots, draw.sex or "", draw.masculine or "", draw.of or "", first_name, forms)
    if draw.sex and draw.masculine not in (sexes := maker.column(draw.sex, "sex").values):
        raise Wrong(
            f"masculine={quoted(draw.masculine)!r} is no value of {draw.sex}; {meant(draw.masculine, sexes)}",
            "masculine",
        )
    if draw.of and not isinstance(maker.column(draw.of, "of").draw, FullName):
        raise Wrong(f'of={draw.of!r} is no name of a person; name a column with draw = "name"', "of")
    for column in found.columns:
        maker.column(column, "file")
    return found


MAKERS: Mapping[type, Callable[[Any, Maker], Draw]] = {
    coded.Choice: choice,
    coded.Chance: chance,
    coded.Number: number,
    coded.Years: years,
    coded.Lookup: lookup,
    coded.Subset: subset,
    coded.Name: name,
    coded.Prose: prose,
}
"""How each draw of codes is made of what a file says of it."""


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


def _whole(row: Row, header: str, file: str) -> int:
    if not re.fullmatch(r"\d{1,9}", row[header].strip(), re.ASCII):
        raise Wrong(
            f"{file}:{row.line}: {header}={quoted(row[header])!r} is no whole number from 0 on; correct it",
            "file",
        )
    return int(row[header])


def _header(rows: Rows, named: str | None, key: str) -> str:
    """Return a column of a file: the named one, or the first. Raises Wrong if there is no such column."""
    if named is None:
        return next(iter(rows[0]))
    if named not in rows[0]:
        raise Wrong(f"{key}={quoted(named)!r} is no column of the file; {meant(named, list(rows[0]))}", key)
    return named


def _weighted(draw: coded.Choice | coded.Subset, maker: Maker) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return values and weights, from the column itself or from a file."""
    if draw.odds is not None:
        return tuple(draw.odds), tuple(draw.odds.values())
    file = draw.file or ""
    return _value_and_weights(maker.rows(file, "file"), draw.values, draw.weights, file, "values")


def _value_and_weights(
    rows: Rows, value: str | None, weight: str | None, file: str, key: str
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    head = _header(rows, value, key)
    weights = _header(rows, weight, "weights") if weight or "weight" not in rows[0] else "weight"
    values: dict[str, float] = {}
    for row in rows:
        if row[head] in values:
            raise Wrong(f"{file}:{row.line}: {quoted(row[head])!r} stands in two rows; remove one", "file")
        values[row[head]] = number_in(row, weights, file) if weight or "weight" in row else 1.0
    return tuple(values), tuple(values.values())


def _weights_of_groups(draw: coded.Choice, weight: str, maker: Maker) -> dict[str, float]:
    rows = maker.rows(draw.groups or "", "groups")
    head, weights = (
        _header(rows, draw.group, "group"),
        _header(rows, draw.group_weights or weight, "group_weights"),
    )
    return {row[head]: number_in(row, weights, draw.groups or "") for row in rows}


def _reachable(draw: coded.Subset, maker: Maker) -> tuple[tuple[int, ...], ...]:
    if draw.through is None or draw.file is None:
        return ()
    rows = maker.rows(draw.file, "file")
    by, through = _header(rows, draw.by, "by"), maker.column(draw.through, "through")
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


def _slot(sentence: coded.Sentence, maker: Maker) -> Slot:
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


def _product(factors: Any) -> float:  # noqa: ANN401
    return math.prod(factors, start=1.0)
