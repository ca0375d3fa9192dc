"""Shares of what a column shows, in cells that two nights have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.column_kinds import Kind
from synthprof.base.stored_lists import items_of
from synthprof.base.stored_numbers import as_numbers
from synthprof.profiles.stored_forms import stored_form
from synthprof.schemas.schema import Column

Counts = npt.NDArray[np.int64]

MOST_CELLS = 50
"""Cells of values: the most frequent ones, and one for the rest."""

BANDS = 10
"""Bands of numbers, with as many rows each in the first night."""

NUMBERS = ("integer", "float", "decimal", "date", "time", "timestamp", "timestamptz")


@dataclass(frozen=True)
class Counted:
    """Rows of two nights in the cells of a column, (cells,) each."""

    first: Counts
    later: Counts


def counted(column: Column, first: Sequence[pa.Array], later: Sequence[pa.Array]) -> Counted | None:
    """Return the rows of two nights in the cells of a column; None for texts that hardly ever repeat.

    first, later: the column as the table shows it, in blocks. The items of lists count one by one, and rows
    without a value have a cell of their own.
    """
    if column.kind in NUMBERS:
        numbers = [_numbers(column, each) for each in (first, later)]
        edges = _edges(numbers[0])
        return Counted(*(_in_bands(each, edges) for each in numbers))
    if column.kind == "text" and not column.values:
        return None
    texts = [_texts(column, each) for each in (first, later)]
    known = _cells(texts[0])
    return Counted(*(_in_cells(each, known) for each in texts))


def _numbers(column: Column, blocks: Sequence[pa.Array]) -> npt.NDArray[np.float64]:
    kind = column.value_kind
    stored = (each if kind is None else stored_form(kind, each) for each in blocks)
    return np.concatenate([as_numbers(kind or Kind("integer"), each) for each in stored])


def _edges(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    there = np.sort(numbers[~np.isnan(numbers)])
    at = np.arange(1, BANDS) * len(there) // BANDS
    return np.unique(there[at]) if len(there) else there


def _in_bands(numbers: npt.NDArray[np.float64], edges: npt.NDArray[np.float64]) -> Counts:
    bands = np.searchsorted(edges, numbers, side="right")
    bands = np.where(np.isnan(numbers), len(edges) + 1, bands)
    return np.bincount(bands, minlength=len(edges) + 2)


def _texts(column: Column, blocks: Sequence[pa.Array]) -> pa.StringArray:
    lists = (items_of(_stored(column, each)).flatten() if column.kind == "list" else each for each in blocks)
    texts = pa.chunked_array([each.cast(pa.string()) for each in lists]).combine_chunks()
    return texts if isinstance(texts, pa.Array) else pa.concat_arrays(texts.chunks)


def _stored(column: Column, values: pa.Array) -> pa.Array:
    return values if column.value_kind is None else stored_form(column.value_kind, values)


def _cells(texts: pa.StringArray) -> pa.StringArray:
    """Return the most frequent values, by their counts and then their texts."""
    found = pc.value_counts(texts)
    rows = zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True)
    kept = sorted((each for each in rows if each[0] is not None), key=lambda each: (-each[1], each[0]))
    return pa.array([value for value, _ in kept[:MOST_CELLS]], pa.string())


def _in_cells(texts: pa.StringArray, known: pa.StringArray) -> Counts:
    places = pc.index_in(texts, known).fill_null(len(known)).to_numpy()
    empty = texts.is_null().to_numpy(zero_copy_only=False)
    return np.bincount(np.where(empty, len(known) + 1, places), minlength=len(known) + 2)
