"""The predicted F1, and the comparison of rows that it rests on."""

import numpy as np
import pyarrow as pa
import pytest

from synthprof.profiles.second_records.comparing import (
    ALIKE,
    EQUAL,
    MISSING,
    NEAR,
    OTHER,
    SLIP,
    compared,
    first_and_last,
    levels,
)
from synthprof.profiles.second_records.linkage import linkage


def test_levels_of_texts() -> None:
    names = ["Ana Souza", "ANA  SOUZÁ", "Ana Sousa", "Anna Souzza", "Ana Silva", "Pedro Lima", None]
    column = compared("name", pa.array(names, pa.string()), "text")
    found = levels(column, np.zeros(7, np.intp), np.arange(7))
    assert found.tolist() == [EQUAL, EQUAL, SLIP, NEAR, ALIKE, OTHER, MISSING]


def test_levels_of_digits_and_of_values() -> None:
    column = compared("age", pa.array(["31", "32", "13", "31", "70"]), "digits")
    assert levels(column, np.zeros(5, np.intp), np.arange(5)).tolist() == [EQUAL, SLIP, SLIP, EQUAL, OTHER]
    column = compared("town", pa.array(["Bonn", "Bönn", "Bonn"]), "")
    assert levels(column, np.zeros(3, np.intp), np.arange(3)).tolist() == [EQUAL, OTHER, EQUAL]


def test_words_of_texts_are_keys() -> None:
    first, last = first_and_last(
        compared("name", pa.array(["Ana Lima", "ana reis", "Ivo Lima", None]), "text")
    )
    assert first[0] == first[1] != first[2]
    assert last[0] == last[2] != last[1]
    assert first[3] == last[3] == -1


def _rows(people: int, copies: int, numbers: int) -> tuple[pa.Array, np.ndarray]:
    """Numbers of people, of whom the first have a second row, and who each row is."""
    own = np.random.default_rng(4).integers(0, numbers, people)
    return pa.array([str(each) for each in (*own, *own[:copies])]), np.concatenate(
        [np.arange(people), np.arange(copies)]
    )


@pytest.mark.parametrize("numbers", [600_000, 4_000, 400])
def test_the_f1_of_a_key_is_that_of_all_its_pairs_the_rarest_value_first(numbers: int) -> None:
    values, persons = _rows(1_000, 200, numbers)
    keys = np.array(values.to_pylist())
    one, other = np.triu_indices(1_200, 1)
    alike = keys[one] == keys[other]
    right = (persons[one] == persons[other])[alike]
    often = (keys[one][alike][:, None] == keys).sum(axis=1)
    reached = [
        (int(right[often <= most].sum()), int((often <= most).sum())) for most in range(2, often.max() + 1)
    ]
    best = max(2 * found / (200 + pairs) for found, pairs in reached)
    assert linkage([compared("key", values, "")], persons, 1_200).f1 == pytest.approx(best)


def test_more_rows_than_were_measured_are_harder() -> None:
    values, persons = _rows(1_000, 200, 20_000)
    column = [compared("key", values, "")]
    few, many = linkage(column, persons, 1_200), linkage(column, persons, 12_000)
    assert few.f1 > many.f1 > 0
    assert linkage(column, np.arange(1_200), 1_200).f1 == 1.0
