"""The schema customer_us: what its columns and orders promise of each other, and what searches find."""

import datetime
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from synthprof.encoders.catalogue.encoder import CatalogueEncoder
from synthprof.encoders.catalogue.meanings import meanings_of
from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.profiles.checks import check, check_family
from synthprof.profiles.children import Family, generate_family
from synthprof.profiles.shares import expected_shares
from synthprof.runner.run import run_all
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.files import read_csv
from synthprof.schemas.loader import load_bundle, load_schema, schema_folder
from synthprof.spec.request import Request
from synthprof.versions.search import search_text
from synthprof.versions.searcher import Query, open_searcher
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

SCHEMA = load_schema("customer_us")
ROWS = 16_384
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def family() -> Family:
    return generate_family(SCHEMA, 7, "pt_BR", 0.8, 0, ROWS)


@pytest.fixture(scope="module")
def customers(family: Family) -> Rows:
    return family.generated.profiles.to_pylist()


@pytest.fixture(scope="module")
def orders(family: Family) -> Rows:
    return family.tables["orders"].slice(0, 30_000).to_pylist()


def facts(name: str) -> Rows:
    return list(read_csv(schema_folder("customer_us") / f"{name}.csv"))


def test_rows_and_orders_are_as_declared(family: Family) -> None:
    assert check(SCHEMA, family.generated.profiles) == ()
    assert check_family(SCHEMA, SCHEMA.tables[0], family.tables["orders"], 1, ROWS) == ()


def test_city_decides_state_region_and_zip(customers: Rows) -> None:
    cities = {row["city"]: row for row in facts("cities")}
    for row in customers:
        fact = cities[row["city"]]
        assert (row["state"], row["region"]) == (fact["state"], fact["region"])
        assert re.fullmatch(rf"{fact['zip3']}\d\d", row["zip"])
        assert abs(row["latitude"] - float(fact["latitude"])) < 0.2


def test_the_files_of_places_agree_with_each_other() -> None:
    states = {row["state"]: row for row in facts("states")}
    cities = facts("cities")
    assert {row["state"] for row in cities} == set(states) and len(states) == 51
    assert all(row["region"] == states[row["state"]]["region"] for row in cities)
    of_states = Counter()
    for row in cities:
        of_states[row["state"]] += float(row["weight"]) * 1_000
    for state, people in of_states.items():
        assert people == pytest.approx(float(states[state]["population"]), rel=0.005)


def test_emails_and_ids_are_unique_and_phones_are_fictional(customers: Rows) -> None:
    for name in ("email", "customer_id"):
        assert len({row[name] for row in customers}) == len(customers)
    phones = [row["phone"] for row in customers if row["phone"]]
    assert all(re.fullmatch(r"\(\d{3}\) 555-01\d\d", phone) for phone in phones)
    assert len(phones) / len(customers) == pytest.approx(0.83, abs=0.04)


def test_all_are_adults_and_prices_and_incomes_are_within_bounds(customers: Rows) -> None:
    assert min(row["age"] for row in customers) == 18
    incomes = [row["income"] for row in customers if row["income"] is not None]
    assert min(incomes) >= 9_000 and max(incomes) <= 900_000
    assert 55_000 < np.median(incomes) < 90_000


def test_incomes_follow_the_states(customers: Rows) -> None:
    of = {
        state: np.median([row["income"] for row in customers if row["income"] and row["state"] in state])
        for state in (("MD", "NJ", "MA"), ("MS", "LA", "AR", "WV"))
    }
    rich, poor = of.values()
    assert rich / poor > 1.25


def test_no_order_comes_before_its_customer_and_all_in_order_of_time(customers: Rows, orders: Rows) -> None:
    signed = {row["id"]: row["signed_up"] for row in customers}
    before: dict[int, str] = {}
    for row in orders:
        placed = row["placed_at"].isoformat()
        assert signed[row["customer"]] < placed
        assert before.get(row["customer"], "") <= placed
        before[row["customer"]] = placed


def test_orders_are_of_products_in_the_customer_s_departments_and_sums_are_right(
    customers: Rows, orders: Rows
) -> None:
    products = {row["product"]: row for row in facts("products")}
    interests = {row["id"]: row["interests"].split(", ") for row in customers}
    for row in orders:
        product = products[row["product"]]
        assert row["department"] == product["category"]
        assert row["department"] in interests[row["customer"]]
        assert row["price"] == float(product["price"])
        paid = row["quantity"] * row["price"] * (100 - row["discount"]) / 100
        assert row["total"] == pytest.approx(paid, abs=0.005 + 1e-9)


