"""Texts from templates in any language: forms, formats, conditions, and what is missing."""

import dataclasses
import re
from collections import Counter
from pathlib import Path
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
from synthprof.schemas.draws import (
    Chance,
    Choice,
    Forms,
    Habit,
    Plan,
    Prose,
    Reading,
    Slot,
    Subset,
    Turns,
    Variant,
)
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.reading import read_bundle
from synthprof.schemas.schema import Archetype, Column, Schema
from synthprof.schemas.sizes import with_prose

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


# --- plans, phrases, readings, voices and turns


def said(name: str, *texts: str, **when: Any) -> Slot:
    asked = tuple((column, low, high) for column, (low, high) in when.items())
    return Slot(name, (Variant(asked, texts),))


LIKES = Column("likes", Subset(("Tea", "Milk", "Rum"), (1.0, 1.0, 1.0), (1.0, 1.0, 1.0)), None, "Likes.")


def planned(draw: Prose, *more: Column, size: str = "rich", count: int = 500) -> list[dict[str, Any]]:
    sexes = Column("sex", Choice(("f", "m"), (1.0, 1.0)), None, "Sex.")
    of = Schema("t", (Column("text", draw, None, "A text."), sexes, LIKES, *more), ONE)
    return rows(with_prose(of, size), count)


def test_free_sentences_come_in_every_order_between_the_fixed_ones() -> None:
    slots = tuple(said(name, f"{name}.") for name in "abcde")
    plan = Plan("rich", ("a",), ("b", "c", "d"), ("e",))
    found = {row["text"] for row in planned(Prose(slots, plans=(plan,)))}
    assert len(found) == 6 and all(re.fullmatch(r"A\. ([BCD]\. ){3}E\.", text) for text in found)


def test_a_size_has_its_own_plans_and_a_missing_one_all_sentences() -> None:
    slots = tuple(said(name, f"{name}.") for name in "abc")
    plans = (
        Plan("card", ("b",), between=" | ", capital=False),
        Plan("rich", ("a", "b")),
        Plan("rich", ("c",)),
    )
    draw = Prose(slots, plans=plans)
    assert {row["text"] for row in planned(draw, size="card")} == {"b."}
    assert {row["text"] for row in planned(draw)} == {"A. B.", "C."}
    assert {row["text"] for row in planned(draw, size="short")} == {"A. B. C."}


def test_a_plan_may_take_some_of_its_free_sentences() -> None:
    slots = tuple(said(name, name) for name in "abcd")
    plan = Plan("rich", ("a",), ("b", "c", "d"), some=(0, 2), between=", ", capital=False)
    found = {row["text"] for row in planned(Prose(slots, plans=(plan,)))}
    assert found == {
        "a",
        *(f"a, {x}" for x in "bcd"),
        *(f"a, {x}, {y}" for x in "bcd" for y in "bcd" if x != y),
    }


def test_weights_choose_plans_and_voices() -> None:
    plans = (Plan("rich", ("a",), weight=3), Plan("rich", ("b",)))
    slots = said("a", "{he plays~I play}"), said("b", "{no~mine}")
    found = Counter(
        row["text"]
        for row in planned(Prose(slots, plans=plans, voices=(("third", 1), ("first", 1))), count=4_000)
    )
    shares = {"He plays": 0.375, "I play": 0.375, "No": 0.125, "Mine": 0.125}
    assert {text: count / 4_000 for text, count in found.items()} == pytest.approx(shares, abs=0.03)


def test_a_text_keeps_its_voice_and_the_forms_of_its_row() -> None:
    slots = tuple(said(name, "{he|she~I} {plays~play}.") for name in "abc")
    draw = Prose(slots, sex="sex", masculine="m", voices=(("third", 1.0), ("first", 1.0)))
    for row in planned(draw):
        third = "she plays." if row["sex"] == "f" else "he plays."
        assert row["text"] in (" ".join([third] * 3), "I play. I play. I play.")


HABITS = Prose((said("s", *"0123456789"),), habit=Habit("sex", (0, 1), 0.1))


@pytest.mark.parametrize(("spread", "least", "most"), [(0.0, 1, 1), (0.1, 2, 3), (1.0, 10, 10)])
def test_habits_leave_a_group_few_of_the_shapes_and_all_together_more(
    spread: float, least: int, most: int
) -> None:
    of = dataclasses.replace(HABITS, habit=Habit("sex", (0, 1), spread))
    shapes: dict[str, set[str]] = {"f": set(), "m": set()}
    for row in planned(of, count=2_000):
        shapes[row["sex"]].add(row["text"])
    assert all(least <= len(found) <= most for found in shapes.values()), shapes
    assert spread == 1 or shapes["f"] != shapes["m"]


def test_the_first_item_of_a_list_decides_on_its_habits() -> None:
    of = dataclasses.replace(HABITS, habit=Habit("likes", (0, 0, 1), 0.0))
    shapes = {(row["likes"].startswith("Rum"), row["text"]) for row in planned(of, count=1_000)}
    assert len(shapes) == 2 and len({text for _, text in shapes}) == 2


