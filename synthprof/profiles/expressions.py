"""Expressions of columns, computed for many rows at once by NumPy and Arrow.

Only integer arithmetic and the basic operations of IEEE 754 are used, so that the values are the same on all
machines. A value that is missing is 0 under the hood, and marked.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from synthprof.profiles.operations import OPERATIONS, Value
from synthprof.profiles.vectors import ARROW_TYPES, Vector, plain, read_vector, written
from synthprof.schemas.expressions.tree import COLUMN, LITERAL, Node

Columns = Callable[[str], pa.Array]


def evaluate(node: Node, wanted: str, columns: Columns, rows: int) -> pa.Array:
    """Return the values of a checked expression, (rows,), in the Arrow type of the wanted type.

    columns: gives those that are named, (rows,), as the table shows them, in their own type.
    """
    with np.errstate(all="ignore"):
        found = _Evaluation(columns).value(node)
    kind = ARROW_TYPES[wanted]
    if isinstance(found, Vector):
        return written(found, kind, rows)
    if isinstance(found, pa.Scalar):
        return pa.repeat(found, rows)
    return plain(found)


class _Evaluation:
    """One computation; each column is read once."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.known: dict[str, Value] = {}

    def value(self, node: Node) -> Value:
        if node.operation == LITERAL:
            return literal(node)
        if node.operation == COLUMN:
            name = str(node.value)
            if name not in self.known:
                self.known[name] = column_value(self.columns(name), node.type)
            return self.known[name]
        return OPERATIONS[node.operation](node, [self.value(each) for each in node.arguments])


def literal(node: Node) -> Value:
    """Return the value of a literal, for all rows."""
    if node.type == "text":
        return pa.scalar(str(node.value), pa.string())
    if node.type == "null":
        return Vector(np.zeros((), np.int64), np.ones((), np.bool_))
    return Vector(np.asarray(node.value))


def column_value(values: pa.Array, kind: str) -> Value:
    """Return a column as operations take it; kind: its type in the expression."""
    if kind == "text":
        return values
    found = read_vector(values)
    return Vector(found.values != 0, found.missing) if kind == "bool" else found
