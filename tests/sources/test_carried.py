"""Carried columns: a kind for each Arrow type, and values in the form that is stored, or refused."""

import datetime
import math
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.sources.carried import array_of, carried, chosen, kind_of, kind_of_texts
from synthprof.versions.typed import arrow_type, typed

ZONE = "America/Sao_Paulo"
INF = math.inf
MAP = pa.map_(pa.string(), pa.int64())

STORED: list[tuple[pa.DataType, list[Any], str, list[Any]]] = [
    (pa.bool_(), [True, False, None], "bool", [1, 0, None]),
    (pa.int8(), [-1, None], "integer", [-1, None]),
    (pa.uint32(), [2**32 - 1], "integer", [2**32 - 1]),
    (pa.uint64(), [2**64 - 1, 0, None], "unsigned", ["18446744073709551615", "0", None]),
    (pa.float64(), [0.1, -0.0, math.nan, INF, -INF, None], "float", [0.1, 0.0, None, INF, -INF, None]),
    (pa.float32(), [0.1, math.nan], "float", [0.1, None]),
    (pa.float16(), [1.5], "float", [1.5]),
    (pa.decimal128(12, 2), [Decimal("-1.10"), Decimal("-0.00"), None], "decimal(2)", ["-1.10", "0.00", None]),
    (pa.decimal256(40, 0), [Decimal(7)], "decimal(0)", ["7"]),
    (pa.date32(), [datetime.date.min, datetime.date.max], "date", ["0001-01-01", "9999-12-31"]),
    (pa.date64(), [0, None], "date", ["1970-01-01", None]),
    (pa.time32("s"), [3723], "time(0)", ["01:02:03"]),
    (pa.time64("ns"), [1], "time(9)", ["00:00:00.000000001"]),
    (pa.timestamp("s"), [0], "timestamp(0)", ["1970-01-01T00:00:00"]),
    (pa.timestamp("us"), [-1, None], "timestamp", ["1969-12-31T23:59:59.999999", None]),
    (pa.timestamp("ns", ZONE), [1], "timestamptz(9)", ["1970-01-01T00:00:00.000000001Z"]),
    (pa.timestamp("ms", "+02:00"), [5], "timestamptz(3)", ["1970-01-01T00:00:00.005Z"]),
    (pa.duration("us"), [90_000_001, -1, None], "duration", ["90.000001", "-0.000001", None]),
    (pa.duration("s"), [10], "duration(0)", ["10"]),
    (pa.list_(pa.string()), [["a", "b"], [], None], "list", ["a, b", "[]", None]),
    (pa.list_(pa.string()), [["a, b", "c"], ["[x"], [None]], "list", ['["a, b", "c"]', '["[x"]', "[null]"]),
    (pa.large_list(pa.float32()), [[1.5, 2]], "list(float)", ["1.5, 2.0"]),
    (pa.list_(pa.bool_()), [[True, False]], "list(bool)", ["true, false"]),
    (pa.list_(pa.date32(), 1), [[0]], "list(date)", ["1970-01-01"]),
    (pa.list_(pa.list_(pa.int8())), [[[1], [2]]], "struct", ["[[1],[2]]"]),
    (pa.struct({"k": pa.int64(), "s": pa.string()}), [{"k": 1, "s": "é"}], "struct", ['{"k":1,"s":"é"}']),
    (MAP, [[("k", 1)], [], None], "struct", ['{"k":1}', "[]", None]),
    (pa.struct({"t": pa.time64("ns")}), [{"t": 1}, None], "struct", ['{"t":"00:00:00.000000001"}', None]),
    (pa.map_(pa.string(), pa.duration("ns")), [[("x", 1)]], "struct", ['{"x":"0.000000001"}']),
    (pa.list_(pa.timestamp("ns", ZONE)), [[1]], "list(timestamptz(9))", ["1970-01-01T00:00:00.000000001Z"]),
    (pa.list_view(pa.float32()), [[0.1], [math.nan, 1]], "list(float)", ["0.1", '[null, "1.0"]']),
    (pa.struct({}), [{}, None], "struct", ["{}", None]),
    (pa.struct({"x": pa.float64()}), [{"x": INF}, {"x": math.nan}], "struct", ['{"x":"inf"}', '{"x":null}']),
    (pa.binary(), [b"\x00\xff", b"", None], "binary", ["00ff", "", None]),
    (pa.large_string(), ["x", None], "text", ["x", None]),
    (pa.string_view(), ["x"], "text", ["x"]),
    (pa.dictionary(pa.int8(), pa.string()), ["x", None], "text", ["x", None]),
    (pa.null(), [None], "text", [None]),
    (pa.uuid(), [b"\x00" * 16], "text", ["00000000-0000-0000-0000-000000000000"]),
]  # fmt: skip
"""Type, values, the kind that keeps them, and their stored forms."""


