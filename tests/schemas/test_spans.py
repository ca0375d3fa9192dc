"""The bands and anchors of columns: they cover all that can be drawn, in order, in few steps."""

from datetime import date, datetime, time

import pytest

from synthprof.base.column_kinds import Kind
from synthprof.schemas.draw_kinds.counts import Poisson
from synthprof.schemas.draw_kinds.keys import UniqueInteger
from synthprof.schemas.draw_kinds.lists import Listed
from synthprof.schemas.draw_kinds.moments import Date
from synthprof.schemas.draw_kinds.numbers import Exponential, Gamma, LogNormal, Normal, Pareto, UniformInteger
from synthprof.schemas.draw_kinds.parameters import By
from synthprof.schemas.draw_kinds.places import Place
from synthprof.schemas.draws import Given
from synthprof.schemas.feature_defaults import feature_of
from synthprof.schemas.schema import Column
from synthprof.schemas.spans import MAX_BANDS, anchors_of, as_number, bands_of
from synthprof.schemas.uses import default_weight


def uniform(low: int, high: int) -> Column:
    return Column("x", UniformInteger(low=low, high=high), None, "For a test.")


def carried(kind: str) -> Column:
    return Column("x", Given(Kind.of(kind)), None, "For a test.")


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (1, 6, ("1", "2", "3", "4", "5", "6")),
        (16, 75, ("15-19", "20-24", "25-29")),
        (-10, 1_000, ("-50 to -1", "0-49", "50-99")),
        (0, 10**9, ("0-49999999", "50000000-99999999")),
        (3, 3, ("3",)),
    ],
)
def test_bands_of_bounded_numbers_are_few_and_round(low, high, labels):
    bands = bands_of(uniform(low, high))
    assert bands.labels[: len(labels)] == labels
    assert len(bands.labels) == len(bands.edges) + 1 <= MAX_BANDS
    assert list(bands.edges) == sorted(set(bands.edges))
    anchors = anchors_of(uniform(low, high))
    assert anchors[0] == low and anchors[-1] >= high and len(anchors) > 1


@pytest.mark.parametrize("kind", ["float", "integer", "date", "time", "timestamp", "decimal(2)"])
def test_what_is_known_by_its_kind_alone_has_bands_and_anchors_too(kind):
    bands, anchors = bands_of(carried(kind)), anchors_of(carried(kind))
    assert len(bands.labels) == len(bands.edges) + 1 == len(set(bands.labels))
    for found in (bands.edges, anchors):
        assert len(found) > 1 and list(found) == sorted(set(found))


def test_a_text_has_no_bands():
    assert bands_of(carried("text")) is None


def test_dates_and_times_lie_on_the_line_of_their_days_and_seconds():
    assert as_number(date(1970, 1, 11)) == 10
    assert as_number(datetime(1969, 12, 31, 12)) == -0.5
    assert as_number(time(1, 1, 1)) == 3_661


@pytest.mark.parametrize(
    ("draw", "low", "median", "high"),
    [
        (Normal(mean=40, stddev=10, low=18), 23.6, 45.2, 63.3),
        (Exponential(rate=0.1), 0.101, 6.93, 46.1),
        (Poisson(mean=100), 77, 100, 123),
        (Pareto(shape=2, scale=1), 1.01, 1.41, 10),
        (Gamma(shape=4, scale=2), 1.62, 7.35, 20.1),
        (LogNormal(mu=By(by="plan", values={"a": 2.5, "b": 6}), sigma=0.9), 1.5, 53.5, 3_270),
    ],
)
def test_quantiles_follow_from_the_declaration_and_lie_within_its_bounds(draw, low, median, high):
    found = draw.quantiles
    assert list(found) == sorted(set(found)) and 2 <= len(found) <= 9
    assert (found[0], found[-1]) == pytest.approx((low, high), rel=0.02)
    assert found[len(found) // 2] == pytest.approx(median, rel=0.2)


def test_texts_of_tables_places_and_lists_are_known_and_keys_measure_nothing():
    place = Place(value="city", columns=("city",), rows=(("Austin",), ("Boston",)))
    assert place.known == ("Austin", "Boston")
    assert Listed(items={"red": 2, "blue": 1}, sizes=(1, 1)).known == ("red", "blue")
    key = Column("x", UniqueInteger(low=1, high=10**9), None, "For a test.")
    assert bands_of(key) is None and feature_of(key.draw) is None and default_weight(key) == 0
    assert feature_of(LogNormal(mu=4, sigma=1)).kind == "log"
    assert feature_of(Date(start="2020-01-01", end="2021-01-01")).days == 366
