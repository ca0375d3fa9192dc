"""Full names: the tables that their parts are drawn from, made once per process, and the picks of rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthprof.base.arrays import Codes
from synthprof.base.streams import Stream
from synthprof.profiles.alias import AliasTable, alias_table
from synthprof.profiles.fragments import Pieces
from synthprof.profiles.names import Names, names_of
from synthprof.profiles.odds import Axis, odds_of
from synthprof.schemas.draws import Choice, FullName
from synthprof.schemas.schema import Column, Schema

Rows = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

_SIXTEEN = 65_536
"""Shares are compared with random words of 16 bits."""

_REDRAWN = 8
"""Most times that a last name is drawn anew because it says the first name again; the chance of that is below
one in eight for every first name of every locale."""


@dataclass(frozen=True)
class PartOdds:
    """A table of the parts of names, a row for each combination of the columns that they depend on."""

    axes: tuple[Axis, ...]
    table: AliasTable


@dataclass(frozen=True)
class NameTables:
    """Tables of names. Codes are those of fragments, in the order of `fragments`.

    decades: the decade of birth for each age. lasts: by sex where they depend on no column (by_sex). echoes
    (most, firsts + 1): the last names that say a first name again. particles: of 65,536, for each last name.
    between: of 65,536, up to each word. suffixes: the code of the first is that of no suffix.
    """

    names: Names
    firsts: AliasTable
    decades: Rows
    lasts: PartOdds
    by_sex: bool
    echoes: npt.NDArray[np.int32]
    particles: npt.NDArray[np.uint32] | None = None
    between: npt.NDArray[np.uint32] | None = None
    suffixes: PartOdds | None = None
    suffix_codes: npt.NDArray[np.int32] | None = None

    def doubled(self, first: Codes, last: Codes) -> Flags:
        """Return whether a last name is the first name or one of its words, (n,): Paula in Ana Paula."""
        found: Flags = (self.echoes.take(first, axis=1) == last).any(axis=0)
        return found


@dataclass(frozen=True)
class NameRows:
    """The row of each table for some rows; None for a table of one row."""

    firsts: Rows
    lasts: Rows | None
    suffixes: Rows | None


@dataclass(frozen=True)
class PickedNames:
    """The names of rows: (n,) int32 codes of first names, and the pieces of the whole names."""

    first: npt.NDArray[np.int32]
    pieces: Pieces


def name_tables(schema: Schema, column: Column, draw: FullName, locale: str) -> NameTables:
    """Return the tables of a column of names in a locale."""
    names = names_of(draw, schema.column(draw.sex).values, locale)
    low, high = schema.column(draw.age).span
    births = draw.year - np.arange(low, high + 1)
    decades = np.searchsorted(np.array(draw.decades), births, side="right") - 1
    made = NameTables(
        names=names,
        firsts=alias_table(names.first_shares.reshape(-1, len(names.firsts))),
        decades=np.clip(decades, 0, len(draw.decades) - 1),
        lasts=PartOdds((), alias_table(names.last_shares)),
        by_sex=True,
        echoes=_echoes(names),
    )
    return made if names.own is None else _with_own_parts(made, schema, column, names.own)


def fragments(names: Names) -> tuple[str, ...]:
    """Return the pieces of names: nothing, first names, last names alone and with words, suffixes."""
    if names.last_stands_first:
        return ("", *names.firsts, *(last + names.gap for last in names.lasts))
    lasts = (names.gap + last for last in names.lasts)
    return ("", *names.firsts, *lasts, *_own_fragments(names))


def pick_names(by: NameTables, words: Stream, rows: NameRows) -> PickedNames:
    """Return full names for as many rows as there are of the table of first names."""
    total = len(rows.firsts)
    first = by.firsts.draw(words.uint32(total), rows.firsts).astype(np.int32) + np.int32(1)
    start = np.int32(1 + len(by.names.firsts))

    def last_names() -> npt.NDArray[np.int32]:
        return by.lasts.table.draw(words.uint32(total), rows.lasts).astype(np.int32) + start

    last, second = last_names(), last_names()
    two = words.uint16(total) < round(by.names.two_lasts * _SIXTEEN)
    for _ in range(_REDRAWN):
        if not (doubled := by.doubled(first, last)).any():
            break
        last = np.where(doubled, last_names(), last)
    if by.names.last_stands_first:
        return PickedNames(first, [last, first])
    two &= (second != last) & ~by.doubled(first, second)
    return PickedNames(first, [first, *_lasts(by, words, last, second * two), *_suffix(by, words, rows)])


def _lasts(
    by: NameTables, words: Stream, last: npt.NDArray[np.int32], second: npt.NDArray[np.int32]
) -> Pieces:
    """Return last names with what stands before and between them; `second` is 0 where there is one only."""
    start, count = np.int32(1 + len(by.names.firsts)), np.int32(len(by.names.lasts))
    free, shift = second > 0, np.zeros(len(last), np.int32)
    if by.between is not None:
        which = np.searchsorted(by.between, words.uint16(len(last)), side="right")
        joined = free & (which < len(by.between))
        blocks = 1 if by.particles is None else 2
        shift += (which.astype(np.int32) + np.int32(blocks)) * joined
        free &= ~joined
    if by.particles is not None:
        led = words.uint16(len(last)) < by.particles.take(last - start)
        later = words.uint16(len(last)) < by.particles.take(np.maximum(second - start, 0))
        last = last + count * led
        shift += later & free & ~led
    return [last, second + count * shift]


def _suffix(by: NameTables, words: Stream, rows: NameRows) -> Pieces:
    if by.suffixes is None or by.suffix_codes is None:
        return []
    drawn = by.suffixes.table.draw(words.uint32(len(rows.firsts)), rows.suffixes)
    return [by.suffix_codes.take(drawn)]


def _with_own_parts(made: NameTables, schema: Schema, column: Column, draw: FullName) -> NameTables:
    """Return the tables with what a schema's own names have beside first and last names."""
    if draw.shifts:
        lasts = Choice(draw.lasts, draw.last_weights, draw.shifts)
        made = replace(made, lasts=_part_odds(schema, column, lasts), by_sex=False)
    if draw.particles:
        shares = np.array(draw.particle_shares)
        made = replace(made, particles=np.round(shares * _SIXTEEN).astype(np.uint32))
    if draw.between:
        ends = np.cumsum(np.array(draw.between_shares) * _SIXTEEN)
        made = replace(made, between=np.round(ends).astype(np.uint32))
    if draw.suffix is None:
        return made
    start = len(fragments(made.names)) - sum(map(bool, draw.suffix.values))
    places = np.cumsum([bool(value) for value in draw.suffix.values]) - 1 + start
    codes = np.where([bool(value) for value in draw.suffix.values], places, 0).astype(np.int32)
    return replace(made, suffixes=_part_odds(schema, column, draw.suffix), suffix_codes=codes)


