# ruff: noqa: E501  a case is a line
"""Numbers and texts that a column of a file gives for each value of another column; truth in sentences."""

from pathlib import Path

import numpy as np
import pytest

from synthprof.base.errors import SpecError
from synthprof.profiles.children import generate_family
from synthprof.profiles.drawing import generate
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.reading import read_bundle

PRICES = "thing,kind,mu,sigma,code\nchair,seat,3,0.1,11\ncar,vehicle,9,0.2,22\n"

SCHEMA = """\
[[column]]
name = "thing"
doc = "The thing."
draw = "choice"
file = "things.csv"

[[column]]
name = "price"
doc = "The price."
draw = "log_normal"
mu = { by = "thing", file = "things.csv", value = "mu" }
sigma = { by = "thing", file = "things.csv", value = "sigma" }

[[column]]
name = "net"
doc = "The price with noise."
draw = "noise"
linear = { price = 1 }

[column.noise]
draw = "normal"
mean = { by = "thing", file = "things.csv", value = "mu" }
stddev = 0.001

[[column]]
name = "number"
doc = "A number that begins by thing."
draw = "pattern"
pattern = "{begin}-{digit:2}"
parts.begin = { given = "thing", file = "things.csv", value = "code" }

[[column]]
name = "dear"
doc = "Whether it is dear."
draw = "boolean"
share = 0.5

[[column]]
name = "town"
doc = "The town."
draw = "place"
columns = ["town", "land"]
rows = [["Ax", "A"], ["Bo", "B"], ["By", "B"]]
value = "town"

[[column]]
name = "land"
doc = "The land."
draw = "follows"
of = "town"
columns = ["town", "land"]
rows = [["Ax", "A"], ["Bo", "B"], ["By", "B"]]
value = "land"

[[column]]
name = "tongue"
doc = "The tongue, by land."
draw = "choice"
odds = { x = 1, y = 1 }
given.land = { A = { y = 0 }, B = { x = 0 } }

[[column]]
name = "said"
doc = "What is said."
draw = "prose"
file = "said.toml"

[[table]]
name = "offers"
doc = "Offers."
fan_out = { draw = "uniform_integer", low = 1, high = 1, factors = { "parent.dear" = { false = 2, true = 0 }, "parent.land" = { A = 0, B = 1 } } }

[[table.column]]
name = "much"
doc = "How much."
draw = "expression"
expression = "parent.price * 2"
type = "float"
"""

SAID = """\
[[slot]]
name = "dear"

[[slot.variant]]
when = { dear = true }
templates = ["Dear."]

[[slot.variant]]
templates = ["Cheap."]
"""


def written(folder: Path, schema: str = SCHEMA, prices: str = PRICES) -> Path:
    (folder / "schema.toml").write_text(schema)
    (folder / "things.csv").write_text(prices)
    (folder / "said.toml").write_text(SAID)
    return folder


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return read_bundle(written(tmp_path_factory.mktemp("things")))


def test_parameters_and_parts_are_those_of_the_file(bundle: Bundle) -> None:
    rows = generate(bundle.schema, 1, "pt_BR", 0, 0, 4_000).profiles.to_pandas()
    for thing, mu, sigma, code in (("chair", 3, 0.1, "11"), ("car", 9, 0.2, "22")):
        some = rows[rows.thing == thing]
        assert np.log(some.price).mean() == pytest.approx(mu, abs=0.02)
        assert np.log(some.price).std() == pytest.approx(sigma, abs=0.01)
        assert (some.net - some.price).mean() == pytest.approx(mu, abs=0.001)
        assert some.number.str.fullmatch(code + r"-\d\d").all()


def test_truth_chooses_sentences_and_lands_that_follow_choose_odds(bundle: Bundle) -> None:
    rows = generate(bundle.schema, 1, "pt_BR", 0, 0, 500).profiles.to_pandas()
    assert rows.said.tolist() == ["Dear." if dear else "Cheap." for dear in rows.dear]
    assert rows.tongue.tolist() == ["x" if land == "A" else "y" for land in rows.land]


@pytest.mark.parametrize("rows", [100, 16_384])
def test_the_number_of_children_may_hang_on_what_samplers_draw(bundle: Bundle, rows: int) -> None:
    family = generate_family(bundle.schema, 1, "pt_BR", 0, 0, rows)
    parents, offers = family.generated.profiles.to_pandas(), family.tables["offers"]
    wanted = np.where((parents.land == "B") & (parents.dear == 0), 2, 0)
    assert np.bincount(offers["parent_id"].to_numpy(), minlength=rows + 1)[1:].tolist() == wanted.tolist()
    whole = generate_family(bundle.schema, 1, "pt_BR", 0, 0).tables["offers"]
    assert whole.slice(0, len(offers)).equals(offers)


def test_the_canonical_schema_has_the_values_and_no_file(bundle: Bundle) -> None:
    assert "things.csv" not in bundle.text
    again = Bundle.of(bundle.text)
    assert again.text == bundle.text
    assert again.schema.column("price").draw.mu.values == {"chair": 3, "car": 9}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("car,vehicle,9,", "car,vehicle,x,", "things.csv, row 2: 'x' is no number up to 1e15; correct it"),
        ("car,vehicle,9,", "car,vehicle,nan,", "'nan' is no number"),
        ('value = "mu" }\nsigma', 'value = "my" }\nsigma', "no column 'my'; it has thing, kind, mu, sigma, code"),
        ('value = "code"', 'value = "codes"', "no column 'codes'"),
        ('by = "thing", file = "things.csv", value = "mu" }\nsigma', 'by = "thing", file = "things.csv" }\nsigma',
         "file and value of a number by thing belong together"),
        ("chair,seat,3,0.1,11\n", "chair,seat,3,0.1,11\nchair,seat,3,0.1,11\n", "'chair' stands in two rows"),
    ],
)  # fmt: skip
def test_a_file_that_does_not_fit_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SCHEMA + PRICES
    with pytest.raises(SpecError, match=told):
        read_bundle(written(tmp_path, SCHEMA.replace(old, new), PRICES.replace(old, new)))
