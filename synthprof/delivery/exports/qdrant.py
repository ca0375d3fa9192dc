"""A data set of Qdrant's vector-db-benchmark: vectors, payloads, and tests with conditions.

Its readers number rows from 0, know one type for each payload field and no field `id`, and divide precision
by the number of closest ids, so each test has all that match, 100 at most, and none has no match.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from synthprof.base.values import in_json
from synthprof.delivery.exports.answered import Answered, Filter
from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.rows import Rows
from synthprof.delivery.workloads.conditions import Part, columns_of, parts_of
from synthprof.store.columnar.matrices import npy_header

RANGES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


@dataclass(frozen=True)
class QdrantBenchmark(Format):
    """`vectors.npy`, `payloads.jsonl`, `tests.jsonl`, and `datasets.json` with the entry for the harness."""

    name: str = "qdrant"
    whole: bool = False
    workload: bool = True

    def write(self, writing: Writing) -> Iterator[int]:
        """Append vectors and payloads block by block, then the tests filter by filter."""
        answered, making, rows = Answered(writing), writing.making, writing.rows
        for block in range(making.steps, rows.blocks):
            if not block:
                making.append(
                    "vectors.npy", npy_header(np.dtype("<f4"), (answered.rows, answered.workload.dim))
                )
            making.append("vectors.npy", np.ascontiguousarray(answered.base(block), "<f4").data)
            making.append("payloads.jsonl", _payloads(answered, block))
            making.step()
            yield rows.ids(block)[-1]
        filters = answered.filters
        for number in range(making.steps - rows.blocks, len(filters)):
            making.append("tests.jsonl", _tests(answered, filters[number]))
            making.step()
        with making.whole("datasets.json") as path:
            path.write_text(json.dumps([_entry(answered)], indent=1) + "\n", encoding="utf-8")


def _payloads(answered: Answered, block: int) -> bytes:
    """Return a line for each row: its columns, but for those without a value, and the planted ones."""
    lines = [_line(row) for row in _payload_rows(answered, block).to_pylist()]
    return ("\n".join(lines) + "\n").encode()


def _payload_rows(answered: Answered, block: int) -> pa.RecordBatch:
    rows = Rows(answered.writing.rows.version, tuple(_fields(answered)))
    found = rows.block(block).drop_columns(["id"])
    return answered.masks.labels.joined(found, block)


def _fields(answered: Answered) -> list[str]:
    """Return the columns of the version that filters are about, and all others that are not texts."""
    asked = {name for each in answered.filters for name in columns_of(each.condition)}
    columns = answered.writing.rows.version.schema.columns
    return [column.name for column in columns if column.kind != "text" or column.name in asked]


def _line(row: dict[str, Any]) -> str:
    present = {name: in_json(value) for name, value in row.items() if value is not None}
    return json.dumps(present, ensure_ascii=False)


def _tests(answered: Answered, of: Filter) -> bytes:
    """Return a line for each query that has a match under the filter."""
    places, scores = answered.neighbours(of)
    conditions = _conditions(of.condition)
    lines = []
    for vector, found, score in zip(answered.queries, places, scores, strict=True):
        there = found >= 0
        if there.any():
            line = {
                "query": vector.tolist(),
                "conditions": conditions,
                "closest_ids": found[there].tolist(),
                "closest_scores": score[there].tolist(),
            }
            lines.append(json.dumps(line))
    return "".join(f"{line}\n" for line in lines).encode()


def _conditions(condition: str) -> dict[str, Any] | None:
    """Return a condition in the harness' own terms; None for no condition."""
    parts = [_condition(part) for part in parts_of(condition)]
    return {"and": parts} if parts else None


def _condition(part: Part) -> dict[str, Any]:
    if part.op in RANGES:
        return {part.column: {"range": {RANGES[part.op]: part.value}}}
    if part.op == "in":
        return {part.column: {"match_any": {"any": part.value}}}
    return {part.column: {"match": {"value": part.value}}}


def _entry(answered: Answered) -> dict[str, Any]:
    version = answered.writing.rows.version
    name = f"{version.dataset}-{version.name}"
    fields = _payload_rows(answered, 0).schema
    return {
        "name": name,
        "vector_size": answered.workload.dim,
        "distance": answered.writing.metric,
        "type": "tar",
        "path": f"{name}/",
        "schema": {field.name: payload_type(field.type) for field in fields},
    }


def payload_type(kind: pa.DataType) -> str:
    """Return the harness' name for the type of a payload field.

    >>> payload_type(pa.list_(pa.string())), payload_type(pa.int32())
    ('keyword', 'int')
    """
    if pa.types.is_list(kind):
        return payload_type(kind.value_type)
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_integer(kind):
        return "int"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "float"
    return "datetime" if pa.types.is_temporal(kind) and not pa.types.is_time(kind) else "keyword"


FORMAT = QdrantBenchmark()
