"""Checks of a schema: that its columns, odds, nulls, features and tables fit together."""

import math
import re
from collections.abc import Iterator

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import (
    Chance,
    Choice,
    FullName,
    Given,
    Lookup,
    Number,
    Prose,
    Shift,
    Subset,
    YearsSince,
    shifts_of,
)
from synthprof.schemas.features import MAX_POSITIONS, Frequency, fits
from synthprof.schemas.nulls import check_keys
from synthprof.schemas.prose_checks import check_prose
from synthprof.schemas.schema import Column, Schema, deciding
from synthprof.schemas.tables import check_table

BANDED = ("integer", "float", "bool")
"""Kinds of drawn columns that have bands of numbers; of a boolean they are 0 and 1."""

NUMBERS = range(-(2**31), 2**31)
"""Numbers that can be drawn from a table of odds: they are 32-bit integers at most in a block."""

MAX_VALUES = 1_000_000
"""Values of a column with a table of odds; each has a share exact to 2**-32 of all."""


def check_schema(schema: Schema) -> None:
    """Raise SpecError, naming value, rule and remedy, where parts of a schema do not fit together."""
    names = [column.name for column in (*schema.columns, *schema.hidden)]
    if len(set(names)) != len(names):
        raise SpecError(
            f"schema {schema.name} declares a column twice: {', '.join(names)}; names must differ"
        )
    if faulty := [archetype.name for archetype in schema.archetypes if not archetype.share > 0]:
        raise SpecError(f"schema {schema.name}: archetype {faulty[0]} needs a share above 0; give it one")
    schema.drawing_order  # noqa: B018  raises SpecError on an unknown column or a circle
    _check_correlations(schema)
    for name in {name for archetype in schema.archetypes for name, _ in archetype.odds}:
        schema.column(name)
    for column in (column for column in schema.drawn_by_name.values() if not column.inherited):
        _check_column(schema, column)
    for name in _needed_numbers(schema):
        schema.column(name).span  # noqa: B018  raises SpecError where there is none
    _check_tables(schema)


def _check_tables(schema: Schema) -> None:
    if len({table.name for table in schema.tables}) != len(schema.tables):
        raise SpecError(f"schema {schema.name} declares a child table twice; names must differ")
    for table in schema.tables:
        check_table(schema, table)


def _check_name(name: str) -> None:
    if not re.fullmatch(r"[^\W\d]\w*", name) or name.casefold() == "id":
        raise SpecError(f"{name!r} cannot be the name of a column: letters, digits and _, not id; rename it")


def _check_column(schema: Schema, column: Column) -> None:
    if not isinstance(column.draw, Given):
        _check_name(column.name)
    _check_numbers(column)
    _check_odds(schema, column)
    _check_nulls(schema, column)
    _check_feature(column)
    if isinstance(column.draw, DrawModel):
        column.draw.check(schema, column)
    if isinstance(column.draw, Prose):
        check_prose(schema, column.name, column.draw)


def _check_nulls(schema: Schema, column: Column) -> None:
    if column.nulls is None:
        return
    if isinstance(column.draw, Given):
        raise SpecError(f"{column.name}: nulls of a column that is not drawn; remove them")
    for of, shares in column.nulls.given.items():
        given = schema.column(of)
        values = given.values if given.kind in ("category", "flag") else ()
        check_keys(column.name, of, tuple(shares), values, given.kind)
    list(deciding(schema, [column.name]))


def _check_correlations(schema: Schema) -> None:
    names = [name for correlation in schema.correlations for name in correlation.columns]
    for name in names:
        column = schema.column(name)
        if not isinstance(column.draw, DrawModel) or not column.draw.by_quantile:
            raise SpecError(
                f"{name} cannot be correlated, as it does not rise with one random number; "
                "correlate numbers from distributions, histograms, counts and booleans"
            )
        if names.count(name) > 1:
            raise SpecError(f"{name} stands in two correlations; put their columns into one matrix")


def _check_numbers(column: Column) -> None:
    bounds = column.bounds if column.kind == "integer" else None
    if bounds and not all(number in NUMBERS for number in bounds):
        low, high = bounds
        raise SpecError(
            f"{column.name}: numbers from {low} to {high} are drawn, but those from {NUMBERS[0]} to "
            f"{NUMBERS[-1]} can be; use another unit, or count from {low}"
        )
    if isinstance(column.draw, Number):
        first, bands = column.draw.low, column.draw.bands
        last = first + len(column.draw.weights) - 1
        if list(bands) != sorted(set(bands)) or bands[:1] != (first,) or bands[-1] > last:
            raise SpecError(
                f"{column.name}: bands={list(bands)} do not divide the numbers from {first} to {last}; "
                f"give the lowest number of each, ascending, the first {first}"
            )


