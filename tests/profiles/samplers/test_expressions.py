"""Expressions: their values against Python's own, row by row; missing values; refusals with their place."""

import datetime
import functools
import math
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pytest
from drawing import drawn_with
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from synthprof.base.errors import SpecError
from synthprof.profiles.checks import check
from synthprof.profiles.drawing import generate
from synthprof.profiles.expressions import evaluate
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draws import Chance, Choice
from synthprof.schemas.expressions.tree import COLUMN, LITERAL, Node, parse
from synthprof.schemas.expressions.types import checked
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Archetype, Column, Schema

EPOCH = datetime.date(1970, 1, 1)
DAY = datetime.date(2024, 2, 29)
KINDS = {"n": "integer", "m": "integer", "x": "float", "b": "bool", "t": "text", "c": "category", "d": "date"}
N = [0, 1, -7, 2**53, None, 12, 3, -1]
DATA: dict[str, list[Any]] = {
    "n": N,
    "m": [3, 0, 2, 2**53, 5, None, 3, -4],
    "x": [0.5, -2.675, 1e300, 2.5, 0.0, None, 1.005, 3.0],
    "b": [True, False, None, True, False, None, True, False],
    "t": ["Ana", "", None, "ÉLAN vital", "a", "b'c", "x" * 30, "null"],
    "c": ["red", "blue", None, "red", "red", "blue", "green", "blue"],
    "d": [DAY, EPOCH, None, datetime.date(1, 1, 1), datetime.date(9999, 12, 31), DAY, DAY, EPOCH],
}


def column(name: str) -> pa.Array:
    values = pa.array(DATA[name], pa.int64() if KINDS[name] == "integer" else None)
    return values.dictionary_encode() if name == "c" else values


def computed(text: str, wanted: str = "") -> list[Any]:
    tree = checked(parse(text), KINDS)
    return evaluate(tree, wanted or tree.type, column, len(N)).to_pylist()


def expected(node: Node, row: int) -> Any:
    """The value of one row by Python's arithmetic; None where there is none."""
    if node.operation == LITERAL:
        if node.type == "date":
            return EPOCH + datetime.timedelta(int(node.value or 0))
        return node.value
    if node.operation == COLUMN:
        return DATA[str(node.value)][row]
    values = [expected(each, row) for each in node.arguments]
    found = _lenient(node.operation, values) if node.operation in LENIENT else _strict(node, values)
    if node.type == "float" and found is not None:
        found = float(found)
        return found if math.isfinite(found) else None
    if node.type == "integer" and found is not None:
        return int(found) if abs(found) <= 2**53 else None
    return found


LENIENT = ("if", "coalesce", "and", "or", "missing")


def _lenient(operation: str, values: list[Any]) -> Any:
    match operation:
        case "if":
            return values[1] if values[0] is True else values[2]
        case "coalesce":
            return next((each for each in values if each is not None), None)
        case "missing":
            return values[0] is None
    decisive = operation == "or"
    return decisive if decisive in values else None if None in values else not decisive


def _strict(node: Node, values: list[Any]) -> Any:
    if None in values:
        return None
    try:
        return STRICT[node.operation](*values)
    except (ZeroDivisionError, OverflowError):
        return None


def _plus(one: Any, other: Any) -> Any:
    return one + (datetime.timedelta(other) if isinstance(one, datetime.date) else other)


def _minus(one: Any, other: Any) -> Any:
    if isinstance(other, datetime.date):
        return (one - other).days
    return one - (datetime.timedelta(other) if isinstance(one, datetime.date) else other)


def _round(value: float, decimals: int | None = None) -> Any:
    if decimals is None:
        return round(value)
    exact = (
        Decimal(value).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN) if abs(value) < 1e9 else value
    )
    return float(exact)


STRICT: dict[str, Any] = {
    "+": _plus, "-": _minus, "*": lambda a, b: a * b, "/": lambda a, b: a / b, "//": lambda a, b: a // b,
    "%": lambda a, b: a % b, "negative": lambda a: -a, "not": lambda a: not a, "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b, "in": lambda a, *of: a in of, "min": min, "max": max, "abs": abs,
    "round": _round, "floor": math.floor, "ceil": math.ceil, "lower": str.lower, "upper": str.upper,
    "length": len, "substring": lambda a, start, count: a[start - 1 : start - 1 + count],
    "concat": lambda *of: "".join(map(str, of)), "year": lambda a: a.year, "month": lambda a: a.month,
    "day": lambda a: a.day, "weekday": lambda a: a.isoweekday(), "days_between": lambda a, b: (b - a).days,
}  # fmt: skip


