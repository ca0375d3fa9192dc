"""Texts from templates in any language: forms, formats, conditions, and what is missing."""

import dataclasses
from typing import Any

import pyarrow as pa
import pytest

from synthprof.base.errors import SpecError
from synthprof.profiles.checks import check
from synthprof.profiles.drawing import generate
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draw_kinds.odds import Boolean
from synthprof.schemas.draws import Chance, Choice, Forms, Prose, Slot, Subset, Variant
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Archetype, Column, Schema

ONE = (Archetype("all", "All", 1.0, ()),)
When = tuple[tuple[str, Any, Any], ...]


def slot(*variants: tuple[When, str], share: float = 1.0) -> Slot:
    return Slot("s", tuple(Variant(when, (text,)) for when, text in variants), share)


def schema(*slots: Slot, nulls: dict[str, float] | None = None, **more: Any) -> Schema:
    columns = (
        Column("text", Prose(slots, **more), None, "A text."),
        Column("pet", Choice(("dog", "cat", "cow"), (1.0, 1.0, 1.0)), None, "Pet."),
        Column("tame", Chance(0.5), None, "Whether tame."),
        Column("n", UniformInteger(low=-500, high=5_000), None, "Number."),
        Column("price", Expression(expression="n / 4", type="float"), None, "Price."),
        Column("day", Expression(expression="date('2024-01-01') + n % 60", type="date"), None, "Day."),
        Column("tag", Expression(expression="concat('t', n % 3)", type="text"), None, "Tag."),
        Column("maybe", Expression(expression="if(n % 2 = 0, n, null)", type="integer"), None, "Maybe."),
    )
    found = {name: Nulls(share=share) for name, share in (nulls or {}).items()}
    return Schema("t", tuple(dataclasses.replace(c, nulls=found.get(c.name)) for c in columns), ONE)


def rows(of: Schema, count: int = 400) -> list[dict[str, Any]]:
    made = generate(of, 1, "pt_BR", 0.8, 0, count).profiles
    assert check(of, made) == ()
    return made.to_pylist()


def test_english_needs_no_gender() -> None:
    for row in rows(schema(slot(((), "A {pet}.")), slot(((), "It costs {price:,.2f} on {day:%d/%m/%Y}.")))):
        year, month, day = row["day"].split("-")
        assert row["text"] == f"A {row['pet']}. It costs {row['price']:,.2f} on {day}/{month}/{year}."


def test_a_category_chooses_among_more_than_two_forms() -> None:
    forms = Forms("pet", ("cow", "dog", "cat"))
    said = {"cow": "die Kuh", "dog": "der Hund", "cat": "die Katze"}
    for row in rows(schema(slot(((), "{die|der|die} {Kuh|Hund|Katze}")), forms=forms)):
        assert row["text"] == said[row["pet"]]


def test_values_that_forms_does_not_name_choose_the_last_form() -> None:
    for row in rows(schema(slot(((), "{a|b}")), forms=Forms("pet", ("cow", "dog")))):
        assert row["text"] == ("a" if row["pet"] == "cow" else "b")


def test_a_column_may_choose_words_by_itself() -> None:
    for row in rows(schema(slot(((), "{pet:woof|meow|moo}, {tame:tame|wild}, {pet:upper} {pet:.1}")))):
        sound = {"dog": "woof", "cat": "meow", "cow": "moo"}[row["pet"]]
        tame = "tame" if row["tame"] else "wild"
        assert row["text"] == f"{sound}, {tame}, {row['pet'].upper()} {row['pet'][0]}"


def test_variants_ask_for_any_column() -> None:
    several = slot(
        ((("n", -500, -1),), "below"),
        ((("day", "2024-02-01", "2024-12-31"), ("tame", 1, 1)), "late and tame"),
        ((("tag", "t1", "t1"),), "one"),
        ((("price", 100.0, 1e9),), "dear"),
        ((("maybe", None, None),), "odd"),
        ((("maybe", 0, 100),), "few"),
        ((), "else"),
    )
    seen = set()
    for row in rows(schema(several), 3_000):
        if row["n"] < 0:
            wanted = "below"
        elif row["day"] >= "2024-02-01" and row["tame"]:
            wanted = "late and tame"
        elif row["tag"] == "t1":
            wanted = "one"
        elif row["price"] >= 100:
            wanted = "dear"
        elif row["maybe"] is None:
            wanted = "odd"
        else:
            wanted = "few" if 0 <= row["maybe"] <= 100 else "else"
        seen.add(wanted)
        assert row["text"] == wanted, row
    assert seen >= {"below", "late and tame", "one", "dear", "odd"}


