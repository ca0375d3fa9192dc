# ruff: noqa: E501  a case is a line
"""Broken schemas: each mistake is told with file, line, value, rule and remedy, and never as a traceback."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from synthprof.base.errors import SpecError
from synthprof.schemas import files
from synthprof.schemas.reading import read_schema

GOOD = """\
title = "A shop"
order = ["age"]

[[column]]
name = "plan"
doc = "The plan."
draw = "choice"
odds = { free = 8, paid = 2 }

[[column]]
name = "age"
doc = "The age."
draw = "uniform_integer"
low = 18
high = 99
nulls = 0.02

[[column]]
name = "city"
doc = "The city."
draw = "choice"
file = "cities.csv"
weights = "people"

[column.given.plan]
paid = { Porto = 2 }

[[archetype]]
name = "loyal"
title = "Loyal"
share = 1
odds.plan = { paid = 3 }

[[archetype]]
name = "new"
title = "New"
share = 2

[search]
conditions = ["city"]
"""
CITIES = "# The cities.\ncity,people,region\nPorto,200,north\nFaro,60,south\nBraga,190,north\n"


def written(folder: Path, text: str | bytes, cities: str | bytes | None = CITIES) -> Path:
    """A schema's folder `shop` with these files."""
    (folder / "shop").mkdir()
    for name, content in (("schema.toml", text), ("cities.csv", cities)):
        if content is not None:
            data = content if isinstance(content, bytes) else content.encode()
            (folder / "shop" / name).write_bytes(data)
    return folder / "shop"


def test_the_schema_that_is_broken_below_is_sound(tmp_path: Path) -> None:
    schema = read_schema(written(tmp_path, GOOD))
    assert [column.name for column in schema.columns] == ["age", "plan", "city"]
    assert schema.column("city").values == ("Porto", "Faro", "Braga")


def fails(folder: Path) -> str:
    """The message about a schema, in which the folder is left out."""
    with pytest.raises(SpecError) as caught:
        read_schema(folder)
    return str(caught.value).replace(f"{folder}/", "")


