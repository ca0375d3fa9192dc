"""Rules and margins as a file declares them: their mistakes, their digests, their description."""

import dataclasses
import shutil
import tomllib
from importlib.resources import as_file
from pathlib import Path

import jsonschema
import pytest
from players import rule, write_players

from synthprof.profiles.coherence import counted, counts
from synthprof.profiles.drawing import generate
from synthprof.report.coherence import coherence_of
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.describe import describe
from synthprof.schemas.differences import differences
from synthprof.schemas.format import json_schema
from synthprof.schemas.format.reference import EXAMPLES, PART_EXAMPLES, example
from synthprof.schemas.mistakes import SchemaError
from synthprof.schemas.reading import read_bundle, read_schema

MARGIN = """
[[margin]]
name = "share"
columns = {columns}
shares = {shares}
source = "a test"
"""

WRONG_RULES = (
    ("aeg > 3", "position 1: found 'aeg', expected a column: town, age"),
    ("age", "found a result of type integer, expected a condition, as age > 30"),
    ("premium = 1", "found = of bool, integer, expected two values of one type"),
    ("games = 'Doom'", "found items of games, expected one value a row: any(…), all(…), count(…), first(…)"),
    ("any(games.genre = 'Life')", "'genre' is no column of the file of games; did you mean 'genres'?"),
    ("any(styles = games)", "found items of styles and of games, expected items of one list; overlap(a, b)"),
    ("any(games.genres > 'Life')", "expected games.genres = 'text', != or in, as it has several values"),
    ("any(age > 3)", "found any of bool, expected any(condition on the items of a list)"),
    ("contains(age, 'x')", "found contains of integer, text, expected contains(list, 'text', …)"),
    ("contains(games, 3)", "found contains of text of items, integer"),
    ("min(games.genres) > 3", "expected the numbers of items"),
    ("first(games.genres) = 'Life'", "expected first(list) or first(list.attribute)"),
    ("overlap(games, lower(town)) > 1", "expected a list, an attribute or a category"),
    ("age.years > 3", "age is drawn from no file, so it has no attributes; name the column alone"),
    ("any(games.year < 1900) and", "position 27: found the end"),
)

WRONG_MARGINS = (
    ('["town"]', "{ Paris = 0.5 }", "shares: unknown value 'Paris'; known are Recife, Olinda"),
    ('["town"]', "{ Bonn = 0.7, Recife = 0.7 }", "shares add up to 1.4, above 1; write shares of all rows"),
    ('["age"]', '{ "10-20" = 0.1, "20-30" = 0.2 }', "shares: 20-30 and 10-20 share numbers; part them"),
    ('["age"]', '{ "20-10" = 0.1 }', "'20-10' ends below its begin; swap its ends"),
    ('["age"]', "{ young = 0.1 }", "'young' is no range of numbers; write 16-24, 30, 65- or *"),
    (
        '["age", "town"]',
        "{ Bonn = 0.1 }",
        "shares do not fit 2 columns; write a table of shares for each value",
    ),
    ('["town"]', "{ Bonn = { Bonn = 0.1 } }", "shares do not fit 1 columns; write a share for each value"),
    ('["town"]', "{ Bonn = 1.2 }", "Bonn=1.2 must be at most 1; write a smaller number"),
    ('["games.colour"]', "{ red = 0.1 }", "'colour' is no column of the file of games"),
    ('["joined"]', "{ x = 0.1 }", "found a result of type date, expected texts, numbers or truths"),
)


@pytest.mark.parametrize(("condition", "told"), WRONG_RULES, ids=[text for text, _ in WRONG_RULES])
def test_a_mistake_of_a_rule_names_line_place_and_remedy(tmp_path: Path, condition: str, told: str) -> None:
    folder = write_players(tmp_path / "players", rule(condition, "wrong one"))
    with pytest.raises(SchemaError) as caught:
        read_schema(folder)
    lines = (folder / "schema.toml").read_text(encoding="utf-8").splitlines()
    line = next(n for n, text in enumerate(lines, 1) if text.startswith("condition"))
    assert f"schema.toml:{line}: rule wrong one: " in str(caught.value) and told in str(caught.value)
    assert "; " in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "shares", "told"), WRONG_MARGINS, ids=[told for *_, told in WRONG_MARGINS]
)
def test_a_mistake_of_a_margin_names_place_and_remedy(
    tmp_path: Path, columns: str, shares: str, told: str
) -> None:
    folder = write_players(tmp_path / "players", MARGIN.format(columns=columns, shares=shares))
    with pytest.raises(SchemaError) as caught:
        read_schema(folder)
    assert "margin share" in str(caught.value) and told in str(caught.value)


