"""Templates: each format against Python's own, missing values, refusals with their place."""

import datetime
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
from synthprof.profiles.samplers.templates import filled
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draw_kinds.templates import Template
from synthprof.schemas.draws import Chance, Choice
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Archetype, Column, Schema
from synthprof.schemas.text_templates import parse_template

ONE = (Archetype("all", "All", 1.0, ()),)


def written(text: str, values: list[Any], kind: pa.DataType | None = None) -> list[Any]:
    return filled(parse_template(text), None, lambda _: pa.array(values, kind), len(values)).to_pylist()


INTEGERS = st.lists(st.integers(-(2**53), 2**53), min_size=1, max_size=20)
FLOATS = st.lists(st.floats(-1e9, 1e9) | st.integers(-999, 999).map(lambda n: n / 8), min_size=1, max_size=20)
DATES = st.lists(st.dates(), min_size=1, max_size=20)


@given(INTEGERS)
@settings(max_examples=30, deadline=None)
def test_integers_are_written_as_by_python(values: list[int]) -> None:
    assert written("{n}", values) == [f"{each}" for each in values]
    assert written("{n:,}", values) == [f"{each:,}" for each in values]
    assert written("{n:.}", values) == [f"{each:,}".replace(",", ".") for each in values]
    assert written("{n:05}", values) == [("-" if n < 0 else "") + f"{abs(n):05}" for n in values]


@given(FLOATS, st.integers(0, 6))
@settings(max_examples=60, deadline=None)
def test_floats_are_written_as_by_python_without_a_minus_before_0(values: list[float], digits: int) -> None:
    wanted = [f"{each:,.{digits}f}" for each in values]
    wanted = [each if any(sign in each for sign in "123456789") else each.lstrip("-") for each in wanted]
    assert written(f"{{x:,.{digits}f}}", values) == wanted
    assert written(f"{{x:.{digits}f}}", values) == [each.replace(",", "") for each in wanted]
    german = [each.translate({44: ".", 46: ","}) for each in wanted]
    assert written(f"{{x:.,{digits}f}}", values) == german


@given(DATES)
@settings(max_examples=30, deadline=None)
def test_dates_are_written_as_by_python(values: list[datetime.date]) -> None:
    wanted = [f"{d.day:02}.{d.month:02}.{d.year:04} 100% {d.day}/{d.month}/{d.year % 100:02}" for d in values]
    assert written("{d:%d.%m.%Y 100%% %-d/%-m/%y}", values, pa.date32()) == wanted
    assert written("{d}", values, pa.date32()) == [d.isoformat() for d in values]


@given(st.lists(st.datetimes(), min_size=1, max_size=20))
@settings(max_examples=20, deadline=None)
def test_times_of_day_are_written_as_by_python(values: list[datetime.datetime]) -> None:
    assert written("{t:%Y-%m-%d %H:%M:%S}", values, pa.timestamp("us")) == [
        each.isoformat(" ", "seconds") for each in values
    ]


def test_texts_and_truth_have_formats_of_their_own() -> None:
    assert written("{t:upper}|{t:lower}|{t:.1}|{{{t}}}", ["Élan"]) == ["ÉLAN|élan|É|{Élan}"]
    assert written("{b:yes|no}{b}", [True, False]) == ["yestrue", "nofalse"]


def test_a_float_too_large_for_its_decimals_has_no_text() -> None:
    assert written("{x:.2f}", [1e300, 1.0]) == [None, "1.00"]


def schema(text: str = "{kind}-{n:03} {half:.1f} {on:%m/%Y} {who:he|she}", **more: Any) -> Schema:
    return Schema(
        "t",
        (
            Column("said", Template(text=text, **more), None, "A text."),
            Column("kind", Choice(("a", "b"), (1.0, 2.0)), None, "Kind.", nulls=Nulls(share=0.25)),
            Column("n", UniformInteger(low=1, high=500), None, "Number."),
            Column("half", Expression(expression="n / 2", type="float"), None, "Half."),
            Column("on", Expression(expression="date('2020-01-31') + n", type="date"), None, "Day."),
            Column("who", Chance(0.5), None, "Who."),
        ),
        ONE,
    )


def made(of: Schema, rows: int = 16_384, block: int = 0) -> pa.RecordBatch:
    return generate(of, 1, "pt_BR", 0.8, block, rows).profiles


def test_a_template_says_what_the_row_shows() -> None:
    for row in made(schema(), 300).to_pylist():
        day = datetime.date.fromisoformat(row["on"])
        who = "he" if row["who"] else "she"
        wanted = f"{row['kind']}-{row['n']:03} {row['half']:.1f} {day:%m/%Y} {who}"
        assert row["said"] == (None if row["kind"] is None else wanted)


def test_something_may_stand_for_a_missing_value() -> None:
    found = made(schema(missing="?"), 300)
    assert found.column("said").null_count == 0
    for row in found.to_pylist():
        assert row["said"].startswith("?-" if row["kind"] is None else f"{row['kind']}-")


def test_fewer_rows_are_the_beginning_and_blocks_differ() -> None:
    whole = made(schema())
    assert made(schema(), 77).equals(whole.slice(0, 77))
    assert not made(schema(), block=1).column("said").equals(whole.column("said"))


def test_a_changed_text_is_found_before_it_is_published() -> None:
    found = made(schema(), 300)
    assert check(schema(), found) == ()
    texts = found.column("said").to_pylist()
    texts[4] = "something else"
    broken = found.set_column(1, "said", pa.array(texts))
    assert check(schema(), broken) == ("said: is not what its template gives in 1 rows, first in id 5",)


def test_a_template_of_a_template_is_written() -> None:
    draws = {
        "n": UniformInteger(low=0, high=9),
        "one": Template(text="<{n}>"),
        "two": Template(text="{one}{one}"),
    }
    for row in drawn_with(draws, rows=20).to_pylist():
        assert row["two"] == f"<{row['n']}>" * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "position 1: found '{', expected {column}"),
        ("a } b", "position 3: found '}"),
        ("{n.__class__.__init__}", "position 1: found '{n.__class__.__init__}'"),
        ("{n[0]}", "position 1: found '{n.0.}'"),
        ("{n!r}", "position 1: found '{n!r}'"),
        ("{0}", "position 1: found '{0}'"),
        ("{}", "position 1: found '{}'"),
        ("{n:{n}}", "position 1: found '{n:{n}'"),
        ("{n}" * 51, "found too many columns, expected at most 50"),
        ("x" * 2_001, "at most 2000"),
    ],
)
def test_what_is_no_template_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Template(text=text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{nowhere}", "unknown column 'nowhere'"),
        (
            "a {half}",
            "said: text, position 3: found half, of kind float, without a format, expected a count of",
        ),
        ("{n:.2f}", "found n, of kind integer, with format '.2f'"),
        ("{half:.99f}", "with format '.99f'"),
        ("{n:999999999}", "with format '999999999'"),
        ("{on:%B}", "found '%B', expected one of %Y"),
        ("{on:%H}", "found '%H'"),
        ("{kind:upper()}", "expected no format, upper, lower"),
        ("{who:yes}", "words for true and false"),
        ("{said}", "said -> said are given in a circle"),
    ],
)
def test_a_format_that_a_column_has_not_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        schema(text)
