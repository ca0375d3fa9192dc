"""Second records, what goes wrong in them, and the truth on it, on three schemas."""

import dataclasses

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from repeated import ROWS, SEED, repeated, rows_of

from synthprof.base.errors import SpecError
from synthprof.base.intervals import binomial_interval
from synthprof.profiles.drawing import generate
from synthprof.profiles.second_records.origins import STRATUM, first_records, sources
from synthprof.schemas.duplicates import ERROR_KINDS, with_duplicates
from synthprof.schemas.loader import load_bundle
from synthprof.spec.spec import BLOCK_ROWS

SCHEMAS = ("gamer_br", "customer_us", "patient")


@pytest.mark.parametrize("share", [0.01, 0.137, 0.5])
def test_the_share_of_rows_is_exact(share: float) -> None:
    second = np.concatenate([~first_records(SEED, share, block, BLOCK_ROWS) for block in range(3)])
    for rows in (STRATUM, 10 * STRATUM, 2 * BLOCK_ROWS + 77 * STRATUM):
        assert second[:rows].sum() == int(rows * share)


def test_originals_stand_above_and_persons_are_geometric_in_size() -> None:
    of = sources(SEED, 0.3, 5)
    rows = np.flatnonzero(of != np.arange(BLOCK_ROWS))
    assert (of[rows] < rows).all()
    assert (of[of[rows]] == of[rows]).all()
    sizes = np.bincount(np.bincount(of)[np.unique(of)])
    persons = int(sizes.sum())
    for records in (1, 2, 3, 4):
        low, high = binomial_interval(0.7 * 0.3 ** (records - 1), persons)
        assert low <= sizes[records] <= high


@pytest.mark.parametrize("schema", SCHEMAS)
def test_first_records_are_the_rows_of_a_data_set_without_second_ones(schema: str) -> None:
    """Truth by another way: the schema without duplicates is drawn as it always was."""
    plain = generate(load_bundle(schema).schema, SEED, "pt_BR", 0.8, 0, ROWS)
    first = pa.array(first_records(SEED, 0.3, 0, ROWS))
    own, of = (made.profiles.filter(first) for made in (rows_of(schema), plain))
    for name in own.schema.names:
        assert own.column(name).equals(of.column(name)), name


@pytest.mark.parametrize("schema", SCHEMAS)
def test_the_truth_names_every_second_record_and_every_column_that_differs(schema: str) -> None:
    made = rows_of(schema)
    rows = made.profiles.to_pylist()
    own = {column.name for column in repeated(schema).columns if column.name not in _TOLD_APART[schema]}
    assert made.duplicates is not None
    truth = {each["id"]: each for each in made.duplicates.to_pylist()}
    assert set(truth) == set((np.flatnonzero(~first_records(SEED, 0.3, 0, ROWS)) + 1).tolist())
    for number, each in truth.items():
        one, other = rows[number - 1], rows[each["original_id"] - 1]
        assert each["original_id"] not in truth
        assert set(each["columns"]) == {name for name in own if one[name] != other[name]}
        assert each["columns"] or not set(each["errors"]) - {"swapped", "typo", "digits", "moved"}


_TOLD_APART = {
    "gamer_br": {"descricao"},
    "customer_us": {"customer_id", "email", "about"},
    "patient": {"patient_id", "versichertennummer", "notiz"},
}
"""Columns that each record has of its own, or that tell of the others."""


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_kind_of_error_happens_as_often_as_asked(schema: str) -> None:
    made = rows_of(schema, 0.5, 3.0, BLOCK_ROWS)
    assert made.duplicates is not None
    records = made.duplicates.num_rows
    found = {
        each["values"]: each["counts"]
        for each in made.duplicates["errors"].flatten().value_counts().to_pylist()
    }
    errors = repeated(schema, 0.5, 3.0).duplicates.errors  # type: ignore[union-attr]
    assert set(found) == {error.kind for error in errors}
    assert set(found) >= set(ERROR_KINDS) - ({"format"} if schema == "customer_us" else set())
    assert abs(sum(error.share for error in errors) - 3.0) < 1e-9
    for kind in ERROR_KINDS:
        rates = [error.share for error in errors if error.kind == kind]
        low = sum(binomial_interval(rate, records, 0.001)[0] for rate in rates)
        high = sum(binomial_interval(rate, records, 0.001)[1] for rate in rates)
        assert found[kind] <= high, kind
        assert found[kind] >= low * _HOLD.get(kind, 0.95), kind


