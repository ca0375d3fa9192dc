"""Lists in expressions: the types of items, of what a file says of an item, and of functions on them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from synthprof.schemas.expressions.tokens import ExpressionError
from synthprof.schemas.expressions.tree import LITERAL, Node

SEVERAL = "texts"
"""The type of an attribute that has several values for one item, as the genres of a game."""

_TEXTS = ("text", SEVERAL)


@dataclass(frozen=True)
class Known:
    """The type of a name, and the list of whose items it has one value each; "" where it has one a row."""

    type: str
    over: str = ""


def aggregated(node: Node) -> bool:
    """Return whether an operation makes one value a row of the items of lists."""
    if node.operation in ("min", "max"):
        return len(node.arguments) == 1 and bool(node.arguments[0].over)
    return node.operation in ITEM_FUNCTIONS


def several_compared(node: Node) -> str:
    """Return the type of `=`, `!=` or `in` where an item has several values: whether one of them is equal."""
    value, *others = node.arguments
    if node.operation not in ("=", "!=", "in") or value.type != SEVERAL or not _are_texts(others):
        raise _wrong(node, f"{value.value} = 'text', != or in, as it has several values")
    return "bool"


def _are_texts(nodes: list[Node]) -> bool:
    return bool(nodes) and all(each.operation == LITERAL and each.type == "text" for each in nodes)


def _any(node: Node) -> str:
    _check_items(node, ("bool",), f"{node.operation}(condition on the items of a list)")
    return "bool"


def _count(node: Node) -> str:
    _check_items(node, ("bool", "integer", "float", "date", *_TEXTS), "count(list) or count(condition)")
    return "integer"


def _first(node: Node) -> str:
    _check_items(node, ("bool", "integer", "float", "date", "text"), "first(list) or first(list.attribute)")
    return node.arguments[0].type


def _contains(node: Node) -> str:
    value, *others = node.arguments or (node,)
    of_items = value.over or value.type == SEVERAL
    if not node.arguments or not of_items or value.type not in _TEXTS or not _are_texts(others):
        raise _wrong(node, "contains(list, 'text', …)")
    return "bool"


def _overlap(node: Node) -> str:
    if len(node.arguments) != 2 or any(each.type not in _TEXTS for each in node.arguments):
        raise _wrong(node, "overlap(list, other list), each of them a list, an attribute or a text")
    return "integer"


def _check_items(node: Node, types: tuple[str, ...], expected: str) -> None:
    if len(node.arguments) != 1 or not node.arguments[0].over or node.arguments[0].type not in types:
        raise _wrong(node, expected)


def _wrong(node: Node, expected: str) -> ExpressionError:
    found = ", ".join(f"{each.type}{' of items' * bool(each.over)}" for each in node.arguments) or "nothing"
    return ExpressionError(node.at, f"{node.operation} of {found}", expected)


ITEM_FUNCTIONS: Mapping[str, Callable[[Node], str]] = {
    "any": _any,
    "all": _any,
    "count": _count,
    "first": _first,
    "contains": _contains,
    "overlap": _overlap,
}
"""The functions on items of lists, and their rules; `min` and `max` of one argument are such, too."""
