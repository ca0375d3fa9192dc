"""Draws of codes given a column that a sampler draws: by bands of its numbers, booleans by 0 and 1."""

import pyarrow.compute as pc
import pytest
from drawing import drawn_with

from synthprof.base.errors import SpecError
from synthprof.profiles.shares import expected_shares
from synthprof.schemas.draw_kinds.numbers import Normal, UniformInteger
from synthprof.schemas.draw_kinds.odds import Boolean, Constant
from synthprof.schemas.draws import Chance, Choice, Number, Shift, Subset, YearsSince
from synthprof.schemas.schema import Column, Schema

LETTERS = tuple("abcdefgh")
DRAWS = {
    "x": Normal(mean=0, stddev=1),
    "t": Boolean(share=0.5),
    "sign": Choice(("low", "high"), (1, 1), (Shift("x", (-9.5, 0.5), ((1, 0), (0, 1))),)),
    "rare": Chance(0.5, (Shift("t", (0, 1), ((1, 0), (0, 1))),)),
    "n": Number(1, (1, 1), (1,), (Shift("x", (0.0, 1.0), ((1, 0), (0, 1))),)),
    "list": Subset(LETTERS, (1.0,) * 8, (1, 1, 1, 1, 1), (Shift("t", (0, 1), ((1,) * 8, (1, *[0] * 7))),)),
    "share": Normal(mean={"by": "sign", "values": {"low": 0.0}, "other": 9.0}, stddev=0.1),
}


def test_codes_follow_the_bands_of_numbers_and_booleans() -> None:
    batch = drawn_with(DRAWS)
    x, t = batch["x"].to_numpy(), batch["t"].to_numpy()
    assert (batch["sign"].to_numpy(zero_copy_only=False) == "high").tolist() == (x >= 0.5).tolist()
    assert batch["rare"].to_pylist() == t.tolist()
    assert (batch["n"].to_numpy() == 2).tolist() == (x >= 1).tolist()
    assert set(batch["list"].filter(pc.equal(batch["t"], 1)).to_pylist()) == {"a"}
    assert ((batch["share"].to_numpy() > 4) == (x >= 0.5)).all()


def test_fewer_rows_are_the_beginning_of_more_though_lists_take_words_by_need() -> None:
    assert drawn_with(DRAWS, rows=100).equals(drawn_with(DRAWS).slice(0, 100))


def test_columns_without_bands_are_refused() -> None:
    shift = Shift("x", (), ((1, 1),))
    with pytest.raises(SpecError, match="y cannot be given x, which is a text; give it a category"):
        drawn_with({"x": Constant(value="a"), "y": Choice(("a", "b"), (1, 1), (shift,))})
    with pytest.raises(SpecError, match="x is drawn as normal, but a table of its numbers is needed here"):
        drawn_with({"x": Normal(mean=1, stddev=1), "y": YearsSince("x", 0, 5, 1, 1)})


def test_shares_of_odds_that_hang_on_a_sampled_column_are_not_told() -> None:
    by_age = Choice(("a", "b"), (1.0, 1.0), (Shift("age", (0, 40), ((1.0, 1.0), (5.0, 1.0))),))
    columns = (
        Column("age", UniformInteger(low=0, high=80), None, "Age."),
        Column("plan", by_age, None, "Plan."),
        Column(
            "after",
            Choice(("x", "y"), (1.0, 1.0), (Shift("plan", (), ((1.0, 2.0), (1.0, 1.0))),)),
            None,
            "By it.",
        ),
        Column("alone", Choice(("x", "y"), (3.0, 1.0)), None, "By nothing."),
    )
    assert expected_shares(Schema("t", columns, ()), 0.8) == {"alone": {"x": 0.75, "y": 0.25}}
