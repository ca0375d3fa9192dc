"""Drifts as statistical tests see them: each is found by the test that should, and none without a drift."""

import functools

import numpy as np
import pytest
from nights import chance_given, chance_of, mmd_chance, psi_of, rows_at, schema_at
from scipy.stats import binom

from synthprof.encoders.encoder import encoder_of
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_bundle
from synthprof.spec.spec import Spec

COLUMNS = ("age", "sex", "household", "pets", "tier", "device", "payment", "price_sense")
OTHER = ("idade", "sexo", "disponibilidade", "interacao_desejada")

CASES = {"customer_us": ("age", "household", COLUMNS), "gamer_br": ("idade", "disponibilidade", OTHER)}
"""The column that drifts as a covariate, the one whose concept drifts given it, and some more."""

SCHEMAS = ["customer_us", pytest.param("gamer_br", marks=pytest.mark.long)]


def _two(schema: str, drift: str):
    columns = CASES[schema][2]
    return rows_at(schema_at(schema), columns, 11), rows_at(schema_at(schema, drift), columns, 12)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_psi_and_chi_squared_see_the_shares_of_archetypes_move(schema) -> None:
    first, later = _two(schema, "prior")
    assert psi_of(first.column("archetype").cast("string"), later.column("archetype").cast("string")) > 0.2
    shifted = [chance_of(first.column(name), later.column(name)) for name in CASES[schema][2]]
    assert min(shifted) < 1e-6


@pytest.mark.parametrize("schema", SCHEMAS)
def test_ks_and_psi_see_a_covariate(schema) -> None:
    column = CASES[schema][0]
    first, later = (rows.column(column) for rows in _two(schema, "covariate"))
    assert chance_of(first, later) < 1e-9
    assert psi_of(first, later) > 0.2


@pytest.mark.parametrize("schema", SCHEMAS)
def test_only_a_test_within_groups_sees_a_concept(schema) -> None:
    given, column, _ = CASES[schema]
    first, later = _two(schema, "concept")
    assert chance_of(first.column(column), later.column(column)) > 1e-3
    assert psi_of(first.column(column), later.column(column)) < 0.01
    assert chance_given(first, later, column, given) < 1e-9


@pytest.mark.parametrize("schema", SCHEMAS)
def test_chi_squared_sees_a_new_category(schema) -> None:
    column = {"customer_us": "household", "gamer_br": "interacao_desejada"}[schema]
    first, later = (rows.column(column) for rows in _two(schema, f"new_category:{column}"))
    assert chance_of(first, later) < 1e-9
    assert psi_of(first, later) > 0.2


@pytest.mark.parametrize("schema", SCHEMAS)
def test_tests_are_silent_at_their_rate_without_a_drift(schema) -> None:
    """Of tests at 5 %, between parts of nights of other seeds, about 5 % say that something moved."""
    one, other = (rows_at(schema_at(schema), CASES[schema][2], seed) for seed in (11, 12))
    parts = [(one.slice(first, 1_600), other.slice(first, 1_600)) for first in range(0, 16_000, 1_600)]
    found = [chance_of(a.column(name), b.column(name)) for a, b in parts for name in CASES[schema][2]]
    low, high = binom.interval(0.999, len(found), 0.05)
    assert low <= sum(each < 0.05 for each in found) <= high
    assert max(psi_of(one.column(name), other.column(name)) for name in CASES[schema][2]) < 0.01


@functools.cache
def _embeddings(drift: str, seed: int) -> np.ndarray:
    spec = Spec(profile_schema="customer_us", dim_embedding=32, seed=seed, drift=drift, drift_night=1)
    bundle = load_bundle("customer_us")
    return encoder_of(spec, bundle).encode(generate(bundle.schema, seed, "pt_BR", 0.8, 0, 1_200).profiles)


def test_mmd_sees_a_rotation_and_nothing_without_one() -> None:
    assert mmd_chance(_embeddings("", 1)[:300], _embeddings("rotation", 2)[:300], 0) < 0.01
    parts = [
        (_embeddings("", 1)[at : at + 300], _embeddings("", 2)[at : at + 300]) for at in range(0, 1_200, 300)
    ]
    assert sum(mmd_chance(*pair, seed) < 0.05 for seed, pair in enumerate(parts)) <= 1
