"""JSON lines: a row on each line, `rows.jsonl`, UTF-8."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from synthprof.base.values import in_json
from synthprof.delivery.exports.format import Format, Writing

FILE = "rows.jsonl"


@dataclass(frozen=True)
class JsonLines(Format):
    """One JSON object for each row, its keys in the order of the columns."""

    name: str = "jsonl"

    def write(self, writing: Writing) -> Iterator[int]:
        """Append each block's lines to one file."""
        rows, making = writing.rows, writing.making
        for block in range(making.steps, rows.blocks):
            values = rows.block(block).to_pylist()
            lines = [
                json.dumps({name: in_json(value) for name, value in row.items()}, ensure_ascii=False)
                for row in values
            ]
            making.append(FILE, ("\n".join(lines) + "\n").encode())
            making.step()
            yield rows.ids(block)[-1]


FORMAT = JsonLines()
