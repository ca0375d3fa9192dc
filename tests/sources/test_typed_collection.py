"""A collection whose columns are of every kind, from its source to tables, cards, JSON and CSV."""

import csv
import datetime
import io
import json
import math
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from explorers import alone, answer
from notes import make

from synthprof.cli.search import as_csv, documents
from synthprof.report.words import card_of
from synthprof.sources.source import Source
from synthprof.sources.survey import survey
from synthprof.stages.summary import Facts, summary
from synthprof.versions.verify import verify
from synthprof.versions.version import Version

ROWS = 12
NAME = 'peso "kg", ok'
ZONE = "America/Sao_Paulo"
TYPES: dict[str, pa.DataType] = {
    NAME: pa.float64(),
    "b": pa.bool_(),
    "bin": pa.binary(),
    "d": pa.date32(),
    "dec": pa.decimal128(12, 2),
    "meta": pa.struct({"k": pa.int64()}),
    "tags": pa.list_(pa.string()),
    "ts": pa.timestamp("ns", ZONE),
    "u": pa.uint64(),
}


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    place = tmp_path_factory.mktemp("typed")
    first = datetime.datetime(2024, 1, 1, 22, tzinfo=datetime.UTC)
    values = {
        NAME: [math.nan, -0.0, math.inf, *(each + 0.5 for each in range(3, ROWS))],
        "b": [each % 2 == 0 for each in range(ROWS)],
        "bin": [bytes([each]) for each in range(ROWS)],
        "d": [datetime.date(2024, 1, 1) + datetime.timedelta(each) for each in range(ROWS)],
        "dec": [Decimal(each).scaleb(-1) - 1 for each in range(ROWS)],
        "meta": [{"k": each} for each in range(ROWS)],
        "tags": [["a", "b, c"], ["a"], None, *[["x", "y"]] * (ROWS - 3)],
        "ts": [first + datetime.timedelta(hours=each) for each in range(ROWS)],
        "u": [2**64 - 1 - each for each in range(ROWS)],
    }
    texts = {"key": [f"k{each}" for each in range(ROWS)], "body": [f"texto {each}" for each in range(ROWS)]}
    table = pa.table(texts | {name: pa.array(values[name], type_) for name, type_ in TYPES.items()})
    pq.write_table(table, place / "typed.parquet")
    columns = ",".join(['"peso ""kg"", ok"', *(name for name in TYPES if name != NAME)])
    few = {"encoder": "hashed", "dim_embedding": 8, "clusters": 1, "index": "flat"}
    return make(place / "data", place / "typed.parquet", columns=columns, **few)


def test_tables_have_the_types_of_the_source_and_its_values(version: Version) -> None:
    assert verify(version, None, lambda *_: None).sound
    found = version.table(columns=list(TYPES))
    wanted = TYPES | {
        "dec": pa.decimal128(38, 2), "meta": pa.string(), "ts": pa.timestamp("ns", "UTC")
    }  # fmt: skip
    assert dict(zip(found.column_names, found.schema.types, strict=True)) == wanted
    assert found.column("u")[0].as_py() == 2**64 - 1
    assert found.column("tags").to_pylist()[:3] == [["a", "b, c"], ["a"], None]
    assert found.column(NAME).to_pylist()[:3] == [None, 0.0, math.inf]
    frame = version.to_pandas(columns=["b", "u", "ts", NAME])
    assert list(map(str, frame.dtypes)) == ["bool", "uint64", "datetime64[ns, UTC]", "float64"]
    nothing = version.table(where="b=null", columns=list(TYPES))
    assert (nothing.num_rows, nothing.schema) == (0, found.schema)
    hits = version.similar("k1", k=3, where=["b=true", "d>=2024-01-03", "tags=x"])
    assert len(hits) == 3
    assert all(hits.table().schema.field(name).type == type_ for name, type_ in wanted.items())
    assert (
        hits.table().column("ts")[0]
        == version.table(where=f"chave={hits[0].profile['chave']}").column("ts")[0]
    )


def test_rows_are_shown_as_people_and_as_programs_read_them(version: Version) -> None:
    row = version.profile(1)
    assert {name: row[name] for name in TYPES} == {
        NAME: None, "b": True, "bin": "00", "d": "2024-01-01", "dec": Decimal("-1.00"), "meta": {"k": 0},
        "tags": ["a", "b, c"], "ts": "2024-01-01T22:00:00Z", "u": 2**64 - 1,
    }  # fmt: skip
    card = dict(card_of(summary(version.manifest, Facts.of(version.manifest, version.folder)))["fields"])
    assert (card["b"], card["d"], card["tags"], card["meta"]) == ("true", "2024-01-01", "a, b, c", '{"k":0}')
    hits = version.similar("k1", k=ROWS, exact=True)
    by_id = {each["id"]: each["profile"] for each in json.loads(json.dumps(documents(hits), allow_nan=False))}
    assert (by_id[3][NAME], by_id[1]["dec"], by_id[1]["b"]) == ("inf", "-1.00", True)
    cells = {each["id"]: each for each in csv.DictReader(io.StringIO(as_csv(hits)))}
    assert (cells["1"]["dec"], cells["1"]["b"], cells["3"]["tags"], cells["3"][NAME]) == (
        "-1.00",
        "true",
        "",
        "inf",
    )
    with alone(version.folder.parents[2]) as client:
        at = "/api/datasets/notes/versions/current"
        where = ["b=sim", "dec<=-0,80", '"peso ""kg"", ok"=null', "ts<2024-01-02"]
        found = answer(client, f"{at}/similar/4", params={"where": where, "k": " 5 ", "exact": "sim"})[
            "results"
        ]
        assert [each["profile"]["chave"] for each in found] == ["k0"]
        assert found[0]["profile"]["u"] == str(2**64 - 1)
        kinds = {each["name"]: each["kind"] for each in answer(client, at)["columns"]}
        assert (kinds["ts"], kinds["dec"], kinds["tags"]) == ("timestamptz", "decimal", "list")
        for name, value, told in (
            ("k", "1.000", "could mean 1 or 1000; write 1000 or 1"),
            ("where", "b=maybe", "b='maybe' is neither true nor false"),
            ("exact", "maybe", "exact='maybe' is neither true nor false"),
        ):
            refused = client.get(f"{at}/similar/1", params={name: value})
            assert (refused.status_code, told in refused.text) == (422, True), refused.text


def test_columns_of_sqlite_have_the_kinds_of_their_values_and_declarations(tmp_path: Path) -> None:
    path = tmp_path / "typed.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE t (key TEXT, body TEXT, b BOOLEAN, n BOOLEAN, i, f REAL, m, d DATE, ts TIMESTAMP, "
            "w DATETIME, bin BLOB, mixed, empty, day TEXT)"
        )
        day, night = "2024-01-02", "2024-01-02T10:00"
        rows = (
            ("1", "x", True, 2, 1, 1.5, 1, day, "2024-01-02 10:00:00", f"{night}Z", b"\x01", 1, None, day),
            ("2", "y", None, 0, None, 2, 2.5, None, day, f"{night}:00.5-03:00", b"", "a", None, None),
        )
        database.executemany(f"INSERT INTO t VALUES ({','.join('?' * 14)})", rows)
    found = survey(Source(path, "", "key", "body", "b,n,i,f,m,d,ts,w,bin,mixed,empty,day"))
    assert found.columns == (
        "b:bool,bin:binary,d:date,day:text,empty:integer,f:float,i:integer,m:float,mixed:text,n:integer,"
        "ts:timestamp(0),w:timestamptz(3)"
    )
