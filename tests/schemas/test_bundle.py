"""Schemas as one text: it loads back equal, and its digests change with what they stand for alone."""

import json
from dataclasses import replace

import pytest

from synthprof.base.errors import SpecError
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.differences import differences
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.lists import Listed, Sizes
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draw_kinds.places import Follows, Place
from synthprof.schemas.draws import Choice, Forms, Number, Prose, Slot, Variant
from synthprof.schemas.features import Indexed
from synthprof.schemas.loader import load_bundle
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Archetype, ChildTable, Column, FanOut, Schema
from synthprof.schemas.uses import Encoding, View


def bundle(*columns: Column) -> Bundle:
    return Bundle(Schema("tiny", columns, (Archetype("all", "All", 1.0, ()),)))


SIZE = Column("size", Choice(("S", "L"), (1, 2)), Indexed(), "The size.")
ORDERS = ChildTable(
    "orders",
    "What was bought.",
    "customer",
    FanOut(Number(0, (1.0, 2.0), (0,)), 1),
    (replace(SIZE, indexed=True),),
)
COUNT = Column("count", UniformInteger(low=1, high=6), None, "How many.", indexed=True)


OF_OTHERS = (
    Column("size", Choice(("S", "L"), (1, 2)), None, "The size.", nulls=Nulls(share=0.1)),
    Column(
        "count", UniformInteger(low=1, high=6), None, "How many.", nulls=Nulls(given={"size": {"S": 0.5}})
    ),
    Column("half", Expression(expression="count / 2", type="float"), None, "Half."),
    Column("city", Place(value="c", columns=("c", "s"), rows=(("Ulm", "BW"), ("Bonn", "NW"))), None, "City."),
    Column("state", Follows(of="city", value="s"), None, "State."),
    Column("tags", Listed(items={"a": 1, "b": 2.5}, sizes=Sizes(distribution="uniform", most=2)), None, "T."),
    Column(
        "text",
        Prose(
            (
                Slot(
                    "s",
                    (
                        Variant((("half", 0.5, 2.0), ("size", 0, 0), ("city", "Ulm", "Ulm")), ("{he|she}",)),
                        Variant((("count", None, None),), ("{half:.1f}",)),
                    ),
                ),
            ),
            forms=Forms("size", ("L", "S")),
        ),
        None,
        "A text.",
    ),
)


def with_orders(*columns: Column) -> Bundle:
    made = bundle(*columns)
    return replace(made, schema=replace(made.schema, tables=(ORDERS,)))


@pytest.mark.parametrize(
    "made",
    [load_bundle("gamer_br"), bundle(SIZE, COUNT), with_orders(SIZE, COUNT), bundle(*OF_OTHERS)],
    ids=["gamer_br", "small", "orders", "others"],
)
def test_a_bundle_loads_back_equal(made: Bundle) -> None:
    again = Bundle.of(made.text)
    assert again == made
    assert again.text == made.text
    assert again.schema.column(made.schema.columns[0].name) == made.schema.columns[0]


def test_whole_and_floating_weights_have_one_text() -> None:
    floating = replace(SIZE, draw=Choice(("S", "L"), (1.0, 2.0)))
    assert bundle(SIZE).text == bundle(floating).text
    assert bundle(SIZE).text != bundle(replace(SIZE, draw=Choice(("S", "L"), (1.0, 2.5)))).text


def test_what_is_as_by_default_takes_no_part_so_that_new_fields_change_no_digest() -> None:
    plain = json.loads(bundle(SIZE).text)
    assert plain["schema"]["columns"] == [
        {
            "name": "size",
            "draw": {"type": "Choice", "values": ["S", "L"], "weights": [1.0, 2.0]},
            "feature": {"type": "Indexed"},
            "doc": "The size.",
        }
    ]
    assert plain.keys() == {"format", "schema"}


