"""Texts as codes into a table of fragments, joined without touching a row in Python."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Pieces = Sequence[npt.NDArray[np.int32]]
"""Texts of n rows: text i is the fragments with the i-th codes of each array in turn; each array is (n,).

Fragment 0 of every table is the empty text, so that 0 stands for "no piece here".
"""


def join(table: pa.StringArray, pieces: Pieces) -> pa.StringArray:
    """Join fragments of a table into texts, (n,).

    Taking all fragments in order lays the joined texts side by side already: the result is the same bytes
    with only every len(pieces)-th offset: twice as fast as joining arrays (benchmarks/bench_generate.py).
    """
    codes = np.empty((len(pieces[0]), len(pieces)), dtype=np.int32)
    for position, piece in enumerate(pieces):
        codes[:, position] = piece
    return join_rows(table, codes)


def join_rows(table: pa.StringArray, codes: npt.NDArray[np.int32]) -> pa.StringArray:
    """Join fragments of a table into texts, (n,); codes: (n, pieces), one row a text."""
    rows, width = codes.shape
    taken = pc.take(table, pa.array(codes.reshape(-1)))
    _, offsets, data = taken.buffers()
    every = np.frombuffer(offsets, dtype=np.int32)[: rows * width + 1 : width]
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(np.ascontiguousarray(every)), data])


def list_fragments(values: Sequence[str], separator: str) -> tuple[str, ...]:
    """Fragments of lists: nothing, each value as the first item, each as a later one."""
    return ("", *values, *(separator + value for value in values))
