"""A custom data set of VectorDBBench: base, queries and neighbours as Parquet, and `custom_case.json`.

Its readers count ids from 0, want exactly the ids of `test` in `neighbors`, and one label for each row; so
every planted label has a file and a case of its own. Rows come shuffled nowhere: ids ascend.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.base.errors import SpecError
from synthprof.delivery.exports.answered import Answered, Filter
from synthprof.delivery.exports.format import Format, Writing
from synthprof.spec.spec import BLOCK_ROWS

METRICS = {"cosine": "COSINE", "dot": "IP", "l2": "L2"}

BLOCKS_PER_FILE = 64
"""About a million rows in each file of the base: 512 MB at 128 dimensions."""

VECTORS = pa.schema([("id", pa.int64()), ("emb", pa.list_(pa.float32()))])
"""The columns of the base and of the queries."""

MOST_FILES = 99
"""Files of the base at most: their names have two digits."""

SECONDS = 36_000
"""Seconds that the harness allows for loading and for building the index, as in its own example."""


@dataclass(frozen=True)
class VectorDbBench(Format):
    """Files of the base, then queries, neighbours without a filter and for each label, and the cases."""

    name: str = "vectordbbench"
    whole: bool = False
    workload: bool = True

    @property
    def takes(self) -> tuple[str, ...]:
        """The options of an order that have a meaning for it."""
        return (*super().takes, "correlation")

    def write(self, writing: Writing) -> Iterator[int]:
        """Write a file of the base in each step, and all else in the last."""
        answered, making, rows = Answered(writing), writing.making, writing.rows
        files = _base_files(rows.blocks)
        for number in range(making.steps, len(files)):
            name, blocks = files[number]
            with (
                making.whole(name) as path,
                pq.ParquetWriter(path, VECTORS) as writer,
            ):
                for block in blocks:
                    writer.write_table(_numbered(rows.ids(block)[0] - 1, answered.base(block)))
            making.step(checkpoint=True)
            yield rows.ids(blocks[-1])[-1]
        if making.steps == len(files):
            _write_answers(answered, len(files))
            making.step()


def _base_files(blocks: int) -> list[tuple[str, range]]:
    """Return the files of the base by name, with their blocks."""
    size = max(BLOCKS_PER_FILE, -(-blocks // MOST_FILES))
    parts = [range(first, min(first + size, blocks)) for first in range(0, blocks, size)]
    if len(parts) == 1:
        return [("train.parquet", parts[0])]
    return [(f"train-{number:02d}-of-{len(parts)}.parquet", part) for number, part in enumerate(parts)]


def _numbered(first: int, vectors: np.ndarray) -> pa.Table:
    """Return vectors with ids from `first` on."""
    rows, dim = vectors.shape
    starts = pa.array(np.arange(rows + 1, dtype=np.int32) * dim)
    lists = pa.ListArray.from_arrays(starts, pa.array(np.ascontiguousarray(vectors).reshape(-1)))
    return pa.table([pa.array(np.arange(first, first + rows)), lists], schema=VECTORS)


def _write_answers(answered: Answered, files: int) -> None:
    none, *_ = answered.filters
    _write(answered, "test.parquet", _numbered(0, answered.queries))
    _write(answered, "neighbors.parquet", _neighbours(answered, none))
    if (answered.neighbours(none)[0] < 0).any():
        raise SpecError(
            f"profiles={answered.rows}: VectorDBBench wants 100 neighbours; make 100 rows or more"
        )
    cases = [_case(answered, files, None)]
    for label in _labels(answered):
        value = label_value(label.selectivity)
        _write(answered, f"neighbors_labels_{value}.parquet", _neighbours(answered, label))
        _write_labels(answered, label, f"scalar_{value}.parquet")
        cases.append(_case(answered, files, label))
    with answered.writing.making.whole("custom_case.json") as path:
        path.write_text(json.dumps(cases, indent=1) + "\n", encoding="utf-8")


def _labels(answered: Answered) -> list[Filter]:
    """Return a planted label for each selectivity, those of the correlation that is asked for."""
    wanted = answered.writing.correlation
    return [each for each in answered.answering(("label",)) if each.correlation == wanted]


def label_value(selectivity: float) -> str:
    """Return the name that the harness gives to a label of this share of the rows.

    >>> label_value(0.02), label_value(0.001)
    ('label_2p', 'label_0.1p')
    """
    percent = selectivity * 100
    return f"label_{int(percent)}p" if percent >= 1 else f"label_{percent:.1f}p"


def _neighbours(answered: Answered, of: Filter) -> pa.Table:
    places, _ = answered.neighbours(of)
    ids = pa.array(np.arange(len(places)), pa.int64())
    return pa.table({"id": ids, "neighbors_id": pa.array(list(places), pa.list_(pa.int64()))})


def _write(answered: Answered, name: str, table: pa.Table) -> None:
    with answered.writing.making.whole(name) as path:
        pq.write_table(table, path)


def _write_labels(answered: Answered, label: Filter, name: str) -> None:
    """Write whether each row has the label, block by block."""
    kind = pa.schema([("id", pa.int64()), ("labels", pa.string())])
    value = label_value(label.selectivity)
    with answered.writing.making.whole(name) as path, pq.ParquetWriter(path, kind) as writer:
        for block in range(answered.writing.rows.blocks):
            has = answered.matching([label], block)[:, 0]
            ids = np.arange(len(has)) + block * BLOCK_ROWS
            writer.write_table(
                pa.table([pa.array(ids), pa.array(np.where(has, value, "other"))], schema=kind)
            )


def _case(answered: Answered, files: int, label: Filter | None) -> dict[str, Any]:
    """Return the entry of a case for the harness, which looks for files in DATASET_LOCAL_DIR/name/dir."""
    version = answered.writing.rows.version
    name = answered.writing.making.folder.name
    config: dict[str, Any] = {
        "name": name,
        "dir": ".",
        "size": answered.rows,
        "dim": answered.workload.dim,
        "metric_type": METRICS[answered.writing.metric],
        "file_count": files,
        "use_shuffled": False,
        "with_gt": True,
    }
    title = f"{version.dataset} {version.name}"
    if label is not None:
        value = label_value(label.selectivity)
        title = f"{title} {value}"
        config |= {
            "scalar_labels_name": f"scalar_{value}",
            "label_percentages": [str(label.selectivity)],
            "with_label_percentages": [label.selectivity],
        }
    return {
        "name": title,
        "description": f"{answered.rows:,} synthetic rows, seed {version.spec.seed}",
        "load_timeout": SECONDS,
        "optimize_timeout": SECONDS,
        "dataset_config": config,
    }


FORMAT = VectorDbBench()
