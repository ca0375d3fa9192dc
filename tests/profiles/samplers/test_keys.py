"""Keys: running numbers, UUIDs, numbers that never repeat, and references."""

import datetime
import uuid

import numpy as np
import pyarrow as pa
import pytest
from drawing import drawn, drawn_with
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from unique_draws import KEYS

from synthprof.base.errors import SpecError
from synthprof.profiles.samplers.zipf import zipf_of
from synthprof.schemas.draw_kinds.every import MODELS
from synthprof.schemas.draw_kinds.keys import Reference, Sequence, UniqueInteger, Uuid
from synthprof.spec.spec import BLOCK_ROWS


@pytest.mark.parametrize("draw", KEYS, ids=lambda draw: draw.told)
def test_a_block_stands_alone_and_fewer_rows_are_its_beginning(draw):
    whole = drawn(draw, seed=3, block=5)
    drawn(draw, seed=3, block=4)
    assert drawn(draw, seed=3, block=5).equals(whole)
    assert drawn(draw, seed=3, block=5, rows=77).equals(whole.slice(0, 77))
    assert not drawn(draw, seed=3, block=6).equals(whole)
    if draw.draw != "sequence":
        assert not drawn(draw, seed=4, block=5).equals(whole)


def test_every_kind_of_key_is_drawn_above():
    kinds = {model for model in MODELS if model.__module__.endswith(".keys")}
    assert kinds == {type(draw) for draw in KEYS}


@settings(max_examples=20, deadline=None)
@given(
    start=st.integers(-(2**53), 2**53),
    step=st.integers(-(10**6), 10**6).filter(bool),
    prefix=st.sampled_from(["", "N°", "A-"]),
    block=st.integers(0, 61_000),
)
def test_a_sequence_counts_from_the_first_row(start, step, prefix, block):
    found = drawn(Sequence(start=start, step=step, prefix=prefix), block=block, rows=5).to_pylist()
    numbers = [start + (block * BLOCK_ROWS + row) * step for row in range(5)]
    assert found == ([f"{prefix}{number}" for number in numbers] if prefix else numbers)


@pytest.mark.parametrize("width", [1, 5, 9, 10, 17, 18])
def test_a_number_is_filled_with_zeros(width):
    start = min(10**width, 2**53) - 3
    found = drawn(Sequence(start=start, width=width), rows=3).to_pylist()
    assert found == [f"{start + row:0{width}d}" for row in range(3)]
    assert drawn(Sequence(width=width), rows=2).to_pylist() == [f"{1:0{width}d}", f"{2:0{width}d}"]


def test_a_sequence_that_its_digits_do_not_hold_is_refused():
    draw = Sequence(prefix="K", width=4)
    assert drawn(draw, rows=9_999).to_pylist()[-1] == "K9999"
    with pytest.raises(SpecError, match=r"9,999 values that differ, but row 10,000 is asked for; make fewer"):
        drawn(draw, rows=10_000)


def test_a_uuid_is_one_of_its_version():
    for version in (4, 7):
        found = [uuid.UUID(text) for text in drawn(Uuid(version=version), rows=2_000).to_pylist()]
        assert {(each.version, each.variant) for each in found} == {(version, uuid.RFC_4122)}
        free = np.array([[each.int >> bit & 1 for bit in range(62)] for each in found])
        assert abs(free.mean(axis=0) - 0.5).max() < 0.06  # five times its deviation
    assert drawn(Uuid(), rows=3).to_pylist() == [
        str(uuid.UUID(text)) for text in drawn(Uuid(), rows=3).to_pylist()
    ]


def test_no_uuid_repeats_in_the_bits_that_are_permuted():
    tails = [text[19:] for b in (0, 61, 6_103) for text in drawn(Uuid(), block=b).to_pylist()]
    assert len(set(tails)) == 3 * BLOCK_ROWS


