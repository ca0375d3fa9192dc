"""Margins of a schema's file as targets: what they ask of which odds, and that rows have them."""

import numpy as np
import pytest

from synthprof.profiles.coherence import counted, counts
from synthprof.profiles.drawing import generate
from synthprof.profiles.margins import raked, targets_of
from synthprof.profiles.shares import expected_shares
from synthprof.schemas.loader import load_schema
from synthprof.schemas.reading import read_schema

SCHEMA = load_schema("gamer_br")

COLUMNS = """
[[column]]
name = "code"
hidden = true
doc = "A town of its own."
draw = "choice"
file = "towns.csv"
values = "code"
weights = "people"

[[column]]
name = "town"
doc = "Its name."
draw = "lookup"
of = "code"
file = "towns.csv"
by = "code"
values = "town"

[[column]]
name = "state"
doc = "Its state."
draw = "lookup"
of = "code"
file = "towns.csv"
by = "code"
values = "state"
order = "states.csv"

[[column]]
name = "member"
doc = "1 for members."
draw = "chance"
share = 0.1
given = { state = { N = { 1 = 4 } } }

[[column]]
name = "tools"
doc = "Tools."
draw = "subset"
odds = { saw = 3, axe = 2, file = 1 }
sizes = [1, 1]

[[column]]
name = "weight"
doc = "Kilogrammes."
draw = "normal"
mean = 70
stddev = 9

[[archetype]]
name = "wood"
title = "Wood"
share = 1
odds = { member = { 1 = 9 }, tools = { saw = 9, axe = 0.1 } }

[[archetype]]
name = "steel"
title = "Steel"
share = 2
odds = { tools = { file = 9 } }
"""

MARGIN = """
[[margin]]
name = "{name}"
columns = {columns}
shares = {shares}
source = "a test"
"""

TOWNS = "code,town,state,people\n1,Springfield,N,50\n2,Springfield,S,30\n3,Ulm,S,15\n4,Bonn,N,5\n"


def schema_with(tmp_path, columns: str, shares: str, more: str = ""):
    folder = tmp_path / "towns"
    folder.mkdir()
    (folder / "towns.csv").write_text(TOWNS)
    (folder / "states.csv").write_text("state,land\nN,cold\nS,warm\n")
    margin = MARGIN.format(name="asked", columns=columns, shares=shares)
    (folder / "schema.toml").write_text(COLUMNS + margin + more)
    return read_schema(folder)


@pytest.mark.parametrize("separation", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(
    ("columns", "shares"),
    [
        ('["member"]', "{ 1 = 0.35, 0 = 0.65 }"),
        ('["state"]', "{ N = 0.4, S = 0.6 }"),
        ('["state.land"]', "{ cold = 0.7 }"),
        ('["town"]', "{ Springfield = 0.5 }"),
        ('["first(tools)"]', '{ file = 0.2, "*" = 0.8 }'),
        ('["state", "member"]', "{ N = { 1 = 0.2, 0 = 0.3 }, S = { 1 = 0.1, 0 = 0.4 } }"),
    ],
)
def test_rows_have_what_a_margin_asks(tmp_path, columns, shares, separation):
    schema = schema_with(tmp_path, columns, shares)
    batches = [generate(schema, 3, "en_US", separation, number).profiles for number in range(2)]
    found = counted(schema, sum(counts(schema, batch) for batch in batches))
    (margin,) = found.margins
    for cells, asked in zip(margin.cells, margin.margin.shares, strict=True):
        for cell, share in zip(cells, asked, strict=True):
            if share is not None:
                assert abs(cell / margin.bases[0] - share) < 4.5 * np.sqrt(share * (1 - share) / found.rows)


def test_towns_of_one_name_have_their_own_states(tmp_path):
    schema = schema_with(tmp_path, '["member"]', "{ 1 = 0.35, 0 = 0.65 }")
    batch = generate(schema, 3, "en_US", 0.8, 0).profiles
    pairs = list(zip(batch["town"].to_pylist(), batch["state"].to_pylist(), strict=True))
    assert set(pairs) == {("Springfield", "N"), ("Springfield", "S"), ("Ulm", "S"), ("Bonn", "N")}
    assert abs(pairs.count(("Springfield", "S")) / len(pairs) - 0.3) < 0.02
    assert "code" not in batch.schema.names


@pytest.mark.parametrize(
    ("columns", "shares"),
    [
        ('["weight"]', '{ "0-70" = 0.9 }'),
        ('["tools"]', "{ saw = 0.9 }"),
        ('["count(tools)"]', '{ "1" = 0.9 }'),
    ],
)
def test_a_margin_that_no_odds_decide_is_counted_only(tmp_path, columns, shares):
    schema = schema_with(tmp_path, columns, shares)
    assert list(targets_of(schema)) == [] and raked(schema, 0.8) is schema
    assert (
        len(counted(schema, counts(schema, generate(schema, 3, "en_US", 0.8, 0, 99).profiles)).margins) == 1
    )


def test_a_margin_of_some_rows_is_counted_only(tmp_path):
    schema = schema_with(tmp_path, '["member"]', "{ 1 = 0.9 }", "where = \"state = 'N'\"\n")
    assert list(targets_of(schema)) == []


@pytest.mark.parametrize("separation", [0.0, 0.2, 0.8, 1.0])
def test_expected_shares_of_gamer_br_are_those_of_its_sources(separation):
    expected = expected_shares(SCHEMA, separation)
    assert expected["sexo"]["Feminino"] == pytest.approx(0.509, abs=1e-8)
    (ages,) = (margin for margin in SCHEMA.margins if margin.name == "idade")
    assert list(expected["idade"].values()) == pytest.approx(ages.shares[0], abs=1e-4)
    (states,) = (margin for margin in SCHEMA.margins if margin.name == "estado")
    for cell, share in zip(states.axes[0].cells, states.shares[0], strict=True):
        assert expected["estado"][cell.label] == pytest.approx(share, abs=2e-5)
