"""Uses of a schema's columns in embeddings and views, and what they must not do to version names."""

from pathlib import Path

import pytest

from synthprof.base.errors import SpecError
from synthprof.schemas.loader import load_bundle
from synthprof.schemas.reading import read_bundle


def test_numbers_of_the_encoding_stay() -> None:
    # Their digest is part of the key of `vectorize`: other numbers give versions other names, though no
    # profile differs. Whoever changes them says so under "Output changes", then changes this value.
    assert load_bundle("gamer_br").encoding_digest == "da9b42f536e18ff8928cce595f9d88a4"


def test_every_weight_and_place_is_of_a_column() -> None:
    bundle = load_bundle("gamer_br")
    columns, encoding, view = bundle.schema.by_name, bundle.encoding, bundle.view
    assert set(columns) - set(encoding.weights) == {"nome", "descricao"}
    assert set(encoding.anchors) == {name for name, column in columns.items() if column.kind == "integer"}
    assert set(view.head) <= set(columns)


def test_the_map_shows_the_columns_that_its_lines_name() -> None:
    view = load_bundle("gamer_br").view
    row = {name: name.upper() for name in view.map_columns}
    assert view.map_text(row) == "NOME, IDADE\nJOGOS_FAVORITOS\nOBJETIVO_PRINCIPAL"


USES = """
[search]
conditions = ["planet"]

[encoding]
anchors = { size = [1, 1] }
items = { column = "plan", file = "plans.csv", values = "name", attribute = [LEVEL] }
scale = [{ column = "siz", factor = 1, limit = 2 }]

[view]
name = "plon"
lists = ["plans"]
line = [{ columns = ["siz"] }]
map = ["{plan} {sise}", "{plan"]

[words]
years = ["{} year", "{} years"]
numbers = { siz = ["for {}"] }
weights = { levl = 1 }
item_shares = { plam = 1 }
synonyms = { file = "synonyms.csv" }
""".replace("LEVEL", '{ name = "level", values = "lev", share = 1 }')


def test_each_unknown_column_of_the_uses_is_told_with_its_line(tmp_path: Path) -> None:
    columns = """\
[[column]]
name = "plan"
doc = "The plan."
draw = "choice"
odds = { free = 1, paid = 1 }

[[column]]
name = "size"
doc = "The size."
draw = "uniform_integer"
low = 1
high = 9
"""
    (tmp_path / "schema.toml").write_text(columns + USES)
    (tmp_path / "plans.csv").write_text("name,level\nfree,low\npaid,high\n")
    (tmp_path / "synonyms.csv").write_text("phrase,meaning\ngratis,plan=free\ncheap,plans=free\nlow,free\n")
    with pytest.raises(SpecError) as caught:
        read_bundle(tmp_path)
    told = [line.replace(f"{tmp_path}/schema.toml:", "") for line in str(caught.value).splitlines()[1:]]
    assert [line.partition("; ")[0] for line in told] == [
        "15: [search], conditions: unknown column 'planet'",
        "18: [encoding], anchors: size must ascend",
        "19: [encoding], items.attribute.0: values='lev' is no column of the file",
        "20: [encoding], scale.0: unknown column 'siz'",
        "23: [view]: unknown column 'plon'",
        "24: [view], lists: unknown column 'plans'",
        "25: [view], line.0: unknown column 'siz'",
        "26: [view], map: '{plan': expected '}' before end of string",
        "26: [view], map: unknown column 'sise'",
        "30: [words], numbers: unknown column 'siz'",
        "31: [words], weights: unknown column 'levl'",
        "32: [words], item_shares: unknown column 'plam'",
        "33: [words], synonyms: synonyms.csv:3: 'plans=free': unknown column 'plans'",
        "33: [words], synonyms: synonyms.csv:4: 'free' is no column=value",
        "33: [words], synonyms: synonyms.csv:4: 'free': unknown column 'free'",
    ]


def test_a_column_without_a_weight_has_that_of_its_kind_and_one_of_0_none(tmp_path: Path) -> None:
    column = '[[column]]\nname = "{}"\ndoc = "X."\ndraw = "chance"\nshare = 0.5\n'
    text = "".join(map(column.format, "abc")) + "weight = 0\n"
    (tmp_path / "schema.toml").write_text(text.replace('"b"', '"b"\nweight = 0.7'))
    assert dict(read_bundle(tmp_path).encoding.weights) == {"a": 0.2, "b": 0.7}
