"""The grammar by which a search is read, of each language in `languages/`: denials, comparisons, joins."""

import dataclasses
import functools
from dataclasses import dataclass

from synthprof.schemas.files import read_toml
from synthprof.schemas.languages import FOLDER, known_name


@dataclass(frozen=True)
class Grammar:
    """The words of a language that say how the wishes of a search belong together; all are folded.

    In a phrase {} stands for a number, or for a name. denies: what follows is not so; spares: the same words
    where they deny nothing. verbs: a new statement begins; buts: a denial ends. ors, ands: joins of wishes.
    more to decades: how numbers are compared; since to until: how dates are. named: phrases in which a
    name stands; particles: words within one. common: frequent words, in which no typing error is sought.
    endings: taken from a word that is unknown. stemmer: the name of Snowball's algorithm. tag: the language.
    """

    tag: str = ""
    stemmer: str = ""
    denies: tuple[str, ...] = ()
    spares: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    ors: tuple[str, ...] = ()
    ands: tuple[str, ...] = ()
    buts: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    at_least: tuple[str, ...] = ()
    less: tuple[str, ...] = ()
    at_most: tuple[str, ...] = ()
    between: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    exactly: tuple[str, ...] = ()
    decades: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    particles: tuple[str, ...] = ()
    common: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()


@functools.cache
def load_grammar(tag: str) -> Grammar:
    """Return the grammar of a language by its tag, of which the first part counts; empty if it is unknown."""
    name = known_name(tag)
    if not name:
        return Grammar()
    table = read_toml(FOLDER / f"{name}.toml")["grammar"]
    lists = {
        key.name: tuple(table[key.name]) for key in dataclasses.fields(Grammar) if key.name not in _TEXTS
    }
    return Grammar(tag=name, stemmer=table["stemmer"], **lists)


_TEXTS = ("tag", "stemmer")
