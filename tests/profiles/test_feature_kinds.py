"""The kinds of feature beside those of `gamer_br`: values, positions, what is missing, what is refused."""

import math
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.base.values import stored
from synthprof.profiles.features import features
from synthprof.schemas.draws import Choice, Given, Lookup, Subset
from synthprof.schemas.features import (
    Counted,
    Cyclic,
    DatePart,
    Elements,
    Feature,
    Flagged,
    Frequency,
    Hashed,
    Indexed,
    Logged,
    OneHot,
    Scaled,
    Since,
    Standardised,
    default_feature,
    read_feature,
)
from synthprof.schemas.schema import Archetype, Column, Schema


def vectors(feature: Feature, kind: str, values: list, missing: float | None = None) -> np.ndarray:
    """The vectors of a schema of this column alone, from stored values; checks them against its names."""
    schema = Schema("test", (Column("x", Given(Kind.of(kind)), feature, "For a test."),), ())
    held = [stored(Kind.of(kind), value) for value in values]
    batch = pa.RecordBatch.from_pydict({"x": pa.array(held)})
    found = features(schema, batch, len(schema.feature_names))
    assert found.shape == (len(values), len(schema.feature_names))
    assert ((found >= 0) & (found <= 1)).all()
    return found


def test_numbers_on_a_log_scale_and_by_their_deviation():
    found = vectors(Logged(0, 999), "float", [0, 9, 99, 999, 5_000, -3, None])
    assert found[:, 0] == pytest.approx([0, 1 / 3, 2 / 3, 1, 1, 0, 0], abs=1e-7)
    found = vectors(Standardised(40, 10, clip=2), "integer", [40, 50, 20, 100, None])
    assert found[:, 0].tolist() == [0.5, 0.75, 0, 1, 0.5]
    assert vectors(Scaled(0, 100), "decimal(2)", ["12.50", None])[:, 0].tolist() == [0.125, 0]


@pytest.mark.parametrize(
    ("of", "kind", "value", "turn"),
    [
        ("hour", "time", "18:00:00", 18 / 24),
        ("hour", "timestamp", "2024-02-29T06:36:00", 6.6 / 24),
        ("weekday", "date", "2024-01-01", 0),  # a Monday
        ("weekday", "timestamptz", "2023-12-31T23:00:00Z", 6 / 7),
        ("day", "date", "1999-12-31", 30 / 31),
        ("month", "date", "2024-10-05", 9 / 12),
        ("day_of_year", "date", "2024-12-31", 365 / 366),
    ],
)
def test_what_comes_round_again_lies_on_a_circle(of, kind, value, turn):
    found = vectors(Cyclic(of), kind, [value, None])
    angle = 2 * math.pi * turn
    wanted = [(1 + math.cos(angle)) / 2, (1 + math.sin(angle)) / 2]
    assert found[0] == pytest.approx(wanted, abs=1e-7)
    assert found[1].tolist() == [0.5, 0.5]


def test_the_hour_before_midnight_is_near_the_hour_after_it():
    before, after, noon = vectors(Cyclic("hour"), "time", ["23:30:00", "00:30:00", "12:00:00"])
    assert np.linalg.norm(before - after) < 0.14 < np.linalg.norm(before - noon)


def test_days_since_a_date_and_parts_of_dates():
    since = Since("2020-01-01", "2021-01-01")
    values = ["2020-01-01", "2020-07-02", "2021-06-01", "2019-01-01", None]
    assert vectors(since, "date", values)[:, 0] == pytest.approx([0, 0.5, 1, 0, 0])
    assert vectors(since, "timestamp", ["2020-01-01T12:00:00"])[0, 0] == np.float32(0.5 / 366)
    assert vectors(DatePart("month"), "date", ["2024-12-01", "2024-01-09"])[:, 0].tolist() == [1, 0]
    assert vectors(DatePart("year", 2000, 2020), "date", ["2005-05-05"])[0, 0] == 0.25
    assert vectors(DatePart("minute"), "timestamp", ["2005-05-05T10:59:00"])[0, 0] == 1


