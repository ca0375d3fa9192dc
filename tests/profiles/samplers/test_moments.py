"""Dates, times and timestamps: their calendar, the clocks of zones, and columns that they come after."""

import datetime
import os
import subprocess
import sys
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from drawing import drawn, drawn_with
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import stats

from synthprof.base.errors import SpecError
from synthprof.profiles.samplers.moments import Zone
from synthprof.schemas.draw_kinds.moments import Date, Habit, Time, Timestamp
from synthprof.schemas.draw_kinds.numbers import Normal
from synthprof.schemas.draw_kinds.zones import offsets_of
from synthprof.schemas.draws import Choice

YEAR = {"start": "2024-01-01", "end": "2024-12-31"}
DAYS = {"draw": "exponential", "rate": 0.1}
NIGHT = Habit(hours=(1.0,) * 6 + (0.0,) * 18)
WEEKEND = Habit(weekdays=(0.0,) * 5 + (1.0, 3.0))


def moments(draw: Timestamp) -> list[datetime.datetime]:
    return [datetime.datetime.fromisoformat(text) for text in drawn(draw).to_pylist()]


def test_days_are_even_over_the_range_and_both_ends_are_drawn() -> None:
    days = drawn(Date(**YEAR)).to_pylist()
    assert (min(days), max(days)) == ("2024-01-01", "2024-12-31")
    assert stats.chisquare(np.unique(days, return_counts=True)[1]).pvalue > 0.01


def test_days_have_the_weights_of_their_month_and_weekday() -> None:
    months = (3, *[1] * 11)
    texts = drawn(Date(**YEAR, months=months, weekdays=(1, 1, 1, 1, 1, 0, 2))).to_pylist()
    days = [datetime.date.fromisoformat(text) for text in texts]
    weekdays = np.bincount([day.weekday() for day in days], minlength=7) / len(days)
    assert weekdays[5] == 0
    assert weekdays[6] / weekdays[0] == pytest.approx(2, rel=0.1)
    january = np.mean([day.month == 1 for day in days])
    assert january == pytest.approx(3 * 31 / (3 * 31 + 335), abs=0.015)


def test_hours_have_their_weights_and_seconds_are_even() -> None:
    hours = (*[0] * 12, 3, 1, *[0] * 10)
    texts = drawn(Time(hours=hours)).to_pylist()
    assert {text[:2] for text in texts} == {"12", "13"}
    assert np.mean([text[:2] == "12" for text in texts]) == pytest.approx(0.75, abs=0.015)
    seconds = [int(text[3:5]) * 60 + int(text[6:]) for text in texts]
    assert stats.kstest(np.array(seconds) / 3_600, "uniform").pvalue > 0.01
    assert len({len(text) for text in drawn(Timestamp(**YEAR, digits=3)).to_pylist()}) == 1


def test_business_hours_are_those_of_clocks_in_the_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    found = moments(Timestamp(**YEAR, zone="Europe/Berlin", business_hours=True))
    shown = [each.astimezone(berlin) for each in found]
    assert {each.hour for each in shown} == set(range(9, 17))
    assert {each.weekday() for each in shown} == set(range(5))
    assert {(a.hour - b.hour) for a, b in zip(shown, found, strict=True)} == {1, 2}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_no_time_is_drawn_that_clocks_skip(zone: str) -> None:
    place = ZoneInfo(zone)
    night = (*[1] * 4, *[0] * 20)
    change = {"America/New_York": "2024-03-10", "Europe/Berlin": "2024-03-31"}.get(zone, "2024-10-06")
    texts = drawn(Timestamp(start=change, end=change, zone=zone, hours=night, local=True)).to_pylist()
    for shown in map(datetime.datetime.fromisoformat, texts[:4_000]):
        there = shown.replace(tzinfo=place)
        assert there.astimezone(datetime.UTC).astimezone(place).replace(tzinfo=None) == shown


@given(
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu"]), st.integers(0, 3 * 31_622_400)
)
@settings(max_examples=200, deadline=None)
def test_clocks_are_those_of_zoneinfo(zone: str, second: int) -> None:
    """A time that clocks skip is put off by what is skipped, as `fold=0` does; of two, it is the first."""
    clocks = Zone(offsets_of(zone, "2016-01-01", "2018-12-31"), 1)
    shown = datetime.datetime(2016, 1, 1) + datetime.timedelta(seconds=second)
    wanted = int(shown.replace(tzinfo=ZoneInfo(zone)).timestamp())
    at = np.array([int(shown.replace(tzinfo=datetime.UTC).timestamp())])
    assert clocks.moments(at)[0] == wanted
    back = datetime.datetime.fromtimestamp(wanted, ZoneInfo(zone)).replace(tzinfo=datetime.UTC)
    assert clocks.shown(np.array([wanted]))[0] == int(back.timestamp())


def test_moments_come_after_or_before_those_of_other_columns() -> None:
    draws = {
        "born": Date(start="1960-01-01", end="2000-12-31"),
        "joined": Date(after="born", offset={"draw": "uniform_integer", "low": 7_000, "high": 9_000}),
        "seen": Timestamp(after="joined", offset=DAYS, unit="hours"),
        "left": Timestamp(after="seen", offset=DAYS, end="2010-01-01"),
        "day": Date(before="left", offset={"draw": "normal", "mean": 0, "stddev": 1}),
    }
    columns = drawn_with(draws, rows=3_000).to_pydict()
    born, joined, day = (np.array(columns[name], dtype="datetime64[D]") for name in ("born", "joined", "day"))
    seen, left = (np.array(columns[name], dtype="datetime64[s]") for name in ("seen", "left"))
    away = (joined - born).astype(int)
    assert 7_000 <= away.min() <= away.max() <= 9_000
    hours = (seen - joined.astype("datetime64[s]")).astype(int) / 3_600
    assert stats.kstest(hours, stats.expon(scale=10).cdf).pvalue > 0.01
    cut = np.datetime64("2010-01-01T23:59:59")
    assert ((left >= seen) | (left == cut)).all()
    assert left.max() == cut
    assert (day <= left).all()
    assert (day == left.astype("datetime64[D]")).mean() == pytest.approx(0.84, abs=0.03)


