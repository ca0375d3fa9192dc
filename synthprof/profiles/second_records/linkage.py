"""The F1 that record linkage can reach in a data set: by weights of Fellegi and Sunter from known truth.

I. P. Fellegi, A. B. Sunter: A Theory for Record Linkage, JASA 64 (1969): a pair is the likelier a match, the
larger the sum of log(m / u) over its columns, with m and u the odds of its levels of agreement among matches
and among others. Here both are counted, not estimated without truth as a linker must, and rare values count
more than frequent ones. So the F1 is that of a linker that compares these columns and learns what there is to
learn of them.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.base.streams import stream
from synthprof.profiles.elementary import log
from synthprof.profiles.second_records.comparing import (
    EQUAL,
    MISSING,
    Compared,
    Levels,
    Places,
    first_and_last,
    levels,
)

PER_ROW = 12
"""Pairs a row that a key of blocking may give on average; keys of more are too common to be worth it."""

RANDOM_PAIRS = 200_000
"""Pairs of rows that the odds among others are counted on."""

Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Linkage:
    """The F1, precision and recall of pairs that linkage can reach, and the rows that were measured."""

    f1: float
    precision: float
    recall: float
    rows: int


def linkage(columns: Sequence[Compared], persons: npt.NDArray[np.int64], total: int) -> Linkage:
    """Return what linkage of `total` rows can reach, measured on some of them.

    persons: (n,) the original of each row. Pairs that are no matches are expected to grow with the square of
    the rows, matches with the rows.
    """
    rows = len(persons)
    matches = _matches(persons)
    if not len(matches[0]):
        return Linkage(1.0, 1.0, 1.0, rows)
    others = _candidates(columns, persons)
    odds = [_log_odds(column, matches, rows) for column in columns]
    right = _weights(columns, odds, *matches)
    wrong = np.sort(_weights(columns, odds, *others))
    order = np.sort(right)[::-1]
    found = np.arange(1, len(order) + 1)
    mistaken = len(wrong) - np.searchsorted(wrong, order, side="left")
    growth = (total - 1) / max(rows - 1, 1)
    precision = found / (found + mistaken * growth)
    recall = found / len(order)
    f1 = 2 * precision * recall / (precision + recall)
    best = int(np.argmax(f1))
    return Linkage(float(f1[best]), float(precision[best]), float(recall[best]), rows)


def _matches(persons: npt.NDArray[np.int64]) -> tuple[Places, Places]:
    """Return all pairs of rows of the same person, the lower row first."""
    order = np.argsort(persons, kind="stable")
    return _pairs(order, persons[order])


def _pairs(order: Places, keys: npt.NDArray[np.int64]) -> tuple[Places, Places]:
    """Return all pairs of rows with equal keys, which are sorted; the lower row of `order` first."""
    ones, others, step = [], [], 1
    while step < len(keys) and (same := np.flatnonzero(keys[step:] == keys[:-step])).size:
        ones.append(order[same])
        others.append(order[same + step])
        step += 1
    if not ones:
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    return np.concatenate(ones), np.concatenate(others)


def _candidates(columns: Sequence[Compared], persons: npt.NDArray[np.int64]) -> tuple[Places, Places]:
    """Return pairs of different persons that agree in something rare: others weigh less than any match."""
    rows, seen = len(persons), [np.zeros(0, np.int64)]
    for key in _keys(columns):
        there = np.flatnonzero(key >= 0)
        order = there[np.argsort(key[there], kind="stable")]
        counts = np.unique(key[order], return_counts=True)[1].astype(np.float64)
        if float((counts * (counts - 1) / 2).sum()) > PER_ROW * rows:
            continue
        one, other = _pairs(order, key[order])
        low, high = np.minimum(one, other), np.maximum(one, other)
        seen.append((low * rows + high)[persons[one] != persons[other]])
    pairs = np.unique(np.concatenate(seen))
    return pairs // rows, pairs % rows


def _keys(columns: Sequence[Compared]) -> list[npt.NDArray[np.int64]]:
    """Return keys of blocking, (rows,) each: columns, their first and last words, and pairs and triples."""
    parts: list[tuple[str, npt.NDArray[np.int64]]] = []
    for column in columns:
        parts.append((column.name, column.codes))
        if column.fuzzy == "text":
            parts += [(column.name, words) for words in first_and_last(column)]
    found = []
    for size in (1, 2, 3):
        for chosen in itertools.combinations(range(len(parts)), size):
            if len(chosen) == len({(parts[at][0], at) for at in chosen}):
                found.append(_joined([parts[at][1] for at in chosen]))
    return found


def _joined(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Return one key for several, -1 where one of them is."""
    key = parts[0]
    for part in parts[1:]:
        both = np.where((key < 0) | (part < 0), -1, key * (int(part.max(initial=0)) + 1) + part)
        key = np.unique(both, return_inverse=True)[1] + int(both.min(initial=0))
    return key


def _log_odds(column: Compared, matches: tuple[Places, Places], rows: int) -> Weights:
    """Return log(m / u) of each level, (MISSING + 1,); a missing value weighs nothing."""
    draw = stream(0, column.name, "pairs of rows")
    pairs = [(draw.uniform(RANDOM_PAIRS) * rows).astype(np.intp) for _ in range(2)]
    apart = pairs[0] != pairs[1]
    among = _shares(levels(column, *matches))
    elsewhere = _shares(levels(column, pairs[0][apart], pairs[1][apart]))
    elsewhere[EQUAL] = max(float((column.shares**2).sum()), 1e-12)
    found = log(among / elsewhere)
    found[MISSING] = 0.0
    return found


def _shares(found: Levels) -> Weights:
    counts = np.bincount(found[found != MISSING], minlength=MISSING + 1) + 0.5
    counts[MISSING] = 1.0
    shares: Weights = counts / counts[:MISSING].sum()
    return shares


def _weights(columns: Sequence[Compared], odds: Sequence[Weights], one: Places, other: Places) -> Weights:
    """Return the weight of each pair; equal values weigh by how rare they are."""
    found = np.zeros(len(one))
    for column, of in zip(columns, odds, strict=True):
        level = levels(column, one, other)
        found += of[level]
        equal = level == EQUAL
        mean = float((column.shares**2).sum())
        found[equal] += log(mean / column.shares[column.codes[one[equal]]])
    return np.rint(found * 1_024) / 1_024
