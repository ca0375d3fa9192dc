"""Comparison of pairs of rows by the columns that tell people apart: a level of agreement for each column."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.second_records.written_anew import plain

Places = npt.NDArray[np.intp]
Levels = npt.NDArray[np.int8]

EQUAL, SLIP, NEAR, ALIKE, OTHER, MISSING = range(6)
"""Levels of agreement, the best first; a missing value says nothing."""

NEAR_FROM, ALIKE_FROM = 0.92, 0.8
"""Jaro-Winkler similarities from which on texts are near or alike, customary in the field; SLIP is one edit
(Damerau-Levenshtein), of texts, numbers and dates."""


@dataclass(frozen=True)
class Compared:
    """A column of the rows that are compared.

    codes: (n,) the place of each row's value, -1 where there is none. texts: the values. fuzzy: `text` for
    free texts, `digits` for numbers and dates; empty where values are equal or others. shares: of each value,
    of the rows that have one.
    """

    name: str
    codes: npt.NDArray[np.int64]
    texts: Sequence[str]
    fuzzy: str
    shares: npt.NDArray[np.float64]


def compared(name: str, values: pa.StringArray, fuzzy: str) -> Compared:
    """Return a column for comparison. values: (n,) texts, whatever is stored.

    Free texts are compared as linkers do it: in lower case, without accents and signs between words.
    """
    coded = (_standard(values) if fuzzy == "text" else values).dictionary_encode()
    codes = coded.indices.fill_null(-1).to_numpy().astype(np.int64)
    counts = np.bincount(codes[codes >= 0], minlength=len(coded.dictionary))
    shares = counts / max(int(counts.sum()), 1)
    return Compared(name, codes, coded.dictionary.to_pylist(), fuzzy, shares)


def _standard(texts: pa.StringArray) -> pa.StringArray:
    return pc.utf8_trim(pc.replace_substring_regex(pc.utf8_lower(plain(texts)), r"[\s._,-]+", " "), " ")


def first_and_last(column: Compared) -> list[npt.NDArray[np.int64]]:
    """Return codes of the first and of the last word of each row's text, (n,) each."""
    texts, found = pa.array(column.texts, pa.string()), []
    for pattern in (r"^(\S*).*$", r"^.*?(\S*)$"):
        words = pc.replace_substring_regex(texts, pattern, r"\1").dictionary_encode().indices.to_numpy()
        of_rows = np.append(words.astype(np.int64), -1)
        found.append(of_rows[column.codes])
    return found


def levels(column: Compared, one: Places, other: Places) -> Levels:
    """Return the level of agreement of each pair of rows, (m,)."""
    left, right = column.codes[one], column.codes[other]
    found = np.where(left == right, EQUAL, OTHER).astype(np.int8)
    found[(left < 0) | (right < 0)] = MISSING
    if column.fuzzy:
        rows = np.flatnonzero(found == OTHER)
        found[rows] = _near(column, left[rows], right[rows])
    return found


def _near(column: Compared, left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]) -> Levels:
    """Return the levels of pairs of different values, each pair of values measured once."""
    from rapidfuzz import process
    from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

    pairs, place = np.unique(left * np.int64(len(column.texts)) + right, return_inverse=True)
    if not len(pairs):
        return np.zeros(0, np.int8)
    ones = [column.texts[code] for code in (pairs // len(column.texts)).tolist()]
    others = [column.texts[code] for code in (pairs % len(column.texts)).tolist()]
    found = np.full(len(pairs), OTHER, np.int8)
    if column.fuzzy == "text":
        likeness = process.cpdist(ones, others, scorer=JaroWinkler.similarity, dtype=np.float64)
        found[likeness >= ALIKE_FROM] = ALIKE
        found[likeness >= NEAR_FROM] = NEAR
    edits = process.cpdist(ones, others, scorer=DamerauLevenshtein.distance, score_cutoff=1)
    found[edits <= 1] = SLIP
    return found[place]
