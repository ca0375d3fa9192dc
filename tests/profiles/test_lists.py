"""Lists that depend on others: summaries of what items have, hidden columns, pairs, sizes, what rules out."""

import numpy as np
import pyarrow as pa
import pytest

from synthprof.base.errors import SpecError
from synthprof.profiles import item_lists, whole_lists
from synthprof.profiles.checks import check
from synthprof.profiles.drawing import generate
from synthprof.profiles.features import features
from synthprof.profiles.shares import expected_shares
from synthprof.profiles.tables import tables_of
from synthprof.schemas.draws import Choice, Number, Shift, Subset, Summary, YearsSince
from synthprof.schemas.schema import Archetype, Column, Schema

SPORTS = ("running", "yoga", "tennis", "football", "volleyball")
KINDS = ("alone", "match", "team")
OFFERS = ((0,), (0,), (1,), (1, 2), (1, 2))
AGE = Column("age", Number(10, (1.0,) * 60, (10,)), None, "Age.")
HARD = Column("level", Choice(("low", "high"), (1, 1)), None, "Level.")


def sports(**more: object) -> Column:
    return Column("sports", Subset(SPORTS, (5, 4, 2, 6, 3), (5, 3, 1), **more), None, "Sports.")  # type: ignore[arg-type]


def drawn(*columns: Column, hidden: tuple[Column, ...] = (), name: str = "club") -> pa.RecordBatch:
    """A block of a schema of these columns, which is as declared."""
    schema = Schema(name, columns, (), hidden=hidden)
    tables_of.cache_clear()
    batch = generate(schema, 7, "en_US", 0.0, 0).profiles
    assert check(schema, batch) == ()
    return batch


def lists(batch: pa.RecordBatch, name: str) -> list[list[str]]:
    return [text.split(", ") for text in batch[name].to_pylist()]


