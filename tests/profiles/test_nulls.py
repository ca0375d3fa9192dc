"""Missing values: their share, what decides it, and that everything behind takes them."""

import dataclasses
import functools
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from families import CUSTOMERS, ORDERS
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from synthprof.base.errors import SpecError
from synthprof.encoders.catalogue.encoder import CatalogueEncoder
from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.profiles.checks import check
from synthprof.profiles.children import generate_family
from synthprof.profiles.drawing import generate
from synthprof.profiles.features import features
from synthprof.report.overview import count, map_of, overview
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draw_kinds.templates import Template
from synthprof.schemas.loader import load_bundle, load_schema
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Archetype, Column, Schema

ONE = (Archetype("all", "All", 1.0, ()),)
SCHEMA = load_schema("gamer_br")
LACKING: dict[str, Any] = {
    "nome": 0.2,
    "idade": 0.1,
    "cidade": 0.3,
    "estado": {"given": {"cidade": {"null": 1.0}}},
    "sexo": {"share": 0.5, "given": {"idade": {"0": 0.2, "40": 0.9}}},
    "jogos_favoritos": 0.5,
    "plataformas_possuidas": 0.1,
    "usa_microfone": {"given": {"usa_microfone": {"1": 0.1, "0": 0.6}}},
    "anos_experiencia": 0.25,
}


def lacking(schema: Schema, nulls: dict[str, Any]) -> Schema:
    """The same schema, whose columns lack values."""
    found = {name: Nulls.model_validate(each) for name, each in nulls.items()}
    columns = (dataclasses.replace(c, nulls=found.get(c.name)) for c in schema.columns)
    return dataclasses.replace(schema, columns=tuple(columns))


def rows(schema: Schema, count: int = 16_384, block: int = 0) -> pa.RecordBatch:
    return generate(schema, 1, "pt_BR", 0.8, block, count).profiles


def share(values: pa.Array, among: Any = slice(None)) -> float:
    return float(values.is_null().to_numpy(zero_copy_only=False)[among].mean())


@functools.cache
def some() -> pa.RecordBatch:
    return rows(lacking(SCHEMA, LACKING))


@functools.cache
def whole() -> pa.RecordBatch:
    return rows(SCHEMA)


def test_each_column_lacks_its_share_and_no_other_lacks_any() -> None:
    for name in ("nome", "idade", "cidade", "jogos_favoritos"):
        assert share(some().column(name)) == pytest.approx(LACKING[name], abs=0.012), name
    assert some().column("descricao").null_count == some().column("idiomas").null_count == 0


def test_what_is_there_is_what_would_be_without_nulls() -> None:
    for name in (each for each in some().schema.names if each != "descricao"):  # it says what is there
        values = some().column(name)
        there = values.is_valid()
        assert values.filter(there).equals(whole().column(name).filter(there)), name


def test_a_text_leaves_out_the_sentences_that_name_a_missing_value() -> None:
    for row, full in zip(some().slice(0, 300).to_pylist(), whole().to_pylist(), strict=False):
        hidden = [full[name] for name in ("cidade", "jogos_favoritos") if row[name] is None]
        hidden = [each for each in hidden if each not in str(row["nome"])]  # many towns are surnames, too
        assert not any(each in row["descricao"] for each in hidden)
        assert len(row["descricao"]) <= len(full["descricao"])


def test_another_column_decides_by_its_hidden_value() -> None:
    ages, sexes = whole().column("idade").to_numpy(), some().column("sexo")
    assert share(sexes, ages < 40) == pytest.approx(0.2, abs=0.012)
    assert share(sexes, ages >= 40) == pytest.approx(0.9, abs=0.02)


def test_a_value_may_decide_of_itself() -> None:
    uses, shown = whole().column("usa_microfone").to_numpy(), some().column("usa_microfone")
    assert share(shown, uses == 1) == pytest.approx(0.1, abs=0.02)
    assert share(shown, uses == 0) == pytest.approx(0.6, abs=0.02)


def test_one_value_of_a_flag_may_decide_alone() -> None:
    made = rows(lacking(SCHEMA, {"usa_microfone": {"given": {"usa_microfone": {"0": 1.0}}}}))
    assert set(made.column("usa_microfone").to_pylist()) == {1, None}


def test_a_missing_value_may_decide_of_another() -> None:
    assert some().column("estado").is_null().equals(some().column("cidade").is_null())


def test_fewer_rows_lack_what_more_rows_lack() -> None:
    assert rows(lacking(SCHEMA, LACKING), 100).equals(some().slice(0, 100))


def test_blocks_lack_values_in_other_rows() -> None:
    masks = [rows(lacking(SCHEMA, LACKING), block=b).column("cidade").is_null() for b in (0, 1)]
    both = np.logical_and(*(mask.to_numpy(zero_copy_only=False) for mask in masks)).mean()
    assert both == pytest.approx(0.3 * 0.3, abs=0.01)


@given(st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=15, deadline=None)
def test_any_share_is_met_in_modelled_columns(one: float, other: float) -> None:
    nulls = Nulls(share=one, given={"n": {"50": other}})
    n = Column("n", UniformInteger(low=1, high=100), None, "Numbers.")
    schema = Schema("t", (n, dataclasses.replace(n, name="m", nulls=nulls)), ONE)
    made = rows(schema)
    high = made.column("n").to_numpy() >= 50
    assert share(made.column("m"), ~high) == pytest.approx(one, abs=0.03)
    assert share(made.column("m"), high) == pytest.approx(other, abs=0.03)