def _check_feature(column: Column) -> None:
    feature, kind = column.feature, column.kind
    if feature is None:
        return
    if not fits(feature, kind) and not (kind == "text" and column.values and fits(feature, "category")):
        raise SpecError(
            f"{column.name} is a {kind}, of which no feature of kind {feature.kind} can be made; "
            "take another kind, or leave the feature out for the default one"
        )
    if isinstance(feature, Frequency) and not isinstance(column.draw, Choice | Chance | Number | Lookup):
        raise SpecError(
            f"{column.name}: its shares are not known beforehand, which the feature frequency needs; "
            "take it for a column that is drawn by odds"
        )
    if len(column.feature_names) > MAX_POSITIONS:
        raise SpecError(
            f"{column.name}: the feature {feature.kind} has {len(column.feature_names)} positions, and "
            f'at most {MAX_POSITIONS} are made; take {{ kind = "hash", size = {MAX_POSITIONS} }}'
        )


def _needed_numbers(schema: Schema) -> Iterator[str]:
    """Yield the columns that a ratio, a draw or a shift needs as numbers."""
    for ratio in schema.derived:
        yield from (ratio.numerator, ratio.denominator)
    for column in (column for column in schema.drawn_by_name.values() if not column.inherited):
        match column.draw:
            case YearsSince(column=of) | FullName(age=of):
                yield of
        for shift in shifts_of(column.draw):
            if shift.edges and schema.column(shift.column).kind not in BANDED:
                yield shift.column


def _check_odds(schema: Schema, column: Column) -> None:
    for what, weights, length in (*_weight_rows(schema, column), *_suffix_rows(schema, column)):
        if len(weights) > MAX_VALUES:
            raise SpecError(
                f"{column.name}: {what} has {len(weights)} numbers, but a table of odds holds {MAX_VALUES}; "
                "leave out the rarest"
            )
        if length is not None and len(weights) != length:
            raise SpecError(
                f"{column.name}: {what} has {len(weights)} numbers for {length} values; give one each"
            )
        if not all(math.isfinite(w) and w >= 0 for w in weights) or not any(weights):
            raise SpecError(
                f"{column.name}: {what} must be finite numbers from 0 on, not all 0; got {weights[:8]}"
            )


def _weight_rows(schema: Schema, column: Column) -> Iterator[tuple[str, tuple[float, ...], int | None]]:
    """Yield each row of weights or factors of a column: its name, its numbers, the required count."""
    own = list(_own_rows(column))
    yield from own
    size = column.draw.most + 1 if isinstance(column.draw, YearsSince) else own[0][2] if own else None
    yield from _factor_rows(schema, column, size)
    if isinstance(column.draw, Subset):
        yield from _size_rows(schema, column, column.draw)


def _own_rows(column: Column) -> Iterator[tuple[str, tuple[float, ...], int | None]]:
    match column.draw:
        case Choice(values=values, weights=weights) | Subset(values=values, weights=weights):
            yield "weights", weights, len(values)
        case Number(weights=weights):
            yield "weights", weights, len(weights)
        case YearsSince(starts=starts) if starts:
            yield "starts", starts, None
        case Chance(share=share):
            yield "share", (share, 1 - share), 2
        case FullName(last_weights=weights):
            yield "weights", weights, len(weights)


def _factor_rows(
    schema: Schema, column: Column, size: int | None
) -> Iterator[tuple[str, tuple[float, ...], int | None]]:
    for shift in getattr(column.draw, "shifts", ()):
        for row in _shift_rows(schema, column, shift):
            yield f"factors given {shift.column}", row, size
    for archetype in schema.archetypes:
        if (factors := archetype.factors(column.name)) is not None:
            yield f"factors of archetype {archetype.name}", factors, size


def _size_rows(
    schema: Schema, column: Column, draw: Subset
) -> Iterator[tuple[str, tuple[float, ...], int | None]]:
    yield "sizes", draw.sizes, None
    for shift in draw.size_shifts:
        for row in _shift_rows(schema, column, shift):
            yield f"factors on sizes given {shift.column}", row, len(draw.sizes)


def _suffix_rows(schema: Schema, column: Column) -> Iterator[tuple[str, tuple[float, ...], int | None]]:
    """Yield the same of what ends a name."""
    suffix = column.draw.suffix if isinstance(column.draw, FullName) else None
    size = len(suffix.values) if suffix else 0
    if suffix:
        yield "suffix.odds", suffix.weights, size
    for shift in suffix.shifts if suffix else ():
        rows = _shift_rows(schema, column, shift)
        yield from ((f"factors on suffixes given {shift.column}", row, size) for row in rows)


def _shift_rows(schema: Schema, column: Column, shift: Shift) -> tuple[tuple[float, ...], ...]:
    wanted = len(shift.edges) or len(schema.column(shift.column).values)
    if not wanted:
        raise SpecError(
            f"{column.name} cannot be given {shift.column}, which is a {schema.column(shift.column).kind}; "
            "give it a category, flag, boolean or number"
        )
    if len(shift.factors) != wanted:
        raise SpecError(
            f"{column.name}: {len(shift.factors)} rows of factors given {shift.column}; "
            f"give one for each of its {wanted} values or bands"
        )
    return shift.factors
