"""Expressions of rows and of items of lists, compiled into steps that share what they have in common.

A part that hangs on one column with known values is looked up in a table (`domains`). Conditions on the
items of a list are packed as bits of one word for each item, so that one pass over the items answers up to
64 of them.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.codes import ListCodes
from synthprof.profiles.conditions.domains import Domains, tells_of_none
from synthprof.profiles.conditions.rows import Rows
from synthprof.profiles.expressions import column_value, literal
from synthprof.profiles.operations import OPERATIONS, SIGNS, Value
from synthprof.profiles.vectors import Flags, Vector, either, plain
from synthprof.schemas.expressions.items import aggregated
from synthprof.schemas.expressions.tree import COLUMN, LITERAL, Node

Step = Callable[["Run"], Value]

WORD_BITS = 64

MANY_ITEMS = 12
"""Items of a list from which those of all lists are folded at once."""


class Program:
    """The steps of expressions; those of equal parts are made once. `run` asks them of some rows."""

    def __init__(self, domains: Domains) -> None:
        self.domains = domains
        self.steps: list[Step] = []
        self._places: dict[tuple[Any, ...], int] = {}
        self.words: dict[str, list[npt.NDArray[np.uint64]]] = {}
        self._open: dict[str, tuple[int, int]] = {}

    def add(self, node: Node) -> int:
        """Return the place of the step of an expression: a value for each row, or one for all."""
        return self._step(("rows", _key(node)), lambda: self._of_rows(node))

    def add_lookup(self, column: str, table: npt.NDArray[np.intp]) -> int:
        """Return the place of the step that looks up the value of a category; the last number is for none."""
        return self._step(
            ("lookup", column, table.tobytes()), lambda: lambda run: table.take(run.codes(column)[0])
        )

    def add_any(self, column: str, truths: Flags) -> int:
        """Return the place of the step that says whether any item of a list is one of those values."""
        return self._step(("any", column, truths.tobytes()), lambda: self._bit(column, truths, True))

    def run(self, rows: Rows) -> "Run":
        """Return the values of all steps for some rows."""
        return Run(self, rows)

    def _step(self, key: tuple[Any, ...], make: Callable[[], Step]) -> int:
        if key not in self._places:
            step = make()
            self._places[key] = len(self.steps)
            self.steps.append(step)
        return self._places[key]

    def _of_rows(self, node: Node) -> Step:
        if node.operation == LITERAL:
            constant = literal(node)
            return lambda run: constant
        if aggregated(node):
            return self._aggregate(node)
        column = self.domains.of(node)
        if column and node.type == "bool" and not tells_of_none(node):
            truths = self.domains.truths(node, column)
            return lambda run: run.true_of(column, truths)
        if node.operation == COLUMN:
            return self._column(node, column)
        if node.operation in SIGNS and self._is_plain(node):
            name, number = str(node.arguments[0].value), node.arguments[1].value
            return lambda run: run.compared(name, node, number)
        arguments = [self.add(each) for each in node.arguments]
        return lambda run: OPERATIONS[node.operation](node, [run.values[each] for each in arguments])

    def _is_plain(self, node: Node) -> bool:
        """Return whether a whole number of a row is compared with one that is written out."""
        one, other = node.arguments
        plain_column = one.operation == COLUMN and str(one.value) not in self.domains.attributes
        return plain_column and other.operation == LITERAL and one.type == other.type == "integer"

    def _column(self, node: Node, column: str) -> Step:
        name = str(node.value)
        if name not in self.domains.attributes:
            return lambda run: column_value(run.rows.column(name), node.type)
        table = self.domains.table(node, column)
        return lambda run: run.spread(table, *run.rows.codes(column))

    # --- items of lists ----------------------------------------------------------------------------------

    def _aggregate(self, node: Node) -> Step:
        if node.operation == "overlap":
            return self._overlap(node)
        part = node.arguments[0]
        column = self.domains.of(part)
        if node.operation == "contains":
            truths = self.domains.among(part, frozenset(str(each.value) for each in node.arguments[1:]))
            return self._bit(column, truths, True) if part.over else lambda run: run.true_of(column, truths)
        if column and node.operation in ("any", "all"):
            truths = self.domains.truths(part, column)
            return self._bit(column, truths if node.operation == "any" else ~truths, node.operation == "any")
        if part.operation == COLUMN and str(part.value) == part.over and node.operation == "count":
            return lambda run: Vector(np.diff(run.rows.items(column).offsets), run.lacking(column))
        if column and node.operation == "first":
            table = self.domains.table(part, column)
            return lambda run: run.firsts(table, column)
        item = self._step(("items", _key(part)), lambda: self._of_items(part))
        fold = FOLDS[node.operation]
        return lambda run: run.folded(fold, node, run.values[item])

    def _bit(self, column: str, truths: Flags, wanted: bool) -> Step:
        """Return the step that says whether such an item is in the list or, not wanted, none is."""
        words = self.words.setdefault(column, [])
        word, taken = self._open.get(column, (0, WORD_BITS))
        if taken == WORD_BITS:
            words.append(np.zeros(len(truths) + 1, np.uint64))  # an unknown item, -1, has the last: no bit
            word, taken = len(words) - 1, 0
        self._open[column] = word, taken + 1
        bit = np.uint64(1 << taken)
        words[word][:-1] |= np.where(truths, bit, np.uint64(0))

        def step(run: "Run") -> Vector:
            found = (run.words(column)[word] & bit) != 0
            return Vector(found if wanted else ~found, run.lacking(column))

        return step

    def _overlap(self, node: Node) -> Step:
        """Return the step that counts the texts that both sides have."""
        sides = [self.domains.texts(each) for each in node.arguments]
        shared = set().union(*sides[0]) & set().union(*sides[1])
        places = {text: place for place, text in enumerate(sorted(shared))}
        counts = [self._masks(each, texts, places) for each, texts in zip(node.arguments, sides, strict=True)]

        def step(run: "Run") -> Vector:
            (one, lacking), (other, without) = (each(run) for each in counts)
            found = sum(np.bitwise_count(a & b).astype(np.int64) for a, b in zip(one, other, strict=True))
            return Vector(np.asarray(found), either(lacking, without))

        return step

    def _masks(
        self, node: Node, texts: Sequence[tuple[str, ...]], places: dict[str, int]
    ) -> Callable[["Run"], tuple[list[npt.NDArray[np.uint64]], Flags | None]]:
        """Return what gives the texts of each row as bits, those of `places`, in words."""
        column = self.domains.of(node)
        tables = [np.zeros(len(texts) + 1, np.uint64) for _ in range(-(-len(places) // WORD_BITS) or 1)]
        for row, each in enumerate(texts):
            for place in (places[text] for text in each if text in places):
                tables[place // WORD_BITS][row] |= np.uint64(1 << place % WORD_BITS)
        if not node.over:
            return lambda run: run.row_words(column, tables)
        words = self.words.setdefault(column, [])
        first = len(words)
        words.extend(tables)
        return lambda run: (run.words(column)[first : first + len(tables)], run.lacking(column))

    def _of_items(self, node: Node) -> Step:
        """Return the step of an expression with a value for each item of a list, (items,)."""
        if node.operation == LITERAL:
            constant = literal(node)
            return lambda run: constant
        column = self.domains.of(node)
        if column in self.domains.lists:
            table = self.domains.table(node, column)
            return lambda run: run.spread(table, run.rows.items(column).items, None)
        if not node.over:
            row = self.add(node)
            return lambda run: run.values[row]
        arguments = [
            (each.over, self._step(("items", _key(each)), functools.partial(self._of_items, each)))
            for each in node.arguments
        ]

        def step(run: "Run") -> Value:
            given = [
                run.values[place] if over else run.repeated(node.over, run.values[place])
                for over, place in arguments
            ]
            return OPERATIONS[node.operation](node, given)

        return step


class Run:
    """The values of a program's steps for some rows."""

    def __init__(self, program: Program, rows: Rows) -> None:
        self.program, self.rows = program, rows
        self.values: list[Value] = []
        self._words: dict[str, list[npt.NDArray[np.uint64]]] = {}
        self._numbers: dict[str, tuple[Vector, np.iinfo]] = {}
        self._lacking: dict[str, Flags | None] = {}
        self._codes: dict[str, tuple[npt.NDArray[np.integer], Flags | None]] = {}
        with np.errstate(all="ignore"):
            for step in program.steps:
                self.values.append(step(self))

    def truths(self, place: int) -> Flags:
        """Return in which rows a condition is true, (count,)."""
        found = self.values[place]
        truths = found.values if found.missing is None else found.values & ~found.missing
        return truths if truths.ndim else np.broadcast_to(truths, self.rows.count)

    def codes(self, column: str) -> tuple[npt.NDArray[np.integer], Flags | None]:
        """Return the codes of a category, read once."""
        if column not in self._codes:
            self._codes[column] = self.rows.codes(column)
        return self._codes[column]

    def true_of(self, column: str, truths: Flags) -> Vector:
        """Return whether the value of a category is one for which `truths` holds."""
        codes, missing = self.codes(column)
        holding = np.flatnonzero(truths)
        if len(holding) == 1:
            return Vector(codes == holding[0], missing)
        if len(holding) == len(truths) - 1:
            return Vector(codes != np.flatnonzero(~truths)[0], missing)
        return Vector(np.append(truths, False).take(codes), missing)

    def compared(self, name: str, node: Node, number: Any) -> Vector:  # noqa: ANN401
        """Return whether whole numbers are as compared with one: in their own type, as that is fast."""
        if name not in self._numbers:
            values = self.rows.column(name)
            whole = column_value(values, "integer") if values.null_count else Vector(values.to_numpy())
            self._numbers[name] = whole, np.iinfo(whole.values.dtype)
        known, ends = self._numbers[name]
        if not ends.min <= number <= ends.max:  # NumPy refuses it beside so short a type
            return Vector(SIGNS[node.operation](known.values.astype(np.int64), number), known.missing)
        return Vector(SIGNS[node.operation](known.values, number), known.missing)

    def row_words(
        self, column: str, tables: Sequence[npt.NDArray[np.uint64]]
    ) -> tuple[list[npt.NDArray[np.uint64]], Flags | None]:
        """Return the words of the value of a category."""
        codes, missing = self.codes(column)
        return [table.take(codes) for table in tables], missing

    def words(self, column: str) -> list[npt.NDArray[np.uint64]]:
        """Return the bits that any item of a list has, in words, (count,) each."""
        if column not in self._words:
            self._words[column] = bits_of_rows(self.rows.items(column), self.program.words[column])
        return self._words[column]

    def lacking(self, column: str) -> Flags | None:
        """Return the rows that have no list."""
        if column not in self._lacking:
            values = self.rows.column(column)
            none = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
            self._lacking[column] = none
        return self._lacking[column]

    def spread(self, table: Value, codes: npt.NDArray[np.integer], missing: Flags | None) -> Value:
        """Return what a table of values gives for codes; nothing for a code below 0."""
        outside = codes < 0
        lacking = either(missing, outside if outside.any() else None)
        if isinstance(table, Vector):
            within = np.maximum(codes, 0) if lacking is not None else codes
            taken = None if table.missing is None else table.missing.take(within)
            return Vector(table.values.take(within), either(taken, lacking))
        indices = pa.array(codes.astype(np.int32), mask=lacking)
        return pa.DictionaryArray.from_arrays(indices, table) if not table.null_count else table.take(indices)

    def firsts(self, table: Value, column: str) -> Value:
        """Return what a table of values gives for the first item of each list."""
        found = self.rows.items(column)
        none = np.diff(found.offsets) == 0
        codes = np.append(found.items, -1).take(np.where(none, len(found.items), found.offsets[:-1]))
        return self.spread(table, codes, self.lacking(column))

    def repeated(self, column: str, value: Value) -> Value:
        """Return values of rows for each item of a list."""
        sizes = np.diff(self.rows.items(column).offsets)
        if isinstance(value, Vector):
            missing = value.missing
            return Vector(_repeat(value.values, sizes), None if missing is None else _repeat(missing, sizes))
        if isinstance(value, pa.Scalar):
            return value
        return pc.take(plain(value), pa.array(np.repeat(np.arange(len(sizes)), sizes)))

    def folded(self, fold: "Fold", node: Node, value: Value) -> Value:
        """Return one value a row of those of its items."""
        column = node.arguments[0].over
        found = self.rows.items(column)
        lacking = self.lacking(column)
        if isinstance(value, Vector) and value.values.ndim == 0:
            value = Vector(np.broadcast_to(value.values, len(found.items)), value.missing)
        result = fold(value, found, node)
        if isinstance(result, Vector):
            return Vector(result.values, either(result.missing, lacking))
        return result


