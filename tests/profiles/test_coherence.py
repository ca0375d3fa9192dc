"""Counts of rules and margins, against the same conditions written in Python and asked row by row."""

import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from players import GAMES, TOWNS, rule, write_players

from synthprof.profiles.children import Family, generate_family
from synthprof.profiles.coherence import Counted, counted, counts
from synthprof.schemas.reading import read_schema
from synthprof.schemas.schema import Schema

ROWS = 3_000

GAME = {row["game"]: row for row in csv.DictReader(GAMES.splitlines())}
TOWN = {row["town"]: row for row in csv.DictReader(TOWNS.splitlines())}


def genres(row: dict[str, Any]) -> list[list[str]]:
    return [GAME[game]["genres"].split(";") for game in row["games"]]


def flat(row: dict[str, Any]) -> set[str]:
    return set().union(*genres(row))


def years(row: dict[str, Any]) -> list[int]:
    return [int(GAME[game]["year"]) for game in row["games"]]


CONDITIONS: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    ("age < 18", lambda r: r["age"] < 18),
    ("premium and age < 18", lambda r: bool(r["premium"]) and r["age"] < 18),
    ("not premium or not age < 18", lambda r: not r["premium"] or r["age"] >= 18),
    ("spent > 50", lambda r: r["spent"] is not None and r["spent"] > 50),
    ("not spent > 50", lambda r: r["spent"] is not None and not r["spent"] > 50),
    ("missing(spent)", lambda r: r["spent"] is None),
    ("town = 'Bonn'", lambda r: r["town"] == "Bonn"),
    ("town != 'Bonn'", lambda r: r["town"] != "Bonn"),
    ("town in ('Bonn', 'Recife')", lambda r: r["town"] in ("Bonn", "Recife")),
    ("town.country = 'DE' and town.people > 10000", lambda r: r["town"] == "Bonn"),
    ("town.people > age * 10000", lambda r: int(TOWN[r["town"]]["people"]) > r["age"] * 10000),
    ("contains(games, 'Doom', 'Chess')", lambda r: bool({"Doom", "Chess"} & set(r["games"]))),
    ("any(games.genres = 'Mind')", lambda r: any("Mind" in each for each in genres(r))),
    ("contains(games.genres, 'Mind')", lambda r: any("Mind" in each for each in genres(r))),
    ("all(games.genres = 'Mind')", lambda r: all("Mind" in each for each in genres(r))),
    ("any(games.genres != 'Mind')", lambda r: any("Mind" not in each for each in genres(r))),
    (
        "all(games.genres in ('Life', 'Board'))",
        lambda r: all({"Life", "Board"} & set(each) for each in genres(r)),
    ),
    ("any(games.studio != 'id')", lambda r: "Sims" in r["games"]),
    ("any(missing(games.studio))", lambda r: "Chess" in r["games"]),
    ("any(games.year < 1900 and games != 'Doom')", lambda r: "Chess" in r["games"]),
    ("count(games) = 2", lambda r: len(r["games"]) == 2),
    ("count(games.year > 1994) >= 2", lambda r: sum(year > 1994 for year in years(r)) >= 2),
    ("count(games.studio) = 0", lambda r: all(not GAME[game]["studio"] for game in r["games"])),
    ("first(games) = 'Sims'", lambda r: r["games"][0] == "Sims"),
    ("first(games.year) > 1995", lambda r: years(r)[0] > 1995),
    ("min(games.year) < 1900", lambda r: min(years(r)) < 1900),
    ("max(games.year) - min(games.year) > 5", lambda r: max(years(r)) - min(years(r)) > 5),
    ("any(2026 - games.year < age)", lambda r: any(2026 - year < r["age"] for year in years(r))),
    (
        "all(2026 - games.year < age or premium)",
        lambda r: all(2026 - y < r["age"] or r["premium"] for y in years(r)),
    ),
    ("count(games.year + age > 2030) = 1", lambda r: sum(y + r["age"] > 2030 for y in years(r)) == 1),
    ("overlap(styles, games.genres) = 0", lambda r: not set(r["styles"]) & flat(r)),
    (
        "overlap(styles, games.genres) < count(styles)",
        lambda r: not set(r["styles"]) <= flat(r),
    ),
    ("overlap(town.country, games) > 0", lambda r: False),
    ("year(joined) < 2021 and active", lambda r: (r["joined"] or "3") < "2021" and bool(r["active"])),
    ("not active and missing(joined)", lambda r: not r["active"] and r["joined"] is None),
    ("contains(tags, 'vip')", lambda r: "vip" in (r["tags"] or [])),
    ("count(tags) = 0", lambda r: r["tags"] == []),
    ("all(tags = 'new')", lambda r: r["tags"] is not None and set(r["tags"]) <= {"new"}),
    ("not any(tags = 'new')", lambda r: r["tags"] is not None and "new" not in r["tags"]),
    ("first(tags) = 'old'", lambda r: bool(r["tags"]) and r["tags"][0] == "old"),
    ("overlap(tags, games) = 0", lambda r: r["tags"] is not None),
    ("any(length(tags) = 3 and age > 30)", lambda r: bool(r["tags"]) and r["age"] > 30),
    ("age < 100000 and age > -40000", lambda r: True),
    ("true", lambda r: True),
    (
        "if(age < 30, premium, count(games) > 1)",
        lambda r: bool(r["premium"]) if r["age"] < 30 else len(r["games"]) > 1,
    ),
)


