"""Values and ranges with weights: shares, places within ranges, dependence, types and refusals."""

import datetime
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from drawing import drawn_with
from pydantic import ValidationError

from synthprof.base.values import stored
from synthprof.profiles.samplers.tabulated import in_type
from synthprof.profiles.stored_forms import stored_form
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.tabulated import Tabulated, table_of


def tabulated(kind: str, *rows: tuple[str | None, str | None, float], **more: Any) -> Tabulated:
    cells = [{"low": low, "high": high} for low, high, _ in rows]
    bands = [{"when": "weight", "weights": [weight for _, _, weight in rows]}, *more.pop("bands", ())]
    return Tabulated.model_validate({"type": kind, "cells": cells, "bands": bands, **more})


def shares(values: list[Any]) -> dict[Any, float]:
    return {value: count / len(values) for value, count in Counter(values).items()}


SEX = tabulated("text", ("F", None, 3), ("M", None, 1))


def test_values_and_no_value_have_their_shares() -> None:
    found = shares(
        drawn_with({"x": tabulated("text", ("a", None, 5), (None, None, 3), ("b", None, 2))})["x"].to_pylist()
    )
    assert found == pytest.approx({"a": 0.5, None: 0.3, "b": 0.2}, abs=0.015)


def test_a_range_gives_each_of_its_values_alike_and_no_other() -> None:
    draw = tabulated("float", ("0.3", "1.2", 1), ("5", None, 1), digits=1)
    found = shares(drawn_with({"x": draw})["x"].to_pylist())
    assert set(found) == {5.0, *(number / 10 for number in range(3, 13))}
    assert found[5.0] == pytest.approx(0.5, abs=0.015)
    assert all(found[number / 10] == pytest.approx(0.05, abs=0.008) for number in range(3, 13))


def test_weights_follow_a_category_a_band_and_no_value() -> None:
    age = tabulated("integer", ("10", "19", 1), ("20", "29", 1), (None, None, 1))
    draws: dict[str, DrawModel] = {
        "sex": SEX,
        "age": age,
        "by_sex": tabulated(
            "bool", ("true", None, 1), ("false", None, 1), by="sex",
            bands=[{"when": "= F", "weights": (1, 0)}],
        ),
        "by_age": tabulated(
            "text", ("young", None, 1), ("old", None, 1), ("unknown", None, 1), by="age",
            bands=[
                {"when": ">= 10", "weights": (1, 0, 0)},
                {"when": ">= 20", "weights": (0, 1, 0)},
                {"when": "null", "weights": (0, 0, 1)},
            ],
        ),
    }  # fmt: skip
    rows = drawn_with(draws).to_pylist()
    assert all(row["by_sex"] == 1 for row in rows if row["sex"] == "F")
    assert {row["by_sex"] for row in rows if row["sex"] == "M"} == {0, 1}
    for row in rows:
        assert row["by_age"] == ("unknown" if row["age"] is None else "young" if row["age"] < 20 else "old")


def test_fewer_rows_are_the_beginning_of_more() -> None:
    draws: dict[str, DrawModel] = {"x": tabulated("integer", ("-900", "900", 1), ("5000", None, 1))}
    assert drawn_with(draws, rows=100)["x"].equals(drawn_with(draws)["x"].slice(0, 100))
    assert not drawn_with(draws, block=1)["x"].equals(drawn_with(draws)["x"])


@pytest.mark.parametrize(
    ("kind", "options", "unit", "value"),
    [
        ("integer", {"digits": -3}, -7, -7000),
        ("float", {"digits": 2}, 123, 1.23),
        ("float", {"digits": -2}, 5, 500.0),
        ("decimal", {"digits": 2}, -150, "-1.50"),
        ("date", {}, -25_567, datetime.date(1900, 1, 1)),
        ("time", {"every": "minute"}, 61, datetime.time(1, 1)),
        ("timestamp", {"every": "hour"}, 25, datetime.datetime(1970, 1, 2, 1)),
        ("timestamptz", {"every": "second"}, 1, datetime.datetime(1970, 1, 1, 0, 0, 1, tzinfo=datetime.UTC)),
    ],
)
def test_units_stand_for_values_of_each_type(
    kind: str, options: dict[str, Any], unit: int, value: Any
) -> None:
    draw = Tabulated.model_validate({"type": kind, "file": "x.csv", **options})
    array = in_type(draw, np.array([unit, 0]), np.array([False, True]))
    values = array.to_pylist()
    assert [str(each) for each in values] == [str(value), "None"]
    assert stored_form(draw.kind, array).to_pylist() == [stored(draw.kind, each) for each in values]
    text = array.cast(pa.string())[0].as_py() if kind not in ("timestamptz",) else "1970-01-01T00:00:01Z"
    assert draw.unit_of(text) == unit


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"type": "list"}, "is not drawn from a table"),
        ({"cells": [{"low": "2"}, {"low": "1"}]}, "does not ascend"),
        ({"cells": [{"low": "1.5"}, {"low": "2"}]}, "no number with 0 digits"),
        ({"cells": [{"low": "1"}, {}]}, None),
        ({"cells": [{}, {}]}, "more than one row has no value"),
        ({"bands": [{"when": "weight", "weights": (1,)}]}, "1 weights for 2 cells"),
        ({"bands": [{"when": "weight", "weights": (0, 0)}]}, "not all 0"),
        ({"bands": [{"when": "weight", "weights": (1, float("nan"))}]}, "finite"),
        ({"by": "age"}, "need `by`"),
        ({"file": "x.csv"}, "file stands beside"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(changed: dict[str, Any], words: str | None) -> None:
    sound = {
        "type": "integer",
        "cells": [{"low": "1"}, {"low": "2"}],
        "bands": [{"when": "weight", "weights": (1, 1)}],
    }
    if words is None:
        assert Tabulated.model_validate(sound | changed).cells[1].low is None
        return
    with pytest.raises(ValidationError, match=words):
        Tabulated.model_validate(sound | changed)


def test_a_file_has_cells_and_a_column_of_weights_for_each_band() -> None:
    cells, bands = table_of(
        [
            {"low": "1", "high": "", "weight": "2", "= x": "1"},
            {"low": "", "high": "", "weight": "1", "= x": ""},
        ]
    )
    assert cells == [{"low": "1", "high": None}, {"low": None, "high": None}]
    assert bands == [{"when": "weight", "weights": [2, 1]}, {"when": "= x", "weights": [1, 0]}]
    with pytest.raises(ValueError, match=r"row 2: 'weight' is 'many'; write a number"):
        table_of([{"low": "1", "weight": "many"}])
    with pytest.raises(ValueError, match="needs the columns low and weight"):
        table_of([{"value": "1"}])
