"""Schemas learned from tables: near, private, the same each time, and refusals in words."""

import csv
import math
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from planted import as_csv, as_parquet, people

from synthprof.base.errors import SpecError
from synthprof.sources.learning.learn import Learned, learn
from synthprof.sources.learning.writing import files_of
from synthprof.sources.whole import table_of
from synthprof.stages.learn import FromTable, SchemaFrom, drawn_rows, schema_from
from synthprof.stages.learn_account import document, sentences

PEOPLE = people()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SchemaFrom:
    home = tmp_path_factory.mktemp("learned")
    return schema_from(FromTable(str(as_csv(PEOPLE.table, home / "people.csv")), home / "people"))


def learned_from(tmp_path: Path, columns: dict[str, Any], min_count: int = 20) -> Learned:
    return learn(table_of(str(as_parquet(pa.table(columns), tmp_path / "table.parquet"))), min_count)


def written(found: SchemaFrom) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(found.file.parent.iterdir())}


def test_nothing_rare_stands_in_any_byte_of_the_folder(made: SchemaFrom) -> None:
    files = written(made)
    assert len(files) == 7
    for name, text in files.items():
        assert not [secret for secret in PEOPLE.secrets if len(secret) > 3 and secret in text], name
        cells = [
            cell for row in csv.DictReader(text.splitlines()) for cell in (row.get("low"), row.get("high"))
        ]
        assert not {"119", "121"} & set(cells), name
    numbers = {float(each) for name in ("salary.csv",) for each in re.findall(r"[\d.]+", files[name])}
    assert not numbers & set(PEOPLE.table["salary"].to_pylist()) - set(map(float, range(100_000)))


def test_extremes_of_single_rows_are_cut(made: SchemaFrom) -> None:
    spans = {coded.name: coded.spans for coded in made.learned.coded if coded.spans}
    assert max(span.high for span in spans["age"]) < 90
    assert max(span.high for span in spans["salary"]) < 100 * 1_000_000
    grids = {coded.name: coded.grid for coded in made.learned.coded}
    assert "1935" < grids["born"].text(spans["born"][0].low) < "1965"
    assert "2000" < grids["born"].text(spans["born"][-1].high) < "2024"


def test_every_cell_and_every_count_that_is_used_is_of_many_rows(made: SchemaFrom) -> None:
    for coded in made.learned.coded:
        assert coded.counts.min() >= 20, coded.name
    for name, text in written(made).items():
        if name.endswith(".csv"):
            rows = [row for row in csv.DictReader(text.splitlines()) if row["low"]]
            assert all(float(row["weight"]) >= 20 for row in rows), name


def test_columns_are_told_apart(made: SchemaFrom) -> None:
    columns = {each["name"]: each for each in tomllib.loads(written(made)["schema.toml"])["column"]}
    assert "notes" not in columns
    assert columns["number"]["draw"] == "sequence"
    assert columns["name"] == {
        "name": "name",
        "doc": columns["name"]["doc"],
        "draw": "sequence",
        "prefix": "name-",
    }
    types = {name: each["type"] for name, each in columns.items() if each["draw"] == "tabulated"}
    assert types == {
        "sex": "text", "age": "integer", "salary": "float",
        "city": "text", "born": "date", "subscribed": "bool",
    }  # fmt: skip
    told = " ".join(sentences(made))
    assert "'notes' is not learned: it is free text" in told


def test_the_tree_finds_what_follows_from_what(made: SchemaFrom) -> None:
    learned = made.learned
    pairs = {
        frozenset((learned.coded[edge.parent].name, learned.coded[edge.column].name))
        for edge in learned.edges.values()
    }
    assert pairs == {
        frozenset(each)
        for each in (("sex", "age"), ("age", "born"), ("age", "salary"), ("city", "subscribed"))
    } or pairs == {
        frozenset(each)
        for each in (("sex", "born"), ("age", "born"), ("age", "salary"), ("city", "subscribed"))
    }


def test_what_is_drawn_is_near_the_table(made: SchemaFrom) -> None:
    near = made.learned.nearness
    assert near.one_way <= 0.01
    assert near.two_way <= 0.05
    drawn = drawn_rows(made.learned, 40_000)
    real = PEOPLE.table
    for name in ("age", "salary"):
        ends = np.quantile(real[name].to_numpy(), (0.05, 0.25, 0.5, 0.75, 0.95))
        below, wanted = (
            np.searchsorted(np.sort(table[name].to_numpy()), ends) / len(table) for table in (drawn, real)
        )
        assert below == pytest.approx(wanted, abs=0.02), name
    flags, cities = drawn["subscribed"].to_pylist(), drawn["city"].to_pylist()
    faro = [flag for flag, city in zip(flags, cities, strict=True) if city == "Faro"]
    others = [flag for flag, city in zip(flags, cities, strict=True) if city != "Faro"]
    assert faro.count(None) / len(faro) == pytest.approx(0.5, abs=0.05)
    assert others.count(None) / len(others) == pytest.approx(0.05, abs=0.02)
    sexes = drawn["sex"].to_pylist()
    ages = drawn["age"].to_numpy()
    women = np.array([sex == "F" for sex in sexes])
    assert ages[women].mean() - ages[~women].mean() == pytest.approx(15, abs=1)


def test_the_same_file_gives_the_same_bytes(made: SchemaFrom, tmp_path: Path) -> None:
    again = schema_from(FromTable(str(as_csv(PEOPLE.table, tmp_path / "people.csv")), tmp_path / "people"))
    assert written(again) == written(made)


