"""Tables that columns are drawn from, made once per process."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.text import LIST_SEPARATOR
from synthprof.profiles.alias import AliasTable, alias_table
from synthprof.profiles.copula import Copula
from synthprof.profiles.fragments import list_fragments
from synthprof.profiles.full_names import NameTables, fragments, name_tables
from synthprof.profiles.item_lists import ByItems, item_lists
from synthprof.profiles.margins import raked
from synthprof.profiles.odds import Axis, normalised, odds_of
from synthprof.profiles.prose_tables import ProseTable, prose_table
from synthprof.profiles.remembered import Remembered
from synthprof.profiles.samplers.sampler import Sampler, Setting
from synthprof.profiles.separation import weight_of
from synthprof.profiles.whole_lists import Whole, sequences, whole_lists
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import (
    Chance,
    Choice,
    FullName,
    Number,
    Prose,
    Subset,
    Summary,
    YearsSince,
)
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.tables import child_schema, counts_schema

Rows = npt.NDArray[np.intp]


def make_tables(schema: Schema, locale: str, separation: float, seed: int) -> None:
    """Make the tables that columns are drawn from, for processes forked from this one to share."""
    for member in _members(schema):
        tables_of(member, locale, separation, seed)


def seedless_tables(schema: Schema, locale: str, separation: float) -> "tuple[Tables, ...]":
    """Return those tables of a schema and of its child tables that no seed decides, without samplers."""
    return tuple(_seedless(member, locale, separation) for member in _members(schema))


def take_tables(tables: "Iterable[Tables]", locale: str, separation: float) -> None:
    """Take what `seedless_tables` has returned in an earlier process, so that it is not made again."""
    for each in tables:
        _seedless.take(each, each.schema, locale, separation)


def _members(schema: Schema) -> Iterator[Schema]:
    """Yield a schema, and those of its child tables and of their numbers of rows."""
    yield schema
    for table in schema.tables:
        yield from (counts_schema(schema, table), child_schema(schema, table))


@dataclass(frozen=True)
class ByOdds:
    """A table of odds, one row per combination of the columns it depends on."""

    axes: tuple[Axis, ...]
    table: AliasTable


@dataclass(frozen=True)
class Tables:
    """All tables of one schema, locale, separation and seed.

    by_place: the lists that depend on a column of a sampler, be it through others.
    """

    schema: Schema
    archetypes: AliasTable
    odds: Mapping[str, ByOdds]
    lists: Mapping[str, ByItems | Whole]
    summaries: Mapping[str, npt.NDArray[np.signedinteger[Any]]]
    names: Mapping[str, NameTables]
    prose: Mapping[str, ProseTable]
    samplers: Mapping[str, Sampler]
    copulas: Mapping[str, Copula]
    by_place: frozenset[str]
    strings: Mapping[str, pa.StringArray]


@functools.lru_cache(maxsize=32)
def tables_of(schema: Schema, locale: str, separation: float, seed: int) -> Tables:
    """Return the tables that columns are drawn from; made once per process."""
    known = _seedless(schema, locale, separation)
    weight = weight_of(separation)
    modelled = [(each, each.draw) for each in _own(schema) if isinstance(each.draw, DrawModel)]
    if not modelled:
        return known
    from synthprof.profiles.samplers.every import sampler_of  # which a schema without them does not need

    samplers = {
        column.name: sampler_of(draw, Setting(schema, column, locale, weight, seed))
        for column, draw in modelled
    }
    return replace(known, samplers=samplers)


def _own(schema: Schema) -> list[Column]:
    return [column for column in schema.drawn_by_name.values() if not column.inherited]


@Remembered
def _seedless(schema: Schema, locale: str, separation: float) -> Tables:
    """Return the tables that columns are drawn from, without samplers."""
    weight = weight_of(separation)
    own = _own(schema)
    drawn = [c for c in own if isinstance(c.draw, Choice | Chance | Number | YearsSince)]
    listed = [column for column in own if isinstance(column.draw, Subset)]
    named = {
        column.name: name_tables(schema, column, column.draw, locale)
        for column in own
        if isinstance(column.draw, FullName)
    }
    strings = {c.name: _strings(c, named) for c in own if not isinstance(c.draw, Prose | DrawModel)}
    told = {
        column.name: prose_table(schema, column.draw, strings)
        for column in own
        if isinstance(column.draw, Prose)
    }
    shares = normalised([archetype.share for archetype in schema.archetypes] or [1.0])[None]
    meeting = raked(schema, weight)
    return Tables(
        schema=schema,
        archetypes=alias_table(shares),
        odds={column.name: _odds_table(meeting, column.name, weight) for column in drawn},
        lists={column.name: _list_tables(meeting, column.name, weight) for column in listed},
        summaries={c.name: _levels(c.draw) for c in own if isinstance(c.draw, Summary)},
        names=named,
        prose=told,
        samplers={},
        copulas={name: copula for copula in map(Copula, schema.correlations) for name in copula.columns},
        by_place=frozenset(column.name for column in listed if _of_samplers(schema, column)),
        strings={name: pa.array(texts, pa.string()) for name, texts in strings.items()},
    )


def _of_samplers(schema: Schema, column: Column) -> bool:
    if column.inherited:
        return column.value_kind is not None
    return column.value_kind is not None or any(
        _of_samplers(schema, schema.column(of)) for of in column.given
    )


def _odds_table(schema: Schema, name: str, separation: float) -> ByOdds:
    odds = odds_of(schema, schema.column(name), separation)
    return ByOdds(odds.axes, alias_table(odds.shares.reshape(-1, odds.shares.shape[-1])))


def _list_tables(schema: Schema, name: str, separation: float) -> ByItems | Whole:
    column = schema.column(name)
    draw = column.draw
    assert isinstance(draw, Subset)
    lists = sequences(draw)
    if not lists:
        return item_lists(schema, column, draw, separation)
    return whole_lists(schema, draw, lists, odds_of(schema, column, separation))


def _levels(draw: Summary) -> npt.NDArray[np.signedinteger[Any]]:
    """Return the level of each item, and of a place without one, which changes nothing."""
    low, high = min(draw.levels), max(draw.levels)
    beside = {"largest": low, "smallest": high, "sum": 0}[draw.take]
    return np.array([*draw.levels, beside], dtype=np.int32)


def _strings(column: Column, named: Mapping[str, NameTables]) -> tuple[str, ...]:
    """Return the values of a category or number, or the fragments that a list or a name is made of."""
    match column.kind:
        case "integer" | "flag":
            return tuple(str(number) for number in range(column.span[0], column.span[1] + 1))
        case "list":
            return _list_strings(column)
    if column.name not in named:
        return column.values
    return fragments(named[column.name].names)


def _list_strings(column: Column) -> tuple[str, ...]:
    """Whole lists where they are drawn whole, else the fragments of lists."""
    lists = sequences(column.draw) if isinstance(column.draw, Subset) else ()
    if not lists:
        return list_fragments(column.values, LIST_SEPARATOR)
    return tuple(LIST_SEPARATOR.join(column.values[i] for i in items) for items in lists)
