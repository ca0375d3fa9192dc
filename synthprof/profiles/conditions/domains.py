"""Answers of a condition to each value of a column: tables, computed once, that many rows look up.

A part of an expression that hangs on one column with known values alone, be it a category or the items of a
list, has one result for each value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.profiles.expressions import literal
from synthprof.profiles.operations import OPERATIONS, Value
from synthprof.profiles.vectors import Flags, Vector
from synthprof.schemas.expressions.items import SEVERAL, aggregated
from synthprof.schemas.expressions.tree import COLUMN, LITERAL, Node
from synthprof.schemas.rules import Attribute

_OF_NONE = ("missing", "coalesce", "if")
"""Operations that may have a value where the column has none, which no table of values tells."""


@dataclass(frozen=True)
class Domains:
    """The columns with known values, by name, and what files say of these values.

    lists: those of the columns that hold several.
    """

    values: Mapping[str, tuple[str, ...]]
    lists: frozenset[str]
    attributes: Mapping[str, Attribute]
    _cells: dict[str, Value] = field(default_factory=dict)

    def of(self, node: Node) -> str:
        """Return the one column on whose value a part hangs; "" if there is none, or more than one."""
        found = {self._column(str(each.value)) for each in _leaves(node)}
        return found.pop() if len(found) == 1 and not _inner(node) else ""

    def _column(self, name: str) -> str:
        column = self.attributes[name].column if name in self.attributes else name
        return column if column in self.values else ""

    def table(self, node: Node, column: str) -> Value:
        """Return what a part gives for each value of its column: a vector, (values,), or texts."""
        found = self._value(node)
        if isinstance(found, Vector) and found.values.ndim == 0:
            size = len(self.values[column])
            missing = None if found.missing is None else np.broadcast_to(found.missing, size)
            return Vector(np.broadcast_to(found.values, size), missing)
        return found

    def truths(self, node: Node, column: str) -> Flags:
        """Return for which values of its column a condition is true."""
        found = self.table(node, column)
        truths: Flags = found.values if found.missing is None else found.values & ~found.missing
        return truths

    def among(self, node: Node, texts: frozenset[str]) -> Flags:
        """Return for which values a column or attribute is, or has, one of the texts."""
        return np.array([not texts.isdisjoint(each) for each in self.texts(node)])

    def texts(self, node: Node) -> tuple[tuple[str, ...], ...]:
        """Return the texts that a column or attribute has for each value."""
        name = str(node.value)
        if name in self.attributes:
            return self.attributes[name].texts
        return tuple((value,) for value in self.values[name])

    def _value(self, node: Node) -> Value:
        if node.operation == LITERAL:
            return literal(node)
        if node.operation == COLUMN:
            return self._leaf(node)
        if node.arguments and node.arguments[0].type == SEVERAL:
            return self._compared(node)
        return OPERATIONS[node.operation](node, [self._value(each) for each in node.arguments])

    def _leaf(self, node: Node) -> Value:
        name = str(node.value)
        if name not in self._cells:
            attribute = self.attributes.get(name)
            self._cells[name] = _cells(attribute) if attribute else pa.array(self.values[name], pa.string())
        return self._cells[name]

    def _compared(self, node: Node) -> Vector:
        """Return whether one of several texts is equal to a text, or among some."""
        value, *others = node.arguments
        lacking = np.array([not each for each in self.texts(value)])
        if node.operation == "missing":
            return Vector(lacking)
        found = self.among(value, frozenset(str(each.value) for each in others))
        return Vector(~found if node.operation == "!=" else found, lacking if lacking.any() else None)


def _cells(attribute: Attribute) -> Value:
    """Return the cells of an attribute; an empty one has no value."""
    cells = [cell.strip() for cell in attribute.cells]
    if attribute.type == "text":
        return pa.array([cell or None for cell in cells], pa.string())
    missing: npt.NDArray[np.bool_] = np.array([not cell for cell in cells])
    numbers = np.array([float(cell or 0) for cell in cells])
    values = numbers.astype(np.int64) if attribute.type == "integer" else numbers
    return Vector(values, missing if missing.any() else None)


def _leaves(node: Node) -> list[Node]:
    if node.operation == COLUMN:
        return [node]
    return [leaf for each in node.arguments for leaf in _leaves(each)]


def _inner(node: Node) -> bool:
    """Return whether a part holds what no table of values can tell."""
    return aggregated(node) or any(map(_inner, node.arguments))


def tells_of_none(node: Node) -> bool:
    """Return whether a part may have a value where its column has none."""
    return node.operation in _OF_NONE or any(map(tells_of_none, node.arguments))
