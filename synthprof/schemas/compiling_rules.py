"""Declarations in a schema's file of rules and margins, made into what is counted of its rows."""

import re
from collections.abc import Iterable, Mapping, Sequence

from synthprof.base.errors import SpecError
from synthprof.schemas.coded_parts import heaviest
from synthprof.schemas.expressions.items import SEVERAL, Known
from synthprof.schemas.expressions.tokens import ExpressionError
from synthprof.schemas.expressions.tree import COLUMN, Node, parse
from synthprof.schemas.files import Folder, Rows
from synthprof.schemas.format import coded
from synthprof.schemas.format import columns as written
from synthprof.schemas.format import rules as declared
from synthprof.schemas.lines import Path
from synthprof.schemas.mistakes import Mistakes, Wrong, meant, quoted
from synthprof.schemas.rules import (
    OTHERS,
    Attribute,
    Axis,
    Cell,
    Margin,
    Rule,
    kinds_of,
    typed_axis,
    typed_condition,
)
from synthprof.schemas.schema import TRUTH_VALUES, Column

_RANGE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)(?:(-)(\d{1,15}(?:\.\d{1,9})?)?)?", re.ASCII)

_ROUNDED = 0.001
"""By how much shares may add up to more than 1: sources round them."""

_TRUTHS = dict(zip(("0", "1"), TRUTH_VALUES, strict=True))
"""A flag is written as 0 or 1, too."""


class Counted:
    """The rules and margins that a file declares; what does not fit the columns is noted as a mistake.

    columns: those that conditions may name and that have no mistakes. files: how each was declared. start:
    the place in the file of what holds the rules.
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        files: Mapping[str, written.Column],
        folder: Folder,
        mistakes: Mistakes,
        start: Path = (),
    ) -> None:
        self._columns, self._files = columns, files
        self._folder, self._mistakes, self._start = folder, mistakes, start
        self._found: dict[str, Attribute] = {}

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes that rules and margins named so far."""
        return tuple(self._found.values())

    def rules(self, rules: Sequence[declared.Rule]) -> tuple[Rule, ...]:
        """Return the rules; those with mistakes are left out."""
        self._check_names("rule", [rule.name for rule in rules])
        found = []
        for place, rule in enumerate(rules):
            try:
                self._typed(rule.condition, "condition", typed_condition)
            except Wrong as error:
                self._mistakes.add((*self._start, "rule", place, *error.path), str(error))
            doc = " ".join(rule.doc.split())
            found.append(Rule(rule.name, doc, " ".join(rule.condition.split()), rule.ceiling))
        return tuple(found)

    def margins(self, margins: Sequence[declared.Margin]) -> tuple[Margin, ...]:
        """Return the margins; those with mistakes are left out."""
        self._check_names("margin", [margin.name for margin in margins])
        found = []
        for place, margin in enumerate(margins):
            try:
                found.append(self._margin(margin))
            except Wrong as error:
                self._mistakes.add((*self._start, "margin", place, *error.path), str(error))
        return tuple(found)

    def _check_names(self, what: str, names: list[str]) -> None:
        for place, name in enumerate(names):
            if name in names[:place]:
                self._mistakes.add(
                    (*self._start, what, place, "name"),
                    f"name={quoted(name)!r} is declared twice; names must differ, so rename one",
                )

    def _typed(self, text: str, key: str, read: object) -> Node:
        """Return the tree of an expression, with the attributes that it names. Raises Wrong."""
        try:
            kinds = self._kinds(parse(text).columns, key)
            return read(text, kinds)  # type: ignore[operator,no-any-return]
        except ExpressionError as error:
            raise Wrong(f"{key}, {error}", key) from None

    def _kinds(self, names: Iterable[str], key: str) -> dict[str, str | Known]:
        for name in names:
            column, _, header = name.rpartition(".")
            if name not in self._columns and column in self._columns and name not in self._found:
                self._found[name] = self._attribute(column, header, key)
        return kinds_of(self._columns.values(), self._found.values())

    def _attribute(self, column: str, header: str, key: str) -> Attribute:
        rows, by = self._rows_of(column, key)
        if header not in rows[0]:
            raise Wrong(
                f"{quoted(header)!r} is no column of the file of {column}; {meant(header, list(rows[0]))}",
                key,
            )
        cells: dict[str, str] = {}
        for row in rows:
            if cells.setdefault(row[by], row[header]) != row[header]:
                raise Wrong(
                    f"{column}.{header} is {quoted(cells[row[by]])!r} and {quoted(row[header])!r} for "
                    f"{quoted(row[by])!r}; a value has one row, or the same cell in all of them",
                    key,
                )
        return Attribute(column, header, tuple(cells.get(each, "") for each in self._columns[column].values))

    def _rows_of(self, column: str, key: str) -> tuple[Rows, str]:
        """Return the rows of the file that a column's values are drawn from, and its column of values."""
        draw = self._files[column].draw
        file = getattr(draw, "order", None) or getattr(draw, "file", None)
        if file is None or not self._columns[column].values:
            raise Wrong(
                f"{column} is drawn from no file, so it has no attributes; name the column alone", key
            )
        try:
            rows = self._folder.rows(file)
        except SpecError as error:
            raise Wrong(str(error), key) from None
        named = getattr(draw, "values", None)
        by = str(named if named in rows[0] else next(iter(rows[0])))
        if isinstance(draw, coded.Choice) and draw.groups:  # of which the heaviest row of each value is drawn
            rows = heaviest(rows, by, draw.weights or "weight", file)
        return rows, by

    def _margin(self, margin: declared.Margin) -> Margin:
        nodes = [self._typed(each, "columns", typed_axis) for each in margin.columns]
        if margin.where is not None:
            self._typed(margin.where, "where", typed_condition)
        if margin.within and len(nodes) == 1:
            raise Wrong("within tells of two columns, and there is one; remove it", "within")
        tables = [each for each in margin.shares.values() if isinstance(each, Mapping)]
        if len(tables) != (len(margin.shares) if len(nodes) == 2 else 0):
            rule = "a share for each value" if len(nodes) == 1 else "a table of shares for each value"
            raise Wrong(f"shares do not fit {len(nodes)} columns; write {rule}", "shares")
        labels = [list(margin.shares)] * (len(nodes) == 2)
        labels.append(
            list(dict.fromkeys(key for table in tables for key in table)) if tables else list(margin.shares)
        )
        axes = tuple(
            Axis(text, self._cells(node, keys, margin.groups))
            for text, node, keys in zip(margin.columns, nodes, labels, strict=True)
        )
        shares = _shares(margin, labels)
        _check_sums(margin, nodes, shares)
        return Margin(
            margin.name,
            axes,
            shares,
            " ".join(margin.source.split()),
            margin.population or "",
            margin.where or "",
            margin.within,
            margin.rounding,
        )

    def _cells(self, node: Node, keys: list[str], groups: Mapping[str, tuple[str, ...]]) -> tuple[Cell, ...]:
        if node.type in ("integer", "float"):
            return _ranges(keys)
        known = TRUTH_VALUES if node.type == "bool" else self._values(node)
        cells, taken = [], dict[str, str]()
        for key in keys:
            values = (
                ()
                if key == OTHERS
                else groups.get(key, (_TRUTHS.get(key, key) if node.type == "bool" else key,))
            )
            for value in values:
                if known and value not in known:
                    raise Wrong(f"unknown value {quoted(value)!r}; {meant(value, known)}", "shares", key)
                if value in taken:
                    raise Wrong(
                        f"{quoted(value)!r} is in {taken[value]} and in {key}; keep one", "shares", key
                    )
                taken[value] = key
            cells.append(Cell(key, values))
        return tuple(cells)

    def _values(self, node: Node) -> Sequence[str]:
        """Return the texts that an axis can have, if it is a column, an attribute or the first of a list."""
        if node.operation == "first":
            (node,) = node.arguments
        name = str(node.value)
        if node.operation != COLUMN:
            return ()
        if name in self._found:
            return [text for cell in self._found[name].texts for text in cell]
        return self._columns[name].values