def test_a_rule_of_a_child_table_is_told_with_its_table(tmp_path: Path) -> None:
    more = rule("minuts > 3", "wrong one", of_table=True) + rule("parent.agee > 3", "another", of_table=True)
    with pytest.raises(SchemaError) as caught:
        read_schema(write_players(tmp_path / "players", more))
    assert "table plays, rule wrong one: " in str(caught.value)
    assert "table plays, rule another: " in str(caught.value)


def test_no_byte_of_a_row_depends_on_a_rule(tmp_path: Path) -> None:
    without = read_bundle(write_players(tmp_path / "one" / "players"))
    more = rule("age > 60", "old") + rule("minutes > 60", "long", of_table=True)
    within = read_bundle(write_players(tmp_path / "two" / "players", more))
    assert within.drawn_digest == without.drawn_digest
    assert within.tables_digest("all") == without.tables_digest("all")
    assert without.rules_digest == "" and len(within.rules_digest) == 32
    assert within.digest != without.digest
    other = read_bundle(
        write_players(tmp_path / "three" / "players", more.replace("ceiling = 0.5", "ceiling = 0.4", 1))
    )
    assert other.rules_digest != within.rules_digest
    assert Bundle.of(within.text) == within
    assert differences(without, within) == (
        "table plays, rule long: added",
        "rule old: added",
    )
    assert differences(within, other) == ("rule old: changed",)


def test_odds_depend_on_what_a_margin_asks_and_not_on_who_says_it(tmp_path: Path) -> None:
    margin = MARGIN.format(columns='["town.country"]', shares="{ BR = 0.5 }")
    texts = ("", margin, margin.replace("BR = 0.5", "BR = 0.6"), margin.replace("a test", "another test"))
    one, two, three, four = (
        read_bundle(write_players(tmp_path / str(at) / "players", text)) for at, text in enumerate(texts)
    )
    assert len({one.drawn_digest, two.drawn_digest, three.drawn_digest}) == 3
    assert two.drawn_digest == four.drawn_digest and two.rules_digest != four.rules_digest
    assert differences(one, two) == ("margin share: added",)


def test_the_description_has_rules_and_margins_with_their_sources(tmp_path: Path) -> None:
    more = rule("age > 60 and premium", "old", 0.001) + MARGIN.format(
        columns='["town"]', shares="{ Bonn = 0.25 }"
    )
    told = describe(read_schema(write_players(tmp_path / "players", more)))
    assert "| old | Rows that contradict themselves. | `age > 60 and premium` | 0.001 |" in told
    assert "| share | `town` | Bonn 25 % | a test |" in told


@pytest.mark.parametrize("name", [PART_EXAMPLES["Rule"], PART_EXAMPLES["Margin"]])
def test_the_example_of_a_part_is_counted_and_holds(tmp_path: Path, name: str) -> None:
    with as_file(EXAMPLES / "files") as files:
        folder = shutil.copytree(files, tmp_path / "shop")
    (folder / "schema.toml").write_text(example(name), encoding="utf-8")
    schema = read_schema(folder)
    profiles = generate(schema, 1, "en_US", 0.8, 0, 2_000).profiles
    found = coherence_of(counted(schema, counts(schema, profiles).tolist()))
    assert found.faults == () and len(found.rules) + len(found.margins) == 2
    jsonschema.Draft202012Validator(json_schema()).validate(tomllib.loads(example(name)))


def test_a_canonical_text_with_a_wrong_rule_is_refused(tmp_path: Path) -> None:
    bundle = read_bundle(write_players(tmp_path / "players", rule("age > 60", "old")))
    (old,) = bundle.schema.rules
    with pytest.raises(ValueError, match="rule old: condition, position 1: found 'x'"):
        dataclasses.replace(bundle.schema, rules=(dataclasses.replace(old, condition="x > 60"),))