@pytest.mark.parametrize(("type_", "values", "kind", "expected"), STORED, ids=lambda each: str(each)[:30])
def test_each_type_has_a_kind_and_its_values_a_stored_form_that_leads_back(
    type_: pa.DataType, values: list[Any], kind: str, expected: list[Any]
) -> None:
    array = pa.array(values, type_)
    assert kind_of(type_) == kind
    found = carried("x", kind, array)
    assert found.to_pylist() == expected
    assert carried("x", "text", array).null_count == found.null_count  # the remedy takes every value
    assert all(math.copysign(1, each) == 1 for each in found.to_pylist() if each == 0.0)  # no -0.0
    wanted = arrow_type(Kind.of(kind))
    back = typed(Kind.of(kind), found)
    assert back.type == wanted
    if kind not in ("struct", "float", "list(float)") and not pa.types.is_null(type_):
        assert back.equals(array.cast(wanted) if not isinstance(type_, pa.BaseExtensionType) else found)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("bool", ["true", "0", "Sim", None], [1, 0, 1, None]),
        ("bool", [1, 0], [1, 0]),
        ("integer", ["7", "-2.0", None], [7, -2, None]),
        ("integer", [4.0], [4]),
        ("float", ["1.5", "1e3", "nan", "-inf", "-0.0"], [1.5, 1000.0, None, -INF, 0.0]),
        ("decimal(2)", ["1.1", 2, 0.1], ["1.10", "2.00", "0.10"]),
        ("date", ["2024-01-02", "2024-01-02T00:00:00"], ["2024-01-02"] * 2),
        ("timestamp(3)", ["2024-01-02", "2024-01-02 10:00", "2024-01-02T10:00:00.5"],
         ["2024-01-02T00:00:00.000", "2024-01-02T10:00:00.000", "2024-01-02T10:00:00.500"]),
        ("timestamptz(0)", ["2024-01-02T01:00:00+03:00", "2024-01-02 01:00:00Z"],
         ["2024-01-01T22:00:00Z", "2024-01-02T01:00:00Z"]),
        ("time(0)", ["13:45"], ["13:45:00"]),
        ("duration(0)", ["1 day, 1:00:00", "60"], ["90000", "60"]),
        ("list", ["a, b", '["a, b"]', ""], ["a, b", '["a, b"]', "[]"]),
        ("list(integer)", ["1, 2"], ["1, 2"]),
        ("struct", ['{"a": [1, 2]}'], ['{"a":[1,2]}']),
        ("binary", ["0xAB", "ab"], ["ab", "ab"]),
        ("text", [True, 1, 1.5, b"\x01", None], ["true", "1", "1.5", "01", None]),
    ],
)  # fmt: skip
def test_values_of_another_type_that_state_one_of_the_kind_are_taken(
    kind: str, values: list[Any], expected: list[Any]
) -> None:
    assert carried("x", kind, array_of(values)).to_pylist() == expected