REPLACED = [
    # types
    ("low = 18", 'low = "18"', "14: column age, draw uniform_integer: low='18' must be a whole number; write one"),
    ("low = 18", "low = 18.5", "14: column age, draw uniform_integer: low=18.5 must be a whole number; write"),
    ("low = 18", "low = true", "14: column age, draw uniform_integer: low=True must be a whole number; write"),
    ("low = 18", "low = [18]", "14: column age, draw uniform_integer: low must be a whole number; write"),
    ("low = 18", "low = 2024-01-01", "14: column age, draw uniform_integer: low="),
    ('name = "age"', "name = 3", "11: column 3: name=3 must be a text; put it in quotes"),
    ('doc = "The age."', 'doc = ""', "12: column age: doc='' must not be empty; write a text"),
    ("nulls = 0.02", 'nulls = "few"', "16: column age: nulls='few' must be a number or a table"),
    ("nulls = 0.02", "nulls = { shares = 1 }", "16: column age, nulls: unknown key 'shares'; did"),
    ("nulls = 0.02", "indexed = 1", "16: column age: indexed=1 must be true or false; write"),
    ("nulls = 0.02", "feature = true", "16: column age: feature=True must be"),
    ("nulls = 0.02", 'feature = { kind = "log2" }', "16: column age: kind='log2' is unknown;"),
    ("odds = { free = 8, paid = 2 }", "odds = [8, 2]", "8: column plan, draw choice: odds must be a table; write"),
    ("odds = { free = 8, paid = 2 }", 'odds = { free = "8" }', "8: column plan, draw choice, odds: free='8' must be a"),
    ('order = ["age"]', 'order = "age"', "2: order='age' must be a list; put it in [ ]"),
    ("[search]", "[[search]]", ": search must be a table; write its keys in { }"),
    ("[[archetype]]\nname = \"loyal\"", "[archetype]\nname = \"loyal\"", "not TOML"),
    # bounds, NaN, infinite, huge
    ("nulls = 0.02", "nulls = 1.5", "16: column age: nulls=1.5 must be at most 1; write a smaller"),
    ("nulls = 0.02", "nulls = -0.1", "16: column age: nulls=-0.1 must be at least 0; write"),
    ("nulls = 0.02", "nulls = nan", "16: column age: nulls=nan must be finite; write a number"),
    ("paid = 2 }", "paid = inf }", "8: column plan, draw choice, odds: paid=inf must be finite; write a number"),
    ("paid = 2 }", "paid = -2 }", "8: column plan, draw choice, odds: paid=-2 must be at least 0; write a larger"),
    ("{ free = 8, paid = 2 }", "{ free = 0, paid = 0 }", "7: column plan, draw choice: weights must be finite"),
    ("paid = 2 }", "paid = 1e308 }", "8: column plan, draw choice, odds: paid=1e+308 must be at most"),
    ("high = 99", "high = 1" + "0" * 30, "15: column age, draw uniform_integer: high=1000000"),
    ("high = 99", "high = 1" + "0" * 5000, "15: not TOML: a number with more digits than can be read"),
    ("high = 99", "high = 9", "14: column age, draw uniform_integer: low=18 is above high=9; swap them"),
    ("share = 2", "share = 0", "37: archetype new: share=0 must be above 0; write a larger number"),
    ("share = 1", "share = 2.0.0", "31: not TOML"),
    # unknown and missing names
    ("nulls = 0.02", "indexd = true", "16: column age, draw uniform_integer: unknown key 'indexd'; did you mean 'indexed'?"),
    ("low = 18", "lowest = 18", "column age, draw uniform_integer: low is missing; write it"),
    ('title = "A shop"', 'tittle = "A shop"', "1: unknown key 'tittle'; did you mean 'title'?"),
    ('draw = "choice"\nodds', 'draw = "choise"\nodds', "7: column plan: draw='choise' is unknown; did you mean 'choice'?"),
    ('draw = "choice"\nodds', "odds", "4: column plan: draw is missing; write it"),
    ('doc = "The age."\n', "", "10: column age: doc is missing; write it"),
    ('name = "plan"\n', "", "4: column 1: name is missing; write it"),
    ('order = ["age"]', 'order = ["ages"]', "2: unknown column 'ages'; did you mean 'age'?"),
    ("[column.given.plan]", "[column.given.plam]", "25: column city, draw choice, given: unknown column 'plam'; did"),
    ("paid = { Porto", "pay = { Porto", "26: column city, draw choice, given.plan: unknown value 'pay' of plan; known are free, paid"),
    ("{ Porto = 2 }", "{ Oporto = 2 }", "26: column city, draw choice, given.plan.paid: unknown value 'Oporto'; did you mean"),
    ("odds.plan", "odds.plans", "32: archetype loyal, odds: unknown column 'plans'; did you mean 'plan'?"),
    ("{ paid = 3 }", "{ payed = 3 }", "32: archetype loyal, odds.plan: unknown value 'payed'; did you mean 'paid'?"),
    ("odds.plan = { paid = 3 }", "odds.age = { 18 = 3 }", "32: archetype loyal, odds: an archetype cannot shift age;"),
    ('weights = "people"', 'weights = "persons"', "23: column city, draw choice: weights='persons' is no column of"),
    ('conditions = ["city"]', 'condition = ["city"]', "40: [search]: unknown key 'condition'; did you mean"),
    ('name = "new"', 'name = "loyal"', "35: archetype loyal: name='loyal' is declared twice; names must differ"),
    ('name = "plan"', 'name = "age"', "11: column age: name='age' is declared twice; names"),
    ('name = "age"', 'name = "1st"', "11: column 1st: name='1st' must be letters, digits and _"),
    ('name = "age"', 'name = "Id"', "11: column Id: name='Id' is taken"),
    ('name = "age"', 'name = "age of life"', "name='age of life' must be letters, digits and _, no digit first; rename"),
    ('title = "A shop"', 'title = "A\\nshop"', "1: title='A�shop' must be on one line; shorten it"),
    ('title = "A shop"', 'language = "english!"', "1: language='english!' must match"),
    # sizes
    ('doc = "The age."', f'doc = "{"x" * 20_000}"', "12: column age: doc='xxx"),
    ("odds = { free = 8, paid = 2 }", "odds = {}", "8: column plan, draw choice: odds has 0 entries and needs 1; add some"),
    # numbers in quotes, and truth values, where models read them leniently
    ("nulls = 0.02", 'nulls = { share = "0.02" }', "16: column age, nulls: share='0.02' must be a number; write one without quotes"),
    ("nulls = 0.02", 'feature = { kind = "scale", low = 0, high = "99" }', "16: column age, feature: high='99' must be a number; write one"),
    ("nulls = 0.02", 'nulls = { given = { age = { 18 = true } } }', "16: column age, nulls.given.age: 18=true must be a number; write one"),
    ('draw = "uniform_integer"\nlow = 18\nhigh = 99', 'draw = "cpf"\nunique = "no"', "14: column age, draw cpf: unique='no' must be true or false; write"),
    # sources of values
    ("odds = { free = 8, paid = 2 }", "", "4: column plan, draw choice: either odds or a file says what is drawn; write"),
    ('file = "cities.csv"', 'file = "towns.csv"', "22: column city, draw choice: "),
    ('file = "cities.csv"', 'file = "/etc/passwd"', "22: column city, draw choice: '/etc/passwd' is no plain file name;"),
    ('file = "cities.csv"', 'file = "../shop/cities.csv"', "22: column city, draw choice: '../shop/cities.csv' is no plain"),
    ('file = "cities.csv"', 'file = "c:\\\\cities.csv"', "22: column city, draw choice: 'c:\\\\cities.csv' is no plain"),
    ('file = "cities.csv"', 'file = "a\\u0000b"', "22: column city, draw choice: 'a\\x00b' is no plain file name; name a"),
    ('file = "cities.csv"', 'file = "~/cities.csv"', "22: column city, draw choice: "),
    ('file = "cities.csv"', 'file = "."', "22: column city, draw choice: '.' is no plain file name; name a file"),
    # no TOML
    ("low = 18", "low = 18\nlow = 19", "15: not TOML: Cannot overwrite a value in 'low = 19'; correct it"),
    ("[search]", "[search]\n[search]", "40: not TOML: Cannot declare ('search',) twice in '[search]'; correct it"),
    ("low = 18", "low: 18", "14: not TOML: Expected '=' after a key in a key/value pair in 'low: 18'; this looks like YAML"),
    ('title = "A shop"', 'title = "A shop', "1: not TOML: "),
    ('title = "A shop"', "title = 'A\0shop'", "1: a NUL character; save the file as text"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), REPLACED, ids=lambda each: each[:40])
