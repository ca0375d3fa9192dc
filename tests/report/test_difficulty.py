"""Figures of difficulty as reports and the console show them."""

from dataclasses import replace
from typing import Any

import pytest
from reports import REPORT, printed

from synthprof.report.difficulty import FIGURES, REAL_TEXTS, figure_value, figures_of, without_figures

SCORES: dict[str, Any] = {"silhouette": 0.1, **dict.fromkeys(FIGURES, 2.5), "lid_100": None}


def test_every_figure_stands_beside_that_of_each_real_text() -> None:
    found = figures_of(SCORES)
    assert [each.name for each in found] == list(FIGURES)
    assert all(len(each.real) == len(REAL_TEXTS) for each in found)
    assert all(len(each.figures) == len(FIGURES) for each in REAL_TEXTS)
    assert {each.name: each.value for each in found}["lid_100"] is None


def test_scores_and_figures_are_apart() -> None:
    assert without_figures(SCORES) == {"silhouette": 0.1}
    assert figures_of({"silhouette": 0.1}) == ()


def test_figures_have_three_digits() -> None:
    shown = [figure_value(each) for each in (None, 34, 128.0, 135.2, 22.264, 1.5648, 0.0)]
    assert shown == ["–", "34", "128", "135", "22.3", "1.56", "0"]


@pytest.mark.parametrize("width", [80, 130])
def test_the_console_names_figures_whole_and_leaves_real_texts_out_instead(width: int) -> None:
    shown = printed(replace(REPORT, scores=SCORES), width)
    assert all(each.title in shown for each in figures_of(SCORES))
    assert all(each.name in shown for each in REAL_TEXTS)
    assert ("no room for" in shown) == (width == 80)
