"""Marginals and the map of a schema of anybody's: bands, truths, gaps, and no archetypes."""

import json

import numpy as np
import pyarrow as pa
import pytest
from customers import customers

from synthprof.explorer.worker.answers import map_of_points
from synthprof.profiles.drawing import generate
from synthprof.profiles.shares import expected_shares
from synthprof.report.model import Marginal
from synthprof.report.overview import count, map_of, overview
from synthprof.report.page import _marginal

BUNDLE = customers()
SCHEMA = BUNDLE.schema
ROWS = 4_000


@pytest.fixture(scope="module")
def rows() -> pa.RecordBatch:
    return generate(SCHEMA, 5, "en_US", 0.8, 0, ROWS).profiles


@pytest.fixture(scope="module")
def marginals(rows: pa.RecordBatch) -> dict:
    labels, chosen = np.zeros(ROWS, np.int32), np.array([0])
    found = overview(SCHEMA, 0.8, count(SCHEMA, rows, labels, chosen).table(), chosen, np.array([ROWS]), ROWS)
    return {each["column"]: each for each in json.loads(found)["marginals"]}


def test_numbers_dates_truths_and_texts_have_marginals(marginals):
    assert set(marginals) == {column.name for column in SCHEMA.columns} - {"name"}
    for each in marginals.values():
        if each["kind"] != "list":
            assert sum(value["share"] for value in each["values"]) == pytest.approx(1, abs=1e-4)
    assert {name for name, each in marginals.items() if each.get("ordered")} == {
        "age",
        "signup_date",
        "spend",
    }
    assert [each["value"] for each in marginals["active"]["values"]] == ["false", "true"]


def test_bands_hold_what_lies_in_them(rows, marginals):
    ages = rows.column("age").to_numpy()
    shares = {each["value"]: each["share"] for each in marginals["age"]["values"]}
    assert shares["20-24"] == pytest.approx(((ages >= 20) & (ages <= 24)).mean(), abs=1e-6)
    days = rows.column("signup_date").to_pylist()
    shares = {each["value"]: each["share"] for each in marginals["signup_date"]["values"]}
    quarter = [day for day in days if day[:7] in ("2023-01", "2023-02", "2023-03")]
    assert shares["2023-01 to 03"] == pytest.approx(len(quarter) / ROWS, abs=1e-6)


def test_rows_without_a_value_are_told_apart_and_not_counted_among_the_bands(rows, marginals):
    assert marginals["spend"]["missing"] == pytest.approx(rows.column("spend").null_count / ROWS, abs=1e-6)
    assert "missing" not in marginals["plan"]


def test_what_is_not_drawn_by_odds_has_no_target(marginals):
    assert {value["target"] for value in marginals["spend"]["values"]} == {None}
    assert marginals["plan"]["values"][0]["target"] == 0.6
    assert set(expected_shares(SCHEMA, 0.8)) == {"city", "plan"}


def test_the_map_can_be_coloured_by_bands_and_says_where_there_is_no_value(rows):
    found = map_of(SCHEMA, rows, np.zeros((ROWS, 2), np.float32), np.zeros(ROWS, np.int32))
    assert {"age", "city", "signup_date", "spend", "active", "plan"} <= set(found.column_names)
    dates = map_of_points(found, 10, "signup_date")
    assert dates.ordered and dates.categories[-1] == "–" and len(dates.colours) == len(dates.categories)
    assert not map_of_points(found, 10, "plan").ordered
    spend = found.column("spend").to_pylist()
    assert [text == "–" for text in spend] == [value is None for value in rows.column("spend").to_pylist()]


def test_a_report_shows_bands_in_their_order_without_empty_ends():
    labels = [f"{low}-{low + 9}" for low in range(0, 300, 10)]
    observed = [0.0] * 3 + [1 / 24] * 24 + [0.0] * 3
    panel = _marginal(Marginal("x", labels, observed, ordered=True))
    assert [row["label"] for row in panel["rows"]] == labels[3:27] and panel["hidden"] == 0


def test_a_schema_without_a_view_has_one(rows):
    view = BUNDLE.view
    assert view.table and view.name in SCHEMA.by_name and view.examples[0].startswith("Austin")
    row = SCHEMA.as_values(rows.slice(0, 1).to_pylist()[0])
    assert "None" not in view.map_text(row | dict.fromkeys(view.map_columns))
