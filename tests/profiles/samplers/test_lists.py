"""Lists: shares of items and of sizes, repeats, stored forms, refusals."""

import collections
import itertools
from typing import Any

import pyarrow as pa
import pytest
from drawing import drawn, drawn_with
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.base.values import stored, value_of
from synthprof.profiles.checks import check
from synthprof.profiles.drawing import generate
from synthprof.profiles.stored_forms import stored_form
from synthprof.schemas.draw_kinds.lists import Listed, Sizes
from synthprof.schemas.draw_kinds.templates import Template
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Archetype, Column, Schema

COLOURS = {"red": 5.0, "blue": 3.0, "green": 1.0, "grey": 1.0, "never": 0.0}
ONE = (Archetype("all", "All", 1.0, ()),)


def lists(draw: Listed, rows: int = 16_384, block: int = 0) -> list[list[Any]]:
    return [value_of(draw.kind, each) for each in drawn(draw, rows=rows, block=block).to_pylist()]


def without_replacement(weights: dict[str, float], size: int) -> dict[tuple[str, ...], float]:
    """The share of each list of that size."""
    found = {}
    for items in itertools.permutations(weights, size):
        share, left = 1.0, sum(weights.values())
        for item in items:
            share *= weights[item] / left if left else 0.0
            left -= weights[item]
        found[items] = share
    return found


def test_different_items_are_drawn_as_one_after_the_other() -> None:
    found = lists(Listed(items=COLOURS, sizes=(0, 1), fewest=1))
    counts = collections.Counter(map(tuple, found))
    for items, share in without_replacement(COLOURS, 2).items():
        assert counts[items] / len(found) == pytest.approx(share, abs=0.012), items


def test_a_list_of_all_items_holds_each_once() -> None:
    names = tuple(f"i{number}" for number in range(12))
    weights = dict.fromkeys(names, 1.0) | {"i0": 1e6}
    for each in lists(Listed(items=weights, sizes=(1,), fewest=12), rows=200):
        assert sorted(each) == sorted(names)
    draw = Listed(items=weights, sizes=(1,), fewest=2)
    rest = collections.Counter(each[1] for each in lists(draw))
    assert rest["i5"] / 16_384 == pytest.approx(1 / 11, abs=0.012)


def test_items_may_repeat_where_that_is_said() -> None:
    found = lists(Listed(items=COLOURS, sizes=(1,), fewest=2, unique=False))
    counts = collections.Counter(map(tuple, found))
    assert counts["red", "red"] / len(found) == pytest.approx(0.25, abs=0.014)


def test_sizes_have_their_shares_and_may_be_0() -> None:
    found = collections.Counter(map(len, lists(Listed(items=COLOURS, sizes=(1, 2, 0, 1), fewest=0))))
    shares = {size: count / 16_384 for size, count in found.items()}
    assert shares == pytest.approx({0: 0.25, 1: 0.5, 3: 0.25}, abs=0.015)


@given(
    st.sampled_from(["uniform", "poisson", "geometric"]),
    st.integers(0, 5),
    st.integers(0, 60),
    st.floats(0.1, 40),
)
@settings(max_examples=40, deadline=None)
def test_any_distribution_of_sizes_has_weights(name: Any, fewest: int, more: int, over: float) -> None:
    mean = None if name == "uniform" else fewest + over
    weights = Sizes(distribution=name, fewest=fewest, most=fewest + more, mean=mean).weights
    assert len(weights) == more + 1 and all(weight >= 0 for weight in weights) and any(weights)


def test_sizes_of_a_poisson_distribution_have_its_mean() -> None:
    sizes = Sizes(distribution="poisson", fewest=1, most=40, mean=4)
    draw = Listed(items={"a": 1, "b": 2}, sizes=sizes, unique=False)
    found = [len(each) for each in lists(draw)]
    assert sum(found) / len(found) == pytest.approx(4, abs=0.06)
    assert sum((each - 4) ** 2 for each in found) / len(found) == pytest.approx(3, abs=0.15)


@pytest.mark.parametrize(("kind", "items"), [("integer", ["3", "-1"]), ("float", ["0.5", "1e20", "2"])])
def test_items_have_a_type(kind: Any, items: list[str]) -> None:
    draw = Listed(items=dict.fromkeys(items, 1.0), sizes=(1, 1), type=kind)
    read = int if kind == "integer" else float
    assert {item for each in lists(draw) for item in each} == set(map(read, items))