def _expressions() -> st.SearchStrategy[str]:
    """Texts of expressions of every type, each by name of its type."""
    leaves = {
        "integer": st.sampled_from(["n", "m", "0", "3", "-2", "9007199254740992", "null"]),
        "float": st.sampled_from(["x", "0.5", "1e308", "-2.5"]),
        "bool": st.sampled_from(["b", "true", "false"]),
        "text": st.sampled_from(["t", "c", "'red'", '"it\'s"', "''"]),
        "date": st.sampled_from(["d", "date('2024-12-31')"]),
    }

    @functools.cache
    def of(depth: int, kind: str) -> st.SearchStrategy[str]:
        if depth == 0:
            return leaves[kind]
        inner = {each: st.deferred(lambda each=each: of(depth - 1, each)) for each in leaves}
        i, f, b, t, d = (inner[each] for each in leaves)
        any_kind = st.sampled_from(sorted(leaves)).flatmap(lambda each: inner[each])
        forms: dict[str, list[tuple[str, tuple[st.SearchStrategy[str], ...]]]] = {
            "integer": [
                ("({} + {})", (i, i)), ("({} * {})", (i, i)), ("({} - {})", (i, i)), ("({} // {})", (i, i)),
                ("({} % {})", (i, i)), ("-({})", (i,)), ("floor({})", (f,)), ("ceil({})", (f,)),
                ("round({})", (f,)), ("length({})", (t,)), ("year({})", (d,)), ("month({})", (d,)),
                ("day({})", (d,)), ("weekday({})", (d,)), ("days_between({}, {})", (d, d)),
                ("min({}, {}, {})", (i, i, i)),
            ],
            "float": [
                ("({} / {})", (i, f)), ("({} * {})", (f, f)), ("({} + {})", (i, f)), ("({} - {})", (f, f)),
                ("max({}, {})", (f, i)), ("abs({})", (f,)), ("round({}, 2)", (f,)),
            ],
            "bool": [
                ("({} and {})", (b, b)), ("({} or {})", (b, b)), ("(not {})", (b,)), ("({} < {})", (i, f)),
                ("({} = {})", (t, t)), ("({} >= {})", (d, d)), ("({} != {})", (t, t)),
                ("missing({})", (any_kind,)), ("({} in (3, -7, 0))", (i,)), ("({} in ('red', 'a'))", (t,)),
            ],
            "text": [
                ("upper({})", (t,)), ("lower({})", (t,)), ("concat({}, {}, {})", (t, i, d)),
                ("substring({}, 2, 3)", (t,)),
            ],
            "date": [("({} + {})", (d, i)), ("({} - 400)", (d,)), ("min({}, {})", (d, d))],
        }  # fmt: skip
        forms[kind] += [("if({}, {}, {})", (b, inner[kind], inner[kind])),
                        ("coalesce({}, {})", (inner[kind], inner[kind]))]  # fmt: skip
        made = [
            st.tuples(*parts).map(lambda some, form=form: form.format(*some)) for form, parts in forms[kind]
        ]
        return st.one_of(leaves[kind], *made)

    return st.sampled_from(sorted(leaves)).flatmap(lambda kind: of(3, kind))


@given(_expressions())
@settings(max_examples=80, deadline=None)
def test_values_are_those_of_pythons_own_arithmetic(text: str) -> None:
    try:
        tree = checked(parse(text), KINDS)
    except ValueError as error:
        assert "null" in text, error  # of null alone there are no sums
        return
    if tree.type == "null":
        return
    found = evaluate(tree, tree.type, column, len(N)).to_pylist()
    wanted = [expected(tree, row) for row in range(len(N))]
    assert [_same(one) for one in found] == [_same(other) for other in wanted], text


def _same(value: Any) -> Any:
    return Fraction(value) if isinstance(value, float) else value