def test_a_mistake_is_told_with_line_value_rule_and_remedy(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert GOOD.count(old) == 1
    told = fails(written(tmp_path, GOOD.replace(old, new)))
    assert message in told, told
    assert told.startswith("schema.toml:") or told.startswith("schema.toml has ")
    assert "; " in told and len(told) < 2_000 and "\0" not in told


def _circle() -> str:
    given = "[column.given.b]\nx = { x = 2 }\n"
    column = '[[column]]\nname = "a"\ndoc = "A."\ndraw = "choice"\nodds = { x = 1, y = 1 }\n'
    return column + given + (column + given).replace('"a"', '"b"').replace("given.b", "given.a")


MANY = "".join(f'[[column]]\nname = "c{i}"\ndoc = "C."\ndraw = "chance"\nshare = 1\n' for i in range(1_001))

WHOLE: list[tuple[str, str | bytes, str]] = [
    ("empty", "", "schema.toml:1: column is missing; write it"),
    ("circle", _circle(), "columns a -> b -> a are given in a circle; remove one of the shifts"),
    ("json", '{"column": []}', "schema.toml:1: not TOML: "),
    ("yaml", "column:\n  - name: a\n", "schema.toml:1: not TOML: "),
    ("yaml bomb", "a: &a [x, x]\nb: &b [*a, *a]\n", "this looks like YAML: write TOML"),
    ("yaml document", "---\ncolumn:\n", "this looks like YAML"),
    ("latin-1", GOOD.replace("A shop", "Lojão").encode("latin-1"), "schema.toml:1: byte 0xe3 is not UTF-8; save"),
    ("utf-16", GOOD.encode("utf-16"), "schema.toml:1: byte 0xff is not UTF-8; save the file as UTF-8"),
    ("deep lists", f"title = {'[' * 5_000}{']' * 5_000}", "schema.toml:1: more than 20 tables or lists within"),
    ("deep list", f"title = {'[' * 30}{']' * 30}", "schema.toml:1: more than 20 tables or lists within each other; make"),
    ("deep tables", "a" + ".a" * 100 + " = 1", "schema.toml:1: more than 20 tables or lists within each other; make"),
    ("many values", f"order = [{'1,' * (files.MAX_NODES + 1)}]", "has more than 500,000 values; put them into a CSV"),
    ("large", b"#" * (files.MAX_SCHEMA_BYTES + 1), "schema.toml has more than 2,097,152 bytes; make it smaller"),
    ("no columns", "column = []", "schema.toml:1: column has 0 entries and needs 1; add some"),
    ("columns of numbers", "column = [1, 2]", "schema.toml:1: column=1 must be a table; write its keys in"),
    ("many columns", MANY, "column has more than 1,000 entries; remove some"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), [each[1:] for each in WHOLE], ids=[each[0] for each in WHOLE])
def test_a_file_that_is_no_schema_is_told(tmp_path: Path, text: str | bytes, message: str) -> None:
    told = fails(written(tmp_path, text))
    assert message in told and "; " in told, told


VALUES: list[tuple[str, str | bytes | None, str]] = [
    ("ragged", CITIES + "Lagos,3\n", "cities.csv:6: 'Lagos,3' has 2 values for 3 columns; correct it"),
    ("empty", "", "cities.csv has no header; name its columns in the first line"),
    ("header only", "city,people\n", "cities.csv has no rows; write some below its header"),
    ("no header name", "city,\nPorto,1\n", "cities.csv:1: columns without a name, or two of one; name each"),
    ("two of one name", "city,city\nPorto,1\n", "cities.csv:1: columns without a name, or two of one; name each"),
    ("no number", CITIES.replace("60", "sixty"), "cities.csv:4: people='sixty' is no weight; write a number"),
    ("nan", CITIES.replace("60", "nan"), "cities.csv:4: people='nan' is no weight; write a number from 0"),
    ("below 0", CITIES.replace("60", "-60"), "cities.csv:4: people='-60' is no weight; write a number"),
    ("huge", CITIES.replace("60", "1e99"), "cities.csv:4: people='1e99' is no weight; write a number"),
    ("twice", CITIES + "Faro,60,south\n", "cities.csv:6: 'Faro' stands in two rows; remove one"),
    ("latin-1", CITIES.replace("Faro", "Évora").encode("latin-1"), "cities.csv:4: byte 0xc9 is not UTF-8; save"),
    ("NUL", CITIES.replace("Faro", "Fa\0ro"), "cities.csv:4: a NUL character; save the file as text"),
    ("open quote", CITIES + '"Lagos,3,south\n', "cities.csv:6: no CSV: unexpected end of data; correct its quotes"),
    ("long value", CITIES.replace("Faro", "F" * 20_000), "cities.csv:4: a value has more than 10,000 characters;"),
    ("missing", None, "cities.csv is missing; write that file, or name another"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), [each[1:] for each in VALUES], ids=[each[0] for each in VALUES])
def test_a_mistake_in_a_file_of_values_is_told_at_both_places(
    tmp_path: Path, text: str | bytes | None, message: str
) -> None:
    told = fails(written(tmp_path, GOOD, text))
    assert told.startswith(("schema.toml:22: column city, draw choice: ", "schema.toml:23: column city")), (
        told
    )
    assert message in told


PLACED: dict[str, Callable[[Path], object]] = {
    "a FIFO": lambda path: os.mkfifo(path),
    "a folder": lambda path: path.mkdir(),
    "a link out": lambda path: path.symlink_to("/etc/hostname"),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("what", PLACED)
@pytest.mark.parametrize("name", ["cities.csv", "schema.toml"])
def test_what_is_no_file_of_the_folder_is_not_opened(tmp_path: Path, name: str, what: str) -> None:
    folder = written(tmp_path, GOOD)
    (folder / name).unlink()
    PLACED[what](folder / name)
    told = fails(folder)
    assert told.startswith("schema.toml") and name in told and "; " in told, told


def test_mistakes_are_told_together_up_to_twenty(tmp_path: Path) -> None:
    columns = "".join(
        f'[[column]]\nname = "c{i}"\ndoc = "C."\ndraw = "chance"\nshare = 2\n' for i in range(30)
    )
    first, *others = fails(written(tmp_path, columns)).splitlines()
    assert first == "schema.toml has 30 mistakes:"
    assert (
        others[0]
        == "schema.toml:5: column c0, draw chance: share=2 must be at most 1; write a smaller number"
    )
    assert len(others) == 21 and others[-1] == "… and 10 more"


def test_mistakes_in_several_columns_and_files_are_told_at_once(tmp_path: Path) -> None:
    changed = GOOD.replace("share = 1\n", "share = 1\nodds.city = { Lisbon = 2 }\n").replace(
        '"age"]', '"ages"]'
    )
    changed = changed.replace("free = 8, paid = 2", "free = 0, paid = 0")
    told = fails(written(tmp_path, changed, CITIES + "a\n")).splitlines()
    assert [line.partition(": ")[0] for line in told] == [
        "schema.toml has 2 mistakes:", "schema.toml:2", "schema.toml:22",
    ]  # fmt: skip


@pytest.mark.parametrize("change", ["bom", "crlf"])
def test_files_as_other_systems_write_them_are_read(tmp_path: Path, change: str) -> None:
    texts = [
        ("\ufeff" + text if change == "bom" else text.replace("\n", "\r\n")).encode()
        for text in (GOOD, CITIES)
    ]
    plain = read_schema(written(tmp_path / "a" if (tmp_path / "a").mkdir() is None else tmp_path, GOOD))
    (tmp_path / "b").mkdir()
    assert read_schema(written(tmp_path / "b", *texts)) == plain
