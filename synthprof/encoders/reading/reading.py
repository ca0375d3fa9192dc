"""The reading of a search: conditions on columns, wishes, and the words that say nothing."""

from collections.abc import Iterable
from dataclasses import dataclass

from synthprof.schemas.texts import Tokens

APART, CLOSE = "~", "~~"
"""Signs of a test of a name."""


@dataclass(frozen=True)
class Test:
    """One comparison: a column, an attribute of items or a name of sets; `sign` and value as `age>=30`.

    The sign `~` asks whether a name has the words of the value in their order, `~~` next to each other.
    """

    column: str
    sign: str
    value: str

    def __str__(self) -> str:
        if self.sign == APART:
            return f"{self.column} has {' … '.join(self.value.split())}"
        if self.sign == CLOSE:
            return f"{self.column} has '{self.value}'"
        return f"{self.column}{self.sign}{self.value}"


Ways = tuple[tuple[Test, ...], ...]
"""Alternatives: they hold where all tests of at least one entry do."""


@dataclass(frozen=True)
class Clause:
    """One condition of a search: one of `ways` holds, or none of them where it is denied.

    >>> str(Clause(((Test("age", ">=", "20"), Test("age", "<=", "30")),)))
    'age>=20 and age<=30'
    >>> str(Clause(((Test("genre", "=", "Horror"),),), denied=True))
    'not genre=Horror'
    """

    ways: Ways
    denied: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it tells of, each once."""
        return tuple(dict.fromkeys(test.column for way in self.ways for test in way))

    def __str__(self) -> str:
        said = " or ".join(" and ".join(map(str, way)) for way in self.ways)
        several = len(self.ways) > 1 or len(self.ways[0]) > 1
        return f"not ({said})" if self.denied and several else f"not {said}" if self.denied else said


@dataclass(frozen=True)
class Reading:
    """A search as it was read: conditions, those that are kept longest first, and what ranks the rows.

    wishes: the meanings that rows should be near to. denied: those that they should be far from. words: other
    words, folded, which embeddings of texts may show. rest: the text without what it denies. language: in
    which it was read.
    """

    clauses: tuple[Clause, ...] = ()
    wishes: tuple[Tokens, ...] = ()
    denied: tuple[Tokens, ...] = ()
    words: tuple[str, ...] = ()
    rest: str = ""
    language: str = ""

    @property
    def attributes(self) -> Tokens:
        """The columns and values that it names as wishes, each once."""
        return tuple(dict.fromkeys(token for tokens in self.wishes for token in tokens))

    def tests(self) -> Iterable[Test]:
        """Yield the tests of the conditions that are not denied."""
        return (test for clause in self.clauses if not clause.denied for way in clause.ways for test in way)