def test_habits_of_no_column_with_values_and_of_lacking_rows_are_refused(tmp_path: Path) -> None:
    schema = "\n".join(
        (
            '[[column]]\nname = "kind"\ndoc = "A kind."\ndraw = "choice"\nodds = { "a" = 1, "b" = 1 }',
            '[[column]]\nname = "text"\ndoc = "A text."\ndraw = "prose"\nfile = "words.toml"',
        )
    )
    for at, (habit, message) in enumerate(
        (
            ('of = "kind"\nspread = 0.1\nfile = "groups.csv"\nby = "group"', "no row for 'b' of kind"),
            ('of = "kind"\nspread = 0.1\nfile = "groups.csv"', "both file and by"),
            ('of = "kind"\nspread = 1.5', "spread"),
        )
    ):
        folder = tmp_path / str(at)
        folder.mkdir()
        (folder / "schema.toml").write_text(schema)
        (folder / "groups.csv").write_text("value,group\na,x\n")
        words = f'[[slot]]\nname = "s"\ntemplates = ["{{kind}}"]\n[habit]\n{habit}\n'
        (folder / "words.toml").write_text(words)
        with pytest.raises(SpecError, match=message):
            read_bundle(folder)


def test_turns_go_by_the_place_of_a_sentence() -> None:
    slots = tuple(said(name, "{who} sees {x}.".replace("{x}", name)) for name in "abcd")
    turns = (Turns("who", (("Ann",), ("",), ("she",))),)
    plan = Plan("rich", (), ("a", "b", "c", "d"))
    for row in planned(Prose(slots, plans=(plan,), turns=turns)):
        assert re.fullmatch(r"Ann sees \w\. Sees \w\. She sees \w\. Ann sees \w\.", row["text"]), row["text"]


def test_readings_lists_and_one_or_several() -> None:
    readings = (Reading("a", "likes", "some {lower}", (("Rum", "no {}"),)),)
    slots = (said("s", "{likes:a and}: {likes:it is|they are}; {likes:a}."),)
    for row in planned(Prose(slots, readings=readings)):
        items = ["no Rum" if item == "Rum" else f"some {item.lower()}" for item in row["likes"].split(", ")]
        *others, last = items
        first = f"{', '.join(others)} and {last}" if others else last
        number = "they are" if others else "it is"
        assert row["text"] == f"{first}: {number}; {', '.join(items)}."


def test_a_phrase_follows_the_row_and_begins_sentences_with_a_capital() -> None:
    several = Slot("many", (Variant((("likes", 1, 1),), ("one",)), Variant((), ("two {and}",))))
    plan = Plan("rich", ("a", "b"))
    slots = said("a", "{many} or so."), said("b", "It is {many}.")
    draw = Prose(slots, phrases=(said("and", "and more"), several), plans=(plan,))
    for row in planned(draw):
        told = "two and more" if "," in row["likes"] else "one"
        assert (
            row["text"] == f"T{told[1:]} or so. It is {told}." if told[0] == "t" else "One or so. It is one."
        )


def test_a_variant_may_be_of_one_voice() -> None:
    variants = (Variant((), ("it",), "third"), Variant((), ("I",), "first"))
    draw = Prose((Slot("s", variants), said("t", "{x~y}")), voices=(("third", 1.0), ("first", 1.0)))
    assert {row["text"] for row in planned(draw)} == {"it x", "I y"}


def test_templates_that_name_what_is_missing_are_passed_over() -> None:
    """Of two templates the tellable one is taken, then the next variant, then the sentence is left out."""
    phrase = said("of_pet", "with a {pet}")
    first = Slot("s", (Variant((), ("{n} {of_pet}", "{n} alone")), Variant((), ("never",))))
    second = Slot("u", (Variant((), ("{pet}!",)), Variant((), ("no pet!",))))
    third = said("v", "{of_pet}.")
    of = schema(first, second, third, nulls={"pet": 0.5}, phrases=(phrase,))
    seen = set()
    for row in rows(of):
        with_pet = [f"{row['n']} with a {row['pet']}", f"{row['n']} alone"]
        if row["pet"] is None:
            assert row["text"] == f"{row['n']} alone no pet!"
        else:
            assert row["text"] in [f"{each} {row['pet']}! with a {row['pet']}." for each in with_pet]
        seen.add(row["text"].split()[1])
    assert seen == {"with", "alone"}


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (Prose((said("s", "{a~b}"),)), "has 2 forms, but there are none to choose from without `voices`"),
        (Prose((said("s", "{p}"),), phrases=(said("p", "{p}"),)), "phrase p names itself"),
        (Prose((said("s", "{sex:x}"),), plans=(Plan("rich", ("s",)),)), "sex, of kind category, with format"),
    ],
)
def test_plans_that_cannot_be_told_are_refused(draw: Prose, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        planned(draw, count=1)