@pytest.fixture(scope="module")
def players(tmp_path_factory: pytest.TempPathFactory) -> tuple[Schema, Family]:
    more = "".join(rule(text, f"rule {place}") for place, (text, _) in enumerate(CONDITIONS))
    more += rule("minutes > 60 and parent.age < 18", "long", of_table=True)
    more += rule("minutes > 30 and any(parent.games.year < 2000 - parent.age)", "old", of_table=True)
    more += rule("month(begun) = 2 and contains(parent.tags, 'vip') and parent.active", "day", of_table=True)
    more += rule(
        "contains(parent.games.genres, 'Mind') and parent.town.country = 'DE'", "mind", of_table=True
    )
    schema = read_schema(write_players(tmp_path_factory.mktemp("schemas") / "players", more + MARGINS))
    return schema, generate_family(schema, 3, "en_US", 1.0, 0, ROWS)


MARGINS = """
[[margin]]
name = "country"
columns = ["town.country"]
shares = { BR = 0.7, DE = 0.3 }
source = "towns.csv"

[[margin]]
name = "age by premium"
columns = ["age", "premium"]
shares = { "10-17" = { 1 = 0.1 }, "18-39" = { 0 = 0.2 }, "65-" = { 1 = 0.1, 0 = 0.1 } }
source = "a test"

[[margin]]
name = "first game"
columns = ["first(games)"]
groups = { old = ["Chess", "Doom"] }
shares = { old = 0.4, "*" = 0.6 }
source = "a test"

[[margin]]
name = "genres by country"
columns = ["town.country", "games.genres"]
within = true
where = "spent > 50 and age >= 18"
shares = { DE = { Mind = 0.5, Shooter = 0.5 }, BR = { Mind = 0.4, "*" = 0.4 } }
source = "a test"

[[margin]]
name = "spent"
columns = ["spent"]
shares = { "0-49" = 0.49, "*" = 0.51 }
source = "a test"
"""


@pytest.fixture(scope="module")
def found(players: tuple[Schema, Family]) -> Counted:
    schema, family = players
    return counted(schema, counts(schema, family.generated.profiles, family.tables).tolist())


def _rows(profiles: pa.RecordBatch) -> Sequence[dict[str, Any]]:
    whole = profiles.to_pylist()
    texts = [row["tags"] for row in whole]
    tags = [None if text is None else [] if text == "[]" else text.split(", ") for text in texts]
    lists = ({name: row[name].split(", ") for name in ("games", "styles")} for row in whole)
    return [row | of | {"tags": each} for row, of, each in zip(whole, lists, tags, strict=True)]


@pytest.mark.parametrize("place", range(len(CONDITIONS)), ids=[text for text, _ in CONDITIONS])
def test_a_rule_counts_the_rows_that_meet_its_condition(
    players: tuple[Schema, Family], found: Counted, place: int
) -> None:
    _, condition = CONDITIONS[place]
    rows = _rows(players[1].generated.profiles)
    assert found.rules[place].broken == sum(bool(condition(row)) for row in rows)
    assert found.rules[place].rows == found.rows == ROWS


def test_rows_that_break_any_rule_are_counted_once(tmp_path: Path) -> None:
    more = rule("age < 20", "young") + rule("age < 25", "younger") + rule("premium", "pays")
    schema = read_schema(write_players(tmp_path / "players", more))
    family = generate_family(schema, 3, "en_US", 1.0, 0, ROWS)
    rows = _rows(family.generated.profiles)
    found = counted(schema, counts(schema, family.generated.profiles, family.tables).tolist())
    assert found.coherent == sum(row["age"] >= 25 and not row["premium"] for row in rows)