def test_a_uuid_of_version_7_sorts_by_its_time():
    start = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC)
    found = drawn(Uuid(version=7, start=start, step_ms=250), block=1, rows=100).to_pylist()
    assert found == sorted(found)
    first = start + datetime.timedelta(milliseconds=250 * BLOCK_ROWS)
    assert int(found[0].replace("-", "")[:12], 16) == first.timestamp() * 1_000


def test_a_uuid_of_version_7_needs_a_column_of_times():
    with pytest.raises(SpecError, match="x: at='n' is a column of integer; name one of dates or timestamps"):
        drawn_with({"n": UniqueInteger(low=1, high=10**6), "x": Uuid(version=7, at="n")})


def test_unique_integers_take_every_value_once():
    draw = UniqueInteger(low=-100, high=9_899)
    assert sorted(drawn(draw, rows=10_000).to_pylist()) == list(range(-100, 9_900))
    with pytest.raises(SpecError, match="x: -100 to 9899, none twice, which are 10,000 values that differ"):
        drawn(draw, rows=10_001)


@pytest.mark.parametrize("skew", [0.0, 0.7, 1.0, 2.5])
def test_keys_are_named_as_often_as_zipf_says(skew):
    found = drawn(Reference(table="p", rows=50, skew=skew, start=10, step=10)).to_numpy()
    assert set(np.unique(found)) <= set(range(10, 510, 10))
    shares = np.sort(np.unique(found, return_counts=True)[1])[::-1] / BLOCK_ROWS
    exact = np.arange(1, 51) ** -skew
    assert shares[:5] == pytest.approx(exact[:5] / exact.sum(), abs=0.012)


def test_ranks_beyond_the_table_are_drawn_by_zipf_too():
    words = np.random.default_rng(1).integers(0, 2**64, 200_000, dtype=np.uint64)
    ranks = zipf_of(1_000_000, 0.5).draw(words, np.random.default_rng(2).random(200_000)) + 1
    bounds = np.array([1_000, 10_000, 100_000, 999_999])
    shares = np.searchsorted(np.sort(ranks), bounds, side="right") / len(ranks)
    exact = np.cumsum(np.arange(1, 1_000_001) ** -0.5)
    assert shares == pytest.approx(exact[bounds - 1] / exact[-1], abs=0.004)


def test_columns_that_name_a_table_agree_on_its_favourites():
    draw = Reference(table="p", rows=10**6, skew=1.5)
    batch = drawn_with({"a": draw, "b": draw, "c": draw.model_copy(update={"table": "q"})})
    favourites = [np.bincount(batch.column(name).to_numpy()).argmax() for name in "abc"]
    assert favourites[0] == favourites[1] != favourites[2]
    assert not batch.column("a").equals(batch.column("b"))


def test_keys_have_the_type_of_their_kind():
    for draw in KEYS:
        wanted = pa.int64() if draw.kind.name == "integer" else pa.string()
        assert drawn(draw, rows=2).type == wanted
        drawn(draw, rows=2).validate(full=True)


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        (Sequence, {"step": 0}, "step=0 would repeat the number; write another step"),
        (Sequence, {"start": 1_000, "width": 3}, "start=1000 does not fit width=3; start from 0 to 999"),
        (Sequence, {"prefix": "a\nb"}, "match pattern"),
        (UniqueInteger, {"low": 5, "high": 4}, "low=5 is above high=4; swap them"),
        (Reference, {"table": "p", "rows": 1_000, "width": 2}, "rows=1000 need more than width=2 digits"),
        (Reference, {"table": "p", "rows": 0}, "greater than or equal to 1"),
        (Uuid, {"at": "created"}, "version=4 holds no time; leave out at, or write version = 7"),
        (
            Uuid,
            {"version": 7, "at": "t", "step_ms": 2},
            "gives the time already; leave out start and step_ms",
        ),
        (Uuid, {"version": 7, "start": "1969-12-31T23:59:59"}, "lies before 1970; name a later time"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(model, given, message):
    with pytest.raises(ValidationError, match=message):
        model(**given)
