"""Columns whose values have types of their own, as in SQLite, JSON and sheets, as columns of Arrow."""

import datetime
import decimal
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

from synthprof.sources.bounds import PART_BYTES
from synthprof.sources.reading import Part

ROW_OVERHEAD = 2_048
"""Bytes that a row counts beside its texts, so that a part has some thousands of short rows."""

Role = Literal["key", "text"]
"""The purpose of a column, where it decides its type: ids become text, texts must be text."""

ARROW = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bytes: pa.binary(),
    datetime.date: pa.date32(),
    datetime.datetime: pa.timestamp("us"),
    datetime.time: pa.time64("us"),
}


class _Huge:
    """In place of int for whole numbers beyond 64 bits."""


EXACT: dict[Role | pa.DataType, set[type]] = {
    arrow: {kind} for kind, arrow in ARROW.items() if kind is not datetime.datetime
}
"""Types of Python that Arrow takes as they are, by the type that a column has."""


@dataclass
class Seen:
    """The types of a column's values so far."""

    types: set[type] = field(default_factory=set)
    nested: pa.DataType | None = None

    def add(self, values: Iterable[Any]) -> None:
        """Take notice of more values."""
        for value in values:
            kind = type(value)
            if kind is int and not -(2**63) <= value < 2**63:
                kind = _Huge
            elif kind is datetime.datetime and value.tzinfo is not None:
                kind = object
            elif kind in (list, dict):
                self._add_nested(value)
            self.types.add(kind)

    def _add_nested(self, value: Any) -> None:  # noqa: ANN401
        try:
            found = pa.infer_type([value])
            known = pa.null() if self.nested is None else self.nested
            schemas = [pa.schema({"x": known}), pa.schema({"x": found})]
            self.nested = pa.unify_schemas(schemas, promote_options="permissive").field("x").type
        except (pa.ArrowException, OverflowError, UnicodeError):
            self.types.add(object)

    @property
    def arrow(self) -> pa.DataType:
        """The type that holds all values: text where they have nothing else in common."""
        kinds = self.types - {type(None)}
        if not kinds:
            return pa.null()
        if kinds == {int, float}:
            return pa.float64()
        if kinds in ({list}, {dict}) and self.nested is not None:
            return self.nested
        (kind, *others) = kinds
        return pa.string() if others else ARROW.get(kind, pa.string())


@dataclass(frozen=True)
class Columns:
    """The wanted columns: their names, and for each its role or its type."""

    names: tuple[str, ...]
    types: tuple[Role | pa.DataType, ...]

    def part(
        self,
        rows: Sequence[Sequence[Any]],
        numbers: Sequence[int],
        unit: str,
        faults: dict[int, str] | None = None,
        file: str = "",
    ) -> Part:
        """Return rows of Python's values as a part; a value that does not fit is a fault."""
        faults = dict(faults or {})
        arrays = [
            _column([row[place] for row in rows], kind, name, faults)
            for place, (name, kind) in enumerate(zip(self.names, self.types, strict=True))
        ]
        return Part(pa.RecordBatch.from_arrays(arrays, list(self.names)), numbers, unit, file, faults)


def _column(values: list[Any], kind: Role | pa.DataType, name: str, faults: dict[int, str]) -> pa.Array:
    kinds = set(map(type, values)) - {type(None)}
    if kind == "key" and kinds == {int}:
        values = [None if value is None else str(value) for value in values]
    elif not kinds <= EXACT.get(kind, {str}):
        values = [_value(value, kind, name, row, faults) for row, value in enumerate(values)]
    return _array(values, pa.string() if isinstance(kind, str) else kind, name, faults)


def _value(value: Any, kind: Role | pa.DataType, name: str, row: int, faults: dict[int, str]) -> Any:  # noqa: ANN401
    if value is None or row in faults:
        return None
    if kind == "key":
        return _key(value, name, row, faults)
    if kind == "text" and not isinstance(value, str):
        faults[row] = f"column {name!r}: {value!r:.40} is not text; name a column of texts by text_column"
        return None
    if kind == pa.float64():
        return float(value)
    return _text_of(value) if kind == pa.string() else value


def _key(value: Any, name: str, row: int, faults: dict[int, str]) -> str | None:  # noqa: ANN401
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and abs(value) <= 2**53 and value == int(value):
        return str(int(value))
    if isinstance(value, decimal.Decimal) and value.is_finite() and value == int(value):
        return str(int(value))
    faults[row] = f"column {name!r} holds {value!r:.40}; an id is a whole number or text"
    return None


def _text_of(value: Any) -> str:  # noqa: ANN401
    return (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)
    )


def _array(values: list[Any], kind: pa.DataType, name: str, faults: dict[int, str]) -> pa.Array:
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:  # bytes of another encoding, as `surrogateescape` decodes them
        pass
    for row, value in enumerate(values):
        try:
            pa.array([value], kind)
        except UnicodeEncodeError:
            faults[row] = f"column {name!r}: the text {_escaped(value)}"
            values[row] = None
    return pa.array(values, kind)


def _escaped(value: object) -> str:
    """Return what is wrong with a text that has no UTF-8 form."""
    try:
        return f"is in another encoding ({str(value).encode(errors='surrogateescape')[:40]!r}); convert it"
    except UnicodeEncodeError:
        return "has half of a character, as JSON can; mend it"


Row = tuple[int, Sequence[Any] | None, str]
"""The number of a row, its values, and why it cannot be taken, if so."""


def in_parts(columns: Columns, rows: Iterable[Row], unit: str) -> Iterator[Part]:
    """Yield rows as parts, as many at a time as PART_BYTES hold."""
    numbers: list[int] = []
    values: list[Sequence[Any]] = []
    faults: dict[int, str] = {}
    held = 0
    nothing = [None] * len(columns.names)
    for number, row, fault in rows:
        if fault:
            faults[len(numbers)] = fault
        numbers.append(number)
        values.append(nothing if row is None else row)
        held += sum(len(value) for value in row or () if isinstance(value, str | bytes)) + ROW_OVERHEAD
        if held > PART_BYTES:
            yield columns.part(values, numbers, unit, faults)
            numbers, values, faults, held = [], [], {}, 0
    if numbers:
        yield columns.part(values, numbers, unit, faults)