def test_a_rule_on_children_sees_its_parents(players: tuple[Schema, Family], found: Counted) -> None:
    family = players[1]
    parents = {row["id"]: row for row in _rows(family.generated.profiles)}
    plays = [row | {"of": parents[row["parent_id"]]} for row in family.tables["plays"].to_pylist()]
    long, old, day, mind = found.rules[-4:]
    assert {each.table for each in found.rules[-4:]} == {"plays"} and long.rows == len(plays)
    of_day = [r["begun"].month == 2 and "vip" in (r["of"]["tags"] or []) and r["of"]["active"] for r in plays]
    assert day.broken == sum(map(bool, of_day)) > 0
    assert long.broken == sum(row["minutes"] > 60 and row["of"]["age"] < 18 for row in plays)
    expected = [
        row["minutes"] > 30 and any(y < 2000 - row["of"]["age"] for y in years(row["of"])) for row in plays
    ]
    assert old.broken == sum(expected) > 0
    of_mind = [any("Mind" in each for each in genres(row["of"])) for row in plays]
    german = [TOWN[row["of"]["town"]]["country"] == "DE" for row in plays]
    assert mind.broken == sum(np.array(of_mind) & np.array(german)) > 0


def test_a_margin_counts_rows_in_cells(players: tuple[Schema, Family], found: Counted) -> None:
    rows = _rows(players[1].generated.profiles)
    country = [TOWN[row["town"]]["country"] for row in rows]
    of_country, of_age, of_game, of_genres, of_spent = found.margins
    assert of_country.bases == (ROWS,) and of_country.cells == ((country.count("BR"), country.count("DE")),)
    ages = [(10, 17), (18, 39), (65, 999)]
    table = tuple(
        tuple(sum(low <= row["age"] <= high and row["premium"] == flag for row in rows) for flag in (1, 0))
        for low, high in ages
    )
    assert of_age.cells == table
    old = sum(row["games"][0] in ("Chess", "Doom") for row in rows)
    assert of_game.cells == ((old, ROWS - old),)
    asked = [
        (row, c)
        for row, c in zip(rows, country, strict=True)
        if (row["spent"] or 0) > 50 and row["age"] >= 18
    ]
    assert of_genres.bases == tuple(sum(c == each for _, c in asked) for each in ("DE", "BR"))
    for place, each in enumerate(("DE", "BR")):
        found_of = [flat(row) for row, c in asked if c == each]
        other = sum(bool(found - {"Mind", "Shooter"}) for found in found_of)
        assert of_genres.cells[place] == (
            sum("Mind" in found for found in found_of),
            sum("Shooter" in found for found in found_of),
            other,
        )
    spent = [row["spent"] for row in rows if row["spent"] is not None]
    assert of_spent.bases == (len(spent),)
    assert of_spent.cells == ((sum(each <= 49 for each in spent), sum(each > 49 for each in spent)),)


def test_counts_of_blocks_add_up_to_those_of_all_rows(players: tuple[Schema, Family]) -> None:
    schema, family = players
    whole, plays = family.generated.profiles, family.tables["plays"]
    cut = 1_100
    last = int(np.searchsorted(plays.column("parent_id").to_numpy(), cut, side="right"))
    parts = [
        counts(schema, whole.slice(0, cut), {"plays": plays.slice(0, last)}),
        counts(schema, whole.slice(cut), {"plays": plays.slice(last)}),
    ]
    assert (parts[0] + parts[1] == counts(schema, whole, family.tables)).all()


def test_a_schema_without_rules_counts_nothing(tmp_path: Path) -> None:
    schema = read_schema(write_players(tmp_path / "players"))
    family = generate_family(schema, 3, "en_US", 1.0, 0, 10)
    assert counts(schema, family.generated.profiles, family.tables).size == 0


def test_texts_as_a_database_holds_them_count_alike(players: tuple[Schema, Family], found: Counted) -> None:
    schema, family = players
    whole = family.generated.profiles
    plain = [a.dictionary_decode() if isinstance(a, pa.DictionaryArray) else a for a in whole.columns]
    stored = pa.RecordBatch.from_arrays(plain, names=whole.schema.names)
    assert counted(schema, counts(schema, stored, family.tables).tolist()) == found