def _part_odds(schema: Schema, column: Column, choice: Choice) -> PartOdds:
    odds = odds_of(schema, replace(column, draw=choice), 0.0)
    return PartOdds(odds.axes, alias_table(odds.shares.reshape(-1, odds.shares.shape[-1])))


def _own_fragments(names: Names) -> Sequence[str]:
    if (draw := names.own) is None:
        return ()
    gap = names.gap
    pairs = zip(draw.particles, draw.lasts if draw.particles else (), strict=True)
    led = [f"{gap}{word}{gap}{last}" for word, last in pairs]
    joined = [f"{gap}{word}{gap}{last}" for word in draw.between for last in draw.lasts]
    suffixes = [gap + each for each in (draw.suffix.values if draw.suffix else ()) if each]
    return (*led, *joined, *suffixes)


def _echoes(names: Names) -> npt.NDArray[np.int32]:
    """For each first name, after one for the empty text, the last names that say it again; 0 is none."""
    codes = {last: code for code, last in enumerate(names.lasts, start=1 + len(names.firsts))}
    said = [[codes[word] for word in {first, *first.split()} & codes.keys()] for first in names.firsts]
    most = max(map(len, said))
    return np.array(
        [[0] * most, *(some + [0] * (most - len(some)) for some in said)], dtype=np.int32
    ).T.copy()
