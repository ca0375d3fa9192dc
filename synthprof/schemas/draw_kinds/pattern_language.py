"""The language of patterns: text with places in braces, a closed set of them, each of a fixed width.

{digit} {digit:4}     0-9, once or four times
{letter} {lower}      A-Z, a-z
{alnum} {hex}         0-9A-Z, 0-9a-f
{mixed:###.###.###}   digits that are not all the same, with what stands between them
{[A-HJ-N0-9]:3}       characters of a set, with ranges
{check:luhn}          check digits over the characters before them, or over {check:luhn:10} of those
{name}                one of the values of a part that the column declares
{{ }}                 a brace
"""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

DIGITS = "0123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

SETS = {
    "digit": DIGITS,
    "letter": LETTERS,
    "lower": LETTERS.lower(),
    "alnum": DIGITS + LETTERS,
    "hex": DIGITS + "abcdef",
}
"""The sets of characters that have a name."""

WIDEST = 200
"""The bytes that a pattern may give."""


@dataclass(frozen=True)
class CheckKind:
    """A way to check: the characters it gives, how many it covers (0: all before), whether letters count."""

    width: int
    covers: int = 0
    letters: bool = False
    symbols: str = DIGITS


CHECKS = {
    "luhn": CheckKind(1),
    "ean": CheckKind(1),
    "isbn10": CheckKind(1, 9, symbols=DIGITS + "X"),
    "cpf": CheckKind(2, 9),
    "cnpj": CheckKind(2, 12, letters=True),
    "iban": CheckKind(2, letters=True),
    "mod97": CheckKind(2, letters=True),
    "rest97": CheckKind(2),
    "rib": CheckKind(2, 21),
    "mod11_2": CheckKind(1, symbols=DIGITS + "X"),
    "mod11_10": CheckKind(1),
    "verhoeff": CheckKind(1),
    "damm": CheckKind(1),
    "nif": CheckKind(1, 8, symbols="TRWAGMYFPDXBNJZSQVHLCKE"),
}
"""The checks by name; `profiles/samplers/check_digits.py` computes them and names their sources."""


@dataclass(frozen=True)
class Fixed:
    """Text that is always the same."""

    text: str


@dataclass(frozen=True)
class Free:
    """Characters of a set."""

    symbols: str
    count: int


@dataclass(frozen=True)
class Mixed:
    """Digits that are not all the same: one for each # of `form`, whose other characters stay."""

    form: str

    @property
    def count(self) -> int:
        """The number of digits."""
        return self.form.count("#")


@dataclass(frozen=True)
class Part:
    """One of the values that the column declares under a name."""

    name: str


@dataclass(frozen=True)
class Check:
    """Check characters over `covers` letters and digits before them; 0 is all."""

    name: str
    covers: int


Piece = Fixed | Free | Mixed | Part | Check

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[^{}]+|.", re.DOTALL)
_PLACE = re.compile(r"(\[[^\]]+\]|\w+)(?::(\d{1,3}))?")
_MIXED = re.compile(r"mixed:([#./ -]+)")
_CHECK = re.compile(r"check:(\w+)(?::(\d{1,2}))?")


@dataclass(frozen=True)
class Layout:
    """A pattern in bytes: its pieces, each with the place of its first byte, and what each byte can be.

    cells: the characters that each byte can be, as Latin-1.
    """

    pieces: tuple[tuple[int, Piece], ...]
    cells: tuple[str, ...]

    def covered(self, begin: int, check: Check) -> tuple[int, ...]:
        """Return the cells that a check covers, in the order in which it takes them.

        An IBAN's check takes what follows it, then the two letters before it. Raises ValueError where too
        little stands before it, or a byte that may be counted or not.
        """
        kind = CHECKS[check.name]
        before = self._counted(check.name, range(begin))
        if check.name == "iban":
            after = self._counted(check.name, range(begin + kind.width, len(self.cells)))
            if len(before) != 2 or not after:
                raise ValueError("{check:iban} stands after two letters; write DE{check:iban}{digit:18}")
            return (*after, *before)
        wanted = check.covers or kind.covers or len(before)
        if not 1 <= wanted <= len(before):
            raise ValueError(
                f"{{check:{check.name}}} covers {wanted or 'some'} characters, but {len(before)} stand "
                "before it; put them there"
            )
        return tuple(before[len(before) - wanted :])

    def _counted(self, check: str, places: range) -> list[int]:
        """Return the places that hold digits, or letters where the check counts them."""
        known = set(DIGITS + LETTERS) if CHECKS[check].letters else set(DIGITS)
        for place in places:
            if 0 < len(known.intersection(self.cells[place])) < len(set(self.cells[place])):
                raise ValueError(
                    f"{{check:{check}}} covers byte {place + 1}, which may be one of {self.cells[place]!r}; "
                    f"use {'digits and capital letters' if CHECKS[check].letters else 'digits'} there"
                )
        return [place for place in places if self.cells[place][0] in known]

    def differs(self, other: "Layout") -> bool:
        """Return whether no text of this pattern can be one of the other."""
        return len(self.cells) != len(other.cells) or any(
            not set(one) & set(two) for one, two in zip(self.cells, other.cells, strict=True)
        )


