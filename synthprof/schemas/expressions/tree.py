"""The tree of an expression, read from its text by precedence."""

import datetime
import functools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from synthprof.schemas.expressions.tokens import ExpressionError, Token, tokens_of

MAX_DEPTH = 40
"""Operations inside one another; the processor's stack holds many times that."""

MAX_INTEGER = 2**53
"""Integers within ± this are exact as float, too; a result beyond it is no value."""

LITERAL, COLUMN = "literal", "column"

EPOCH = datetime.date(1970, 1, 1).toordinal()

_LEVELS: tuple[tuple[str, ...], ...] = (
    ("or",),
    ("and",),
    ("not",),
    ("=", "==", "!=", "<", "<=", ">", ">=", "in"),
    ("+", "-"),
    ("*", "/", "//", "%"),
)
_NOT, _COMPARED = 2, 3


@dataclass(frozen=True)
class Node:
    """An operation, a literal (`value`) or a column (`value` is its name), and its place from 0 on.

    type: of its result, once it was checked. over: the list of whose items it has one value each; empty where
    it has one value a row. A date literal is its days since 1970.
    """

    operation: str
    at: int
    arguments: tuple["Node", ...] = ()
    value: int | float | str | bool | None = None
    type: str = ""
    over: str = ""
    depth: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        depth = 1 + max((each.depth for each in self.arguments), default=0)
        if depth > MAX_DEPTH:
            raise ExpressionError(self.at, f"{depth} operations inside one another", f"at most {MAX_DEPTH}")
        object.__setattr__(self, "depth", depth)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are named, each once, in order."""
        return tuple(dict.fromkeys(self._named()))

    def _named(self) -> Iterator[str]:
        if self.operation == COLUMN:
            yield str(self.value)
        for each in self.arguments:
            yield from each._named()


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Node:
    """Return the tree of an expression, without types. Raises ExpressionError, a ValueError."""
    parser = _Parser(tokens_of(text))
    found = parser.level(0)
    if parser.here.kind != "end":
        raise ExpressionError(parser.here.at, parser.here.told, "an operator or the end")
    return found


class _Parser:
    """A reader of tokens from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.place = 0
        self.open = 0

    @property
    def here(self) -> Token:
        return self.tokens[self.place]

    def take(self) -> Token:
        token = self.here
        self.place += token.kind != "end"
        return token

    def is_at(self, *words: str) -> bool:
        return self.here.kind in ("sign", "keyword") and self.here.text in words

    def expect(self, word: str, expected: str) -> None:
        if not self.is_at(word):
            raise ExpressionError(self.here.at, self.here.told, expected)
        self.take()

    def level(self, number: int) -> Node:
        """Read operations of that precedence or a higher one."""
        if number == len(_LEVELS):
            return self.signed()
        if number == _NOT and self.is_at("not"):
            token = self.take()
            return Node("not", token.at, (self.inside(lambda: self.level(_NOT), token),))
        left = self.level(number + 1)
        while number != _NOT and self.is_at(*_LEVELS[number]):
            token = self.take()
            name = "=" if token.text == "==" else token.text
            if name == "in":
                left = Node("in", token.at, (left, *self.listed()))
            else:
                left = Node(name, token.at, (left, self.level(number + 1)))
            if number == _COMPARED and self.is_at(*_LEVELS[number]):
                raise ExpressionError(self.here.at, self.here.told, "'and', 'or' or the end of a comparison")
        return left

    def signed(self) -> Node:
        if self.is_at("-"):
            token = self.take()
            inner = self.inside(self.signed, token)
            if inner.operation == LITERAL and isinstance(inner.value, int | float):
                return Node(LITERAL, token.at, (), -inner.value, inner.type)
            return Node("negative", token.at, (inner,))
        return self.primary()

    def primary(self) -> Node:
        token = self.take()
        if token.kind == "number":
            return _number(token)
        if token.kind == "text":
            return Node(LITERAL, token.at, (), token.text, "text")
        if token.kind == "keyword" and token.text in ("true", "false"):
            return Node(LITERAL, token.at, (), token.text == "true", "bool")
        if token.kind == "keyword" and token.text == "null":
            return Node(LITERAL, token.at, (), None, "null")
        if token.kind == "name":
            return self.call(token) if self.is_at("(") else Node(COLUMN, token.at, (), token.text)
        if token.text == "(" and token.kind == "sign":
            found = self.inside(lambda: self.level(0), token)
            self.expect(")", "')' or an operator")
            return found
        raise ExpressionError(token.at, token.told, "a column, a number, a text in quotes, a function or '('")

    def call(self, name: Token) -> Node:
        self.take()
        arguments: list[Node] = []
        while not (self.is_at(")") and not arguments):
            arguments.append(self.inside(lambda: self.level(0), name))
            if not self.is_at(","):
                break
            self.take()
        self.expect(")", "',' or ')'")
        if name.text == "date":
            return _date(name, arguments)
        return Node(name.text, name.at, tuple(arguments))

    def listed(self) -> list[Node]:
        """Read the literals behind `in`."""
        self.expect("(", "'(' and values")
        found = []
        while True:
            found.append(self.signed())
            if found[-1].operation != LITERAL or found[-1].value is None:
                raise ExpressionError(found[-1].at, "what is no literal", "a number or a text in quotes")
            if not self.is_at(","):
                break
            self.take()
        self.expect(")", "',' or ')'")
        return found

    def inside(self, read: Callable[[], Node], token: Token) -> Node:
        """Read what is inside an operation, as deep as is allowed."""
        self.open += 1
        if self.open > MAX_DEPTH:
            raise ExpressionError(token.at, f"more than {MAX_DEPTH} operations inside one another", "fewer")
        found = read()
        self.open -= 1
        return found


def _number(token: Token) -> Node:
    if token.text.isdecimal():
        if int(token.text) > MAX_INTEGER:
            raise ExpressionError(token.at, token.told, f"an integer of at most 2^53, {MAX_INTEGER}")
        return Node(LITERAL, token.at, (), int(token.text), "integer")
    if not math.isfinite(float(token.text)):
        raise ExpressionError(token.at, token.told, "a number that 64 bits hold")
    return Node(LITERAL, token.at, (), float(token.text), "float")


def _date(name: Token, arguments: list[Node]) -> Node:
    try:
        (text,) = (each.value for each in arguments if each.type == "text")
        days = datetime.date.fromisoformat(str(text)).toordinal() - EPOCH
    except ValueError:
        raise ExpressionError(name.at, "date of something else", "date('2024-01-31')") from None
    return Node(LITERAL, name.at, (), days, "date")
