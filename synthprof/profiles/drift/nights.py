"""The schema of a later night: the odds of the first night, with the drifts of the parameters in them.

Odds are fitted to the margins of the schema first, for the first night, and margins are not asked after that:
a drift moves them on purpose. Directions depend on names alone, so every night and every seed drifts the same
way.
"""

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from synthprof.base.errors import SpecError
from synthprof.profiles.alias import Shares
from synthprof.profiles.drift.newcomers import with_newcomer
from synthprof.profiles.drift.sampling import row_shares, value_shares
from synthprof.profiles.drift.tilts import distance_of, parted, ranked, tilted
from synthprof.profiles.margins import raked
from synthprof.profiles.odds import axes_of, blended, joint_factors, normalised, weights_of
from synthprof.profiles.raking import refitted, weighted, with_draw
from synthprof.profiles.separation import weight_of
from synthprof.schemas.draws import Chance, Choice, Lookup, Number, Shift, YearsSince
from synthprof.schemas.schema import Column, Schema
from synthprof.spec.drift import Drift

Single = Choice | Chance | Number
"""Draws of one value by odds, which a drift can tilt."""

Drifts = tuple[tuple[Drift, float], ...]
"""Drifts with their strengths in a night."""


@dataclass(frozen=True)
class Drifted:
    """A drift as a schema has it: its column ("" for none) and the column that decides about a concept."""

    drift: Drift
    strength: float
    column: str = ""
    given: str = ""


@dataclass(frozen=True)
class Night:
    """The schema of a night, that of the first night to compare it with, and the drifts between them."""

    schema: Schema
    first: Schema
    drifts: tuple[Drifted, ...]


def drifted(schema: Schema, separation: float, drifts: Drifts, whole: Schema | None = None) -> Schema:
    """Return the schema that a night is drawn by; the schema itself where nothing has drifted yet.

    whole: the schema with all child tables, by which it chooses columns, so that the tables that are made
    change no row of the profiles. Raises SpecError for a column that cannot drift so.
    """
    return night_of(schema, separation, drifts, whole).schema


@functools.lru_cache(maxsize=8)
def night_of(schema: Schema, separation: float, drifts: Drifts, whole: Schema | None = None) -> Night:
    """Return the schema of a night beside that of the first one. Raises as `drifted`."""
    first = replace(raked(schema, weight_of(separation)), margins=())
    found, named = first, []
    for drift, strength in drifts:
        at = _named(first, drift, strength, whole or schema)
        named.append(at)
        if strength:
            found = _APPLY[drift.kind](found, at, separation)
    if found is first:
        return Night(schema, schema, tuple(named))
    return Night(_with_declared(found, schema), first, tuple(named))


def _with_declared(found: Schema, schema: Schema) -> Schema:
    """Return a schema whose columns remember how they are declared."""

    def remembered(column: Column) -> Column:
        declared = schema.column(column.name).draw
        return column if column.draw == declared else replace(column, declared=declared)

    return replace(
        found,
        columns=tuple(map(remembered, found.columns)),
        hidden=tuple(map(remembered, found.hidden)),
    )


# --- what drifts -----------------------------------------------------------------------------------------


def _named(schema: Schema, drift: Drift, strength: float, whole: Schema) -> Drifted:
    """Return a drift with its column: the one that it names, or the first that can drift so."""
    if drift.kind == "prior" and len(schema.archetypes) < 2:
        raise SpecError(
            f"drift=prior moves the shares of archetypes; schema {schema.name} has no two of them"
        )
    if drift.kind in ("prior", "rotation"):
        return Drifted(drift, strength)
    names = [drift.column] if drift.column else [column.name for column in schema.columns]
    of = whole if drift.kind == "new_category" and not drift.column else schema
    fitting = [name for name in names if _can(of, drift, name)]
    if drift.kind == "covariate" and not drift.column:  # a number rises, which most tests look for
        fitting.sort(key=lambda name: not isinstance(schema.column(name).draw, Number))
    if not fitting and drift.kind == "new_category" and isinstance(schema.stored(names[0]).draw, Choice):
        try:
            with_newcomer(schema, schema.stored(names[0]), 0, 0.5)
        except SpecError as error:
            raise SpecError(f"drift={drift}: {error.fact}; {_there(schema, drift)}") from None
    if not fitting:
        raise SpecError(f"drift={drift} {_WANTED[drift.kind]}; {_there(schema, drift)}")
    given = _given(schema, fitting[0]) if drift.kind == "concept" else ""
    return Drifted(drift, strength, fitting[0], given)


_WANTED = {
    "covariate": "tilts the odds of a column of the table that is drawn as choice, chance or number",
    "concept": "changes how a choice, chance or number depends on another category or number of the table",
    "new_category": "adds a value to a choice of the table on which only odds depend",
}


def _there(schema: Schema, drift: Drift) -> str:
    fitting = [column.name for column in schema.columns if _can(schema, drift, column.name)]
    return f"name one of {', '.join(fitting)}" if fitting else f"schema {schema.name} has no such column"


def _can(schema: Schema, drift: Drift, name: str) -> bool:
    column = schema.stored(name)
    if not isinstance(column.draw, Single):
        return False
    if drift.kind == "concept":
        return bool(_given(schema, name))
    if drift.kind == "covariate":
        return bool(drift.column) or not column.given
    try:
        return isinstance(column.draw, Choice) and bool(with_newcomer(schema, column, 0, 0.5))
    except SpecError:
        return False