def test_higher_tiers_order_more_and_most_in_the_last_months(customers: Rows, family: Family) -> None:
    table = family.tables["orders"]
    counts = np.bincount(table.column("customer").to_numpy(), minlength=ROWS + 1)[1:]
    means = [
        np.mean([n for n, row in zip(counts, customers, strict=True) if row["tier"] == tier])
        for tier in ("Basic", "Silver", "Gold", "Platinum")
    ]
    assert means == sorted(means) and means[3] > 8 * means[0]
    months = Counter(f"{moment.month:02}" for moment in table.column("placed_at").to_pylist())
    weights = {row["month"].zfill(2): float(row["weight"]) for row in facts("months")}
    days = {f"{m:02}": (datetime.date(2024 + m // 12, m % 12 + 1, 1) - datetime.date(2024, m, 1)).days
            for m in range(1, 13)}  # fmt: skip
    whole = sum(weights[month] * days[month] for month in days)
    for month, found in months.items():
        assert found / table.num_rows == pytest.approx(weights[month] * days[month] / whole, rel=0.06)


@pytest.mark.parametrize("name", ["sex", "age", "household", "pets", "device"])
def test_shares_are_those_declared(name: str, customers: Rows) -> None:
    expected = expected_shares(SCHEMA, 0.8)[name]
    found = Counter(row[name] for row in customers)
    if name == "age":
        found = Counter(
            next(band for band in expected if int(band.split("-")[0]) <= age <= int(band.split("-")[1]))
            for age in (row["age"] for row in customers)
        )
    assert {value: found[value] / ROWS for value in expected} == pytest.approx(expected, abs=0.015)


def test_texts_say_only_what_columns_say(customers: Rows) -> None:
    for row in customers[:2_000]:
        text = row["about"]
        assert f"{row['name'].split()[0]}" in text and row["city"] in text and str(row["age"]) in text
        assert not re.search(r"[{}]|  |\.\.| a 8\d|\ba 18| an (?!18)[1-79]\d-| in \.", text), text
        assert ("dog" in text and "neither" not in text) <= (row["pets"] in ("Dog", "Dog and cat"))
        years = set(re.findall(r"/(20\d\d)\b", text))
        assert years <= {row["signed_up"][:4]}
        he = re.search(r"\b([Hh]e|[Hh]is|him)\b", text)
        assert not (he and row["sex"] == "Female"), text


def test_archetypes_can_be_found_in_the_embeddings(family: Family) -> None:
    """A nearest centroid of the archetypes, made of one half, finds those of the other half."""
    rows, archetypes = family.generated.profiles.slice(0, 6_000), family.generated.archetypes[:6_000]
    vectors = CatalogueEncoder(128, vocabulary_of(load_bundle("customer_us"))).encode(rows)
    centroids = np.array([vectors[:3_000][archetypes[:3_000] == a].mean(axis=0) for a in range(10)])
    centroids /= np.linalg.norm(centroids, axis=1)[:, None]
    found = (vectors[3_000:] @ centroids.T).argmax(axis=1)
    assert (found == archetypes[3_000:]).mean() > 0.84


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("woman in Texas who buys books", {"sex=Female", "state=TX", "interests=Books"}),
        ("gold members in the Midwest", {"tier=Gold", "region=Midwest"}),
        ("electronics on the phone", {"interests=Electronics", "device=Phone"}),
        ("student with a dog", {"age=20", "pets=Dog", "pets=Dog and cat"}),
        ("men on the west coast", {"sex=Male", "state=CA", "state=OR", "state=WA"}),
        ("reads the newsletter and signed up in 2021", {"newsletter=true", "signed_up=2021"}),
    ],
)
def test_texts_are_read_in_english(text: str, meant: set[str]) -> None:
    read = meanings_of(load_bundle("customer_us")).read(text)
    assert {str(each) for each in read.attributes} == meant


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("shop")
    params = {"dataset": "shop", "profile_schema": "customer_us", "profiles": 3_000, "clusters": 10,
              "kmeans_niter": 5, "workers": 1}  # fmt: skip
    run_all(Request.from_params(params), found)
    return found


def test_a_run_is_sound_with_its_orders(home: Path) -> None:
    version = open_version(home, "shop")
    assert verify(version, None, lambda *_: None).sound
    assert version.tables()["orders"] > 3_000


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("woman in Texas who buys books", lambda row: row["sex"] == "Female" and row["state"] == "TX"),
        ("gold members in the Midwest", lambda row: row["tier"] == "Gold" and row["region"] == "Midwest"),
        (
            "electronics on the phone",
            lambda row: "Electronics" in row["interests"] and row["device"] == "Phone",
        ),
        ("over 60 with a dog", lambda row: row["age"] > 60 and "og" in row["pets"]),
    ],
)
def test_searches_find_what_they_name(home: Path, text: str, holds: Any) -> None:
    hits = search_text(open_searcher(open_version(home, "shop")), text, Query(k=10)).hits
    assert len(hits) == 10
    assert all(holds(hit.profile) for hit in hits), [hit.profile for hit in hits]


def test_the_names_are_its_own_unless_another_locale_is_asked_for() -> None:
    own = {row["name"] for row in facts("last_names")}
    for locale, share in (("pt_BR", 1.0), ("en_US", 1.0), ("de_DE", 0.1)):
        names = generate_family(SCHEMA, 7, locale, 0.8, 0, 300).generated.profiles.column("name")
        found = [name.split()[-1] in own for name in names.to_pylist()]
        assert np.mean(found) >= share if share == 1.0 else np.mean(found) < share


def test_its_canonical_text_is_the_whole_schema() -> None:
    bundle = load_bundle("customer_us")
    assert Bundle.of(bundle.text) == bundle