def test_a_sentence_that_names_a_missing_column_is_left_out() -> None:
    of = schema(
        slot(((), "A {pet}.")),
        slot(((), "It costs {price:.2f}.")),
        slot(((), "Perhaps {maybe}.")),
        slot(((), "{He|She} eats.")),
        nulls={"pet": 0.5, "price": 0.25},
        forms=Forms("pet", ("dog", "cat")),
    )
    for row in rows(of):
        told = []
        if row["pet"]:
            told.append(f"A {row['pet']}.")
        if row["price"] is not None:
            told.append(f"It costs {row['price']:.2f}.")
        if row["maybe"] is not None:
            told.append(f"Perhaps {row['maybe']}.")
        if row["pet"]:
            told.append("He eats." if row["pet"] == "dog" else "She eats.")
        assert row["text"] == " ".join(told)


def test_a_variant_may_ask_for_a_missing_value() -> None:
    either = slot(((("pet", None, None),), "no pet"), ((("pet", 1, 1),), "a cat"), ((), "another"))
    for row in rows(schema(either, nulls={"pet": 0.4})):
        assert row["text"] == {None: "no pet", "cat": "a cat"}.get(row["pet"], "another")


def test_fewer_rows_are_the_beginning_and_blocks_differ() -> None:
    of = schema(slot(((), "{pet}"), share=0.5), slot(((), "{n} {price:.1f}")), nulls={"pet": 0.5})
    whole = generate(of, 1, "pt_BR", 0.8, 0).profiles
    assert generate(of, 1, "pt_BR", 0.8, 0, 50).profiles.equals(whole.slice(0, 50))
    assert not generate(of, 1, "pt_BR", 0.8, 1).profiles.column("text").equals(whole.column("text"))
    assert pa.compute.any(pa.compute.starts_with(whole.column("text"), " ")).as_py() is False


@pytest.mark.parametrize(
    ("text", "more", "message"),
    [
        ("{a|b}", {}, "has 2 forms, but there are none to choose from"),
        ("{a|b|c}", {"forms": Forms("pet", ("cow", "dog"))}, "has 3 forms, but there are 2 to choose"),
        ("{pet:a|b}", {}, "has 2 words for 3 values of pet; give one each"),
        ("{n:.2f}", {}, r"text: {n:.2f}, position 1: found n, of kind integer, with format"),
        ("{nowhere}", {}, "unknown column 'nowhere'"),
        ("{pet.__class__}", {}, "cannot read template"),
        ("{pet!r}", {}, "cannot read template"),
        ("x", {"forms": Forms("pet", ("horse", "dog"))}, "'horse', which is no value of pet"),
        ("x", {"forms": Forms("n", ("1", "2"))}, "n is a integer, but a category chooses forms"),
    ],
)
def test_templates_that_cannot_be_told_are_refused(text: str, more: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        rows(schema(slot(((), text)), **more), 1)


def test_ranges_that_a_column_cannot_have_are_refused() -> None:
    with pytest.raises(SpecError, match="day: 'x' to 'y' are no date; write values of the column"):
        rows(schema(slot(((("day", "x", "y"),), "never"), ((), "z"))), 1)


def test_lists_are_written_with_a_word_before_the_last_item() -> None:
    columns = (
        Column("text", Prose((slot(((), "{likes:lower and}! {likes:upper} {likes:y}")),)), None, "A text."),
        Column(
            "likes", Subset(("Tea", "Dry Wine", "Milk"), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)), None, "Likes."
        ),
    )
    found = rows(Schema("t", columns, ONE))
    assert {row["likes"].count(",") for row in found} == {0, 1, 2}
    for row in found:
        *others, last = row["likes"].split(", ")
        joined = [f"{', '.join(others)} {word} {last}" if others else last for word in ("and", "y")]
        assert row["text"] == f"{joined[0].lower()}! {row['likes'].upper()} {joined[1]}"


def test_the_truth_of_a_column_decides_and_stays_in_the_canonical_text() -> None:
    told = slot((((("yes", True, True)),), "Yes."), (((("yes", False, False)),), "No."))
    columns = (
        Column("text", Prose((told,)), None, "A text."),
        Column("yes", Boolean(share=0.5), None, "Whether."),
    )
    bundle = Bundle(Schema("t", columns, ONE))
    assert Bundle.of(bundle.text) == bundle
    assert {(row["yes"], row["text"]) for row in rows(bundle.schema)} == {(1, "Yes."), (0, "No.")}