def _given(schema: Schema, name: str) -> str:
    """Return the first column of the table, with codes of its own, that a column's odds depend on."""
    coded = (Choice, Chance, Number, Lookup, YearsSince)
    shifts = getattr(schema.column(name).draw, "shifts", ())
    found = (each.column for each in shifts if len(each.factors) > 1 and each.column in schema.by_name)
    return next((of for of in found if isinstance(schema.column(of).draw, coded)), "")


# --- the kinds -------------------------------------------------------------------------------------------


def _prior(schema: Schema, at: Drifted, _separation: float) -> Schema:
    """Move the shares of archetypes; what each of them does stays."""
    shares = normalised([archetype.share for archetype in schema.archetypes])
    names = [archetype.name for archetype in schema.archetypes]
    after = normalised(shares * tilted(shares, ranked(names, "prior"), distance_of(at.strength)))
    archetypes = zip(schema.archetypes, after.tolist(), strict=True)
    return replace(schema, archetypes=tuple(replace(each, share=share) for each, share in archetypes))


def _covariate(schema: Schema, at: Drifted, separation: float) -> Schema:
    """Tilt the odds of a column; the odds of all others, given it, stay."""
    column, draw = _single(schema, at.column)
    axes = axes_of(schema, column)
    given = [axis for axis in axes if axis.column is not None]
    rows = row_shares(schema, axes, separation)[..., None]
    weights = np.array(weights_of(column))

    def after(factors: Shares) -> Shares:
        common = joint_factors(given, (weights * factors).tolist())
        odds = blended(schema, column, axes, common, weight_of(separation))
        found: Shares = np.add.reduce((rows * odds).reshape(-1, odds.shape[-1]), axis=0)
        return found

    shares = after(np.ones_like(weights))
    line = _line(column, shares, "covariate")
    return with_draw(schema, column, weighted(draw, tilted(shares, line, distance_of(at.strength), after)))


def _concept(schema: Schema, at: Drifted, separation: float) -> Schema:
    """Tilt the odds of a column to one side for some values of another one, to the other side for the rest.

    The shares of the column as a whole are fitted to what they were.
    """
    column, draw = _single(schema, at.column)
    shares = value_shares(schema, at.column, separation)
    places = _line(column, shares, "concept")
    place = next(place for place, each in enumerate(draw.shifts) if each.column == at.given)
    shift = draw.shifts[place]
    halves, upper = upper_half(schema, shift, separation)
    up, down = parted(shares, places, upper, distance_of(at.strength))
    rows = tuple(
        tuple((np.array(row) * (up if rises else down)).tolist())
        for row, rises in zip(shift.factors, halves, strict=True)
    )
    shifts = (*draw.shifts[:place], replace(shift, factors=rows), *draw.shifts[place + 1 :])
    found = with_draw(schema, column, replace(draw, shifts=shifts))
    column = found.column(at.column)
    wanted = row_shares(found, axes_of(found, column), separation)
    return refitted(found, column, shares, wanted, weight_of(separation))


def _new_category(schema: Schema, at: Drifted, separation: float) -> Schema:
    """Give part of the rows with the most frequent value of a column a value that was never there."""
    of = int(np.argmax(value_shares(schema, at.column, separation)))
    return with_newcomer(schema, schema.column(at.column), of, distance_of(at.strength))


def _rotation(schema: Schema, _at: Drifted, _separation: float) -> Schema:
    """Leave the rows as they are: only their embeddings turn."""
    return schema


_APPLY = {
    "prior": _prior,
    "covariate": _covariate,
    "concept": _concept,
    "new_category": _new_category,
    "rotation": _rotation,
}


def _single(schema: Schema, name: str) -> tuple[Column, Single]:
    column = schema.column(name)
    assert isinstance(column.draw, Single)
    return column, column.draw


def _line(column: Column, shares: Shares, purpose: str) -> Shares:
    """Return the places of a column's values from -1 to 1: numbers in their order, others by a hash."""
    if not isinstance(column.draw, Number):
        return ranked(column.values, f"{purpose}\x1f{column.name}")
    there = np.flatnonzero(shares > 0)
    line: Shares = np.interp(np.arange(len(shares)), [there[0], max(there[-1], there[0] + 1)], [-1.0, 1.0])
    return line


def upper_half(schema: Schema, shift: Shift, separation: float) -> tuple[list[bool], float]:
    """Return for each row of a shift whether it is of the upper half of the data, and the share of that.

    Numbers are divided where half of them are below, categories by a hash.
    """
    shares = _shares_by_row(schema, shift, separation)
    order = np.arange(len(shares))
    if not shift.edges:
        order = np.argsort(ranked([str(place) for place in order], f"concept\x1f{shift.column}"))
    below = np.cumsum(shares[order])
    # the row that the middle lies in counts by its own middle; neither half is without rows
    first = int(np.clip((below - shares[order] / 2 <= 0.5).sum(), 1, len(shares) - 1))
    upper = np.zeros(len(shares), dtype=np.bool_)
    upper[order[first:]] = True
    return upper.tolist(), math.fsum(shares[upper].tolist())


def _shares_by_row(schema: Schema, shift: Shift, separation: float) -> Shares:
    """Return the share of the data in each row of a shift, (rows,)."""
    column = schema.column(shift.column)
    if isinstance(column.draw, Lookup):
        of = value_shares(schema, column.draw.column, separation)
        shares = np.bincount(column.draw.codes, of, len(column.values)).astype(np.float64)
    else:
        shares = value_shares(schema, shift.column, separation)
    if not shift.edges:
        return shares
    low = column.span[0]
    bands = np.searchsorted(np.array(shift.edges), np.arange(low, low + len(shares)), side="right") - 1
    return np.bincount(np.maximum(bands, 0), shares, len(shift.edges)).astype(np.float64)
