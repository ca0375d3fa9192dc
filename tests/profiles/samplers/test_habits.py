"""Moments by habits: days within bounds, hours and weekdays by weight, the habit by another column."""

import datetime

import numpy as np
import pytest
from drawing import drawn
from pydantic import ValidationError

from synthprof.base.values import stored
from synthprof.profiles.drawing import generate
from synthprof.schemas.draw_kinds.habits import Habit, Habitual
from synthprof.schemas.draws import Choice
from synthprof.schemas.schema import Archetype, Column, Schema

YEAR = {"start": datetime.date(2024, 1, 1), "end": datetime.date(2024, 12, 31)}
NIGHT = Habit(hours=(1.0,) * 6 + (0.0,) * 18)
WEEKEND = Habit(weekdays=(0.0,) * 5 + (1.0, 3.0))


def moments(texts: list[str]) -> list[datetime.datetime]:
    return [datetime.datetime.fromisoformat(text) for text in texts]


def test_moments_lie_within_the_days_all_alike() -> None:
    draw = Habitual(**YEAR)
    texts = drawn(draw).to_pylist()
    found = moments(texts)
    assert all(stored(draw.kind, moment) == text for moment, text in zip(found, texts, strict=True))
    assert {moment.date() for moment in found} == {
        YEAR["start"] + datetime.timedelta(day) for day in range(366)
    }
    assert np.bincount([moment.hour for moment in found]) / len(found) == pytest.approx(1 / 24, abs=0.007)
    assert np.mean([moment.minute * 60 + moment.second for moment in found]) == pytest.approx(
        1799.5, rel=0.02
    )


def test_weights_of_weekdays_count() -> None:
    days = [moment.weekday() for moment in moments(drawn(Habitual(**YEAR, habit=WEEKEND)).to_pylist())]
    shares = np.bincount(days, minlength=7) / len(days)
    assert shares == pytest.approx(np.array([0, 0, 0, 0, 0, 0.25, 0.75]), abs=0.015)


def test_another_column_chooses_the_habit() -> None:
    columns = (
        Column("who", Choice(("owl", "worker", "other"), (1, 1, 1)), None, "Who."),
        Column("at", Habitual(**YEAR, by="who", habits={"owl": NIGHT, "worker": WEEKEND}), None, "When."),
    )
    rows = generate(Schema("t", columns, (Archetype("a", "A", 1.0, ()),)), 1, "pt_BR", 0.8, 0).profiles
    by = {who: [] for who in ("owl", "worker", "other")}
    for who, at in zip(rows.column("who").to_pylist(), moments(rows.column("at").to_pylist()), strict=True):
        by[who].append(at)
    assert {at.hour for at in by["owl"]} == set(range(6))
    assert {at.weekday() for at in by["worker"]} == {5, 6}
    assert {at.hour for at in by["other"]} == set(range(24))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": "2024-02-01", "end": "2024-01-01"}, "are not 1 to 65536 days"),
        ({"by": "who"}, "by and habits belong together"),
        ({"habit": {"hours": (0.0,) * 24}}, "all weights of a habit are 0"),
        ({"start": "2024-01-01", "end": "2024-01-02", "habit": WEEKEND}, "no day from 2024-01-01"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Habitual(**{**YEAR, **change})
