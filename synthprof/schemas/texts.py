"""Meanings of words in texts about the rows of a schema."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Tokens = tuple[tuple[str, str], ...]
"""The meaning of a phrase, as pairs of column and value; empty for a phrase without meaning."""


@dataclass(frozen=True)
class Texts:
    """The reading of texts, beside the values of the columns, which need no line here. All is folded.

    ignored: words that say nothing. common_places: cities whose names are words too, meant in the phrase
    `place` only, or with their state. years: what one year and several are called. months: the names of the
    months. numbers: by column, the phrases that a number tells of it in, of a date a year or a month; {}
    stands for the number. weights: what a phrase counts by its column, where that
    differs from a row. items: shares of the vector of an item that a text names. synonyms: phrases and what
    they mean.
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
