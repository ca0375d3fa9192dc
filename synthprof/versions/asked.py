"""A search as it was read, its conditions as filters, and those that were given up for want of rows."""

from collections.abc import Iterable
from dataclasses import dataclass

from synthprof.encoders.reading.reader import Reader
from synthprof.encoders.reading.reading import APART, CLOSE, Clause, Reading, Test
from synthprof.schemas.schema import Schema
from synthprof.versions.filters import Condition, Filter, Named, NoneOf, OneOf, Operator
from synthprof.versions.literals import read_literal


@dataclass(frozen=True)
class Loosened:
    """Results from the rank `first` on, which need not meet a condition, as too few rows meet all."""

    first: int
    without: str


@dataclass(frozen=True)
class Asked:
    """The reading of a search: conditions, those kept longest first, and the words that say nothing.

    loosened: the conditions that were given up, in that order. ranked: whether anything ranks the rows;
    without, they come in the order of their ids. language: in which it was read, a tag as `en`.
    """

    conditions: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    loosened: tuple[Loosened, ...] = ()
    ranked: bool = True
    language: str = ""

    def __str__(self) -> str:
        """Return it in one line: `read as …; ignored …`, and what was given up."""
        read = ", ".join(self.conditions) or ("wishes alone" if self.language else "one text, compared whole")
        told = [f"read as {read}"]
        if not self.ranked:
            told.append("nothing ranks these rows, so they come by id")
        if self.ignored:
            told.append(f"ignored {', '.join(self.ignored)}")
        told += [
            f"from rank {each.first} on without {each.without}, as too few rows meet all"
            for each in self.loosened
        ]
        return "; ".join(told)


def filters_of(schema: Schema, reader: Reader, reading: Reading) -> tuple[Filter, ...]:
    """Return the conditions of a search as filters, in the same order."""
    return tuple(_filter(schema, reader, clause) for clause in reading.clauses)


def _filter(schema: Schema, reader: Reader, clause: Clause) -> Filter:
    ways = tuple(tuple(_test(schema, reader, test) for test in way) for way in clause.ways)
    if clause.denied:
        return NoneOf(ways)
    return ways[0][0] if len(ways) == 1 and len(ways[0]) == 1 else OneOf(ways)


def _test(schema: Schema, reader: Reader, test: Test) -> Filter:
    asked = reader.members_of(test)
    if asked.denied or asked.ways != ((test,),):
        return _filter(schema, reader, asked)
    column = schema.column(test.column)
    if test.sign in (APART, CLOSE):
        return Named(column, tuple(test.value.split()), test.sign == CLOSE)
    sign: Operator = test.sign  # type: ignore[assignment]
    return Condition(column, sign, read_literal(column, str(test), test.value))


def told(clauses: Iterable[Clause]) -> tuple[str, ...]:
    """Return conditions as people read them."""
    return tuple(map(str, clauses))