def test_precedence_is_that_of_arithmetic() -> None:
    assert computed("1 + 2 * 3 - -4 / 2")[0] == 9.0
    assert computed("not n = 0 or n = 0 and m = 3")[:2] == [True, True]
    assert computed("7 - 2 - 1")[0] == 4


@pytest.mark.parametrize(
    ("text", "decimals"), [("2.675", 2), ("0.125", 2), ("1.005", 2), ("-0.5", 0), ("0.285", 2), ("5e15", 3)]
)
def test_rounding_is_that_of_the_exact_value_to_even(text: str, decimals: int) -> None:
    assert computed(f"round({text}, {decimals})")[0] == round(float(text), decimals)


@given(st.floats(-1e6, 1e6), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_any_number_is_rounded_as_by_python(value: float, decimals: int) -> None:
    tree = checked(parse(f"round(x, {decimals})"), KINDS)
    found = evaluate(tree, "float", lambda _: pa.array([value]), 1)[0].as_py()
    assert found == round(value, decimals)


def test_and_and_or_are_decided_by_one_side_where_it_suffices() -> None:
    assert computed("b and false")[:3] == computed("false and b")[:3] == [False, False, False]
    assert computed("b or true")[:3] == computed("true or b")[:3] == [True, True, True]
    assert computed("b and true")[:3] == computed("b or false")[:3] == [True, False, None]
    assert computed("not b")[:3] == [False, True, None]
    assert computed("if(b, 1, 2)")[:3] == [1, 2, 2]


def test_an_integer_beyond_2_to_the_53_is_missing_and_does_not_wrap() -> None:
    assert computed("n * n * n * n")[3] is None
    assert computed("n + 1")[3] is None
    assert computed("n * 1")[3] == 2**53


def test_a_division_by_zero_is_missing() -> None:
    assert computed("n / m")[1] is None and computed("n // m")[1] is None and computed("n % m")[1] is None


# --- as a column -----------------------------------------------------------------------------------------

ONE = (Archetype("all", "All", 1.0, ()),)


def schema(nulls: Nulls | None = None) -> Schema:
    return Schema(
        "t",
        (
            Column("net", Expression(expression="price * (100 - off) / 100", type="float"), None, "Net."),
            Column("price", UniformInteger(low=1, high=500), None, "Gross.", nulls=nulls),
            Column("off", UniformInteger(low=0, high=50), None, "Percent."),
            Column("kind", Choice(("a", "b"), (1.0, 2.0)), None, "Kind."),
            Column("member", Chance(0.5), None, "Whether."),
            Column(
                "note",
                Expression(expression="if(member and kind = 'a', concat(kind, off), null)", type="text"),
                None,
                "A note.",
            ),
        ),
        ONE,
    )


def made(of: Schema, rows: int = 16_384, block: int = 0) -> pa.RecordBatch:
    return generate(of, 1, "pt_BR", 0.8, block, rows).profiles


def test_a_column_is_computed_of_columns_declared_later() -> None:
    for row in made(schema(), 200).to_pylist():
        assert row["net"] == row["price"] * (100 - row["off"]) / 100
        assert row["note"] == (f"{row['kind']}{row['off']}" if row["member"] and row["kind"] == "a" else None)


def test_what_the_table_does_not_show_is_missing_in_what_is_computed() -> None:
    found = made(schema(Nulls(share=0.25)))
    assert found.column("net").is_null().equals(found.column("price").is_null())
    assert found.column("price").null_count == pytest.approx(16_384 * 0.25, abs=250)


def test_fewer_rows_are_the_beginning_and_blocks_differ() -> None:
    whole = made(schema(Nulls(share=0.25)))
    assert made(schema(Nulls(share=0.25)), 77).equals(whole.slice(0, 77))
    assert not made(schema(Nulls(share=0.25)), block=1).column("net").equals(whole.column("net"))


def test_a_changed_value_is_found_before_it_is_published() -> None:
    of = schema(Nulls(share=0.25))
    found = made(of, 500)
    assert check(of, found) == ()
    notes = found.column("note").to_pylist()
    notes[7] = "b1" if notes[7] is None else None
    place = found.schema.names.index("note")
    faults = check(of, found.set_column(place, "note", pa.array(notes, pa.string())))
    assert faults == ("note: is not what its expression gives in 1 rows, first in id 8",)


@pytest.mark.parametrize("kind", ["integer", "float", "bool", "text", "date"])
def test_each_type_is_stored_as_a_carried_value_is(kind: str) -> None:
    from synthprof.base.column_kinds import Kind
    from synthprof.base.values import stored

    text = {"integer": "n", "float": "n / 4", "bool": "n > 3", "text": "concat(n, '!')"}
    draw = Expression(expression=text.get(kind, "date('0099-12-31') + n"), type=kind)  # type: ignore[arg-type]
    found = drawn_with({"n": UniformInteger(low=0, high=9), "v": draw}, rows=50)
    for row in found.to_pylist():
        n = row["n"]
        own = {"integer": n, "float": n / 4, "bool": n > 3, "text": f"{n}!"}.get(
            kind, datetime.date(99, 12, 31) + datetime.timedelta(n)
        )
        assert row["v"] == stored(Kind.of(kind), own)


# --- refusals --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least 1 character"),
        ("n +", "position 4: found the end, expected a column, a number"),
        ("n ++ 1", r"position 4: found '\+', expected a column"),
        ("(n + 1", r"position 7: found the end, expected '\)'"),
        ("n < m < x", "position 7: found '<', expected 'and', 'or'"),
        ("n m", "position 3: found 'm', expected an operator or the end"),
        ("'abc", "position 1: found a quote that does not end"),
        ("n; drop table x", "position 2: found ';'"),
        ("__import__('os').system('id')", r"position 17: found '\.'"),
        ("n.__class__.__mro__.__name__", r"position 20: found '\.'"),
        ("[n for n in (1,)]", r"position 1: found '\['"),
        ("lambda: 1", "position 7: found ':'"),
        ("n ** 9 ** 9", r"position 4: found '\*'"),
        ("9007199254740993", "an integer of at most 2"),
        ("1e999", "a number that 64 bits hold"),
        ("date('2024-02-30')", r"expected date\('2024-01-31'\)"),
        ("n in (m)", "position 7: found what is no literal"),
        ("(" * 60 + "n" + ")" * 60, "more than 40 operations"),
        ("-" * 60 + "n", "more than 40 operations"),
        ("+".join(["n"] * 60), "expected at most 40"),
        ("n + " * 600 + "n", "at most 2000|2000 characters"),
        ("\x00", "position 1: found '.x00'"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Expression(expression=text, type="integer")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("n + t", "integer", r"v: expression, position 3: found \+ of integer, text, expected two numbers"),
        ("eval('1')", "integer", "position 1: found 'eval', expected a function: if, min"),
        ("if(n, 1, 2)", "integer", r"found if of integer, integer, integer, expected if\(condition"),
        ("n = null", "bool", r"expected values; missing\(x\) asks"),
        ("substring(t, n, 2)", "text", "position 14: found no number written out, expected a number from 1"),
        ("round(x, 12)", "float", "found the number 12, expected a number from 0 to 9"),
        ("t", "integer", "position 1: found a result of type text, expected integer"),
        ("null", "text", "a result of type null"),
        ("concat(x, t)", "text", "a template writes other numbers"),
        ("b < b", "bool", "expected numbers, texts or dates"),
        ("year(t)", "integer", "found year of text, expected one date"),
        ("weekday()", "integer", "found weekday of nothing"),
        ("v + 1", "integer", "v -> v are given in a circle"),
        ("nowhere", "integer", "unknown column 'nowhere'"),
    ],
)
def test_what_does_not_fit_the_columns_is_refused(text: str, kind: str, message: str) -> None:
    columns = [
        Column("n", UniformInteger(low=0, high=9), None, "N."),
        Column("x", Expression(expression="n / 2", type="float"), None, "X."),
        Column("b", Expression(expression="n > 2", type="bool"), None, "B."),
        Column("t", Choice(("a", "b"), (1.0, 1.0)), None, "T."),
        Column("v", Expression(expression=text, type=kind), None, "V."),  # type: ignore[arg-type]
    ]
    with pytest.raises(SpecError, match=message):
        Schema("t", tuple(columns), ONE)
