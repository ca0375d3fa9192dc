"""Folding of texts."""

from itertools import product

import pyarrow as pa
import pytest

from synthprof.encoders.catalogue.phrases import fold_all

LATIN = [chr(number) for number in range(256)]
GREEK = "ω"
"""A letter outside Latin 1, with which Arrow folds all texts."""


@pytest.mark.parametrize("between", ["", "a"])
def test_texts_in_latin_1_are_folded_as_arrow_folds_them(between: str) -> None:
    texts = [between.join(pair) for pair in product(LATIN, repeat=2)]
    alone = fold_all(pa.array(texts))
    assert alone.equals(fold_all(pa.array([*texts, GREEK])).slice(0, len(texts)))


def test_missing_texts_stay_missing() -> None:
    assert fold_all(pa.array(["É", None])).to_pylist() == ["e", None]
