"""Claims on the rich texts of customer_us and patient: they tell what every column says, and nothing else."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_schema

Row = dict[str, Any]
TEXTS = {"customer_us": "about", "patient": "notiz"}

WORDS: dict[str, dict[str, dict[Any, str]]] = {
    "customer_us": {
        "sex": {"Male": r"\b(he|his|him)\b", "Female": r"\b(she|hers?)\b"},
        "household": {
            "Alone": "lives alone", "Couple": "partner", "Family with children": "family with children",
            "With parents": "parents", "Shared home": "roommates",
        },
        "pets": {
            "No pets": "no pets", "Dog": "(has|keeps) a dog", "Cat": "(has|keeps) a cat",
            "Dog and cat": "both a dog and a cat", "Other pet": "neither a dog nor a cat",
        },
        "tier": {tier: rf"\b{tier} (member|tier)" for tier in ("Basic", "Silver", "Gold", "Platinum")},
        "device": {"Phone": "on a phone", "Computer": "at a computer", "Tablet": "on a tablet"},
        "payment": {
            "Credit card": "credit card", "Debit card": "debit card", "Digital wallet": "digital wallet",
            "Pay later": "pays later", "Gift card": "gift cards",
        },
        "price_sense": {
            "Bargain hunter": "sale|bargains|low prices", "Value seeker": "value for|price against|for value",
            "Convenience first": "convenience", "Premium": "premium",
        },
        "region": {name: rf"in the {name}\b" for name in ("West", "South", "Midwest", "Northeast")},
        "newsletter": {0: "(not read|skips) the newsletter", 1: "(?<!not )reads the newsletter"},
    },
    "patient": {
        "geschlecht": {"männlich": r"\b(er|Patient)\b", "weiblich": r"\b(sie(?! verläuft)|Patientin)\b"},
        "versicherung": {"gesetzlich": "gesetzlich versichert", "privat": "privat versichert"},
        "verlauf": {"akut": "akut(em Verlauf)?", "chronisch": "chronisch", "Vorsorge": "Vorsorge"},
        "raucher": {
            0: "raucht nicht|Nichtraucher", 1: r"raucht(?! nicht)|\bRaucher", None: "",
        },
        "hausarzt": {
            0: "keine Hausarztpraxis|Hausarztpraxis fehlt", 1: r"\b[Ee]ine Hausarztpraxis (?!f)", None: "",
        },
    },
}  # fmt: skip
"""Words that tell each value of a column and no other one; none where a missing value is not told."""

SAID: dict[str, dict[str, Callable[[Row], str]]] = {
    "customer_us": {
        "age": lambda row: rf"\b{row['age']}\b",
        "city": lambda row: f"{row['city']}, {row['state']}",
        "state": lambda row: f", {row['state']}",
        "income": lambda row: rf"\${row['income']:,}",
        "signed_up": lambda row: "{1}/{2}/{0}".format(*map(int, row["signed_up"][:10].split("-"))),
        "latitude": lambda row: f"latitude {row['latitude']:.5f}",
        "longitude": lambda row: f"longitude {row['longitude']:.5f}",
        "interests": lambda row: " and ".join(row["interests"].lower().rsplit(", ", 1)),
    },
    "patient": {
        "geburtsdatum": lambda row: german(row["geburtsdatum"]),
        "erste_aufnahme": lambda row: german(row["erste_aufnahme"]),
        "alter_jahre": lambda row: {0: "kein Jahr alt", 1: "ein Jahr alt"}.get(
            row["alter_jahre"], rf"\b{row['alter_jahre']}(-jährig| Jahre)"
        ),
        "groesse_cm": lambda row: f"{row['groesse_cm']} cm",
        "gewicht_kg": lambda row: f"{row['gewicht_kg']:.1f} kg".replace(".", ","),
        "bmi": lambda row: f"{row['bmi']:.1f}".replace(".", ","),
        "allergien": lambda row: " und ".join(row["allergien"].rsplit(", ", 1)),
        "chronisch": lambda row: "" if not row["chronisch"] else "chronisch",
    },
}
"""Of columns whose values no text shows as they stand, the pattern of what it shows."""

FOLLOW = {"customer_us": set(), "patient": {"altersgruppe", "alter_tage", "referenzgruppe"}}
"""Columns that say in other words what the text tells: groups and days by sex and day of birth."""


def german(day: str) -> str:
    return r"\.".join(reversed(day[:10].split("-")))


def columns(schema: str) -> set[str]:
    found = {column.name for column in load_schema(schema).columns}
    return found - FOLLOW[schema] - {TEXTS[schema]}


@pytest.fixture(scope="module", params=list(TEXTS))
def told(request: pytest.FixtureRequest) -> tuple[str, list[Row]]:
    rows = generate(load_schema(request.param), 3, "pt_BR", 0.8, 0, 500).profiles.to_pylist()
    return request.param, rows


def test_every_column_can_be_found_in_the_text(told: tuple[str, list[Row]]) -> None:
    schema, rows = told
    words, said = WORDS[schema], SAID[schema]
    for name in columns(schema):
        for row in rows:
            text = row[TEXTS[schema]]
            if name in words:
                pattern = words[name][row[name]]
            elif row[name] is None:
                continue
            else:
                pattern = said[name](row) if name in said else re.escape(str(row[name]))
            assert re.search(pattern, text, re.IGNORECASE if name in words else 0), (name, row[name], text)


def test_no_value_of_another_row_is_told(told: tuple[str, list[Row]]) -> None:
    schema, rows = told
    for name, words in WORDS[schema].items():
        for row in rows:
            text = row[TEXTS[schema]]
            for other in ("name", "email", "diagnose", "city", "ort", "fachgebiet"):
                text = text.replace(str(row.get(other)), "")
            found = {value for value, pattern in words.items() if pattern and re.search(pattern, text)}
            assert found <= {row[name]}, (name, row[name], text)


def test_no_number_is_told_that_the_row_has_not(told: tuple[str, list[Row]]) -> None:
    schema, rows = told
    for row in rows:
        text = row[TEXTS[schema]]
        others = columns(schema) - WORDS[schema].keys() - {"chronisch"}
        for name in sorted(others, key=lambda name: -len(str(row[name]))):
            if row[name] is not None:
                own = SAID[schema][name](row) if name in SAID[schema] else re.escape(str(row[name]))
                text = re.sub(own, "", text)
        assert not re.search(r"\d", text), (text, row[TEXTS[schema]])
