"""Draws of codes as a schema's file has them, made into the values that they are drawn from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from synthprof.schemas.coded_parts import (
    Maker,
    header_in,
    heaviest,
    number_in,
    pairs_of,
    product_of,
    reachable_from,
    shifts,
    value_and_weights,
    weighted,
    weights_of_groups,
    whole_in,
)
from synthprof.schemas.coded_prose import prose
from synthprof.schemas.draws import (
    Chance,
    Choice,
    Draw,
    FullName,
    Lookup,
    Number,
    Subset,
    Summary,
    YearsSince,
)
from synthprof.schemas.files import Rows
from synthprof.schemas.format import coded
from synthprof.schemas.mistakes import Wrong, meant, quoted
from synthprof.schemas.rules import ITEM_SEPARATOR
from synthprof.schemas.schema import FLAG_VALUES


def choice(draw: coded.Choice, maker: Maker) -> Draw:
    """Return one of several values; where they have groups, each group has its own weight first."""
    if draw.groups is None or draw.group is None or draw.file is None:
        values, weights = weighted(draw, maker)
        return Choice(values, weights, shifts(draw.given, values, maker))
    rows = maker.rows(draw.file, "file")
    value, weight = (
        header_in(rows, draw.values, "values"),
        header_in(rows, draw.weights or "weight", "weights"),
    )
    kept = heaviest(rows, value, weight, draw.file)
    of_group = weights_of_groups(draw, weight, maker)
    totals = dict.fromkeys(of_group, 0.0)
    group = header_in(rows, draw.group, "group")
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
    first = header_in(rows, draw.values, "values")
    factors = (
        [header_in(rows, draw.weights, "weights")] if draw.weights else [n for n in rows[0] if n != first]
    )
    lows = [whole_in(row, first, draw.file) for row in rows]
    for row, low, before in zip(rows[1:], lows[1:], lows, strict=False):
        if low != before + 1:
            raise Wrong(
                f"{draw.file}:{row.line}: {first}={low} follows {before}; each row has the next number",
                "file",
            )
    weights = tuple(product_of(number_in(row, name, draw.file) for name in factors) for row in rows)
    values = tuple(map(str, lows))
    return Number(lows[0], weights, draw.bands, shifts(draw.given, values, maker))


def years(draw: coded.Years, maker: Maker) -> Draw:
    """Return years since a number of another column."""
    maker.column(draw.of, "of")
    numbers = tuple(map(str, range(draw.most + 1)))
    given = shifts(draw.given, numbers, maker)
    return YearsSince(draw.of, draw.start, draw.most, draw.rise, draw.fall, _starts(draw, maker), given)


def _starts(draw: coded.Years, maker: Maker) -> tuple[float, ...]:
    """Return the weight of each number at which years may begin, from `start` on."""
    if draw.starts is None:
        return ()
    rows = maker.rows(draw.starts, "starts")
    number, weight = next(iter(rows[0])), [*rows[0]][-1]
    for place, row in enumerate(rows, start=draw.start):
        if whole_in(row, number, draw.starts) != place:
            raise Wrong(
                f"{draw.starts}:{row.line}: {number}={quoted(row[number])!r} stands where {place} belongs; "
                f"begin with start={draw.start} and give each next number a row",
                "starts",
            )
    return tuple(number_in(row, weight, draw.starts) for row in rows)


def lookup(draw: coded.Lookup, maker: Maker) -> Draw:
    """Return the value that follows from another column."""
    rows = maker.rows(draw.file, "file")
    by, value = header_in(rows, draw.by, "by"), header_in(rows, draw.values, "values")
    if draw.weights:
        rows = heaviest(rows, by, header_in(rows, draw.weights, "weights"), draw.file)
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
    values, plain = weighted(draw, maker)
    weights = tuple(product_of([weight] * draw.power) for weight in plain)
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
        reachable_from(draw, values, maker),
        shifts(draw.sizes_given, tuple(map(str, range(1, len(draw.sizes) + 1))), maker, "sizes_given"),
        pairs_of(draw.requires, values, "requires"),
        pairs_of(draw.excludes, values, "excludes"),
    )


def summary(draw: coded.Summary, maker: Maker) -> Draw:
    """Return what the items of a list have together."""
    of = maker.column(draw.of, "of")
    if not isinstance(of.draw, Subset):
        raise Wrong(f'of={draw.of!r} is no list of known values; name a column with draw = "subset"', "of")
    cells = {item: item for item in of.values}
    if draw.file is not None:
        rows = maker.rows(draw.file, "file")
        by, values = header_in(rows, draw.by, "by"), header_in(rows, draw.values, "values")
        cells = {row[by]: row[values] for row in rows}
        if draw.take in ("least", "most"):
            cells = {row[by]: str(whole_in(row, values, draw.file)) for row in rows}
        if lacking := [item for item in of.values if item not in cells]:
            raise Wrong(f"{draw.file} has no row for {quoted(lacking[0])!r} of {draw.of}; add it", "file")
    return _summary(draw, [cells[item] for item in of.values], len(of.draw.sizes))


def _summary(draw: coded.Summary, cells: Sequence[str], most: int) -> Summary:
    """Return a summary of items with those cells."""
    if draw.take in ("least", "most"):
        take: Literal["largest", "smallest"] = "largest" if draw.take == "most" else "smallest"
        return Summary(draw.of, take, tuple(map(int, cells)), most)
    had = [set(cell.split(ITEM_SEPARATOR)) for cell in cells]
    for level in draw.levels:
        if not any(level in each for each in had):
            known = sorted(set().union(*had))
            raise Wrong(f"{quoted(level)!r} is what no item has; {meant(level, known)}", "levels")
    ranked = dict(enumerate(draw.levels, start=1))
    levels = tuple(max((at for at, level in ranked.items() if level in each), default=0) for each in had)
    if draw.take == "count":
        return Summary(draw.of, "sum", tuple(min(level, 1) for level in levels), most)
    values = (draw.none, *draw.levels)
    return Summary(draw.of, "largest" if draw.take == "any" else "smallest", levels, most, values)


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
    first, of_sex = header_in(rows, draw.first, "first"), header_in(rows, draw.of_sex, "of_sex")
    groups = [[row for row in rows if row[of_sex] == sex] for sex in sexes]
    if empty := [sex for sex, group in zip(sexes, groups, strict=True) if not group]:
        raise Wrong(f"{draw.firsts} has no name where {of_sex} is {quoted(empty[0])!r}; add some", "firsts")
    last, weights = value_and_weights(lasts, draw.last, draw.weights, draw.lasts, "last")
    particles, shares = _particles(draw, lasts)
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
        shifts=shifts(draw.given, last, maker),
        particles=particles,
        particle_shares=shares,
        between=tuple(draw.between),
        between_shares=tuple(draw.between.values()),
        suffix=_suffix(draw.suffix, maker) if draw.suffix else None,
    )


def _particles(draw: coded.Name, lasts: Rows) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return the word before each last name and how likely it is; both empty where there are none."""
    if draw.particle is None or draw.particle_share is None:
        return (), ()
    word, share = (
        header_in(lasts, draw.particle, "particle"),
        header_in(lasts, draw.particle_share, "particle_share"),
    )
    found = tuple(number_in(row, share, draw.lasts) if row[word] else 0.0 for row in lasts)
    if wrong := [row for row, each in zip(lasts, found, strict=True) if each > 1]:
        raise Wrong(
            f"{draw.lasts}:{wrong[0].line}: {share}={wrong[0][share]} is no share; write 0 to 1",
            "particle_share",
        )
    return tuple(row[word] for row in lasts), found


def _suffix(suffix: coded.Suffix, maker: Maker) -> Choice:
    values = tuple(suffix.odds)
    return Choice(values, tuple(suffix.odds.values()), shifts(suffix.given, values, maker, "suffix"))


MAKERS: Mapping[type, Callable[[Any, Maker], Draw]] = {
    coded.Choice: choice,
    coded.Chance: chance,
    coded.Number: number,
    coded.Years: years,
    coded.Lookup: lookup,
    coded.Subset: subset,
    coded.Summary: summary,
    coded.Name: name,
    coded.Prose: prose,
}
"""The way to make each draw of codes of its part of the file."""
