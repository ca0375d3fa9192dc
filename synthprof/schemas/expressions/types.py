"""The types of an expression: checked once, so that no row can meet an operation it does not know."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Literal

from synthprof.schemas.expressions.items import ITEM_FUNCTIONS, SEVERAL, Known, aggregated, several_compared
from synthprof.schemas.expressions.tokens import ExpressionError
from synthprof.schemas.expressions.tree import COLUMN, LITERAL, Node

Type = Literal["integer", "float", "bool", "text", "date", "null"]

TYPES: Mapping[str, Type] = {
    **dict.fromkeys(("integer", "unsigned"), "integer"),
    **dict.fromkeys(("float", "decimal"), "float"),
    **dict.fromkeys(("bool", "flag"), "bool"),
    **dict.fromkeys(("text", "category"), "text"),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), "date"),
}
"""The type that a column has in an expression, by its kind: a timestamp counts as its day, in UTC."""

MAX_DECIMALS = 9
"""Decimals that `round` may keep."""

_NUMBERS = ("integer", "float")


def checked(node: Node, types: Mapping[str, str | Known]) -> Node:
    """Return the tree with the type of each node; `types` are those of columns, lists and attributes.

    Raises ExpressionError for an unknown column or function, for an operation on other types, and for items
    of two lists in one operation.
    """
    if node.operation == LITERAL:
        return node
    if node.operation == COLUMN:
        return _named(node, types)
    arguments = tuple(checked(each, types) for each in node.arguments)
    if node.operation not in _RULES:
        raise ExpressionError(node.at, f"{node.operation!r}", f"a function: {', '.join(FUNCTIONS)}")
    typed = dataclasses.replace(node, arguments=arguments)
    lists = tuple(dict.fromkeys(each.over for each in arguments if each.over))
    if aggregated(typed):
        return dataclasses.replace(typed, type=_RULES[node.operation](typed))
    if len(lists) > 1:
        raise ExpressionError(
            node.at, f"items of {lists[0]} and of {lists[1]}", "items of one list; overlap(a, b) compares two"
        )
    return dataclasses.replace(typed, type=_RULES[node.operation](typed), over="".join(lists))


def _named(node: Node, types: Mapping[str, str | Known]) -> Node:
    name = str(node.value)
    if name not in types:
        raise ExpressionError(node.at, f"{name!r}", f"a column: {', '.join(types)}")
    found = types[name]
    if isinstance(found, Known):
        return dataclasses.replace(node, type=found.type, over=found.over)
    if found not in TYPES:
        raise ExpressionError(node.at, f"{name}, a {found}", "a number, bool, text, category or date")
    return dataclasses.replace(node, type=TYPES[found])


def check_result(node: Node, wanted: str) -> None:
    """Raise ExpressionError unless an expression gives values of the type that its column has."""
    check_of_rows(node)
    if node.type != wanted and (node.type, wanted) != ("integer", "float"):
        raise ExpressionError(node.at, f"a result of type {node.type}", f"{wanted}, the type of the column")


def check_of_rows(node: Node) -> None:
    """Raise ExpressionError for an expression with a value for each item of a list, or with several."""
    if node.over or node.type == SEVERAL:
        raise ExpressionError(
            node.at,
            f"items of {node.over or node.value}",
            "one value a row: any(…), all(…), count(…), first(…)",
        )


def _wrong(node: Node, expected: str) -> ExpressionError:
    found = ", ".join(each.type for each in node.arguments) or "nothing"
    return ExpressionError(node.at, f"{node.operation} of {found}", expected)


def _types(node: Node) -> tuple[str, ...]:
    return tuple(each.type for each in node.arguments)


def _common(node: Node, arguments: tuple[Node, ...], expected: str) -> str:
    """Return the type that all have, null aside; integers beside floats are floats."""
    found = set(dict.fromkeys(each.type for each in arguments)) - {"null"}
    if found == set(_NUMBERS):
        return "float"
    if len(found) > 1:
        raise _wrong(node, expected)
    return found.pop() if found else "null"


def _arithmetic(node: Node) -> str:
    one, other = _types(node)
    if one in _NUMBERS and other in _NUMBERS:
        return "integer" if one == other == "integer" else "float"
    if (one, other) == ("date", "integer") and node.operation in "+-":
        return "date"
    if (one, other) == ("date", "date") and node.operation == "-":
        return "integer"
    raise _wrong(node, "two numbers, or a date and days" if node.operation in "+-" else "two numbers")


def _of(expected: str, result: str, *allowed: tuple[str, ...]) -> Callable[[Node], str]:
    """Return the rule of an operation that takes these types and gives that one; "" is that of the first."""

    def rule(node: Node) -> str:
        found = _types(node)
        if len(found) != len(allowed) or any(t not in each for t, each in zip(found, allowed, strict=True)):
            raise _wrong(node, expected)
        return result or found[0]

    return rule


def _compared(node: Node) -> str:
    if SEVERAL in _types(node):
        return several_compared(node)
    common = _common(node, node.arguments, "two values of one type")
    if "null" in _types(node):
        raise _wrong(node, "values; missing(x) asks whether there is none")
    if common == "bool" and node.operation not in ("=", "!="):
        raise _wrong(node, "numbers, texts or dates")
    return "bool"


def _in(node: Node) -> str:
    if node.arguments[0].type == SEVERAL:
        return several_compared(node)
    _common(node, node.arguments, "values of one type")
    if "null" in _types(node):
        raise _wrong(node, "values; missing(x) asks whether there is none")
    return "bool"


def _if(node: Node) -> str:
    if len(node.arguments) != 3 or node.arguments[0].type != "bool":
        raise _wrong(node, "if(condition, value, other value)")
    return _common(node, node.arguments[1:], "if(condition, value, other value) with two values of one type")


def _least(node: Node) -> str:
    if aggregated(node):
        return _of("the numbers of items", "", _NUMBERS)(node)
    common = _common(node, node.arguments, "two or more numbers, or dates")
    if len(node.arguments) < 2 or common not in (*_NUMBERS, "date"):
        raise _wrong(node, "two or more numbers, or dates")
    return common


def _coalesce(node: Node) -> str:
    if len(node.arguments) < 2:
        raise _wrong(node, "two or more values")
    return _common(node, node.arguments, "values of one type")


def _concat(node: Node) -> str:
    if len(node.arguments) < 2 or not set(_types(node)) <= {"text", "integer", "date"}:
        raise _wrong(node, "two or more texts, integers or dates; a template writes other numbers")
    return "text"


def _round(node: Node) -> str:
    value, *decimals = node.arguments or (node,)
    if not node.arguments or value.type not in _NUMBERS or len(decimals) > 1:
        raise _wrong(node, "round(number) or round(number, decimals)")
    if not decimals:
        return "integer"
    _check_literal(node, decimals[0], range(MAX_DECIMALS + 1))
    return "float"


def _substring(node: Node) -> str:
    if _types(node) != ("text", "integer", "integer"):
        raise _wrong(node, "substring(text, start, count), where 1 is the first character")
    _check_literal(node, node.arguments[1], range(1, 10_001))
    _check_literal(node, node.arguments[2], range(1, 10_001))
    return "text"


def _check_literal(node: Node, argument: Node, within: range) -> None:
    if argument.operation != LITERAL or argument.type != "integer" or argument.value not in within:
        told = f"the number {argument.value}" if argument.operation == LITERAL else "no number written out"
        raise ExpressionError(
            argument.at, told, f"a number from {within[0]} to {within[-1]} in {node.operation}"
        )


def _missing(node: Node) -> str:
    if len(node.arguments) != 1:
        raise _wrong(node, "one value")
    return "bool"


_TRUTH, _TEXT, _DATE, _INTEGER = ("bool",), ("text",), ("date",), ("integer",)

FUNCTIONS: Mapping[str, Callable[[Node], str]] = {
    "if": _if,
    "min": _least,
    "max": _least,
    "abs": _of("one number", "", _NUMBERS),
    "round": _round,
    "floor": _of("one number", "integer", _NUMBERS),
    "ceil": _of("one number", "integer", _NUMBERS),
    "coalesce": _coalesce,
    "missing": _missing,
    "concat": _concat,
    "lower": _of("one text", "text", _TEXT),
    "upper": _of("one text", "text", _TEXT),
    "length": _of("one text", "integer", _TEXT),
    "substring": _substring,
    "year": _of("one date", "integer", _DATE),
    "month": _of("one date", "integer", _DATE),
    "day": _of("one date", "integer", _DATE),
    "weekday": _of("one date", "integer", _DATE),
    "days_between": _of("two dates", "integer", _DATE, _DATE),
    **ITEM_FUNCTIONS,
}
"""The functions and their rules; `date` is read with the literals."""

_RULES: Mapping[str, Callable[[Node], str]] = {
    **FUNCTIONS,
    **dict.fromkeys(("+", "-", "*"), _arithmetic),
    "/": _of("two numbers", "float", _NUMBERS, _NUMBERS),
    **dict.fromkeys(("//", "%"), _of("two integers", "integer", _INTEGER, _INTEGER)),
    "negative": _of("one number", "", _NUMBERS),
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">="), _compared),
    "in": _in,
    **dict.fromkeys(("and", "or"), _of("two conditions", "bool", _TRUTH, _TRUTH)),
    "not": _of("one condition", "bool", _TRUTH),
}
