"""The truth on second records: whose they are, what went wrong in them, and the columns in which it shows."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.profiles.model_checks import differing
from synthprof.profiles.second_records.records import Rows, SecondRecords
from synthprof.schemas.draws import Prose
from synthprof.schemas.duplicates import RecordError
from synthprof.schemas.schema import Schema
from synthprof.schemas.unique import is_own

TRUTH = pa.schema(
    [
        pa.field("id", pa.int64(), nullable=False),
        pa.field("original_id", pa.int64(), nullable=False),
        pa.field("errors", pa.list_(pa.string()), nullable=False),
        pa.field("columns", pa.list_(pa.string()), nullable=False),
    ]
)
"""A row for each second record: its id and that of the first record; the kinds of its errors, in order; and
the columns that differ from those of the first record, but for unique ones and texts that tell of others."""


def truth_of(schema: Schema, records: SecondRecords, profiles: pa.RecordBatch) -> pa.RecordBatch:
    """Return the truth on the second records of a block. profiles: its rows, as they are stored."""
    rows = records.rows
    ids = profiles.column("id").to_numpy()
    kinds: list[str] = [hit.error.kind for hit in records.hits]
    happened = np.zeros((len(rows), len(kinds)), np.bool_)
    for number, hit in enumerate(records.hits):
        if number in records.changed:
            hit_rows = hit.rows[records.changed[number]]
            shown = _shown(hit.error, profiles, hit_rows)
            happened[np.searchsorted(rows, hit_rows[shown]), number] = True
    compared = [each.name for each in schema.columns if not (isinstance(each.draw, Prose) or is_own(each))]
    differs = np.zeros((len(rows), len(compared)), np.bool_)
    own, of = pa.array(rows), pa.array(records.sources[rows])
    for place, name in enumerate(compared):
        values = profiles.column(name)
        differs[:, place] = differing(_plain(values.take(own)), _plain(values.take(of)))
    return pa.RecordBatch.from_arrays(
        [
            pa.array(ids[rows]),
            pa.array(ids[records.sources[rows]]),
            _named(happened, kinds),
            _named(differs, compared),
        ],
        schema=TRUTH,
    )


def _shown(error: RecordError, profiles: pa.RecordBatch, rows: Rows) -> npt.NDArray[np.bool_]:
    """Return whether an error shows in each of some rows: not in values that are missing all the same."""
    found = np.zeros(len(rows), np.bool_)
    for name in error.columns:
        if error.kind == "missing" or name not in profiles.schema.names:
            return np.ones(len(rows), np.bool_)
        found |= profiles.column(name).take(pa.array(rows)).is_valid().to_numpy(zero_copy_only=False)
    return found


def _plain(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values


def _named(marked: npt.NDArray[np.bool_], names: list[str]) -> pa.ListArray:
    """Return the names of the marked columns of each row."""
    offsets = np.concatenate([[0], np.cumsum(marked.sum(axis=1))]).astype(np.int32)
    codes = pa.array(np.nonzero(marked)[1])
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(names, pa.string()).take(codes))
