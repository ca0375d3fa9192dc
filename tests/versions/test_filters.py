"""Conditions on columns of every kind, asked of a real table."""

import re
import unicodedata

import pyarrow as pa
import pytest

from synthprof.base.errors import SpecError
from synthprof.schemas.loader import collection_schema, load_schema
from synthprof.schemas.schema import Schema
from synthprof.sources.carried import array_of, carried
from synthprof.spec.contents import PERFIS, part_path
from synthprof.spec.request import Request
from synthprof.stages.ingest import TABLE, table_statement
from synthprof.store.columnar.table import write_table
from synthprof.store.sqlite.database import filling
from synthprof.store.tables import Tables, tables_of
from synthprof.versions.filters import parse_conditions, where

COLUMNS = {
    "b": ("bool", [True, False, None]),
    "i": ("integer", [1, 1_000, None]),
    "u": ("unsigned", [9, 2**64 - 1, None]),
    "f": ("float", [-1.5, float("inf"), float("nan")]),
    "d": ("decimal(2)", ["-10.05", "9.10", None]),
    "day": ("date", ["1969-12-31", "2024-03-01", None]),
    "t": ("time(3)", ["01:02:03", "13:45:00.5", None]),
    "ts": ("timestamp(0)", ["2024-01-02", "2024-01-02T10:00:00", None]),
    "tz": ("timestamptz(9)", ["2024-01-02T00:00:00Z", "2024-01-02T00:00:00-03:00", None]),
    "dur": ("duration", ["-5", "90", None]),
    "tags": ("list", ['["a", "b"]', '["a, b", "[c"]', None]),
    "nums": ("list(decimal(1))", ["[1, 2.5]", "[]", None]),
    "st": ("struct", ['{"k": 1}', "[]", None]),
    "bin": ("binary", ["00ff", "", None]),
    "txt": ("text", ["null", 'O\'Brien "x"', None]),
    'order "by", =5:x': ("integer", [5, -5, None]),
    " select ": ("text", ["a", "b", None]),
    "tempo in dias": ("integer", [3, 4, None]),
    "cafe\u0301": ("integer", [3, 4, None]),
}
"""Name, kind and three values of each column; the third row has none."""

FOUND = {
    "b=true": [1],
    "b = Sim": [1],
    "b=0": [2],
    "b!=true": [2, 3],
    "b=null": [3],
    "b!=NULL": [1, 2],
    "b in true,null": [1, 3],
    "i>=1e3": [2],
    "i<+7": [1],
    "i=1.0": [1],
    "i in (1, ٧, null)": [1, 3],
    "i!=1": [2, 3],
    "i = 0x1": [1],
    "i>=-0": [1, 2],
    "u>9": [2],
    "u>=9": [1, 2],
    "u=18446744073709551615": [2],
    "u<1e19": [1],
    "u<10": [1],
    "u!=9": [2, 3],
    "u<=-1": [],
    "f>=-1,5": [1, 2],
    "f<0": [1],
    "f=inf": [2],
    "f=null": [3],
    "f=-1.500": [1],
    "f>1e308": [2],
    "f<=-Infinity": [],
    "d=9.1": [2],
    "d = 9,10": [2],
    "d>9.09": [2],
    "d>=9.100": [2],
    "d>9.1": [],
    "d<9.105": [1, 2],
    "d<0": [1],
    "d>=-10.05": [1, 2],
    "d>-10.05": [2],
    "d>-10.051": [1, 2],
    "d<-9": [1],
    "d<=-10.05": [1],
    "d>-100": [1, 2],
    "d<100": [1, 2],
    "d>-0": [2],
    "d in 9.1, -10.050": [1, 2],
    "d!=9.1": [1, 3],
    "day<=2024-03-01": [1, 2],
    "day>1970-01-01": [2],
    "day=1969-12-31": [1],
    "day!=1969-12-31": [2, 3],
    "t>=13:45": [2],
    "t<01:02:03.001": [1],
    "t=13:45:00.500": [2],
    "ts=2024-01-02": [1],
    "ts>2024-01-02": [2],
    "ts<=2024-01-02 10:00": [1, 2],
    "tz>=2024-01-02": [1, 2],
    "tz=2024-01-02T03:00:00": [2],
    "tz=2024-01-02T00:00:00-03:00": [2],
    "tz<2024-01-02T01:00Z": [1],
    "dur>0": [2],
    "dur=0:01:30": [2],
    "dur<=-5": [1],
    "dur=90.0": [2],
    "tags=a": [1],
    "tags=b": [1],
    "tags=a, b": [2],
    "tags=[c": [2],
    "tags!=a": [2, 3],
    'tags in b, "a, b"': [1, 2],
    "tags=null": [3],
    "nums=1": [1],
    "nums=2,5": [1],
    "nums!=1": [2, 3],
    'st={ "k" : 1 }': [1],
    "st=[]": [2],
    "st!=[]": [1, 3],
    "bin=0x00FF": [1],
    "bin=": [2],
    "bin in 00ff": [1],
    'txt="null"': [1],
    "txt='null'": [1],
    "txt=null": [3],
    'txt=O\'Brien "x"': [2],
    "txt='O''Brien \"x\"'": [2],
    "txt!=x": [1, 2, 3],
    '"order ""by"", =5:x"=5': [1],
    '"order ""by"", =5:x" in -5, 7': [2],
    '" select "=a': [1],
    '"tempo in dias">3': [2],
    "caf\u00e9>3": [2],
    "chave=k1": [1],
    "chave in k1,k3": [1, 3],
}
"""Conditions, and the ids of the rows that meet them."""