def test_each_digest_changes_with_what_it_stands_for_alone() -> None:
    one = load_bundle("gamer_br")
    column, archetype = one.schema.columns[0], one.schema.archetypes[0]
    columns = (replace(column, doc="Other words."), *one.schema.columns[1:])
    archetypes = (replace(archetype, title="Other words."), *one.schema.archetypes[1:])
    told = replace(one, schema=replace(one.schema, columns=columns, archetypes=archetypes))
    shared = replace(one.schema.archetypes[0], share=0.5)
    drawn = replace(one, schema=replace(one.schema, archetypes=(shared, *one.schema.archetypes[1:])))
    encoded = replace(one, declared_encoding=Encoding({"idade": 1.0}))
    read = replace(one, texts=replace(one.texts, ignored=("a",)))
    shown = replace(one, declared_view=View("nome"))

    def digests(each: Bundle) -> tuple[bool, ...]:
        names = ("digest", "drawn_digest", "encoding_digest", "texts_digest")
        return tuple(getattr(each, name) != getattr(one, name) for name in names)

    assert digests(told) == digests(shown) == (True, False, False, False)
    assert digests(drawn) == (True, True, False, False)
    assert digests(encoded) == (True, False, True, False)
    assert digests(read) == (True, False, False, True)


def test_values_and_items_named_as_what_people_read_count_in_the_digests() -> None:
    def digests(weight: float, lacking: float) -> tuple[str, str]:
        items = Column("tags", Listed(items={"doc": weight, "title": 1}, sizes=(1,)), None, "T.")
        kind = Column("kind", Choice(("doc", "title"), (1, 1)), None, "K.")
        given = Nulls(given={"kind": {"doc": lacking}})
        count = replace(COUNT, nulls=given)
        made = bundle(kind, items, count)
        orders = replace(ORDERS, columns=(kind, items, count))
        made = replace(made, schema=replace(made.schema, tables=(orders,)))
        return made.drawn_digest, made.tables_digest("all")

    plain, other_items, other_nulls = digests(1, 0.5), digests(2, 0.5), digests(1, 0.25)
    assert len({plain[0], other_items[0], other_nulls[0]}) == 3
    assert len({plain[1], other_items[1], other_nulls[1]}) == 3


def test_docs_of_child_tables_and_their_columns_change_no_digest_of_tables() -> None:
    one = with_orders(SIZE)
    told = replace(ORDERS, doc="Other.", columns=(replace(ORDERS.columns[0], doc="Other."),))
    other = replace(one, schema=replace(one.schema, tables=(told,)))
    assert other.tables_digest("all") == one.tables_digest("all") != ""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"format":1', '"format":99', "format"),
        ('"type":"Choice"', '"type":"Dice"', "'Dice' is unknown"),
        ('"draw":"uniform_integer"', '"draw":"dice"', "'dice' is unknown"),
        ('"doc":"The size."', '"doc":7', "7 is no str"),
        ('"doc":"The size."', '"words":"The size."', "Column has no 'words'"),
        ('"weights":[1.0,2.0]', '"weights":[1.0]', "weights has 1 numbers"),
        ('"low":1', '"low":9', "swap them"),
        ("{", "[", "schema"),
    ],
)
def test_a_text_that_is_no_bundle_is_refused_in_words(old: str, new: str, told: str) -> None:
    text = bundle(SIZE, COUNT).text
    assert old in text
    with pytest.raises(SpecError, match=told):
        Bundle.of(text.replace(old, new, 1))


def test_a_schema_without_uses_has_some_that_follow_from_its_columns() -> None:
    made = bundle(SIZE, COUNT)
    assert dict(made.encoding.weights) == {"size": 0.5, "count": 0.25}
    assert made.view.name == "size"
    assert made.view.map_text({"size": "S"}) == "S"


def test_differences_of_child_tables_are_told() -> None:
    one, other = bundle(SIZE), with_orders(SIZE)
    assert differences(one, other) == ("table orders: added, 1 columns",)
    assert differences(other, one) == ("table orders: removed",)
    column = replace(SIZE, draw=Choice(("S", "L"), (1, 3)))
    odd = replace(other, schema=replace(other.schema, tables=(replace(ORDERS, columns=(column,)),)))
    assert differences(other, odd) == (
        "table orders, column size: odds: S 33.3% is now 25.0%, L 66.7% is now 75.0%",
        "table orders, column size: indexed: True is now False",
    )
