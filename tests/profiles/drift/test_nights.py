"""Each kind of drift moves what it names, and nothing else."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from nights import SEPARATION, chance_given, chance_of, rows_at, schema_at, table_of

from synthprof.base.errors import SpecError
from synthprof.profiles.drawing import generate
from synthprof.profiles.drift.nights import drifted, night_of
from synthprof.profiles.drift.sampling import row_shares, sample, value_shares
from synthprof.profiles.features import features
from synthprof.profiles.odds import axes_of
from synthprof.schemas.draws import shifts_of
from synthprof.schemas.loader import load_bundle
from synthprof.schemas.tables import with_tables
from synthprof.spec.drift import parse_drift

UNLIKELY = 1e-3
"""p-value of a test, of which a file has about twenty, that would speak against what it says."""

COLUMNS = {
    "gamer_br": ("idade", "sexo", "estado", "disponibilidade", "interacao_desejada", "usa_microfone"),
    "customer_us": ("age", "sex", "state", "household", "pets", "tier", "device", "income"),
}

SCHEMAS = list(COLUMNS)


def _rows(schema: str, drift: str, seed: int = 1) -> pa.RecordBatch:
    return rows_at(schema_at(schema, drift), COLUMNS[schema], seed)


@pytest.mark.parametrize(
    ("schema", "drift", "moves"),
    [
        ("gamer_br", "concept", {"disponibilidade"}),
        ("gamer_br", "new_category", {"interacao_desejada"}),
        ("customer_us", "concept", {"household", "pets"}),  # pets depend on the household
        ("customer_us", "new_category:device", {"device"}),
        ("customer_us", "covariate:tier", {"tier"}),
    ],
)
def test_columns_that_do_not_depend_on_what_drifts_stay_row_by_row(schema, drift, moves) -> None:
    first, later = _rows(schema, ""), _rows(schema, drift)
    equal = {name for name in first.schema.names if first.column(name).equals(later.column(name))}
    stays = {*COLUMNS[schema], "archetype"} - moves
    assert stays - {"usa_microfone"} <= equal if drift == "new_category" else stays <= equal
    assert not moves & equal - {"pets"}


@pytest.mark.parametrize("schema", SCHEMAS)
def test_prior_moves_archetypes_by_its_distance_and_no_table_within_them(schema) -> None:
    first, later = _rows(schema, "", 2), _rows(schema, "prior", 3)
    counted = table_of(first.column("archetype"), later.column("archetype"))
    shares = counted / counted.sum(axis=1, keepdims=True)
    assert np.abs(shares[0] - shares[1]).sum() / 2 == pytest.approx(0.25, abs=0.02)
    for column in (name for name in COLUMNS[schema] if name != "income"):
        assert chance_given(first, later, column, "archetype") > UNLIKELY, column


@pytest.mark.parametrize(("schema", "column"), [("gamer_br", "idade"), ("customer_us", "age")])
def test_covariate_moves_its_column_by_its_distance(schema, column) -> None:
    first, later = _rows(schema, "", 2), _rows(schema, "covariate", 3)
    assert chance_of(first.column(column), later.column(column)) < 1e-9
    shares = [value_shares(schema_at(schema, of), column, SEPARATION) for of in ("", "covariate")]
    assert np.abs(shares[0] - shares[1]).sum() / 2 == pytest.approx(0.25, abs=0.005)
    for name in ("sexo", "estado", "sex", "state", "archetype"):
        if name in first.schema.names:
            assert chance_of(first.column(name), later.column(name)) > UNLIKELY, name


@pytest.mark.parametrize("schema", SCHEMAS)
def test_what_depends_on_a_column_is_drawn_the_same_way_when_that_column_drifts(schema) -> None:
    first, later = (schema_at(schema, each) for each in ("", "covariate"))
    moved = COLUMNS[schema][0]
    assert {name for name, one in first.drawn_by_name.items() if one.draw != later.column(name).draw} == {
        moved
    }
    assert first.archetypes == later.archetypes


@pytest.mark.parametrize(
    ("schema", "column", "given"),
    [("gamer_br", "disponibilidade", "idade"), ("customer_us", "household", "age")],
)
def test_concept_changes_what_is_given_and_keeps_both_shares(schema, column, given) -> None:
    first, later = _rows(schema, "", 2), _rows(schema, "concept", 3)
    assert chance_given(first, later, column, given) < 1e-9
    assert chance_of(first.column(given), later.column(given)) > UNLIKELY
    assert chance_of(first.column(column), later.column(column)) > UNLIKELY
    exact = [value_shares(schema_at(schema, each), column, SEPARATION) for each in ("", "concept")]
    assert np.abs(exact[0] - exact[1]).max() < 1e-6


@pytest.mark.parametrize(
    ("schema", "column"), [("gamer_br", "interacao_desejada"), ("customer_us", "household")]
)
def test_a_new_category_takes_rows_of_one_old_one(schema, column) -> None:
    first, later = (_rows(schema, each) for each in ("", f"new_category:{column}"))
    new = schema_at(schema, f"new_category:{column}").column(column).values[-1]
    old = new.removesuffix(" 2")
    found = later.column(column).cast(pa.string())
    parts = [pc.sum(pc.equal(found, each)).as_py() for each in (old, new)]
    had = pc.sum(pc.equal(first.column(column).cast(pa.string()), old)).as_py()
    assert sum(parts) == pytest.approx(had, rel=0.05)
    assert parts[1] / sum(parts) == pytest.approx(0.25, abs=0.02)
    merged = pc.if_else(pc.equal(found, new), old, found)
    assert chance_of(first.column(column), merged) > UNLIKELY


@pytest.mark.parametrize(
    ("schema", "column"),
    [pytest.param("gamer_br", "interacao_desejada", marks=pytest.mark.long), ("customer_us", "household")],
)
def test_vectors_stay_what_they_were_beside_a_new_category(schema, column) -> None:
    before, after = schema_at(schema), schema_at(schema, f"new_category:{column}")
    batch = generate(before, 1, "pt_BR", SEPARATION, 0, 200).profiles
    dim = len(before.feature_names)
    vectors = features(before, batch, dim)
    assert after.feature_names == before.feature_names
    assert np.array_equal(features(after, batch, dim), vectors)
    new = pa.array([after.column(column).values[-1]] * batch.num_rows)
    at = batch.schema.get_field_index(column)
    changed = features(after, batch.set_column(at, column, new), dim)
    own = [place for place, name in enumerate(before.feature_names) if name.startswith(column)]
    assert not (changed[:, own] == vectors[:, own]).all(axis=1).any()
    assert np.array_equal(np.delete(changed, own, axis=1), np.delete(vectors, own, axis=1))


@pytest.mark.parametrize("schema", ["gamer_br", "customer_us", "patient", "listing"])
def test_every_built_in_schema_has_columns_for_every_kind(schema) -> None:
    declared = load_bundle(schema).schema
    for kind in ("prior", "covariate", "concept", "new_category"):
        night = night_of(declared, SEPARATION, ((parse_drift(kind)[0], 0.4),))
        assert night.schema != night.first
        assert bool(night.drifts[0].column) is (kind != "prior")


def test_what_cannot_be_stays_so() -> None:
    """Odds of 0 say that rows would contradict themselves; no drift gives them any share."""
    first, later = (schema_at("gamer_br", each) for each in ("", "concept"))
    for one, other in zip(first.columns, later.columns, strict=True):
        for shift, after in zip(shifts_of(one.draw), shifts_of(other.draw), strict=True):
            zeros = [[factor == 0 for factor in row] for row in shift.factors]
            assert zeros == [[factor == 0 for factor in row] for row in after.factors], (
                one.name,
                shift.column,
            )


@pytest.mark.long
def test_texts_say_the_new_value_itself() -> None:
    schema = schema_at("gamer_br", "new_category:nivel_competitivo")
    new = schema.column("nivel_competitivo").values[-1]
    made = generate(schema, 1, "pt_BR", SEPARATION, 0, 2_000).profiles
    of = pc.equal(made.column("nivel_competitivo").cast(pa.string()), new)
    texts = made.column("descricao").filter(of).to_pylist()
    assert len(texts) > 50
    assert all(new.casefold() in text.casefold() for text in texts)


def test_nothing_changes_before_a_drift_begins() -> None:
    declared = load_bundle("gamer_br").schema
    assert drifted(declared, SEPARATION, ((parse_drift("prior@3")[0], 0.0),)) is declared
    assert drifted(declared, SEPARATION, ((parse_drift("rotation")[0], 0.7),)) is declared


def test_the_child_tables_that_are_made_choose_no_column() -> None:
    whole = load_bundle("gamer_br").schema
    drifts = ((parse_drift("new_category")[0], 0.5),)
    alone = night_of(with_tables(whole, "none"), SEPARATION, drifts, whole)
    assert alone.drifts == night_of(whole, SEPARATION, drifts).drifts


@pytest.mark.parametrize(
    ("drift", "says"),
    [
        ("covariate:nome", "tilts the odds of a column"),
        ("concept:sexo", "name one of disponibilidade"),
        ("new_category:sexo", "nome has something of its own .* name one of interacao_desejada"),
        ("covariate:regiao", "unknown column 'regiao'"),
    ],
)
def test_columns_that_cannot_drift_are_refused_with_those_that_can(drift, says) -> None:
    with pytest.raises(SpecError, match=says):
        drifted(load_bundle("gamer_br").schema, SEPARATION, ((parse_drift(drift)[0], 0.5),))


def test_shares_by_sample_are_near_those_that_are_summed() -> None:
    schema = schema_at("customer_us")
    axes = axes_of(schema, schema.column("household"))
    exact = row_shares(schema, axes, SEPARATION)
    assert exact.sum() == pytest.approx(1.0)
    counted = np.zeros(exact.size)
    for drawing in sample(schema, ("household",), SEPARATION):
        counted += np.bincount(drawing.rows_of(axes), minlength=exact.size)
    assert np.abs(counted / counted.sum() - exact.ravel()).max() < 0.005
