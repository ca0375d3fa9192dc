"""Places, what follows them, and points around them: shares, distances, refusals."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from drawing import drawn_with
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from synthprof.base.errors import SpecError
from synthprof.profiles.checks import check
from synthprof.profiles.drawing import generate
from synthprof.profiles.samplers.places import cosine
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.places import Follows, Latitude, Longitude, Place
from synthprof.schemas.draw_kinds.templates import Template
from synthprof.schemas.draws import Choice
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Archetype, Column, Schema

COLUMNS = ("code", "city", "state", "weight", "lat", "lon", "people")
ROWS = (
    ("62701", "Springfield", "IL", "3", "39.80", "-89.65", "114394"),
    ("01101", "Springfield", "MA", "1", "42.10", "-72.59", "155929"),
    ("96898", "Wake", "UM", "1", "19.30", "-179.99", "100"),
    ("99501", "Anchorage", "AK", "5", "61.22", "-149.90", "291247"),
)
CITY = Place(value="city", weights="weight", columns=COLUMNS, rows=ROWS)
DRAWS: dict[str, DrawModel] = {
    "lat": Latitude(of="city", latitude="lat", spread_km=10, decimals=4),
    "lon": Longitude(of="city", latitude="lat", longitude="lon", spread_km=10, decimals=4),
    "state": Follows(of="city", value="state"),
    "people": Follows(of="city", value="people", type="integer"),
    "city": CITY,
    "region": Follows(
        of="state",
        value="region",
        columns=("state", "region"),
        rows=(("IL", "Midwest"), ("MA", "Northeast")),
        otherwise="West",
    ),
    "said": Template(text="{city}, {state:lower}"),
    "far": Expression(expression="state in ('AK', 'UM') and city != 'x'", type="bool"),
}
STATES = {"IL": 0.3, "MA": 0.1, "UM": 0.1, "AK": 0.5}


def schema(nulls: dict[str, Nulls] | None = None) -> Schema:
    columns = (
        Column(name, draw, None, "Of a place.", nulls=(nulls or {}).get(name)) for name, draw in DRAWS.items()
    )
    return Schema("t", tuple(columns), (Archetype("all", "All", 1.0, ()),))


def made(rows: int = 16_384, block: int = 0, nulls: dict[str, Nulls] | None = None) -> pa.RecordBatch:
    return generate(schema(nulls), 1, "pt_BR", 0.8, block, rows).profiles


def test_rows_are_drawn_by_weight_and_all_columns_follow_the_same_row() -> None:
    found = made().to_pylist()
    known = {(row[1], row[2], int(row[6])) for row in ROWS}
    assert {(row["city"], row["state"], row["people"]) for row in found} == known
    for state, share in STATES.items():
        assert sum(row["state"] == state for row in found) / len(found) == pytest.approx(share, abs=0.015)
    for row in found[:200]:
        assert row["said"] == f"{row['city']}, {row['state'].lower()}"
        assert row["region"] == {"IL": "Midwest", "MA": "Northeast"}.get(row["state"], "West")
        assert row["far"] == (row["state"] in ("AK", "UM"))


def test_points_lie_around_their_place_as_far_as_is_said() -> None:
    found = made()
    states, lat, lon = (np.array(found.column(name).to_pylist()) for name in ("state", "lat", "lon"))
    for _, _, state, _, centre_lat, centre_lon, _ in ROWS:
        of = states == state
        north = (lat[of] - float(centre_lat)) * 111.195
        turned = (lon[of] - float(centre_lon) + 180) % 360 - 180
        east = turned * 111.195 * math.cos(math.radians(float(centre_lat)))
        for distance in (north, east):
            assert distance.mean() == pytest.approx(0, abs=1.2)
            assert distance.std() == pytest.approx(10, abs=0.7)
            assert np.abs(distance).max() < 34.7
        assert abs(np.corrcoef(north, east)[0, 1]) < 0.1
    assert (np.abs(lon) <= 180).all() and (lon > 179).any() and (lon < -179).any()
    assert (np.round(lat, 4) == lat).all()


@given(st.floats(-90, 90))
@settings(max_examples=50, deadline=None)
def test_the_cosine_is_that_of_the_library(degrees: float) -> None:
    assert cosine(np.array([degrees]))[0] == pytest.approx(math.cos(math.radians(degrees)), abs=1e-15)


def test_fewer_rows_are_the_beginning_and_blocks_differ() -> None:
    assert made(99).equals(made().slice(0, 99))
    assert not made(block=1).column("lat").equals(made().column("lat"))


def test_a_hidden_place_is_still_followed_and_checks_hold() -> None:
    nulls = {"city": Nulls(share=0.5), "state": Nulls(share=0.1), "lat": Nulls(share=0.1)}
    found = made(nulls=nulls)
    assert check(schema(nulls), found) == ()
    hidden = found.column("city").is_null()
    assert found.column("people").null_count == 0 and hidden.true_count > 7_000
    assert found.column("region").equals(made().column("region"))


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("city", "Berlin", "city: unknown value in 1 rows, first in id 4"),
        ("state", "XX", "state: does not follow from city in 1 rows, first in id 4"),
        ("people", 5, "people: does not follow from city"),
        ("lat", 89.0, "lat: is too far from city in 1 rows"),
        ("region", "South", "region: does not follow from state"),
    ],
)
def test_a_changed_value_is_found_before_it_is_published(name: str, value: Any, fault: str) -> None:
    found = made(50)
    values = found.column(name).to_pylist()
    values[3] = value
    broken = found.set_column(found.schema.names.index(name), name, pa.array(values, found.column(name).type))
    assert any(each.startswith(fault) for each in check(schema(), broken)), check(schema(), broken)


def test_a_table_of_many_rows_is_drawn() -> None:
    rows = tuple((f"p{number:06}", str(number // 7)) for number in range(100_000))
    place = Place(value="code", columns=("code", "city"), rows=rows)
    found = drawn_with({"code": place, "city": Follows(of="code", value="city", type="integer")})
    numbers = [int(code[1:]) for code in found.column("code").to_pylist()]
    assert max(numbers) > 99_900 and min(numbers) < 100 and len(set(numbers)) > 14_500
    assert [number // 7 for number in numbers] == found.column("city").to_pylist()


class _Files:
    def rows(self, file: str) -> list[dict[str, str]]:
        assert file == "cities.csv"
        return [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]


def test_the_rows_of_a_file_take_the_place_of_its_name() -> None:
    assert Place(file="cities.csv", value="city", weights="weight").with_files(_Files()) == CITY
    with pytest.raises(SpecError, match=r"cities.csv: .*no column 'town'; the table has code, city"):
        Place(file="cities.csv", value="town").with_files(_Files())
    with pytest.raises(SpecError, match=r"cities.csv: .*state: could not convert"):
        Place(file="cities.csv", value="city", weights="state").with_files(_Files())


@pytest.mark.parametrize(
    ("model", "keys", "message"),
    [
        (Place, {"value": "a"}, "a place needs a file, or columns and rows"),
        (Place, {"value": "a", "columns": ("a", "b"), "rows": (("x",),)}, "has not 2 values"),
        (Place, {"value": "a", "columns": ("a", "a"), "rows": (("x", "y"),)}, "a table of columns a, a"),
        (Place, {"value": "a", "weights": "w", "columns": ("a", "w"), "rows": (("x", "nan"),)}, "finite"),
        (Place, {"value": "a", "weights": "w", "columns": ("a", "w"), "rows": (("x", "0"),)}, "not all 0"),
        (Follows, {"of": "c", "value": "b", "columns": ("a", "b"), "rows": (("x", "1"),) * 2}, "in two rows"),
        (Follows, {"of": "c", "value": "b", "columns": "ab", "rows": (("x", "y"),)}, "valid tuple"),
        (Latitude, {"of": "c", "latitude": "a", "spread_km": -1}, "greater than or equal to 0"),
        (Latitude, {"of": "c", "latitude": "a", "spread_km": math.inf}, "finite number"),
    ],
)  # fmt: skip
def test_tables_that_do_not_fit_are_refused(
    model: type[DrawModel], keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        model.model_validate(keys)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (Follows(of="state", value="x"), 'state is no place; name a column with draw = "place", or a file'),
        (Follows(of="city", value="county"), "no column 'county'; city has code, city, state"),
        (Follows(of="city", value="state", type="float"), "'IL' is no float"),
        (Follows(of="kind", value="b", columns=("a", "b"), rows=(("x", "1"),)), "no row for 'y'; add it"),
        (Latitude(of="city", latitude="people", spread_km=1), "is beyond ±90 degrees; correct people"),
        (Longitude(of="city", latitude="lat", longitude="state", spread_km=1), "'IL' is no float"),
    ],
)
def test_what_cannot_follow_is_refused(draw: DrawModel, message: str) -> None:
    columns = [Column(name, each, None, "Of a place.") for name, each in DRAWS.items()]
    columns += [
        Column("kind", Choice(("x", "y"), (1.0, 1.0)), None, "Kind."),
        Column("new", draw, None, "New."),
    ]
    with pytest.raises(SpecError, match=message):
        Schema("t", tuple(columns), (Archetype("all", "All", 1.0, ()),))