Fold = Callable[[Value, ListCodes, Node], Value]


def bits_of_rows(lists: ListCodes, tables: Sequence[npt.NDArray[np.uint64]]) -> list[npt.NDArray[np.uint64]]:
    """Return the bits that any item of each list has, by tables whose last value, 0, stands for no item.

    The first items of all lists are looked up at once, then the second ones: lists are short, and `reduceat`
    takes twice as long.
    """
    starts, sizes = lists.offsets[:-1], np.diff(lists.offsets)
    longest = int(sizes.max(initial=0))
    if longest > MANY_ITEMS:
        return [folded_rows(np.bitwise_or, table.take(lists.items), lists, np.uint64(0)) for table in tables]
    padded = np.append(lists.items, -1)
    found = [np.zeros(len(starts), np.uint64) for _ in tables]
    for place in range(longest):
        codes = padded.take(np.where(sizes > place, starts + place, len(lists.items)))
        for bits, table in zip(found, tables, strict=True):
            bits |= table.take(codes, mode="wrap")
    return found


def folded_rows(ufunc: np.ufunc, values: npt.NDArray[Any], lists: ListCodes, empty: Any) -> npt.NDArray[Any]:  # noqa: ANN401
    """Return one value a row by an operation on those of its items; `empty` where there are no items."""
    starts, sizes = lists.offsets[:-1], np.diff(lists.offsets)
    if sizes.all():
        return ufunc.reduceat(values, starts) if len(starts) else values[:0]
    found = np.full(len(starts), empty, values.dtype)
    held = np.flatnonzero(sizes)
    if len(held):
        found[held] = ufunc.reduceat(values, starts[held])
    return found


