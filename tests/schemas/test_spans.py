"""The bands and anchors of columns: they cover all that can be drawn, in order, in few steps."""

from datetime import date, datetime, time

import pytest

from synthprof.base.column_kinds import Kind
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draws import Given
from synthprof.schemas.schema import Column
from synthprof.schemas.spans import MAX_BANDS, anchors_of, as_number, bands_of


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