_HOLD = {
    "short_name": 0.5,
    "abbreviated": 0.7,
    "digits": 0.7,
    "married": 0.9,
    "format": 0.7,
    "missing": 0.7,
    "moved": 0.9,
}
"""The least share of second records in which a kind finds something to change; most find it nearly always."""


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_short_block_is_the_beginning_of_the_full_one(schema: str) -> None:
    few, many = rows_of(schema, rows=700), rows_of(schema)
    assert few.profiles.equals(many.profiles.slice(0, 700))
    assert few.duplicates is not None and many.duplicates is not None
    assert few.duplicates.equals(many.duplicates.slice(0, few.duplicates.num_rows))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_columns_that_follow_from_others_follow_in_second_records_too(schema: str) -> None:
    batch, of = (
        rows_of(schema).profiles,
        {"gamer_br": "estado", "customer_us": "state", "patient": "land"}[schema],
    )
    town = {"gamer_br": "cidade", "customer_us": "city", "patient": "ort"}[schema]
    first = pa.array(first_records(SEED, 0.3, 0, ROWS))
    pairs = [pc.binary_join_element_wise(batch[town].cast("string"), batch[of].cast("string"), "|")]
    whole = generate(load_bundle(schema).schema, SEED, "pt_BR", 0.8, 0, BLOCK_ROWS).profiles
    known = pc.binary_join_element_wise(whole[town].cast("string"), whole[of].cast("string"), "|")
    second = pairs[0].filter(pc.invert(first)).drop_null()
    assert len(second) > 500
    assert pc.all(pc.is_in(second, known.unique())).as_py()


def test_unique_columns_stay_unique_and_texts_say_the_new_name() -> None:
    patients = rows_of("patient").profiles
    assert (
        patients["versichertennummer"].n_distinct()
        if False
        else len(patients["versichertennummer"].unique()) == ROWS
    )
    customers = rows_of("customer_us").profiles
    assert len(customers["email"].unique()) == ROWS
    truth = rows_of("customer_us").duplicates
    assert truth is not None
    rows = customers.to_pylist()
    renamed = [each for each in truth.to_pylist() if "name" in each["columns"]]
    assert len(renamed) > 300
    assert all(rows[each["id"] - 1]["name"] in rows[each["id"] - 1]["about"] for each in renamed)


def test_without_errors_a_second_record_is_the_same_again() -> None:
    truth = rows_of("patient", 0.2, 0.0).duplicates
    assert truth is not None
    assert truth.num_rows == 800
    assert not len(truth["errors"].flatten()) and not len(truth["columns"].flatten())


def test_more_errors_than_there_are_kinds_of_and_schemas_without_any_are_refused() -> None:
    bundle = load_bundle("patient")
    with pytest.raises(SpecError, match="duplicate_errors=40 is more than the 13 errors"):
        with_duplicates(bundle.schema, bundle.errors, 0.1, 40)
    with pytest.raises(SpecError, match=r"add \[\[duplicates.error\]\]"):
        with_duplicates(bundle.schema, None, 0.1, 1)
    assert with_duplicates(bundle.schema, None, 0.0, 1) is bundle.schema


def test_rates_are_capped_at_one_and_still_add_up() -> None:
    bundle = load_bundle("gamer_br")
    errors = dataclasses.replace(bundle.errors, errors=bundle.errors.errors[:4])  # type: ignore[type-var]
    made = with_duplicates(bundle.schema, errors, 0.1, 3.0)
    assert made.duplicates is not None
    rates = [error.share for error in made.duplicates.errors]
    assert max(rates) == 1.0
    assert sum(rates) == pytest.approx(3.0)