def test_declared_nulls_pass_the_checks_and_others_do_not() -> None:
    assert check(lacking(SCHEMA, LACKING), some()) == ()
    assert check(SCHEMA, some())[0].endswith("values are missing")


def test_checks_still_see_what_is_wrong_beside_missing_values() -> None:
    schema = lacking(SCHEMA, {"idade": 0.1, "estado": 0.5})
    made = rows(schema)
    ages = made.column("idade").to_pylist()
    at = next(i for i, age in enumerate(ages) if age is not None)
    ages[at] = 7
    states = made.column("estado").to_pylist()
    state = next(i for i, each in enumerate(states) if each is not None)
    states[state] = "SP" if states[state] != "SP" else "RJ"
    broken = made.set_column(2, "idade", pa.array(ages, pa.int16()))
    broken = broken.set_column(made.schema.names.index("estado"), "estado", pa.array(states))
    faults = check(schema, broken)
    assert any(f"idade: value outside 16 to 75 in 1 rows, first in id {at + 1}" in f for f in faults), faults
    assert any(f"estado: does not follow from cidade in 1 rows, first in id {state + 1}" in f for f in faults)


def test_the_feature_of_a_missing_value_is_0_and_others_stay() -> None:
    found, before = (features(SCHEMA, batch, 24) for batch in (some(), whole()))
    names = [c.name for c in SCHEMA.columns if c.feature is not None]
    told, ages = names.index("descricao"), names.index("idade")
    assert (np.delete((found == before) | (found == 0), told, axis=1)).all()
    assert (found[:, ages] == 0)[some().column("idade").is_null().to_numpy(zero_copy_only=False)].all()


def test_a_missing_value_adds_nothing_to_an_embedding() -> None:
    encoder = CatalogueEncoder(32, vocabulary_of(load_bundle("gamer_br")))
    made = rows(lacking(SCHEMA, {"sexo": 1.0, "jogos_favoritos": 1.0, "idade": 1.0}), 50)
    without = made.drop_columns(["sexo", "jogos_favoritos", "idade"])
    assert np.array_equal(encoder.encode(made), encoder.encode(without))


def test_the_report_counts_rows_that_have_values_and_says_how_many_have_none() -> None:
    schema, clusters, chosen = lacking(SCHEMA, LACKING), np.zeros(16_384, np.int64), np.array([0])
    counts = count(schema, some(), clusters, chosen).table()
    told = json.loads(overview(schema, 0.8, counts, chosen, np.array([16_384]), 16_384))
    found = {each["column"]: each for each in told["marginals"]}
    assert sum(each["share"] for each in found["cidade"]["values"]) == pytest.approx(1, abs=0.01)
    assert found["cidade"]["missing"] == pytest.approx(0.3, abs=0.012)
    assert "missing" not in found["objetivo_principal"]


def test_points_of_a_map_without_a_value_have_a_colour_of_their_own() -> None:
    made = map_of(lacking(SCHEMA, LACKING), some(), np.zeros((16_384, 2), np.float32), np.zeros(16_384, int))
    assert made.column("cidade").null_count == 0
    assert made.column("cidade").combine_chunks().dictionary[-1].as_py() == "–"


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan"), "x", {"shares": 1}, {"given": {"a": {"b": 2}}}])
def test_what_is_no_share_is_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        Nulls.model_validate(wrong)


@pytest.mark.parametrize(
    ("nulls", "message"),
    [
        ({"sexo": {"given": {"bairro": {"x": 1}}}}, "unknown column 'bairro'"),
        ({"sexo": {"given": {"estado": {"XX": 1}}}}, "nulls given estado name 'XX', which is none of its"),
        ({"sexo": {"given": {"idade": {"x": 1}}}}, "keys that are no integer: x; write the lowest"),
        ({"sexo": {"given": {"idade": {"30": 1, "20": 0}}}}, "not ascending: 30, 20; sort the bands"),
        ({"sexo": {"given": {"idiomas": {"x": 1}}}}, "which is a list; only null can be named"),
        ({"cidade": {"given": {"sexo": {"null": 1}}}, "sexo": {"given": {"cidade": {"null": 1}}}}, "circle"),
    ],
)
def test_shares_that_nothing_can_decide_are_refused(nulls: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        lacking(SCHEMA, nulls)


def test_columns_of_a_child_table_see_what_their_parent_shows() -> None:
    age = dataclasses.replace(CUSTOMERS.column("age"), nulls=Nulls(given={"sex": {"M": 0.5}}))
    columns = (
        Column("old", Expression(expression="parent.age >= 40", type="bool"), None, "Whether old."),
        Column("said", Template(text="{parent.sex} {old:old|young}", missing="?"), None, "A text."),
        Column("x", UniformInteger(low=1, high=9), None, "X.", nulls=Nulls(given={"parent.sex": {"F": 1.0}})),
    )
    table = dataclasses.replace(ORDERS, columns=columns, order="", odds=())
    parents = dataclasses.replace(CUSTOMERS, columns=(CUSTOMERS.columns[0], age), tables=(table,))
    family = generate_family(parents, 1, "pt_BR", 1.0, 0, 500)
    by_id = {row["id"]: row for row in family.generated.profiles.to_pylist()}
    for row in family.tables["orders"].to_pylist():
        parent = by_id[row["customer_id"]]
        assert row["old"] == (None if parent["age"] is None else parent["age"] >= 40)
        told = {None: "?", 1: "old", 0: "young"}[row["old"]]
        assert row["said"] == f"{parent['sex']} {told}"
        assert (row["x"] is None) == (parent["sex"] == "F")