def test_the_document_names_all_figures(made: SchemaFrom) -> None:
    found = document(made)
    assert found["rows"] == 3_000
    assert found["one_way_error"] <= 0.01
    assert {each["name"]: each["learned_as"] for each in found["columns"]}["notes"] is None
    assert found["columns"][8]["learned_nulls"] == pytest.approx(found["columns"][8]["nulls"])


@pytest.mark.parametrize(("rows", "kept"), [(500, (498, 492)), (60, (57.5, 52.5))])
@pytest.mark.parametrize(("rare", "others", "told"), [(0, 1, 2.5), (0, 2, 2.5), (0, 4, 2.5), (5, 9, 7.5)])
def test_rare_pairs_are_told_no_otherwise_than_pairs_that_fewer_rows_have(
    tmp_path: Path, rows: int, kept: tuple[float, float], rare: int, others: int, told: float
) -> None:
    files = []
    for count in (rare, others):
        pairs = [("a", "x"), ("b", "y")] * (rows - count) + [("a", "y"), ("b", "x")] * count
        found = learned_from(tmp_path, {"one": [one for one, _ in pairs], "two": [two for _, two in pairs]})
        assert found.edges
        files.append(files_of(found, "pairs"))
    assert files[0] == files[1]
    assert f",{kept[rare > 0]:g},{told:g}\n" in "".join(files[0].values())


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"a": list(range(10))}, "has 10 rows, fewer than min_count=20"),
        ({"a": pa.nulls(50, pa.int64())}, "no column that can be learned.*it has no values"),
        ({"a": [[1]] * 50}, "columns of the type list are not learned"),
        ({"a": [f"{n} and many other words that nobody says twice {n}" for n in range(50)]}, "free text"),
        ({"a": [1e300] + [1.55555555] * 30}, "too large or too small"),
        ({"a": pa.array([2**63] * 40, pa.uint64())}, "beyond 62 bits"),
        ({"a": [f"v{n // 3}" for n in range(90)]}, "too many different values"),
    ],
)
def test_a_table_of_which_nothing_can_be_told_is_refused_in_words(
    tmp_path: Path, columns: dict[str, Any], words: str
) -> None:
    path = as_parquet(pa.table(columns), tmp_path / "table.parquet")
    with pytest.raises(SpecError, match=words):
        schema_from(FromTable(str(path), tmp_path / "schema"))
    assert not (tmp_path / "schema").exists()


def test_refusals_name_the_remedy(tmp_path: Path) -> None:
    path = as_csv(pa.table({"a": [1] * 40}), tmp_path / "table.csv")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for asked, words in (
        (FromTable(str(path), tmp_path / "full"), "is not empty; name a new one"),
        (FromTable(str(path), tmp_path / "new", min_count=1), "min_count=1 would tell values of single rows"),
        (FromTable(str(tmp_path / "none.csv"), tmp_path / "new"), "none.csv"),
        (FromTable(str(tmp_path), tmp_path / "new"), "no folder of parts of one table"),
    ):
        with pytest.raises(SpecError, match=words):
            schema_from(asked)
    (tmp_path / "empty.csv").touch()
    with pytest.raises(SpecError, match="has no rows"):
        schema_from(FromTable(str(tmp_path / "empty.csv"), tmp_path / "new"))


def test_odd_tables_are_learned(tmp_path: Path) -> None:
    text = "a,a,2nd,ürsprung,zip,when,huge,mixed,empty\n" + "".join(
        f"{n % 3},{n % 2},x,{'ja' if n % 4 else ''},0{n % 5}123,1850-01-{1 + n % 28:02d},{10**17 * (n % 3)},"
        f"{'word' if n % 2 else 7},\n"
        for n in range(300)
    )
    (tmp_path / "odd.csv").write_text(text)
    found = schema_from(FromTable(str(tmp_path / "odd.csv"), tmp_path / "odd"))
    columns = {each["name"]: each for each in tomllib.loads(found.file.read_text())["column"]}
    assert list(columns) == ["a", "a_2", "c_2nd", "ürsprung", "zip", "when", "huge", "mixed"]
    assert columns["c_2nd"]["doc"].startswith("Learned of `2nd`")
    assert columns["zip"]["type"] == "text"
    assert columns["when"]["type"] == "date"
    drawn = drawn_rows(found.learned, 2_000)
    assert set(drawn["huge"].to_pylist()) == {0, 10**17, 2 * 10**17}
    assert all("1849-12-20" < value < "1850-02-10" for value in drawn["when"].to_pylist())
    assert set(drawn["mixed"].to_pylist()) == {"word", "7"}
    assert drawn["ürsprung"].null_count / 2_000 == pytest.approx(0.25, abs=0.03)


def test_wide_tables_are_learned(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    base = random.normal(size=400)
    columns = {f"c{n}": (base + random.normal(size=400) * (n % 7)).round() for n in range(1_000)}
    found = learned_from(tmp_path, columns, min_count=50)
    assert len(found.coded) == 1_000
    assert len(found.edges) > 900
    assert found.nearness.one_way <= 0.01


def test_the_distance_of_a_long_tail_is_small(tmp_path: Path) -> None:
    values = np.exp(np.random.default_rng(2).normal(10, 1, 200_000))  # more than the sketch keeps as they are
    found = learned_from(tmp_path, {"income": values})
    (near,) = found.nearness.columns
    assert near.distance is not None
    assert near.distance < 0.01
    assert math.isclose(found.coded[0].counts.sum(), 200_000)
