# ruff: noqa: E501  a case is a line
"""A schema's file, compiled: child tables, correlations, nulls, features, files of values."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from synthprof.base.errors import SpecError
from synthprof.profiles.drawing import generate
from synthprof.schemas.features import Cyclic, Logged
from synthprof.schemas.reading import read_bundle, read_schema

SHOP = """\
language = "de-DE"
row = "customer"

[[column]]
name = "plan"
doc = "The plan."
draw = "choice"
odds = { free = 8, paid = 2 }

[[column]]
name = "age"
doc = "The age."
draw = "normal"
mean = 40
stddev = 9
nulls = { share = 0.5, given = { plan = { paid = 0 } } }

[[column]]
name = "income"
doc = "The income."
draw = "log_normal"
mu = 10
sigma = 0.5
feature = { kind = "log", low = 1, high = 1e6 }

[[column]]
name = "came"
doc = "The hour."
draw = "time"
feature = { kind = "cycle", of = "hour" }

[[column]]
name = "visits"
doc = "Visits."
draw = "uniform_integer"
low = 0
high = 9
feature = false

[[archetype]]
name = "loyal"
title = "Loyal"
share = 1

[[correlation]]
columns = ["age", "income"]
spearman = [[1, 0.6], [0.6, 1]]

[[table]]
name = "orders"
doc = "Orders."
key = "customer_id"
order = "at"

[table.fan_out]
draw = "uniform_integer"
low = 0
high = 4
most = 20

[table.fan_out.factors]
"parent.plan" = { paid = 3 }

[table.fan_out.archetypes]
loyal = 2

[table.odds.loyal]
kind = { gift = 5 }

[[table.column]]
name = "kind"
doc = "The kind."
draw = "choice"
odds = { own = 4, gift = 1 }

[table.column.given."parent.plan"]
paid = { gift = 2 }

[[table.column]]
name = "at"
doc = "When."
draw = "timestamp"
start = 2024-01-01
end = 2024-12-31
"""


def read(folder: Path, old: str = "", new: str = "") -> Path:
    assert old in SHOP
    (folder / "schema.toml").write_text(SHOP.replace(old, new, 1), encoding="utf-8")
    return folder


def test_every_part_of_the_file_is_in_the_schema(tmp_path: Path) -> None:
    bundle = read_bundle(read(tmp_path))
    schema = bundle.schema
    assert (bundle.view.language, bundle.view.row) == ("de-DE", "customer")
    assert schema.column("age").nulls.given == {"plan": {"paid": 0.0}}
    assert schema.column("plan").nulls is None
    assert schema.column("income").feature == Logged(1, 1e6)
    assert schema.column("came").feature == Cyclic("hour")
    assert schema.column("visits").feature is None
    assert schema.correlations[0].spearman == ((1, 0.6), (0.6, 1))
    (orders,) = schema.tables
    assert (orders.key, orders.order, orders.fan_out.most) == ("customer_id", "at", 20)
    assert orders.fan_out.archetypes == (("loyal", 2.0),)
    assert orders.fan_out.given[0].factors == ((1.0,), (3.0,))
    assert orders.odds == (("loyal", (("kind", (1.0, 5.0)),)),)
    assert orders.columns[0].given == ("parent.plan",)
    assert {column.feature for column in orders.columns} == {None}
    assert bundle.of(bundle.text) == bundle
    drawn = generate(schema, 1, "en_US", 0.8, 0, 2_000).profiles
    ages = drawn.column("age")
    paid = pa.compute.equal(drawn.column("plan").cast("string"), "paid")
    assert ages.filter(paid).null_count == 0 and 500 < ages.null_count < 1_100


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"parent.plan" = { paid', '"parent.plans" = { paid', "62: table orders, fan_out.factors: unknown column"),
        ('loyal = 2', 'loyl = 2', "65: table orders, fan_out.archetypes: unknown archetype 'loyl'; did you mean"),
        ("high = 4\nmost = 20", "high = 4\nmost = 0", "59: table orders, fan_out: most=0 must be at least 1"),
        ("high = 4", 'high = "4"', "58: table orders, fan_out: high='4' must be a whole number"),
        ("high = 4", "heigh = 4", "58: table orders, fan_out: unknown key 'heigh'; did you mean 'high'?"),
        ("gift = 5", "gifts = 5", "68: table orders, odds.loyal.kind: unknown value 'gifts'; did you mean 'gift'?"),
        ('order = "at"', 'order = "when"', "53: table orders: unknown column 'when'"),
        ("gift = 2", "gifts = 2", "77: table orders, column kind, draw choice, given.parent.plan.paid: unknown value"),
        ('doc = "When."', 'doc = "When."\nfeature = false', "82: table orders, column at: feature belongs"),
        ('["age", "income"]', '["age", "incom"]', "46: [[correlation]] 1: unknown column 'incom'; did you mean"),
        ('["age", "income"]', '["age", "plan"]', ": plan cannot be correlated"),
        ("0.6, 1]]", "0.6, 2]]", "47: [[correlation]] 1, spearman.1: spearman=2 must be at most 1"),
        ("0.6], [0.6", "0.6], [0.7", "[[correlation]] 1: "),
        ('kind = "log", low = 1', 'kind = "log", lower = 1', "24: column income, feature: "),
        ('kind = "cycle", of = "hour"', 'kind = "one_hot"', ": column came: came is a time"),
    ],
)  # fmt: skip
def test_a_mistake_in_them_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_schema(read(tmp_path, old, new))
    assert told in str(caught.value)


def test_values_of_a_parquet_file_are_those_of_the_same_csv(tmp_path: Path) -> None:
    column = '[[column]]\nname = "city"\ndoc = "C."\ndraw = "choice"\nfile = "cities.{}"\n'
    rows = pa.table({"city": ["Porto", "Faro"], "weight": [2.5, 1.0]})
    pyarrow.parquet.write_table(rows, tmp_path / "cities.parquet")
    (tmp_path / "cities.csv").write_text("city,weight\nPorto,2.5\nFaro,1\n")
    (tmp_path / "cities.txt.parquet").write_text("no Parquet")
    found = []
    for kind in ("csv", "parquet"):
        (tmp_path / "schema.toml").write_text(column.format(kind))
        found.append(read_schema(tmp_path))
    assert found[0] == found[1]
    (tmp_path / "schema.toml").write_text(column.format("txt.parquet"))
    with pytest.raises(
        SpecError, match=r"schema\.toml:5: column city, draw choice: cities\.txt\.parquet is no Parq"
    ):
        read_schema(tmp_path)
