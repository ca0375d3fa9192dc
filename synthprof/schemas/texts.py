"""Meanings of words in texts about the rows of a schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Tokens = tuple[tuple[str, str], ...]
"""The meaning of a phrase, as pairs of column and value; empty for a phrase without meaning.

A value of a column of numbers may be a bound, as `>=60`.
"""


@dataclass(frozen=True)
class Group:
    """Sets of values that have a name, as the states of a region.

    name: what all of these sets are. columns: those that the members have values of. members: the name of a
    set, and the values of one member in the columns; a member may be in several.
    """

    name: str
    columns: tuple[str, ...]
    members: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Tongue:
    """A further language in which people search: its tag, and its own words as `Texts` has them."""

    language: str
    years: tuple[str, str] = ("{}", "{}")
    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    synonyms: tuple[tuple[str, Tokens], ...] = ()


@dataclass(frozen=True)
class Texts:
    """The reading of texts, beside the values of the columns, which need no line here. All is folded.

    ignored: words that say nothing. common_places: cities whose names are words too, meant in the phrase
    `place` only, or with their state. years: what one year and several are called. months: the names of the
    months. numbers: by column, the phrases that a number tells of it in, of a date a year or a month; {}
    stands for the number. weights: what a phrase counts by its column, where that
    differs from a row. items: shares of the vector of an item that a text names. synonyms: phrases and what
    they mean. bare: the column that a number in a comparison tells of, if nothing says so. groups: sets of
    values that have a name. tongues: further languages of searches.
    """

    ignored: tuple[str, ...] = ()
    place: str = "{}"
    common_places: tuple[str, ...] = ()
    years: tuple[str, str] = ("{}", "{}")
    months: tuple[str, ...] = ()
    numbers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    items: Mapping[str, float] = field(default_factory=dict)
    synonyms: tuple[tuple[str, Tokens], ...] = ()
    bare: str = ""
    groups: tuple[Group, ...] = ()
    tongues: tuple[Tongue, ...] = ()