@pytest.mark.parametrize(
    "values",
    [
        [["a", "b"], [], None, ["a, b", "c"], ["[x"], ["only"], [""], ["", ""]],
        [["x"] * 3, ["y"]],
    ],
)
def test_lists_are_stored_as_carried_ones_are(values: list[Any]) -> None:
    kind = Kind.of("list")
    found = stored_form(kind, pa.array(values, pa.list_(pa.string()))).to_pylist()
    assert found == [stored(kind, each) for each in values]


@given(
    st.lists(st.none() | st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3), max_size=5)
)
@settings(max_examples=30, deadline=None)
def test_lists_of_numbers_are_stored_as_carried_ones_are(values: list[Any]) -> None:
    kind = Kind.of("list(float)")
    found = stored_form(kind, pa.array(values, pa.list_(pa.float64()))).to_pylist()
    assert found == [stored(kind, each) for each in values]


def schema(**more: Any) -> Schema:
    odd = dict.fromkeys(["a", "b, c", "[d", "e"], 1.0)
    of = Listed(items=odd, sizes=(1, 1, 1), fewest=0, **more)
    return Schema("t", (Column("x", of, None, "A list.", nulls=Nulls(share=0.2)),), ONE)


def test_what_is_drawn_passes_the_checks_and_what_is_changed_does_not() -> None:
    made = generate(schema(), 1, "pt_BR", 0.8, 0, 500).profiles
    assert check(schema(), made) == () and 50 < made.column("x").null_count < 150
    texts = made.column("x").to_pylist()
    texts[5:8] = ["a, z", "e, e", '["a", "b, c", "e"]']
    faults = check(schema(), made.set_column(1, "x", pa.array(texts)))
    assert faults == (
        "x: unknown item in 1 rows, first in id 6",
        "x: not 0 to 2 items in 1 rows, first in id 8",
        "x: item twice in 1 rows, first in id 7",
    )


def test_fewer_rows_are_the_beginning_and_blocks_differ() -> None:
    draw = Listed(items=COLOURS, sizes=(1, 1, 1, 1))
    assert drawn(draw, rows=99).equals(drawn(draw).slice(0, 99))
    assert not drawn(draw, block=1).equals(drawn(draw))


def test_a_template_names_a_list() -> None:
    found = drawn_with({"x": Listed(items=COLOURS, sizes=(1, 1)), "t": Template(text="<{x}>")}, rows=30)
    for row in found.to_pylist():
        assert row["t"] == f"<{row['x']}>"


class _Files:
    def rows(self, _file: str) -> list[dict[str, str]]:
        return [{"colour": name, "w": str(weight)} for name, weight in COLOURS.items()]


def test_the_items_of_a_file_take_the_place_of_its_name() -> None:
    draw = Listed(file="colours.csv", weights="w", sizes=(1, 1))
    assert draw.with_files(_Files()) == Listed(items=COLOURS, sizes=(1, 1))
    with pytest.raises(SpecError, match=r"colours.csv: 'weights' does not give items"):
        Listed(file="colours.csv", weights="weights", sizes=(1,)).with_files(_Files())


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"sizes": (1,)}, "a list needs items, or a file"),
        ({"items": {"a": 1}, "sizes": (0,)}, "not all 0"),
        ({"items": {"a": 1}, "sizes": (1, 1)}, "2 different items of 1 with a weight; give fewer sizes"),
        ({"items": {"a": 0}, "sizes": (1,)}, "weights that are not all 0"),
        ({"items": {"a": -1}, "sizes": (1,)}, "greater than or equal to 0"),
        ({"items": {"a": float("nan")}, "sizes": (1,)}, "finite|greater"),
        ({"items": {"a": 1}, "sizes": (1,), "type": "float"}, "'a' is no float"),
        ({"items": {"a": 1}, "sizes": {"distribution": "poisson", "most": 3}}, "has a mean; correct it"),
        ({"items": {"a": 1}, "sizes": {"distribution": "uniform", "most": 0}}, "most=0 is below fewest=1"),
    ],
)
def test_lists_that_cannot_be_are_refused(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Listed.model_validate(keys)
