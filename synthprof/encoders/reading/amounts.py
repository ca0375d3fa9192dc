"""Numbers and dates of a search as people compare them: more than 20 years, between 2019 and March 2021."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from text_to_num import text2num

from synthprof.encoders.reading.words import SPOKEN, Word
from synthprof.schemas.grammar import Grammar

SLOT = "{}"

SIGNS = {
    "more": ("> {}",),
    "at_least": (">= {}", "≥ {}", "{} +", "+ {}"),
    "less": ("< {}",),
    "at_most": ("<= {}", "≤ {}"),
    "between": ("{} - {}",),
}
"""Comparisons by signs, which are the same in all languages."""

COMPARISONS = (
    *("between", "at_least", "more", "at_most", "less", "about", "exactly", "decades"),
    *("since", "after", "before", "until"),
)
"""Kinds of phrases of a grammar that compare a number; of phrases of one length the earlier counts."""

YEARS = range(1900, 2101)
"""Numbers that may be years."""

_SIGN = re.compile(r"[<>]=?|[≥≤+]")
_NUMBER = re.compile(r"(\d{1,12}(?:\.\d+)?)(k|s|er|ern)?")
_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?")
_DASHES = ("-", "–", "—")
_LONGEST_PARTICLE = 3


@dataclass(frozen=True)
class Amount:
    """One number or two as a text compares them; `how` is one of COMPARISONS, or empty.

    unit: whether it is said to be of years. A date is written as 2024, 2024-03 or 2024-03-31.
    """

    numbers: tuple[str, ...]
    how: str = ""
    unit: bool = False

    @property
    def is_day(self) -> bool:
        """True where all numbers may be years, or are dates."""
        return all(_DATE.fullmatch(each) or (each.isdigit() and int(each) in YEARS) for each in self.numbers)


@dataclass(frozen=True)
class Piece:
    """A word, a sign or an amount in a text: it covers the words from `first` to before `last`."""

    text: str
    first: int
    last: int
    amount: Amount | None = None


Pattern = tuple[str, ...]
Build = Callable[[Sequence[Amount], str], Amount]


class Amounts:
    """The phrases of a language in which numbers and dates are said, compared, and tell of columns."""

    def __init__(
        self,
        grammar: Grammar,
        units: Sequence[str],
        months: Sequence[str],
        columns: Mapping[str, Sequence[str]],
    ) -> None:
        """Take what years are called, the names of the months, and the phrases of each column."""
        self._tag = grammar.tag
        self._months = {name: number for number, name in enumerate(months, start=1)}
        self._units = _patterns({"": [unit for unit in units if unit != SLOT]})
        self._compared = _patterns(
            {how: (*getattr(grammar, how), *SIGNS.get(how, ())) for how in COMPARISONS}
        )
        self._columns = _patterns(columns)

    def find(
        self, words: Sequence[Word], free: Sequence[bool], accepts: Callable[[str, Amount], bool]
    ) -> Iterator[tuple[Piece, str]]:
        """Yield each amount among the free words, and the column that it tells of, or nothing.

        accepts: whether a column can have such an amount.
        """
        pieces = self._dates(list(self._pieces(words, free)))
        if not any(piece.amount for piece in pieces):
            return
        pieces = _replaced(pieces, self._units, lambda found, _: replace(found[0], unit=True))
        pieces = _replaced(pieces, self._compared, _comparison)
        pieces = _replaced(pieces, self._units, lambda found, _: replace(found[0], unit=True))
        for place, piece in enumerate(pieces):
            if piece.amount:
                yield self._told(pieces, place, accepts)

    def _told(
        self, pieces: Sequence[Piece], place: int, accepts: Callable[[str, Amount], bool]
    ) -> tuple[Piece, str]:
        """Return an amount with the phrase around it that tells its column."""
        one = pieces[place]
        assert one.amount is not None
        for pattern, column in self._columns:
            first = place - pattern.index(SLOT)
            part = pieces[max(first, 0) : first + len(pattern)]
            alone = len(pattern) == 1 and not (one.amount.unit or one.amount.is_day)
            if first >= 0 and not alone and _fits(part, pattern) and accepts(column, one.amount):
                return replace(one, first=part[0].first, last=part[-1].last), column
        return one, ""

    def _pieces(self, words: Sequence[Word], free: Sequence[bool]) -> Iterator[Piece]:
        for place, word in enumerate(words):
            if place and word.before.strip() in _DASHES and words[place - 1].text[-1:].isdigit():
                yield Piece("-", place, place)
            for sign in _SIGN.findall(word.before):
                yield Piece(sign, place, place)
            amount = self._amount(words, place) if free[place] else None
            yield Piece(word.text if free[place] and not amount else "", place, place + 1, amount)
        for sign in _SIGN.findall(words[-1].after) if words else ():
            yield Piece(sign, len(words), len(words))

    def _amount(self, words: Sequence[Word], place: int) -> Amount | None:
        """Return the number of a word; small ones in words, which are articles too, count before a unit."""
        after = words[place + 1].text if place + 1 < len(words) else ""
        if any(pattern[-1] == after for pattern, _ in self._units) and self._tag in SPOKEN:
            try:
                return Amount((str(text2num(words[place].text, self._tag)),))
            except ValueError:
                pass
        return _amount(words[place].text)

    def _dates(self, pieces: list[Piece]) -> list[Piece]:
        """Join the name of a month and a year, between which a short word may stand."""
        found: list[Piece] = []
        place = 0
        while place < len(pieces):
            piece, month = pieces[place], self._months.get(pieces[place].text)
            ahead = [each for each in (1, 2) if month and place + each < len(pieces)]
            between = [
                each for each in ahead if each == 1 or len(pieces[place + 1].text) <= _LONGEST_PARTICLE
            ]
            year = next((each for each in between if _is_year(pieces[place + each].amount)), 0)
            if month and year and (amount := pieces[place + year].amount):
                date = Amount((f"{amount.numbers[0]}-{month:02}",))
                piece = Piece("", piece.first, pieces[place + year].last, date)
            found.append(piece)
            place += 1 + year
        return found


def _patterns(phrases: Mapping[str, Sequence[str]]) -> list[tuple[Pattern, str]]:
    """Return phrases as words, the longest first, each with its key."""
    found = [(tuple(phrase.split()), key) for key, each in phrases.items() for phrase in each]
    return sorted(found, key=lambda each: -len(each[0]))


def _replaced(pieces: Sequence[Piece], patterns: Sequence[tuple[Pattern, str]], build: Build) -> list[Piece]:
    """Return the pieces with each run that fits a pattern made one amount; the longer pattern counts."""
    left = list(pieces)
    for pattern, key in patterns:
        place = 0
        while place + len(pattern) <= len(left):
            part = left[place : place + len(pattern)]
            found = [each.amount for each in part if each.amount]
            if _fits(part, pattern) and all(not each.how or not key for each in found):
                made = build(found, key)
                left[place : place + len(pattern)] = [Piece("", part[0].first, part[-1].last, made)]
            place += 1
    return left


def _fits(part: Sequence[Piece], pattern: Pattern) -> bool:
    return len(part) == len(pattern) and all(
        piece.amount is not None if word == SLOT else piece.amount is None and piece.text == word
        for piece, word in zip(part, pattern, strict=True)
    )


def _comparison(found: Sequence[Amount], how: str) -> Amount:
    numbers = tuple(each.numbers[0] for each in found)
    return Amount(numbers, how, any(each.unit for each in found))


def _amount(text: str) -> Amount | None:
    if _DATE.fullmatch(text):
        return Amount((text,))
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    thousands = "000" if found[2] == "k" else ""
    return Amount((found[1] + thousands,), "decades" if found[2] and not thousands else "")


def _is_year(amount: Amount | None) -> bool:
    return amount is not None and not amount.how and len(amount.numbers) == 1 and amount.is_day
