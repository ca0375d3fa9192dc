"""Expected shares of columns that depend on columns that follow from others, or are not drawn by odds."""

import pytest

from synthprof.profiles.shares import expected_shares
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draws import Choice, Lookup, Shift
from synthprof.schemas.schema import Column, Schema

CITY = Column("city", Choice(("Ulm", "Bonn", "Essen"), (1, 1, 2)), None, "City.")
STATE = Column("state", Lookup("city", ("BW", "NW"), (0, 1, 1)), None, "State.")
PLAN = Column(
    "plan", Choice(("free", "paid"), (1, 1), (Shift("state", (), ((1, 3), (1, 1))),)), None, "Plan, by state."
)
SUPPORT = Column(
    "support",
    Choice(("mail", "phone"), (1, 1), (Shift("plan", (), ((1, 0), (1, 1))),)),
    None,
    "Support, by plan.",
)


def test_a_column_may_depend_on_one_that_follows_from_another() -> None:
    found = expected_shares(Schema("shop", (CITY, STATE, PLAN, SUPPORT), ()), 0.0)
    assert found["plan"] == pytest.approx({"free": 0.25 * 0.25 + 0.75 * 0.5, "paid": 0.5625})
    assert found["support"] == pytest.approx({"mail": 0.4375 + 0.5625 / 2, "phone": 0.28125})


def test_what_depends_on_a_column_without_odds_is_left_out() -> None:
    age = Column("age", UniformInteger(low=1, high=90), None, "Age.")
    plan = Column(
        "plan", Choice(("free", "paid"), (1, 1), (Shift("age", (1, 30), ((1, 0), (1, 1))),)), None, "Plan."
    )
    assert set(expected_shares(Schema("people", (age, plan, SUPPORT, CITY), ()), 0.0)) == {"city"}
