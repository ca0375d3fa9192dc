"""OpenSearch and Elasticsearch: bulk actions in files of at most 100 MB, and the settings of the index."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.delivery.exports.format import Format, Writing
from synthprof.delivery.exports.index_settings import elasticsearch, opensearch
from synthprof.delivery.exports.texts import json_texts
from synthprof.delivery.rows import ID
from synthprof.store.outputs import Making

MOST_BYTES = 100_000_000
"""Bytes of a file: the server takes no larger request, unless `http.max_content_length` says so."""

SLICE_BYTES = 8_000_000
"""Bytes of values that are made JSON together."""

LOAD = """\
#!/bin/sh
# URL=http://127.0.0.1:9200 INDEX=profiles SETTINGS=opensearch.json sh load.sh
# SETTINGS=elasticsearch.json for Elasticsearch. It can be run again: a document replaces itself.
set -eu
cd "$(dirname "$0")"
json='Content-Type: application/json'
curl -fsS -I "$URL/$INDEX" >/dev/null 2>&1 ||
  curl -fsS -X PUT "$URL/$INDEX" -H "$json" --data-binary "@$SETTINGS" >/dev/null
for part in bulk-*.ndjson; do
  answer=$(curl -fsS "$URL/$INDEX/_bulk?filter_path=errors,items.*.error" \\
    -H 'Content-Type: application/x-ndjson' --data-binary "@$part")
  case $answer in *'"errors":false'*) ;; *) echo "$part: $answer" >&2; exit 1 ;; esac
done
curl -fsS -X PUT "$URL/$INDEX/_settings" -H "$json" \\
  --data-binary '{"index": {"refresh_interval": "1s"}}' >/dev/null
"""
"""Makes the index and posts every file."""


@dataclass(frozen=True)
class OpenSearchBulk(Format):
    """`bulk-<block>-<part>.ndjson`, `opensearch.json`, `elasticsearch.json` and `load.sh`."""

    name: str = "opensearch-bulk"
    written_by: tuple[str, ...] = ("pyarrow",)

    def write(self, writing: Writing) -> Iterator[int]:
        """Write the files of a block in each step."""
        rows, making = writing.rows, writing.making
        for block, batch in enumerate(rows.ahead(making.steps), making.steps):
            _write(making, block, batch)
            making.step()
            yield rows.ids(block)[-1]
        schema = rows.version.schema
        for name, text in {
            "opensearch.json": opensearch(rows.schema, schema),
            "elasticsearch.json": elasticsearch(rows.schema, schema),
            "load.sh": LOAD,
        }.items():
            with making.whole(name) as path:
                path.write_text(text, encoding="utf-8")


FORMAT = OpenSearchBulk()


def _write(making: Making, block: int, batch: pa.RecordBatch) -> None:
    """Write the actions of a block as files, none larger than MOST_BYTES unless a single row is."""
    part, left = 0, list[memoryview]()
    for lines, ends in _slices(batch):
        begin = 0
        while begin < len(lines):
            room = begin + MOST_BYTES - sum(map(len, left))
            fitting = int(np.searchsorted(ends, room, side="right"))
            end = int(ends[fitting - 1]) if fitting else 0
            if end <= begin and not left:
                end = int(ends[np.searchsorted(ends, begin, side="right")])
            if end > begin:
                left.append(lines[begin:end])
                begin = end
            if begin < len(lines):
                part, left = _file(making, block, part, left), []
    _file(making, block, part, left)


def _file(making: Making, block: int, part: int, lines: list[memoryview]) -> int:
    """Write a file; return the number of the next one."""
    with making.whole(f"bulk-{block:05}-{part:02}.ndjson") as path, path.open("wb") as file:
        file.writelines(lines)
    return part + 1


def _slices(batch: pa.RecordBatch) -> Iterator[tuple[memoryview, npt.NDArray[np.int64]]]:
    """Yield the actions of some rows as bytes, and where those of each row end in them."""
    step = max(1, SLICE_BYTES * batch.num_rows // max(1, batch.nbytes))
    for first in range(0, batch.num_rows, step):
        lines = actions(batch.slice(first, step))
        _, offsets, content = lines.buffers()
        ends = np.frombuffer(offsets, np.int64)[: len(lines) + 1]
        yield memoryview(content)[: ends[-1]], ends[1:]


def actions(batch: pa.RecordBatch) -> pa.Array:
    """Return two lines for each row: the action with `_id`, then the document, without what it lacks."""
    ids = batch.column(ID).cast(pa.string())
    parts: list[pa.Array | str] = ['{"index":{"_id":"', ids, '"}}\n{"id":', ids]
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        if name != ID:
            begin = f",{json.dumps(name, ensure_ascii=False)}:"
            member = pc.binary_join_element_wise(begin, json_texts(values), "")
            parts.append(pc.if_else(values.is_valid(), member, "") if values.null_count else member)
    return pc.binary_join_element_wise(*parts, "}\n", "").cast(pa.large_string())