REFUSED = {
    "i>=1.000": "i='1.000' could mean 1 or 1000; write 1000 or 1",
    "i=1.5": "i='1.5' is not a whole number",
    "i=": "i='' is empty; write a whole number from",
    "i>null": "null has no order; use = or !=",
    "f=1,125": "f='1,125' could mean 1.125 or 1125",
    "f>nan": "f='nan' is not a finite number",
    "b=maybe": "b='maybe' is neither true nor false; write true or false",
    "b>=true": "b is bool, which has no order; use =, != or in",
    "tags<a": "tags is list, which has no order",
    "day>=02/01/2024": "'02/01/2024' is no date as in 2024-01-31; correct it",
    "day=2023-02-29": "is no day of the calendar",
    "ts>2024-01-02T10:00Z": "is a time with a zone, which timestamptz keeps",
    "ts>2024-01-02T10:00:00.5": "more than 0 digits of a second",
    "bin=xyz": "'xyz' is no bytes as pairs of hexadecimal digits",
    "st={k": "is no JSON",
    "nums=x": "nums='x' is not a number",
    "i in ": "'i in ' names no value; write some, as in colour in red, blue",
    "i": "is not a condition; write a column, one of = != < <= > >= in and",
    "f>1e400": "f='1e400' is far too large",
    "i in ()": "names no value; write some, as in colour in red, blue",
    "tempo in dias>3": "unknown column 'tempo'",
    "=5": "is not a condition",
}


@pytest.fixture(scope="module")
def schema() -> Schema:
    quoted = {name.replace('"', '""'): kind for name, (kind, _) in COLUMNS.items()}
    return collection_schema(",".join(f'"{name}":{kind}' for name, kind in quoted.items()))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, schema: Schema) -> dict[str, Tables]:
    """The rows in a database and in a part."""
    arrays = {
        "id": pa.array([1, 2, 3]),
        "chave": pa.array(["k1", "k2", "k3"]),
        "descricao": pa.array(["x"] * 3),
    }
    arrays |= {name: carried(name, kind, array_of(values)) for name, (kind, values) in COLUMNS.items()}
    rows = pa.RecordBatch.from_pydict(arrays)
    folder = tmp_path_factory.mktemp("filters")
    with filling(folder / PERFIS) as database:
        database.execute(table_statement(schema))
        database.load(TABLE, rows.schema, [rows])
    (folder / "perfis").mkdir()
    write_table(folder / part_path("perfis", 0), schema, [rows])
    spec = Request.from_params({"dataset": "d", "profiles": 3}).spec
    return {
        store: tables_of(folder, spec.model_copy(update={"store": store})) for store in ("sqlite", "parquet")
    }


@pytest.mark.parametrize("store", ["sqlite", "parquet"])
@pytest.mark.parametrize(("condition", "ids"), FOUND.items())
def test_a_condition_finds_the_rows_that_meet_it(
    stores: dict[str, Tables], schema: Schema, condition: str, ids: list[int], store: str
) -> None:
    tables = stores[store]
    assert tables.ids(where(parse_conditions(schema, [condition]), tables.dialect)).tolist() == ids


@pytest.mark.parametrize(("condition", "message"), REFUSED.items())
def test_a_condition_in_doubt_is_refused_with_the_remedy(
    schema: Schema, condition: str, message: str
) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        parse_conditions(schema, [condition])


def test_columns_that_are_drawn_take_the_same_grammar() -> None:
    gamers = load_schema("gamer_br")
    found = parse_conditions(gamers, ["usa_microfone=sim", "estado in sp, 'rj'", "idade>=1e1", "nome!=null"])
    assert [each.value for each in found] == [1, ("SP", "RJ"), 10, None]
    with pytest.raises(SpecError, match=r"idade='1.000' could mean 1 or 1000; write 1000 or 1"):
        parse_conditions(gamers, ["idade>=1.000"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("estado", "is not a condition"),
        ("estado=SP" + " " * 200, "is not a condition"),
        ("estado~SP", "is not a condition"),
        ("", "is not a condition"),
        ("id=1", "unknown column 'id'"),
        ("x=1 OR 1=1", "unknown column 'x'"),
        ('estado"=SP', "unknown column"),
        ("estado=XX", "is not a value of estado; some values: SP"),
        ("jogos_favoritos=Valorantt", "similar values: Valorant"),
        ("estado>SP", "text, which has no order"),
        ("idade>=trinta", "not a whole number"),
        ("idade>=1;DROP TABLE perfis", "not a whole number"),
        ("idade>=9999999999999999999", "not a whole number"),
    ],
)
def test_bad_conditions_are_refused_with_the_remedy(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        parse_conditions(load_schema("gamer_br"), [text])


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_value_is_known_in_every_form_of_unicode_and_case(form: str) -> None:
    text = unicodedata.normalize(form, "cidade=SÃO PAULO")
    (condition,) = parse_conditions(load_schema("gamer_br"), [text])
    assert condition.value == "São Paulo"


def test_conditions_are_bounded() -> None:
    with pytest.raises(SpecError, match="21 conditions are more than 20"):
        parse_conditions(load_schema("gamer_br"), ["idade>1"] * 21)