def test_fewer_rows_are_the_beginning_of_more_and_blocks_differ() -> None:
    for kind in (Date(**YEAR), Time(), Timestamp(**YEAR, hours=[1] * 24, zone="UTC")):
        values = drawn(kind)
        assert drawn(kind, rows=99).equals(values[:99])
        assert sum(map(str.__eq__, values.to_pylist(), drawn(kind, block=1).to_pylist())) < 200


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (Date, {"start": "2024-13-01", "end": "2024-12-31"}, "valid date"),
        (Date, {"start": "2024-02-01", "end": "2024-01-31"}, "start=2024-02-01 is after end=2024-01-31"),
        (Date, {"start": "1700-01-01", "end": "2024-01-01"}, "118339 days, 65536 at most"),
        (Date, {"start": "2024-01-01"}, "a range needs start and end"),
        (Date, {"after": "a"}, "need each other; give both or none"),
        (Date, {"after": "a", "before": "b", "offset": DAYS}, "exclude each other; give one of them"),
        (Date, {"after": "a", "offset": DAYS, "months": [1] * 12}, "weigh a range, and not an offset"),
        (
            Date,
            {"start": "2024-01-06", "end": "2024-01-07", "weekdays": (1,) * 5 + (0, 0)},
            "no day from 2024",
        ),
        (Time, {"hours": [0] * 24}, "all hours have the weight 0"),
        (Time, {"hours": [1] * 23}, "at least 24"),
        (Timestamp, {**YEAR, "zone": "Europe/Atlantis"}, "is no time zone of this machine"),
        (Timestamp, {**YEAR, "zone": "../../etc/passwd"}, "is no time zone of this machine"),
        (Timestamp, {**YEAR, "local": True}, "give zone, or remove local"),
        (Timestamp, {**YEAR, "business_hours": True, "hours": [1] * 24}, "stands for weekdays and hours"),
        (Timestamp, {**YEAR, "by": "who"}, "by and habits belong together"),
        (Timestamp, {**YEAR, "by": "who", "habits": {"owl": {}}}, "says nothing; give one of them"),
        (Timestamp, {"after": "a", "offset": DAYS, "by": "b", "habits": {"owl": NIGHT}}, "belong to a range"),
        (
            Timestamp,
            {"start": "2024-01-01", "end": "2024-01-05", "by": "who", "habits": {"owl": WEEKEND}},
            "no day from 2024",
        ),
    ],
)
def test_wrong_calendars_are_refused_in_words(kind: type, wrong: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        kind(**wrong)


def test_moments_cannot_come_after_numbers_or_other_sorts_of_moments() -> None:
    with pytest.raises(
        SpecError, match="after or before x, which is a float; name a column of the kind date"
    ):
        drawn_with({"x": Normal(mean=0, stddev=1), "y": Date(after="x", offset=DAYS)})
    with pytest.raises(
        SpecError, match="which is a timestamp; name a column of the kind date or timestamptz"
    ):
        drawn_with({"x": Timestamp(**YEAR), "y": Timestamp(after="x", offset=DAYS, zone="UTC")})


def test_another_column_chooses_habits_and_what_they_leave_out_is_as_for_all_others() -> None:
    at = Timestamp(
        **YEAR,
        hours=(0,) * 6 + (1,) * 18,
        by="who",
        habits={"owl": NIGHT, "worker": WEEKEND},
        months=[1] * 12,
    )
    rows = drawn_with({"who": Choice(("owl", "worker", "other"), (1, 1, 1)), "at": at})
    by = {who: [] for who in ("owl", "worker", "other")}
    for who, text in zip(rows["who"].to_pylist(), rows["at"].to_pylist(), strict=True):
        by[who].append(datetime.datetime.fromisoformat(text))
    assert {each.hour for each in by["owl"]} == set(range(6))
    assert {each.weekday() for each in by["owl"]} == set(range(7))
    weekdays = np.bincount([each.weekday() for each in by["worker"]], minlength=7) / len(by["worker"])
    assert weekdays == pytest.approx(np.array([0, 0, 0, 0, 0, 0.25, 0.75]), abs=0.025)
    assert {each.hour for each in by["worker"]} == {each.hour for each in by["other"]} == set(range(6, 24))
    assert {each.date() for each in by["other"]} == {
        datetime.date(2024, 1, 1) + datetime.timedelta(day) for day in range(366)
    }


def test_habits_name_values_of_the_column_that_chooses_them() -> None:
    draws = {"who": Choice(("owl",), (1,)), "at": Timestamp(**YEAR, by="who", habits={"lark": NIGHT})}
    with pytest.raises(SpecError, match="at: habits by who: it has no value 'lark'"):
        drawn_with(draws)


def test_zones_are_there_without_those_of_the_system_and_an_unknown_one_is_refused() -> None:
    with pytest.raises(ValueError, match=r"zone='Mars/Olympus' is no time zone.*use e\.g\. Europe/Berlin"):
        offsets_of("Mars/Olympus", None, None)
    code = "from synthprof.schemas.draw_kinds.zones import offsets_of as o; o('Europe/Lisbon', None, None)"
    subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONTZPATH": ""}, check=True)