FAR = pa.array([0, 2**62], pa.int64()).cast(pa.timestamp("us"))
YEAR_0 = pa.array([0, -719_163], pa.int32()).cast(pa.date32())


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("bool", ["true", "maybe"], "'maybe' in row 42, which is neither true nor false"),
        ("integer", [1, 2.5], "2.5 in row 42, which is no whole number"),
        ("integer", ["1", "9223372036854775808"], "which is no whole number of 64 bits"),
        ("unsigned", [1, -1], "-1 in row 42, which is no whole number from 0 to"),
        ("float", ["1", "1e999"], "'1e999' in row 42, which is no number that 64 bits hold"),
        ("float", ["1", "1.000,5"], "which is no number"),
        ("decimal(1)", ["1", "1.25"], "which is a number of more than 1 digits after the point"),
        ("decimal", ["1", "inf"], "which is no number"),
        ("date", ["2024-01-31", "31/01/2024"], "'31/01/2024' in row 42, which is no date as in 2024-01-31"),
        ("date", ["2024-01-31", "2024-02-30"], "which is no day of the calendar"),
        ("date", YEAR_0, "'0000-12-31' in row 42, which is outside the years 1 to 9999"),
        ("timestamp", FAR, "'148108-07-06' in row 42, which is outside the years 1 to 9999"),
        ("timestamp", ["2024-01-01", "2024-01-01T10:00Z"], "is a time with a zone, which timestamptz keeps"),
        ("timestamptz", ["2024-01-01T10:00Z", "2024-01-01"], "without a zone, which timestamp keeps"),
        ("timestamptz", ["2024-01-01T10:00Z", "0001-01-01T00:00+02:00"], "no moment from 0001-01-01"),
        ("timestamp(0)", ["2024-01-01", "2024-01-01T10:00:00.5"], "more than 0 digits of a second"),
        ("time", ["10:00", "24:00"], "no time of day, from 00:00:00 to 23:59:59"),
        ("list(integer)", ["1", "1, b"], "'1, b' in row 42, which is no number"),
        ("struct", ["{}", "{x"], "which is no JSON"),
        ("binary", ["00", "0g"], "no bytes as pairs of hexadecimal digits"),
    ],
)  # fmt: skip
def test_a_value_that_is_not_of_its_kind_is_named_with_its_row_and_the_remedy_works(
    kind: str, values: Any, message: str
) -> None:
    array = values if isinstance(values, pa.Array) else array_of(values)
    with pytest.raises(SpecError) as caught:
        carried('a "b"', kind, array, lambda row: f"row {row + 41}")
    assert str(caught.value).startswith("column 'a \"b\"' has ") and message in str(caught.value)
    assert " in row 42, which " in str(caught.value)
    assert str(caught.value).endswith('; correct it, or use columns="a ""b""":text')
    assert len(carried('a "b"', "text", array)) == 2


@pytest.mark.parametrize(
    ("wish", "found", "kind"),
    [
        ("", "decimal(2)", "decimal(2)"),
        ("decimal", "decimal(2)", "decimal(2)"),
        ("decimal(4)", "decimal(2)", "decimal(4)"),
        ("timestamp", "timestamptz(9)", "timestamptz(9)"),
        ("timestamp", "text", "timestamp"),
        ("list", "list(integer)", "list(integer)"),
        ("text", "bool", "text"),
    ],
)
def test_a_kind_that_is_asked_for_takes_its_digits_and_zone_from_the_source(
    wish: str, found: str, kind: str
) -> None:
    assert chosen(wish, found) == kind


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["2024-01-02", "2024-12-31"], "date"),
        (["2024-01-02 10:00:00", "2024-01-02"], "timestamp(0)"),
        (["2024-01-02 10:00:00.25", "2024-01-02"], "timestamp(3)"),
        (["2024-01-02T10:00:00Z"], "timestamptz(0)"),
        (["10:00"], "time(0)"),
        (["2024-01-02", "amanhã"], "text"),
    ],
)
def test_texts_that_all_state_dates_or_times_have_that_kind(texts: list[str], kind: str) -> None:
    assert kind_of_texts(texts) == kind
