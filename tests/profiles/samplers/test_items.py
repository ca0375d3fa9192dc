"""Items of lists: one of those that are there, by the weight of its place."""

import numpy as np
import pyarrow as pa
import pytest

from synthprof.base.streams import stream
from synthprof.profiles.drawing import generate
from synthprof.profiles.samplers.items import Items
from synthprof.profiles.samplers.sampler import Parents, Rows
from synthprof.schemas.draw_kinds.items import ItemOf
from synthprof.schemas.draws import Subset
from synthprof.schemas.schema import Archetype, Column, Schema

COUNT = 30_000


def taken(draw: ItemOf, lists: pa.Array, index: np.ndarray) -> list[str | None]:
    """Items for rows whose parents have these lists."""
    rows = Rows(
        first=0,
        count=len(index),
        total=len(index),
        archetypes=np.zeros(len(index), np.uint8),
        given=lambda _: lists.take(pa.array(index)),
        stream=lambda purpose: stream(1, "t.x", purpose),
        parents=Parents(index, lambda _: lists),
    )
    return Items(draw, None).draw(rows).to_pylist()


def test_earlier_places_are_as_likely_as_their_weights() -> None:
    lists = pa.array(["a", "a, b", "a, b, c", "a, b, c, d"])
    index = np.repeat(np.arange(4), COUNT)
    found = np.array(taken(ItemOf(column="parent.x", weights=(6, 3, 1)), lists, index)).reshape(4, -1)
    shares = [[float((row == item).mean()) for item in "abcd"] for row in found]
    wanted = [[1, 0, 0, 0], [6 / 9, 3 / 9, 0, 0], [0.6, 0.3, 0.1, 0], [6 / 11, 3 / 11, 1 / 11, 1 / 11]]
    assert shares == [pytest.approx(each, abs=0.012) for each in wanted]


def test_an_empty_list_leaves_no_item() -> None:
    lists = pa.array([["a"], [], ["b", "c"]])
    found = taken(ItemOf(column="parent.x"), lists, np.repeat(np.arange(3), 100))
    assert set(found[:100]) == {"a"} and set(found[100:200]) == {None} and set(found[200:]) == {"b", "c"}


def test_a_row_takes_from_its_own_list() -> None:
    columns = (
        Column("all", Subset(("x", "y", "z"), (1, 1, 1), (1, 1)), None, "All."),
        Column("one", ItemOf(column="all"), None, "One."),
    )
    rows = generate(Schema("t", columns, (Archetype("a", "A", 1.0, ()),)), 1, "pt_BR", 0.8, 0).profiles
    pairs = zip(rows.column("all").to_pylist(), rows.column("one").to_pylist(), strict=True)
    assert all(one in every.split(", ") for every, one in pairs)