@pytest.fixture(params=["whole", "item by item"])
def both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw lists of few values whole, and the same item by item."""
    if request.param == "item by item":
        monkeypatch.setattr(whole_lists, "MAX_SEQUENCES", 0)


# --- hidden columns and summaries ------------------------------------------------------------------------


def test_a_hidden_column_shifts_others_and_is_nowhere_else() -> None:
    shown = Column(
        "plan", Choice(("free", "paid"), (1, 1), (Shift("level", (), ((1, 0), (0, 1))),)), None, "P."
    )
    schema = Schema("people", (shown,), (), hidden=(HARD,))
    batch = generate(schema, 7, "en_US", 0.0, 0).profiles
    assert batch.schema.names == ["id", "plan"]
    assert set(schema.by_name) == {"plan"} and schema.feature_names == ()
    assert features(schema, batch, 4).shape == (batch.num_rows, 4)
    assert set(expected_shares(schema, 0.0)) == {"plan"}
    with pytest.raises(SpecError, match="unknown column 'level'"):
        schema.stored("level")


TAKES = [("largest", max), ("smallest", min), ("sum", sum)]


@pytest.mark.parametrize(("take", "together"), TAKES)
@pytest.mark.usefixtures("both_ways")
def test_a_summary_is_what_the_items_come_to(take: str, together: object) -> None:
    levels = (3, 0, 5, 2, 9)
    found = Column("level", Summary("sports", take, levels, 3), None, "Levels.")  # type: ignore[arg-type]
    batch = drawn(sports(), found)
    wanted = [together(levels[SPORTS.index(item)] for item in items) for items in lists(batch, "sports")]  # type: ignore[operator]
    assert batch["level"].to_pylist() == wanted
    assert found.bounds == (0, 27 if take == "sum" else 9)


def test_what_an_item_rules_out_never_is() -> None:
    most = Column("most", Summary("sports", "largest", (0, 0, 1, 2, 2), 3, KINDS), None, "Most.")
    wish = Choice(("rest", "win", "team"), (1, 5, 5), (Shift("most", (), ((1, 0, 0), (1, 1, 0), (1, 1, 1))),))
    batch = drawn(sports(), Column("wish", wish, None, "Wish."), hidden=(most,))
    pairs = list(zip(lists(batch, "sports"), batch["wish"].to_pylist(), strict=True))
    assert {wish for items, wish in pairs if set(items) <= {"running", "yoga"}} == {"rest"}
    assert {
        wish for items, wish in pairs if "tennis" in items and not {"football", "volleyball"} & set(items)
    } == {
        "rest",
        "win",
    }
    assert {wish for items, wish in pairs if "football" in items} == {"rest", "win", "team"}


# --- through another list --------------------------------------------------------------------------------


def likes(*shifts: Shift) -> Column:
    return Column("likes", Subset(KINDS, (2, 3, 3), (2, 1), shifts, None, "sports", OFFERS), None, "Likes.")


def test_each_value_is_allowed_by_an_item_and_the_first_by_the_first() -> None:
    batch = drawn(sports(), likes())
    offered = {sport: {KINDS[kind] for kind in kinds} for sport, kinds in zip(SPORTS, OFFERS, strict=True)}
    for items, found in zip(lists(batch, "sports"), lists(batch, "likes"), strict=True):
        assert set(found) <= set().union(*(offered[item] for item in items))
        assert found[0] in offered[items[0]]


def test_where_factors_leave_none_a_list_has_an_item_that_is_allowed() -> None:
    none = Shift("level", (), ((1, 1, 1), (0, 1, 0)))
    batch = drawn(sports(), HARD, likes(none))
    high = [
        row
        for row in zip(lists(batch, "sports"), lists(batch, "likes"), batch["level"].to_pylist(), strict=True)
    ]
    for items, found, level in high:
        if level == "high":
            assert found == (["match"] if set(items) & {"tennis", "football", "volleyball"} else ["alone"])


def test_an_item_that_allows_nothing_is_told() -> None:
    nothing = Subset(KINDS, (2, 3, 3), (2, 1), (), None, "sports", ((), *OFFERS[1:]))
    with pytest.raises(SpecError, match="an item of sports allows no value"):
        drawn(sports(), Column("likes", nothing, None, "Likes."))


def test_factors_hold_whether_or_not_the_table_has_room_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    by_level = Shift("level", (), ((1, 2, 1), (6, 1, 0.5)))
    by_age = Shift("age", (10, 30), ((1, 1, 4), (2, 1, 1)))
    found = []
    for room in (item_lists.MAX_SLOTS, 0):
        monkeypatch.setattr(item_lists, "MAX_SLOTS", room)
        batch = drawn(sports(), HARD, AGE, likes(by_level, by_age))
        rows = np.array([KINDS.index(each[0]) for each in lists(batch, "likes")])
        cases = (batch["age"].to_numpy() >= 30) * 2 + np.array(
            [x == "high" for x in batch["level"].to_pylist()]
        )
        found.append(
            np.array(
                [np.bincount(rows[cases == case], minlength=3) / (cases == case).sum() for case in range(4)]
            )
        )
    # a share of some 3,000 rows strays 0.04 in one of 10,000 cases
    np.testing.assert_allclose(found[0], found[1], atol=0.04)


# --- pairs and sizes -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("both_ways")
def test_what_is_required_stands_before_and_what_is_excluded_is_not_there() -> None:
    batch = drawn(sports(requires=((4, (3,)),), excludes=((0, (1,)),)))
    found = lists(batch, "sports")
    for items in found:
        assert "volleyball" not in items or "football" in items[: items.index("volleyball")]
        assert not {"running", "yoga"} <= set(items)
    assert any("volleyball" in items for items in found)


def test_pairs_leave_the_shares_of_whole_lists_sizes() -> None:
    sizes = np.bincount([len(items) for items in lists(drawn(sports(requires=((4, (3,)),))), "sports")])
    assert sizes[1:] / sizes.sum() == pytest.approx([5 / 9, 3 / 9, 1 / 9], abs=0.015)


@pytest.mark.usefixtures("both_ways")
def test_sizes_depend_on_other_columns() -> None:
    given = Shift("level", (), ((1, 1, 1), (0, 1, 3)))
    other = Shift("age", (10, 30), ((1, 1, 1), (1, 1, 0)))
    value = Shift("age", (10, 50), ((1,) * 5, (0, 1, 1, 1, 1)))
    batch = drawn(HARD, AGE, sports(shifts=(value,), size_shifts=(given, other)))
    items, age = lists(batch, "sports"), batch["age"].to_numpy()
    counts = np.array([len(each) for each in items])
    high = np.array([each == "high" for each in batch["level"].to_pylist()])
    assert (counts[high] > 1).mean() > 0.98 and (counts[age >= 30] < 3).all()  # candidates may run out
    assert (counts[high & (age < 30)] == 3).mean() == pytest.approx(0.5, abs=0.06)
    assert not any("running" in each for each, years in zip(items, age, strict=True) if years >= 50)


# --- years -----------------------------------------------------------------------------------------------


def test_years_begin_by_weight_and_end_where_another_column_rules_them_out() -> None:
    starts = (0.0, 3.0, 1.0)
    limit = Shift("level", (), ((1.0,) * 41, (1.0,) * 5 + (0.0,) * 36))
    years = Column("years", YearsSince("age", 5, 40, 0, 0, starts, (limit,)), None, "Years.")
    batch = drawn(AGE, HARD, years)
    age, found = batch["age"].to_numpy(), batch["years"].to_numpy()
    high = np.array([each == "high" for each in batch["level"].to_pylist()])
    assert (age - found >= 6).all() and (found[high] <= 4).all()
    began = np.bincount((age - found)[~high])
    assert began[6] / began[7] == pytest.approx(3, rel=0.2)


# --- archetypes ------------------------------------------------------------------------------------------


def test_archetypes_shift_lists_that_go_through_others() -> None:
    kinds = (Archetype("a", "A", 1.0, (("likes", (1.0, 0.01, 9.0)),)), Archetype("b", "B", 1.0, ()))
    schema = Schema("club", (sports(), likes()), kinds)
    made = generate(schema, 7, "en_US", 1.0, 0)
    pairs = zip(lists(made.profiles, "sports"), lists(made.profiles, "likes"), strict=True)
    team = np.array([None if first[0] != "football" else found[0] == "team" for first, found in pairs])
    there = np.array([each is not None for each in team])
    shares = [team[there & (made.archetypes == kind)].mean() for kind in (0, 1)]
    assert shares == pytest.approx([0.999, 0.5], abs=0.03)
