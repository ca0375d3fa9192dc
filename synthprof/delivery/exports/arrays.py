"""Columns of numbers as NumPy arrays, and the headers and rows of files that hold them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.arrays import Matrix
from synthprof.delivery.exports.format import Writing
from synthprof.delivery.rows import EMBEDDING, Rows
from synthprof.store.columnar.matrices import npy_header
from synthprof.store.outputs import Making

IDS_FILE = "ids.npy"
"""The id of the row at each position: files of vectors have no ids of their own, and count from 0."""


def as_array(column: pa.Array) -> npt.NDArray[Any]:
    """Return a column of numbers as an array, (n,) or (n, d); a row without a vector is NaN."""
    if pa.types.is_fixed_size_list(column.type):
        size = column.type.list_size
        values = column.values.to_numpy()[column.offset * size : (column.offset + len(column)) * size]
        rows: npt.NDArray[Any] = values.reshape(-1, size)
        return rows
    found: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return found


def bin_header(rows: int, dim: int) -> bytes:
    """Return the beginning of a file of big-ann-benchmarks: two numbers of 32 bits."""
    return np.array([rows, dim], "<u4").tobytes()


def vecs_rows(matrix: npt.NDArray[Any]) -> bytes:
    """Return the rows of a matrix, (n, d) float32 or int32, as texmex has them: d before each.

    >>> vecs_rows(np.array([[1, 2]], np.int32)).hex()
    '020000000100000002000000'
    """
    kind = matrix.dtype.newbyteorder("<")
    rows = np.empty((len(matrix), matrix.shape[1] + 1), kind)
    rows[:, 1:] = matrix
    rows.view("<i4")[:, 0] = matrix.shape[1]
    return rows.tobytes()


@dataclass(frozen=True)
class Vectors:
    """The vectors of an export by block, without rows that have none, and the ids of the others.

    rows: those of the version. count: rows that have a vector. dim: numbers in each.
    """

    rows: Rows
    count: int
    dim: int

    @classmethod
    def of(cls, writing: Writing) -> "Vectors":
        """Return the vectors that are asked for."""
        version = writing.rows.version
        lacking = int((version.clusters() < 0).sum()) if writing.space == EMBEDDING else 0
        dim = writing.rows.schema.field(writing.space).type.list_size
        return cls(writing.rows, version.rows - lacking, dim)

    def blocks(self, first: int) -> Iterator[tuple[int, npt.NDArray[np.int64], Matrix]]:
        """Yield the last id of each block from `first` on, with the ids and vectors of the block."""
        for batch in self.rows.ahead(first):
            ids, vectors = (as_array(column) for column in batch.columns)
            there = ~np.isnan(vectors[:, 0])
            yield int(ids[-1]), ids[there], vectors[there]


def write_ids(making: Making, ids: npt.NDArray[np.int64], count: int) -> None:
    """Append ids to their file, which gets its header in the first step."""
    if making.steps == 0:
        making.append(IDS_FILE, npy_header("<i8", (count,)))
    making.append(IDS_FILE, ids.astype("<i8").tobytes())


def write_json(making: Making, name: str, value: dict[str, Any]) -> None:
    """Write a small JSON file."""
    with making.whole(name) as path:
        path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
