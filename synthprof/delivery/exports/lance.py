"""Lance, the format of LanceDB: a data set `rows.lance` whose fragments are written step by step.

Lance gives its files random names, so the same order gives the same rows in other bytes.
"""

import itertools
import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from synthprof.delivery.exports.format import Format, Writing
from synthprof.store.outputs import Making

FOLDER = "rows.lance"

FRAGMENT_BLOCKS = 64
"""Blocks in a fragment, 1,048,576 rows: as many as Lance itself puts in a file."""

_COMMITTED = ("_versions", "_transactions")
"""Folders that a commit writes."""


@dataclass(frozen=True)
class Lance(Format):
    """`rows.lance`, which `lance.dataset` opens, or `lancedb.connect` in its folder."""

    name: str = "lance"
    extra: str = "lance"
    packages: tuple[str, ...] = ("lance",)
    written_by: tuple[str, ...] = ("pylance",)

    def write(self, writing: Writing) -> Iterator[int]:
        """Write a fragment in each step; then make one data set of all."""
        rows, making = writing.rows, writing.making
        number = math.ceil(rows.blocks / FRAGMENT_BLOCKS)
        blocks = rows.ahead(min(making.steps * FRAGMENT_BLOCKS, rows.blocks))
        for step in range(making.steps, number):
            _fragment(making, step, rows.schema, itertools.islice(blocks, FRAGMENT_BLOCKS))
            making.step(checkpoint=True)
            yield rows.ids(min((step + 1) * FRAGMENT_BLOCKS, rows.blocks) - 1)[-1]
        _commit(making, rows.schema, [_description(step) for step in range(number)])


FORMAT = Lance()


def _description(step: int) -> str:
    """Return the file that says of which files a fragment consists, until all are there."""
    return f"fragment-{step:05}.json"


def _fragment(making: Making, step: int, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
    from lance.fragment import write_fragments

    reader = pa.RecordBatchReader.from_batches(schema, batches)
    (fragment,) = write_fragments(
        reader, str(making.folder / FOLDER), schema, mode="create", max_rows_per_file=2**31
    )
    for file in fragment.files:
        _take(making, making.folder / FOLDER / "data" / file.path)
    with making.whole(_description(step)) as path:
        path.write_text(_json(fragment), encoding="utf-8")


def _json(fragment: Any) -> str:  # noqa: ANN401  lance has no types
    import json

    return json.dumps(fragment.to_json())


def _commit(making: Making, schema: pa.Schema, descriptions: Sequence[str]) -> None:
    """Make one data set of the fragments; what an attempt before has committed is forgotten."""
    import lance
    from lance.fragment import FragmentMetadata

    folder = making.folder / FOLDER
    for name in _COMMITTED:
        shutil.rmtree(folder / name, ignore_errors=True)
    texts = [(making.folder / name).read_text(encoding="utf-8") for name in descriptions]
    fragments = [FragmentMetadata.from_json(text) for text in texts]
    lance.LanceDataset.commit(str(folder), lance.LanceOperation.Overwrite(schema, fragments))
    for path in sorted(path for name in _COMMITTED for path in (folder / name).rglob("*") if path.is_file()):
        _take(making, path)
    for name in descriptions:
        making.forget(name)


def _take(making: Making, path: Path) -> None:
    """Take a file that lies in its place into the records."""
    with making.whole(path.relative_to(making.folder).as_posix()) as temporary:
        path.replace(temporary)
