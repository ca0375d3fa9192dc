"""The cells of margins: which of them each row is in, and how many rows are in each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.profiles.conditions.domains import Domains
from synthprof.profiles.conditions.program import Program, Run
from synthprof.profiles.operations import Value
from synthprof.profiles.vectors import Flags, Vector, missing_of
from synthprof.schemas.expressions.items import SEVERAL
from synthprof.schemas.expressions.tree import Node
from synthprof.schemas.rules import OTHERS, Cell
from synthprof.schemas.schema import TRUTH_VALUES

Places = npt.NDArray[np.intp]

NO_VALUE = -1


class Side:
    """An axis of a margin: the cells of rows, in several layers where a row can be in several cells.

    A layer is (rows,): the place of a cell, len(cells) for none of them, NO_VALUE for a row without a value.
    """

    def __init__(self, node: Node, cells: Sequence[Cell], program: Program) -> None:
        self.cells = tuple(cells)
        column, domains = program.domains.of(node), program.domains
        self._column = column
        self._held: list[Flags] = []
        self._steps: list[int] = []
        if node.over:
            self._steps = [program.add_any(column, held) for held in _held(node, column, self.cells, domains)]
        elif node.type == SEVERAL:
            self._held = _held(node, column, self.cells, domains)
        elif column:
            found = places_of(domains.table(node, column), self.cells)
            self._table = program.add_lookup(column, np.append(found, NO_VALUE))
        else:
            self._row = program.add(node)

    def layers(self, run: Run) -> list[Places]:
        """Return the layers of the rows of a run."""
        if self._steps:
            return [self._layer(run.values[step], place) for place, step in enumerate(self._steps)]
        if self._held:
            truths = (run.true_of(self._column, held) for held in self._held)
            return [self._layer(each, place) for place, each in enumerate(truths)]
        if self._column:
            return [run.values[self._table]]
        found = places_of(run.values[self._row], self.cells)
        return [np.broadcast_to(found, run.rows.count)]

    def _layer(self, held: Vector, place: int) -> Places:
        found = np.where(held.values, place, len(self.cells))
        return found if held.missing is None else np.where(held.missing, NO_VALUE, found)


class Table:
    """The table of a margin, and the rows that count."""

    def __init__(self, sides: Sequence[Side], where: int | None, within: bool) -> None:
        self._sides, self._where, self._within = tuple(sides), where, within

    @property
    def shape(self) -> tuple[int, int]:
        """Cells of the first axis, 1 where there is one axis, and of the last."""
        first = len(self._sides[0].cells) if len(self._sides) == 2 else 1
        return first, len(self._sides[-1].cells)

    @property
    def size(self) -> int:
        """The length of `count`."""
        rows, columns = self.shape
        return rows * columns + (rows if self._within else 1)

    def count(self, run: Run) -> npt.NDArray[np.int64]:
        """Return the rows that count, of each first cell where shares are within, then those in each cell."""
        rows, columns = self.shape
        last = self._sides[-1].layers(run)
        first = self._sides[0].layers(run) if len(self._sides) == 2 else [np.zeros(run.rows.count, np.intp)]
        there = (first[0] != NO_VALUE) & (last[0] != NO_VALUE)
        if self._where is not None:
            there &= run.truths(self._where)
        if not there.all():
            first, last = [each[there] for each in first], [each[there] for each in last]
        found = np.zeros((rows + 1) * (columns + 1), np.int64)
        for one in first:
            for other in last:
                found += np.bincount(one * (columns + 1) + other, minlength=len(found))
        of_first = sum(np.bincount(one, minlength=rows + 1)[:rows] for one in first)
        bases = of_first if self._within else [int(there.sum())]
        return np.concatenate([bases, found.reshape(rows + 1, columns + 1)[:rows, :columns].ravel()])


def places_of(value: Value, cells: Sequence[Cell]) -> Places:
    """Return the place of the cell of each value: len(cells) for none, NO_VALUE where there is no value."""
    if isinstance(value, pa.DictionaryArray):
        table = np.append(places_of(value.dictionary, cells), NO_VALUE)
        coded: Places = table.take(value.indices.fill_null(-1).to_numpy())
        return coded
    if isinstance(value, pa.Scalar):
        value = pa.array([value.as_py()], pa.string())
    if not isinstance(value, Vector):
        return _of_texts(value.to_pylist(), cells)
    if value.values.dtype == np.bool_:
        found = _of_texts(list(TRUTH_VALUES), cells).take(value.values.astype(np.intp))
    else:
        found = _of_numbers(value.values, cells)
    missing = missing_of([value])
    return found if missing is None else np.where(missing, NO_VALUE, found)


def _others(cells: Sequence[Cell]) -> int:
    return next((place for place, cell in enumerate(cells) if cell.label == OTHERS), len(cells))


def _of_texts(values: Sequence[str | None], cells: Sequence[Cell]) -> Places:
    places = {value: place for place, cell in enumerate(cells) for value in cell.values}
    others = _others(cells)
    return np.array([NO_VALUE if each is None else places.get(each, others) for each in values], np.intp)


def _of_numbers(values: npt.NDArray[Any], cells: Sequence[Cell]) -> Places:
    found = np.full(values.shape, _others(cells), np.intp)
    for place, cell in enumerate(cells):
        if cell.low is not None:
            np.copyto(found, place, where=(values >= cell.low) & (values <= cell.high))
    return found


def _held(node: Node, column: str, cells: Sequence[Cell], domains: Domains) -> list[Flags]:
    """Return which values of a column belong to each cell; a value with several texts is in several."""
    if node.type != SEVERAL:
        places = places_of(domains.table(node, column), cells)
        return [places == place for place in range(len(cells))]
    named = {value for cell in cells for value in cell.values}
    texts = domains.texts(node)
    other = np.array([bool(set(each) - named) for each in texts])
    return [other if cell.label == OTHERS else domains.among(node, frozenset(cell.values)) for cell in cells]