def layout_of(pattern: str, parts: Mapping[str, tuple[str, ...]]) -> Layout:
    """Return the layout of a pattern. Raises ValueError that names the place and what may stand there.

    parts: the values of each part.

    >>> layout_of("K{[AB]:2}", {}).cells
    ('K', 'AB', 'AB')
    """
    pieces: list[tuple[int, Piece]] = []
    cells: list[str] = []
    for piece in _pieces(pattern, parts):
        pieces.append((len(cells), piece))
        cells += _cells(piece, parts)
    if not 1 <= len(cells) <= WIDEST:
        raise ValueError(f"{pattern[:40]!r} gives {len(cells)} bytes; write a pattern of 1 to {WIDEST}")
    layout = Layout(tuple(pieces), tuple(cells))
    for begin, piece in layout.pieces:
        if isinstance(piece, Check):
            layout.covered(begin, piece)
    return layout


def _cells(piece: Piece, parts: Mapping[str, tuple[str, ...]]) -> list[str]:
    match piece:
        case Fixed(text=text):
            return list(text.encode().decode("latin-1"))
        case Free(symbols=symbols, count=count):
            return [symbols] * count
        case Mixed(form=form):
            return [DIGITS if sign == "#" else sign for sign in form]
        case Check(name=name):
            return [CHECKS[name].symbols] * CHECKS[name].width
        case Part(name=name):
            return _part_cells(name, parts[name])


def _part_cells(name: str, values: tuple[str, ...]) -> list[str]:
    encoded = [value.encode() for value in values]
    if len({len(value) for value in encoded}) != 1:
        raise ValueError(
            f"the values of part {name!r} differ in length; write a pattern for each length, as "
            'pattern = {"{long}{digit:3}" = 1, "{short}{digit:4}" = 1}'
        )
    return ["".join(sorted({chr(value[j]) for value in encoded})) for j in range(len(encoded[0]))]


def _pieces(pattern: str, parts: Container[str]) -> Iterator[Piece]:
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if text in ("{{", "}}"):
            yield Fixed(text[0])
        elif text in ("{", "}"):
            raise ValueError(f"{pattern[:40]!r} has a single brace {text!r}; write {text * 2!r} for the sign")
        elif token[1] is None:
            yield Fixed(text)
        else:
            yield _place(token[1], parts)


def _place(text: str, parts: Container[str]) -> Piece:
    if found := _CHECK.fullmatch(text):
        name, covers = found.groups()
        if name not in CHECKS:
            raise ValueError(f"{{{text}}} names an unknown check; the checks are {', '.join(CHECKS)}")
        return Check(name, int(covers or 0))
    if found := _MIXED.fullmatch(text):
        if not 2 <= found[1].count("#") <= 12:
            raise ValueError(f"{{{text}}} has not 2 to 12 digits; write a # for each")
        return Mixed(found[1])
    found = _PLACE.fullmatch(text)
    name, count = found.groups() if found else (text, None)
    if name in parts and count is None:
        return Part(name)
    symbols = _symbols(name) if name.startswith("[") else SETS.get(name)
    if symbols is None or not 1 <= int(count or 1) <= WIDEST:
        raise ValueError(
            f"{{{text}}} is no place of a pattern; write one of {', '.join(SETS)}, mixed:##, check:NAME, "
            "a set as [A-F0-9], or a part that the column declares"
        )
    return Free(symbols, int(count or 1))


def _symbols(text: str) -> str:
    """Return the characters of a set as [A-HJ0-9], each once, in order."""
    inner, found = text[1:-1], set()
    for first, last in re.findall(r"(.)(?:-(.))?", inner, re.DOTALL):
        if last and last < first:
            raise ValueError(f"{text} has the range {first}-{last}; write {last}-{first}")
        found |= {chr(code) for code in range(ord(first), ord(last or first) + 1)}
    if any(not " " <= symbol <= "~" for symbol in found):
        raise ValueError(f"{text} holds more than ASCII; use a part for other characters")
    return "".join(sorted(found))
