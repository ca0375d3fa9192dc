"""Languages: how texts about any schema are read. Each is a file of data in `languages/`."""

import dataclasses
import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from synthprof.schemas.files import read_toml
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.spans import DAYS, MEASURED
from synthprof.schemas.texts import Texts, Tokens

FOLDER = Path(__file__).parent / "languages"

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Language:
    """The words of a language that say nothing, and the phrases in which columns are spoken of.

    All of these are folded. In a phrase {name} is the column's name, {} a number. numbers: of numbers; years:
    of the years of dates; lone_years: also, where a schema has one column of dates. months: their names. yes,
    no: of what is true and what is false. asks, joins: how people ask in a few words, {} being their wishes,
    and what stands between two wishes; texts are made of them, not read by them.
    """

    ignored: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    years: tuple[str, ...] = ()
    lone_years: tuple[str, ...] = ()
    months: tuple[str, ...] = ()
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    asks: tuple[str, ...] = ("{}",)
    joins: tuple[str, ...] = (", ", " ")


def languages() -> tuple[str, ...]:
    """Return the languages that are known, as `en`, in alphabetical order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def known_name(tag: str) -> str:
    """Return the name of the file of a language by its tag, as `en` of `en-GB`; empty if it is unknown."""
    name = tag.split("-")[0].lower()
    return name if name in languages() else ""


@functools.cache
def load_language(tag: str) -> Language:
    """Return a language by its tag, of which the first part counts; one without words if it is unknown."""
    name = known_name(tag)
    if not name:
        return Language()
    keys = tuple(field.name for field in dataclasses.fields(Language))
    table = read_toml(FOLDER / f"{name}.toml")
    return Language(**{key: tuple(table[key]) for key in keys})


def spoken(texts: Texts, schema: Schema, tag: str, row: str = "") -> Texts:
    """Return how texts about a schema are read: by its own words, else by those of its language.

    A schema that says which words are ignored has words of its own, to which nothing is added. Else the
    words of the language are, those of the columns' names, and the phrases of numbers, dates and flags that
    the schema says nothing of; its own are folded. row: the word for a row.

    >>> from synthprof.schemas.draw_kinds.numbers import UniformInteger
    >>> age = Column("age", UniformInteger(low=0, high=99), None, "")
    >>> spoken(Texts(), Schema("people", (age,), ()), "en").numbers["age"][:2]
    ('age {}', 'age of {}')
    """
    if texts.ignored:
        return texts
    language = load_language(tag)
    names = {column.name: folded(column.name) for column in schema.columns}
    words = {word for name in (*names.values(), folded(row), folded(row) + "s") for word in name.split()}
    dated = [column.name for column in schema.columns if column.kind in DAYS]
    flags = {phrase: tokens for column in schema.columns for phrase, tokens in _flags(language, column)}
    numbers = {
        column.name: tuple(phrase.replace("{name}", names[column.name]) for phrase in phrases)
        for column in schema.columns
        if (phrases := _phrases(language, column, alone=[column.name] == dated))
    }
    return dataclasses.replace(
        texts,
        ignored=tuple(sorted({*language.ignored, *words} - {""})),
        months=texts.months or language.months,
        numbers=numbers | {name: tuple(map(_folded_phrase, own)) for name, own in texts.numbers.items()},
        synonyms=tuple((flags | {folded(phrase): tokens for phrase, tokens in texts.synonyms}).items()),
    )


def folded(text: str) -> str:
    """Return a text in lower case without accents; all but letters and digits become single spaces."""
    plain = text.lower()
    if not plain.isascii():
        plain = "".join([c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c)])
    return " ".join(_WORD.findall(plain))


def _folded_phrase(phrase: str) -> str:
    """Return a phrase folded around the places of its numbers."""
    return " {} ".join(folded(part) for part in phrase.split("{}")).strip()


def _phrases(language: Language, column: Column, alone: bool) -> tuple[str, ...]:
    if column.kind in DAYS:
        return language.years + language.lone_years * alone
    return language.numbers if column.kind in MEASURED else ()


def _flags(language: Language, column: Column) -> Iterator[tuple[str, Tokens]]:
    """Yield the phrases that say of a flag that it holds, and those that it does not."""
    if column.kind in ("flag", "bool"):
        no, yes = ("0", "1") if column.kind == "flag" else ("false", "true")
        for phrases, value in ((language.no, no), (language.yes, yes)):
            for phrase in phrases:
                yield phrase.replace("{name}", folded(column.name)), ((column.name, value),)
