"""Claims of the schema patient: coherent rows, declared shares, German texts and searches, ordered tables."""

import csv
import datetime
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from synthprof.encoders.catalogue.meanings import meanings_of
from synthprof.profiles.children import Family, generate_family
from synthprof.profiles.shares import expected_shares
from synthprof.runner.run import run_all
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.loader import load_bundle, load_schema, schema_folder
from synthprof.spec.request import Request
from synthprof.spec.spec import Spec
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

ROWS = 7_000
SCHEMA = load_schema("patient")
Row = dict[str, Any]

LAST_DAY = datetime.date(2022, 12, 31)
"""The day on which ages hold."""


def file_of(name: str) -> list[dict[str, str]]:
    text = (schema_folder("patient") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def day_of(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text[:10])


@pytest.fixture(scope="module")
def family() -> Family:
    return generate_family(SCHEMA, 5, Spec().locale, 0.8, 0, ROWS)


@pytest.fixture(scope="module")
def rows(family: Family) -> list[Row]:
    return list(map(SCHEMA.as_values, family.generated.profiles.to_pylist()))


@pytest.fixture(scope="module")
def tables(family: Family) -> dict[str, pa.RecordBatch]:
    return dict(family.tables)


def test_the_head_says_that_all_is_made_up_and_of_no_medical_use() -> None:
    head = (schema_folder("patient") / "schema.toml").read_text(encoding="utf-8")[:900]
    assert "made up" in head and "of no medical use" in head


def test_its_canonical_text_loads_back_equal() -> None:
    made = load_bundle("patient")  # whose text asks for flags, numbers and values
    assert Bundle.of(made.text) == made


def test_diagnoses_are_those_of_sex_and_age(rows: list[Row]) -> None:
    known = {row["code"]: row for row in file_of("diagnosen.csv")}
    for row in rows:
        of = known[row["hauptdiagnose"]]
        assert int(of["ab"]) <= row["alter_jahre"] <= int(of["bis"]), row
        assert float(of["w"]) > 0 or row["geschlecht"] == "männlich", row
        assert float(of["w"]) < 1000 or row["geschlecht"] == "weiblich", row
        assert (row["diagnose"], row["fachgebiet"], row["verlauf"]) == (
            of["diagnose"],
            of["fachgebiet"],
            of["verlauf"],
        )
        assert row["chronisch"] == (row["verlauf"] == "chronisch")
    assert len({row["hauptdiagnose"] for row in rows}) > 0.95 * len(known)


def test_dates_and_ages_agree(rows: list[Row]) -> None:
    for row in rows:
        born, first = day_of(row["geburtsdatum"]), day_of(row["erste_aufnahme"])
        assert (LAST_DAY - born).days == row["alter_tage"]
        assert row["alter_jahre"] == LAST_DAY.year - born.year  # ages hold on the last day of a year
        assert born <= first <= LAST_DAY


def test_bmi_follows_from_height_and_weight_and_decides_on_obesity(rows: list[Row]) -> None:
    for row in rows:
        height, weight = row["groesse_cm"], row["gewicht_kg"]
        if height is None or weight is None:
            assert row["bmi"] is None
            continue
        assert row["bmi"] == pytest.approx(weight / (height / 100) ** 2, abs=0.0501)
        assert row["hauptdiagnose"] != "E66.0" or row["bmi"] >= 30


def test_height_and_weight_are_those_of_the_group_and_rise_together(rows: list[Row]) -> None:
    men = [
        (row["groesse_cm"], row["gewicht_kg"])
        for row in rows
        if row["referenzgruppe"] == "Männer" and row["bmi"] is not None
    ]
    heights, weights = zip(*men, strict=True)
    assert sum(heights) / len(heights) == pytest.approx(180, abs=1)
    assert sorted(weights)[len(weights) // 2] == pytest.approx(84, abs=2)
    rank = [{value: place for place, value in enumerate(sorted(set(each)))} for each in (heights, weights)]
    places = [(rank[0][height], rank[1][weight]) for height, weight in men]
    assert correlation(places) == pytest.approx(0.48, abs=0.08)
    group = {"männlich": ("Jungen von {}", "Männer", "Männer ab 65")}
    group["weiblich"] = ("Mädchen von {}", "Frauen", "Frauen ab 65")
    for row in rows:
        age, of = row["alter_jahre"], group[row["geschlecht"]]
        assert row["referenzgruppe"] == of[(age >= 18) + (age >= 65)].format(age)


def correlation(pairs: list[tuple[int, int]]) -> float:
    means = [sum(each) / len(pairs) for each in zip(*pairs, strict=True)]
    from_mean = [(one - means[0], other - means[1]) for one, other in pairs]
    squares = [sum(each[side] ** 2 for each in from_mean) for side in (0, 1)]
    return float(sum(one * other for one, other in from_mean) / (squares[0] * squares[1]) ** 0.5)


def test_places_and_insurers_fit_and_numbers_are_unique(rows: list[Row]) -> None:
    places = {row["ort"]: (row["land"], row["plz"]) for row in file_of("orte.csv")}
    insurers: dict[str, set[str]] = {"gesetzlich": set(), "privat": set()}
    for row in rows:
        assert places[row["ort"]] == (row["land"], row["plz"])
        insurers[row["versicherung"]].add(row["kasse"])
    assert len(insurers["privat"]) == 7 and not insurers["privat"] & insurers["gesetzlich"]
    assert {land for land, _ in places.values()} == {row["land"] for row in file_of("laender.csv")}
    for column in ("patient_id", "versichertennummer"):
        assert len({row[column] for row in rows}) == ROWS
    assert all(re.fullmatch(r"X\d{10}", row["versichertennummer"]) for row in rows)


def test_shares_are_those_that_are_declared(rows: list[Row]) -> None:
    expected = expected_shares(SCHEMA, 0.8)
    assert {"geschlecht", "land", "versicherung", "kasse"} <= set(expected)
    for column in ("geschlecht", "land", "versicherung", "kasse"):
        counted = Counter(row[column] for row in rows)
        for value, share in expected[column].items():
            spread = (share * (1 - share) / ROWS) ** 0.5
            assert counted[value] / ROWS == pytest.approx(share, abs=4.5 * spread), (column, value)
    known = [row["blutgruppe"] for row in rows if row["blutgruppe"]]
    assert known.count("A positiv") / len(known) == pytest.approx(0.37, abs=0.03)


def test_what_is_missing_depends_on_other_columns(rows: list[Row]) -> None:
    def missing(column: str, low: int, high: int) -> float:
        of = [row[column] is None for row in rows if low <= row["alter_jahre"] <= high]
        return sum(of) / len(of)

    assert missing("gewicht_kg", 6, 17) == pytest.approx(0.26, abs=0.05)
    assert missing("gewicht_kg", 18, 64) == pytest.approx(0.13, abs=0.02)
    assert missing("gewicht_kg", 65, 99) == pytest.approx(0.08, abs=0.02)
    assert missing("raucher", 0, 13) == 1
    assert missing("raucher", 45, 99) == pytest.approx(0.08, abs=0.02)
    assert missing("allergien", 0, 99) == pytest.approx(0.71, abs=0.03)


FEMININE = re.compile(r"\b(Frau|Patientin|Sie|Mädchen|Raucherin|Nichtraucherin|Privatpatientin|Eine \d)\b")
MASCULINE = re.compile(r"\b(Herr|Mann|Patient|Er|Junge|Säugling|Raucher|Nichtraucher|Privatpatient|Ein \d)\b")


def test_notes_are_german_sentences_that_agree_in_gender(rows: list[Row]) -> None:
    for row in rows:
        note = row["notiz"]
        assert note[0].isupper() and note.endswith(".") and "  " not in note, note
        assert not re.search(r"[{}|]|\bNone\b|\bnull\b| [.,]|\.\.", note), note
        assert all(each[0].isupper() for each in re.split(r"(?<=[a-zäöüß)])\. ", note)), note
        wrong = MASCULINE if row["geschlecht"] == "weiblich" else FEMININE
        assert not wrong.search(note), (row["geschlecht"], note)
        assert ("Jahre alt" not in note) or f"{row['alter_jahre']} Jahre alt" in note, note
        assert row["diagnose"] in note


def test_visits_are_in_order_on_working_days_and_after_the_first_contact(
    rows: list[Row], tables: dict[str, pa.RecordBatch]
) -> None:
    last: dict[int, datetime.datetime] = {}
    for visit in tables["besuche"].to_pylist():
        at, patient = datetime.datetime.fromisoformat(str(visit["zeitpunkt"])), rows[visit["patient_nr"] - 1]
        assert at.year == 2023 and at.weekday() < 5 and 7 <= at.hour < 18
        assert last.get(patient["id"], at) <= at
        last[patient["id"]] = at
        assert visit["fachgebiet"] != "Gynäkologie" or patient["geschlecht"] == "weiblich"
        assert visit["diagnose"] in (patient["hauptdiagnose"], None)
        assert (visit["kosten_eur"] - (12 + 1.9 * visit["dauer_min"])) * (
            patient["versicherung"] == "gesetzlich"
        ) == pytest.approx(0, abs=0.006)
        assert patient["alter_jahre"] >= 14 or visit["verordnung"] not in ("Ramipril", "Tamsulosin")


def test_laboratory_values_are_marked_by_their_range_and_follow_from_the_diagnosis(
    rows: list[Row], tables: dict[str, pa.RecordBatch]
) -> None:
    known = {row["test"]: row for row in file_of("laborwerte.csv")}
    sugar: dict[bool, list[float]] = {True: [], False: []}
    counts: Counter[int] = Counter()
    for each in tables["laborwerte"].to_pylist():
        of, patient = known[each["messgroesse"]], rows[each["patient_nr"] - 1]
        counts[each["patient_nr"]] += 1
        assert (each["einheit"], each["unten"]) == (of["einheit"], float(of["unten"]))
        high, low = each["wert"] > float(of["oben"]), each["wert"] < float(of["unten"])
        assert each["bewertung"] == ("H" if high else "T" if low else "N")
        assert day_of(str(each["datum"])).weekday() < 5
        if each["messgroesse"] == "HbA1c":
            sugar[patient["hauptdiagnose"] == "E11.90"].append(each["wert"])
    means = {of: sum(values) / len(values) for of, values in sugar.items()}
    assert means[True] / means[False] == pytest.approx(1.25, abs=0.05)
    lasting = [counts[row["id"]] for row in rows if row["verlauf"] == "chronisch"]
    acute = [counts[row["id"]] for row in rows if row["verlauf"] == "akut"]
    assert sum(lasting) / len(lasting) > 1.5 * sum(acute) / len(acute)


@pytest.mark.parametrize(
    ("text", "attributes"),
    [
        (
            "Frau über 60 mit Diabetes aus Bayern",
            {
                "geschlecht=weiblich",
                "diagnose=Diabetes mellitus Typ 2",
                "land=Bayern",
            },
        ),
        ("privat versichert in Hamburg", {"versicherung=privat", "ort=Hamburg", "land=Hamburg"}),
        ("Kind mit Asthma", {"altersgruppe=Kind", "diagnose=Asthma bronchiale"}),
        ("Junge mit Asthma", {"geschlecht=männlich", "altersgruppe=Kind", "diagnose=Asthma bronchiale"}),
        (
            "junge schwangere Frau in Berlin",
            {
                "altersgruppe=jung",
                "diagnose=Überwachung einer normalen Schwangerschaft",
                "geschlecht=weiblich",
                "ort=Berlin",
                "land=Berlin",
            },
        ),
        ("Raucher mit COPD", {"raucher=true", "diagnose=COPD"}),
        ("Nichtraucherin mit Heuschnupfen", {"raucher=false", "geschlecht=weiblich", "allergien=Pollen"}),
        ("Patientin, 45 Jahre alt, in Essen", {"geschlecht=weiblich", "alter_jahre=45", "ort=Essen"}),
    ],
)
def test_german_texts_are_read(text: str, attributes: set[str]) -> None:
    assert set(map(str, meanings_of(load_bundle("patient")).read(text).attributes)) == attributes


def test_a_small_run_is_verified_and_found_in_german(tmp_path: Path) -> None:
    params = {
        "dataset": "praxis",
        "profile_schema": "patient",
        "profiles": 2_000,
        "clusters": 4,
        "kmeans_niter": 2,
        "dim_embedding": 64,
        "workers": 1,
    }
    run_all(Request.from_params(params), tmp_path)
    version = open_version(tmp_path, "praxis")
    assert verify(version, None, lambda *_: None).sound
    assert {"besuche", "laborwerte"} <= {path.stem for path in version.folder.glob("*.db")}
    found = version.search("Raucher mit COPD", k=5)
    assert len(found) == 5
    assert all(hit.profile["raucher"] in (1, True) for hit in found)
    assert sum(hit.profile["diagnose"] == "COPD" for hit in found) >= 4