def _repeat(values: npt.NDArray[Any], sizes: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    return values if values.ndim == 0 else np.repeat(values, sizes)


def _true(value: Vector) -> Flags:
    return np.asarray(value.values if value.missing is None else value.values & ~value.missing)


def _any(value: Value, lists: ListCodes, node: Node) -> Vector:
    return Vector(folded_rows(np.logical_or, _true(value), lists, False))


def _all(value: Value, lists: ListCodes, node: Node) -> Vector:
    return Vector(folded_rows(np.logical_and, _true(value), lists, True))


def _count(value: Value, lists: ListCodes, node: Node) -> Vector:
    if node.arguments[0].type == "bool":
        there = _true(value)
    elif isinstance(value, Vector):
        there = np.ones(len(lists.items), np.bool_) if value.missing is None else ~value.missing
    else:
        there = value.is_valid().to_numpy(zero_copy_only=False)
    return Vector(folded_rows(np.add, there.astype(np.int64), lists, 0))


def _first(value: Value, lists: ListCodes, node: Node) -> Value:
    none = np.diff(lists.offsets) == 0
    if not len(lists.items):
        return Vector(np.zeros(len(none), np.int64), none)
    starts = np.where(none, 0, lists.offsets[:-1])
    if not isinstance(value, Vector):
        return value.take(pa.array(starts, mask=none if none.any() else None))
    missing = either(
        None if value.missing is None else value.missing.take(starts), none if none.any() else None
    )
    return Vector(value.values.take(starts), missing)


def _extreme(value: Value, lists: ListCodes, node: Node) -> Vector:
    """Return the least or the largest number of the items that have one."""
    least = node.operation == "min"
    worst = np.iinfo(np.int64) if value.values.dtype == np.int64 else np.finfo(np.float64)
    empty = worst.max if least else worst.min
    numbers = value.values if value.missing is None else np.where(value.missing, empty, value.values)
    found = folded_rows(np.minimum if least else np.maximum, numbers, lists, empty)
    none = found == empty
    return Vector(np.where(none, 0, found), none if none.any() else None)


FOLDS: dict[str, Fold] = {
    "any": _any,
    "all": _all,
    "count": _count,
    "first": _first,
    "min": _extreme,
    "max": _extreme,
}
"""The ways in which functions make one value a row of those of the items."""


def _key(node: Node) -> tuple[Any, ...]:
    """Return what tells an expression apart, its place in the text aside."""
    value = (type(node.value).__name__, node.value)
    return (node.operation, node.type, node.over, value, *map(_key, node.arguments))
