"""The facts on second records, counted from the truth, and the F1 predicted from some of the rows."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa

from synthprof.profiles.second_records.comparing import Compared, compared
from synthprof.profiles.second_records.linkage import linkage
from synthprof.report.duplicates import DuplicateFacts, ErrorFacts
from synthprof.schemas.duplicates import Duplicates
from synthprof.schemas.schema import Column, Schema

SAMPLED_BLOCKS = 2
"""Blocks whose rows the F1 is predicted from: about two seconds."""

DIGITS = 4
"""Digits of the figures, which hide in what the last bits of libraries differ."""


def counted_duplicates(
    schema: Schema, rows: int, truth: Iterable[pa.RecordBatch], sample: Sequence[pa.RecordBatch]
) -> DuplicateFacts:
    """Return the facts of a version. truth: of all blocks. sample: the rows of the first SAMPLED_BLOCKS."""
    duplicates = schema.duplicates
    assert duplicates is not None
    batches = list(truth)
    kinds = Counter[str]()
    for batch in batches:
        kinds.update(batch.column("errors").flatten().to_pylist())
    ids = [np.concatenate([batch.column(name).to_numpy() for batch in batches]) for name in _IDS]
    records, persons = len(ids[0]), rows - len(ids[0])
    of_each = np.unique(ids[1], return_counts=True)[1]
    sizes = np.bincount(of_each + 1, minlength=2)[1:]
    sizes[0] = persons - len(of_each)
    whose = np.arange(1, sum(batch.num_rows for batch in sample) + 1)
    there = ids[0] <= len(whose)
    whose[ids[0][there] - 1] = ids[1][there]
    found = linkage([_column(schema.column(name), sample) for name in duplicates.compare], whose, rows)
    return DuplicateFacts(
        rows=rows,
        records=records,
        persons=persons,
        sizes=tuple(sizes.tolist()),
        errors=_errors(duplicates, kinds),
        compared=duplicates.compare,
        f1=round(found.f1, DIGITS),
        precision=round(found.precision, DIGITS),
        recall=round(found.recall, DIGITS),
        sampled=found.rows,
    )


_IDS = ("id", "original_id")


def _errors(duplicates: Duplicates, kinds: Counter[str]) -> tuple[ErrorFacts, ...]:
    """Return the errors by their kinds."""
    ordered = sorted(duplicates.errors, key=lambda error: error.kind)
    found = []
    for kind, same in groupby(ordered, key=lambda error: error.kind):
        errors = list(same)
        columns = dict.fromkeys(name for error in errors for name in error.columns)
        asked = sum(error.share for error in errors)
        found.append(ErrorFacts(kind, tuple(columns), round(asked, DIGITS), kinds[kind]))
    return tuple(sorted(found, key=lambda error: -error.asked))


def _column(column: Column, sample: Sequence[pa.RecordBatch]) -> Compared:
    texts = [_texts(batch.column(column.name)) for batch in sample]
    fuzzy = "digits" if column.kind in ("integer", "date") else ""
    if column.kind == "text" and not column.values:
        fuzzy = "text"
    return compared(column.name, pa.concat_arrays(texts), fuzzy)


def _texts(values: pa.Array) -> pa.StringArray:
    plain = values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values
    return plain.cast(pa.string())
