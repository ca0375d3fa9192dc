"""The words and signs of an expression."""

import re
from dataclasses import dataclass
from typing import Literal

MAX_LENGTH = 2_000
"""Characters of an expression."""

KEYWORDS = ("and", "or", "not", "in", "true", "false", "null")

TokenKind = Literal["number", "text", "name", "sign", "keyword", "end"]

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<text>'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*){0,2})
    |(?P<sign>//|==|!=|<=|>=|[-+*/%<>=(),])
    )""",
    re.VERBOSE,
)


class ExpressionError(ValueError):
    """A fault of an expression: its place from 1 on, what was found and what was expected."""

    def __init__(self, at: int, found: str, expected: str) -> None:
        super().__init__(f"position {at + 1}: found {found}, expected {expected}; correct it")


@dataclass(frozen=True)
class Token:
    """A word or sign, and its place in the expression from 0 on."""

    kind: TokenKind
    text: str
    at: int

    @property
    def told(self) -> str:
        """The token as it is named in messages."""
        return "the end" if self.kind == "end" else repr(self.text[:40])


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of an expression, and one for its end. Raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(MAX_LENGTH, f"{len(text)} characters", f"at most {MAX_LENGTH}")
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            at = place + len(text[place:]) - len(text[place:].lstrip())
            raise ExpressionError(at, _told(text[at]), "a name, a number, a text in quotes or an operator")
        found.append(_token(match))
        place = match.end()
    return [*found, Token("end", "", end)]


def _told(character: str) -> str:
    return "a quote that does not end" if character in "'\"" else repr(character)


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup
    text = match[str(kind)]
    at = match.start(str(kind))
    if kind == "name" and text in KEYWORDS:
        return Token("keyword", text, at)
    if kind == "text":
        return Token("text", text[1:-1].replace(text[0] * 2, text[0]), at)
    return Token(kind, text, at)  # type: ignore[arg-type]  # a group's name is a kind
