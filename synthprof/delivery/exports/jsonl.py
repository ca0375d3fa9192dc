"""JSON lines: a row on each line, `rows.jsonl`, UTF-8."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.exports.texts import joined, json_texts

FILE = "rows.jsonl"


@dataclass(frozen=True)
class JsonLines(Format):
    """One JSON object for each row, its keys in the order of the columns."""

    name: str = "jsonl"
    written_by: tuple[str, ...] = ("pyarrow",)

    def write(self, writing: Writing) -> Iterator[int]:
        """Append each block's lines to one file."""
        rows, making = writing.rows, writing.making
        for block, batch in enumerate(rows.ahead(making.steps), making.steps):
            making.append(FILE, json_lines(batch))
            making.step()
            yield rows.ids(block)[-1]


FORMAT = JsonLines()


def json_lines(batch: pa.RecordBatch) -> memoryview:
    """Return the rows as JSON objects, a line each."""
    columns: list[pa.Array | str] = []
    for place, name in enumerate(batch.schema.names):
        begin = "{" if place == 0 else ","
        columns += [f"{begin}{json.dumps(name, ensure_ascii=False)}:", json_texts(batch.column(place))]
    return joined(columns, "}\n")