def test_flags_and_hashes_of_carried_values():
    assert vectors(Flagged(missing=0.5), "bool", [True, False, None])[:, 0].tolist() == [1, 0, 0.5]
    found = vectors(Hashed(8), "text", ["a", "b", "a", None])
    assert found.sum(axis=1).tolist() == [1, 1, 1, 0] and (found[0] == found[2]).all()
    items = vectors(Hashed(64), "list", [["a", "b"], ["b"], [], None])
    assert items.sum(axis=1).tolist() == [2, 1, 0, 0]
    # The bytes of a hash may not change: models are trained on its positions.
    assert found.argmax(axis=1).tolist() == [0, 4, 0, 0]


@pytest.fixture
def drawn() -> Schema:
    return Schema(
        "test",
        (
            Column("plan", Choice(("free", "plus", "pro"), (6, 3, 1)), OneHot(), "Plan."),
            Column("paid", Lookup("plan", ("no", "yes"), (0, 1, 1)), Frequency(), "Paid."),
            Column("uses", Subset(("web", "app"), (1, 1), (1, 1)), Elements(), "Uses."),
        ),
        (),
    )


def test_categories_and_lists_take_a_position_for_each_value(drawn):
    assert drawn.feature_names == ("plan=free", "plan=plus", "plan=pro", "paid", "uses=web", "uses=app")
    columns = {
        "plan": ["plus", "free", None],
        "paid": ["yes", "no", None],
        "uses": ["app, web", "web", "[]"],
    }
    found = features(drawn, pa.RecordBatch.from_pydict(columns), 8)
    assert found[0].tolist() == [0, 1, 0, np.float32(0.4), 1, 1, 0, 0]
    assert found[1].tolist() == [1, 0, 0, np.float32(0.6), 1, 0, 0, 0]
    assert found[2].tolist() == [0] * 8


def test_a_schema_without_archetypes_draws_as_one_with_a_single_kind(drawn):
    from synthprof.profiles.drawing import generate

    alone = Schema("test", drawn.columns, (Archetype("all", "All", 1.0, ()),))
    one, other = (generate(schema, 1, "pt_BR", 0.8, 0, 100) for schema in (drawn, alone))
    assert one.profiles.equals(other.profiles) and not one.archetypes.any()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"kind": "scal"}, "age: feature: .*'scal'"),
        ({"kind": "scale", "low": 9, "high": 1}, "age: feature: low=9 is not below high=1; swap them"),
        ({"kind": "scale", "low": float("nan"), "high": 1}, r"feature\.low"),
        ({"kind": "cycle", "of": "moon"}, r"feature\.of: .*'hour', 'weekday'"),
        ({"kind": "part", "of": "year"}, "needs low and high"),
        ({"kind": "hash", "size": 10**9}, r"feature\.size: .*1024"),
        ({"kind": "since", "first": "2024-01-01", "last": "2023-01-01"}, "swap them"),
        ({"kind": "one_hot", "missing": 2}, r"feature\.missing"),
        ({"kind": "since", "first": "2024-01-32", "last": "2025-01-01"}, "2024-01-32 is no date"),
        (3, "age: feature"),
    ],
)
def test_a_faulty_feature_is_refused_with_its_place(written, told):
    with pytest.raises(SpecError, match=told):
        read_feature(written, "age")


def test_a_feature_of_another_kind_of_column_is_refused():
    with pytest.raises(SpecError, match="x is a date, of which no feature of kind scale"):
        vectors(Scaled(0, 1), "date", ["2024-01-01"])
    with pytest.raises(SpecError, match="shares are not known"):
        vectors(Frequency(), "integer", [1])
    many = tuple(map(str, range(2_000)))
    with pytest.raises(SpecError, match=r"2000 positions, and at most 1024 .* size = 1024"):
        Schema("test", (Column("x", Choice(many, (1.0,) * 2_000), OneHot(), ""),), ())


@pytest.mark.parametrize(
    ("kind", "low", "high", "wanted"),
    [
        ("bool", None, None, Flagged()),
        ("integer", 1, 6, Scaled(1, 6)),
        ("integer", None, 6, None),
        ("float", 0.5, 0.5, None),
        ("date", date(2020, 1, 1), date(2024, 1, 1), Since("2020-01-01", "2024-01-01")),
        ("time", None, None, Cyclic("hour")),
        ("text", None, None, None),
    ],
)
def test_each_kind_of_column_has_a_sensible_feature(kind, low, high, wanted):
    assert default_feature(Kind(kind), low, high) == wanted
    assert default_feature(Kind("text"), None, None, known=True) == Indexed()
    assert default_feature(Kind("list"), 0, 4) == Counted(4)
