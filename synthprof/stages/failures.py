"""Rows without an embedding, and why: lines of JSON beside their block, then a table in `embeddings.db`."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pyarrow as pa

from synthprof.store.blocks import FAILURES, Blocks

FAILURES_TABLE = """
CREATE TABLE IF NOT EXISTS embedding_failures (
  id INTEGER PRIMARY KEY, digest BLOB NOT NULL, code INTEGER NOT NULL, error TEXT NOT NULL,
  tries INTEGER NOT NULL, at TEXT NOT NULL
)
"""

Row = tuple[int, bytes, int, str, int, str]
"""The columns of the table, in order."""

SCHEMA = pa.schema(
    {
        "id": pa.int64(),
        "digest": pa.binary(),
        "code": pa.int64(),
        "error": pa.string(),
        "tries": pa.int64(),
        "at": pa.string(),
    }
)


def write_failures(blocks: Blocks, block: int, rows: Sequence[Row]) -> None:
    """Write the failures of a block, one line each; without any, there is no file."""
    if not rows:
        blocks.path(FAILURES, block).unlink(missing_ok=True)
        return
    lines = (
        json.dumps(dict(zip(SCHEMA.names, (number, digest.hex(), *rest), strict=True)), ensure_ascii=False)
        for number, digest, *rest in rows
    )
    blocks.write(FAILURES, block, "".join(f"{line}\n" for line in lines))


def all_failures(blocks: Blocks) -> Iterator[pa.RecordBatch]:
    """Yield the failures of each block that has some, by id. Raises StageError if a file cannot be read."""
    for block in range(blocks.spec.blocks):
        if blocks.path(FAILURES, block).exists():
            yield pa.RecordBatch.from_pylist(list(_parsed(blocks.lines(FAILURES, block))), schema=SCHEMA)


def _parsed(lines: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (line | {"digest": bytes.fromhex(line["digest"])} for line in lines)