def _ranges(keys: list[str]) -> tuple[Cell, ...]:
    """Return cells of numbers, `16-24`, `30` or `65-`, that do not overlap."""
    cells: list[Cell] = []
    for key in keys:
        if key == OTHERS:
            cells.append(Cell(key))
            continue
        if (found := _RANGE.fullmatch(key)) is None:
            raise Wrong(f"{quoted(key)!r} is no range of numbers; write 16-24, 30, 65- or *", "shares", key)
        low = float(found[1])
        high = float(found[3]) if found[3] else float("inf") if found[2] else low
        if high < low:
            raise Wrong(f"{quoted(key)!r} ends below its begin; swap its ends", "shares", key)
        for other in cells:
            if other.low is not None and low <= (other.high or 0.0) and other.low <= high:
                raise Wrong(f"{key} and {other.label} share numbers; part them", "shares", key)
        cells.append(Cell(key, (), low, high if high != float("inf") else 1e300))
    return tuple(cells)


def _shares(margin: declared.Margin, labels: list[list[str]]) -> tuple[tuple[float | None, ...], ...]:
    if len(labels) == 1:
        return (tuple(float(share) for share in margin.shares.values() if not isinstance(share, Mapping)),)
    tables = [table for table in margin.shares.values() if isinstance(table, Mapping)]
    return tuple(tuple(table.get(label) for label in labels[1]) for table in tables)


def _check_sums(
    margin: declared.Margin, nodes: list[Node], shares: tuple[tuple[float | None, ...], ...]
) -> None:
    """Raise Wrong where shares of what excludes each other are more than all rows, or not all with `*`."""
    if any(node.over or node.type == SEVERAL for node in nodes):
        return
    slack = max(_ROUNDED, margin.rounding * max(map(len, shares)))
    rows = shares if margin.within or len(nodes) == 1 else (tuple(each for row in shares for each in row),)
    for row in rows:
        if (total := sum(each or 0.0 for each in row)) > 1 + slack:
            raise Wrong(f"shares add up to {total:.6g}, above 1; write shares of all rows, as 0.25", "shares")
