"""JSON lines and CSV: every value comes back, and no cell is taken for a formula."""

import csv
import datetime
import io
import json
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from synthprof.base.values import in_json
from synthprof.delivery.exports.csv import cells
from synthprof.delivery.exports.texts import json_texts

VALUES = [
    pa.array([1, -7, None, 2**62]),
    pa.array([True, False, None]),
    pa.array([0.1, -0.0, 1e-9, 1e20, 12_345_678.0, 3.0, None, 1e7, 9_999_999_999.0, 1e10, 123456.75]),
    pa.array(["plain", 'say "x"\n', "back\\slash\x01", "", None, "ção"]),
    pa.array([["a", 'b"', None], [], None, [""]], pa.list_(pa.string())),
    pa.array([None, [1], []], pa.list_(pa.int64())),
    pa.array([[0.1, 1.0], None, [-2.5, 1e-20]], pa.list_(pa.float32(), 2)),
    pa.array([datetime.date(2024, 2, 29), None]),
    pa.array([datetime.datetime(2024, 2, 29, 1, 2, 3), None], pa.timestamp("us", "UTC")),
    pa.array([Decimal("1.50"), None]),
    pa.array([b"\x00\xff", None]),
]


@pytest.mark.parametrize("values", VALUES, ids=lambda values: str(values.type))
@pytest.mark.parametrize("first", [0, 1])
def test_each_value_is_the_text_of_its_json(values: pa.Array, first: int) -> None:
    values = values[first:]
    wanted = [in_json(each) for each in values.to_pylist()]
    found = [json.loads(text) for text in json_texts(values).to_pylist()]
    if pa.types.is_fixed_size_list(values.type):
        assert [each if each is None else np.float32(each).tolist() for each in found] == wanted
    else:
        assert found == wanted
        assert [type(each) for each in found] == [type(each) for each in wanted]


def test_numbers_that_json_lacks_are_as_in_other_answers() -> None:
    values = pa.array([math.nan, math.inf, -math.inf, 1.0])
    assert [json.loads(text) for text in json_texts(values).to_pylist()] == [None, "inf", "-inf", 1.0]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", '="a"", b'])
def test_a_text_that_begins_like_a_formula_is_none(text: str) -> None:
    (cell,) = cells(pa.array([text])).to_pylist()
    assert list(csv.reader(io.StringIO(cell, newline=""), strict=True)) == [["'" + text]]


def test_a_negative_number_stays_a_number_and_no_value_differs_from_an_empty_text() -> None:
    assert cells(pa.array([-1.5, None])).to_pylist() == ["-1.5", ""]
    assert cells(pa.array(["", None, 'a "b", c'])).to_pylist() == ['""', "", '"a ""b"", c"']


@pytest.fixture(scope="module")
def some(exported, version):
    """Names, rows of the version by that order, and what the formats say of them."""
    names = "nome,jogos_favoritos,usa_microfone,idade,vector"
    return {form: exported(format=form, columns=names)[0] for form in ("jsonl", "csv")}


def test_every_row_comes_back_from_json_lines(some, version) -> None:
    rows = [json.loads(line) for line in (some["jsonl"] / "rows.jsonl").read_text("utf-8").splitlines()]
    assert [row["id"] for row in rows] == list(range(1, version.rows + 1))
    assert list(rows[0]) == ["id", "nome", "jogos_favoritos", "usa_microfone", "idade", "vector"]
    matrix = np.array([row["vector"] for row in rows[::1_000]], np.float32)
    assert np.array_equal(matrix, version.vectors()[::1_000])
    assert [row["idade"] for row in rows] == version.table(columns=["idade"]).column(0).to_pylist()


def test_every_row_comes_back_from_csv(some, version) -> None:
    content = (some["csv"] / "rows.csv").read_bytes()
    assert content.startswith(b"id,nome,") and content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r\n") == version.rows + 1
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))[1:]
    names = version.table(columns=["nome", "jogos_favoritos"])
    assert [row[1] for row in rows] == names.column(0).to_pylist()
    assert [", ".join(json.loads(row[2])) for row in rows] == names.column(1).to_pylist()
    assert {row[3] for row in rows} == {"true", "false"}
