"""Conditions of filters: the JSON in `filters.parquet`, what rows meet it, and how a search states it.

A condition is {"and": [{"column": "size", "op": ">=", "value": 30}, ...]}; with no parts it holds for every
row. A row without a value in the column meets no part.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from synthprof.base.column_kinds import Kind
from synthprof.base.columns import quoted
from synthprof.base.errors import SpecError
from synthprof.base.values import as_text, in_json, stored
from synthprof.schemas.schema import Schema
from synthprof.versions.typed import typed

COMPARISONS = {
    "=": pc.equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
OPERATORS = (*COMPARISONS, "in", "contains")


@dataclass(frozen=True)
class Part:
    """One comparison: a column, an operator of OPERATORS, and a value of the types that JSON has.

    Dates, times, decimals and durations are texts, as `synthprof export --format jsonl` writes them.
    """

    column: str
    op: str
    value: Any

    def as_json(self) -> dict[str, Any]:
        """Return the part as the JSON object of a condition."""
        return {"column": self.column, "op": self.op, "value": in_json(self.value)}


def as_condition(parts: Sequence[Part]) -> str:
    """Return the JSON of a condition whose parts must all hold.

    >>> as_condition([Part("size", ">=", 30)])
    '{"and":[{"column":"size","op":">=","value":30}]}'
    """
    found = {"and": [part.as_json() for part in parts]}
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def parts_of(condition: str) -> tuple[Part, ...]:
    """Return the parts of a condition's JSON. Raises SpecError if it is malformed.

    >>> parts_of('{"and":[{"column":"size","op":">=","value":30}]}')
    (Part(column='size', op='>=', value=30),)
    """
    try:
        found = tuple(
            Part(each["column"], each["op"], each["value"]) for each in json.loads(condition)["and"]
        )
    except (ValueError, KeyError, TypeError):
        found = (Part("", "", None),)
    for part in found:
        listed = isinstance(part.value, list) and part.value
        if part.op not in OPERATORS or not isinstance(part.column, str) or (part.op == "in" and not listed):
            raise SpecError(
                f'condition={condition[:200]!r} is not {{"and": [{{"column", "op", "value"}}, ...]}} with an '
                f"operator of {', '.join(OPERATORS)} and a list for `in`; correct it"
            )
    return found


def columns_of(condition: str) -> tuple[str, ...]:
    """Return the columns that a condition names, each once."""
    return tuple(dict.fromkeys(part.column for part in parts_of(condition)))


def mask(condition: str, batch: pa.RecordBatch | pa.Table, schema: Schema | None = None) -> NDArray[np.bool_]:
    """Return which rows of a batch meet a condition, (rows,) bool.

    batch: typed columns, as `delivery/rows.py` gives them, and planted labels. schema: of the version, whose
    kinds tell how values are written; not needed for planted labels. Raises SpecError for a column that the
    batch does not have.

    >>> rows = pa.record_batch({"size": [29, 30, None]})
    >>> mask('{"and":[{"column":"size","op":">=","value":30}]}', rows).tolist()
    [False, True, False]
    """
    found = np.ones(batch.num_rows, np.bool_)
    for part in parts_of(condition):
        if part.column not in batch.schema.names:
            raise SpecError(
                f"condition={condition[:200]!r} names {part.column!r}, which is not among "
                f"{', '.join(batch.schema.names)}; give its column"
            )
        kind = None if schema is None else schema.value_kind(part.column)
        found &= _meets(part, batch.column(part.column), kind)
    return found


def as_where(condition: str) -> tuple[str, ...]:
    """Return the condition as `synthprof search --where` takes it, a text for each part.

    >>> as_where('{"and":[{"column":"tags","op":"contains","value":"Go"}]}')
    ('"tags"="Go"',)
    """
    return tuple(_as_text(part) for part in parts_of(condition))


def _as_text(part: Part) -> str:
    name = quoted(part.column)
    if part.op == "in":
        return f"{name} in {', '.join(_quoted_value(each) for each in part.value)}"
    return f"{name}{'=' if part.op == 'contains' else part.op}{_quoted_value(part.value)}"


def _quoted_value(value: object) -> str:
    return quoted(repr(value) if isinstance(value, float) else as_text(value))


def _meets(part: Part, values: pa.Array | pa.ChunkedArray, kind: Kind | None) -> NDArray[np.bool_]:
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if part.op == "contains":
        return _contains(array, _literals([part.value], array.type.value_type, kind and kind.items))
    wanted = part.value if part.op == "in" else [part.value]
    literals = _literals(wanted, array.type, kind)
    if part.op == "in":
        return _truth(pc.is_in(array, value_set=literals))
    return _truth(COMPARISONS[part.op](array, literals[0]))


def _contains(lists: pa.ListArray, item: pa.Array) -> NDArray[np.bool_]:
    found = np.zeros(len(lists), np.bool_)
    parents = pc.list_parent_indices(lists)
    found[parents.filter(pc.is_in(pc.list_flatten(lists), value_set=item)).to_numpy()] = True
    return found


def _literals(values: list[Any], wanted: pa.DataType, kind: Kind | None) -> pa.Array:
    """Return values of JSON in the type of the column, by the way that stored values go."""
    if kind is None:
        return pa.array(values, wanted)
    return typed(kind, pa.array([stored(kind, value) for value in values])).cast(wanted)


def _truth(found: pa.Array) -> NDArray[np.bool_]:
    truth: NDArray[np.bool_] = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return truth
