"""The lines of the keys of a TOML text."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthprof.schemas import loader
from synthprof.schemas.lines import line_of, lines_of

TEXT = '''\
# a comment with [brackets] and "quotes"
a.b = 1 # another
"c d" = """
[not.a.table]
x = 1 \\"""
""""
[[t]]
x = [ 1,
  2, # two
  { y = [3,
     4] } ]
[t.u]
'q.r' = 'a # b'
when = 1979-05-27 07:32:00
[[t]]
[[t.v]]
z = '\''
it's
'\''
[[t.v]]
w = {p = "}", q = ","}
'''.replace("'\\''", "'''")


def test_each_key_has_the_line_it_stands_on() -> None:
    lines = lines_of(TEXT)
    assert {
        ("a", "b"): 2, ("c d",): 3, ("t", 0): 7, ("t", 0, "x"): 8, ("t", 0, "x", 1): 9,
        ("t", 0, "x", 2, "y", 1): 11,
        ("t", 0, "u", "q.r"): 13, ("t", 0, "u", "when"): 14, ("t", 1): 15, ("t", 1, "v", 0, "z"): 17,
        ("t", 1, "v", 1, "w", "q"): 21,
    }.items() <= dict(lines).items()  # fmt: skip


def test_what_is_missing_has_the_line_of_what_would_hold_it() -> None:
    lines = lines_of(TEXT)
    assert line_of(("t", 0, "u", "mean"), lines) == 12
    assert line_of(("other",), lines) == 1


def _paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from _paths(each, (*path, key))


@pytest.mark.parametrize(
    "file", sorted(Path(loader.__file__).parent.rglob("*.toml")), ids=lambda file: file.name
)
def test_every_value_of_our_files_has_a_line(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert set(_paths(tomllib.loads(text))) <= set(lines_of(text))


KEY = st.lists(st.sampled_from(["a", "b", '"a.b"', "' ]'", "3"]), min_size=1, max_size=2).map(" . ".join)
VALUE = st.recursive(
    st.sampled_from(["1", "nan", '"x#\\"]"', "'''\n''[]'''", '"""\\\n}"""', "[]", "{}", "07:32:00"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: "[ " + " , # ]\n".join(each) + " ]"),
        st.tuples(KEY, inner).map(lambda each: f"{{ {each[0]} = {each[1]} }}"),
    ),
    max_leaves=6,
)
STATEMENT = st.one_of(
    st.tuples(KEY, VALUE).map(lambda each: f"{each[0]}= {each[1]} # x = 1"),
    KEY.map(lambda key: f"[{key}]"),
    KEY.map(lambda key: f"[[ {key}]] # ["),
    st.sampled_from(["", "  # [a]", "\t"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STATEMENT, max_size=6))
def test_a_valid_text_has_all_its_lines(statements: list[str]) -> None:
    text = "\n".join(statements)
    try:
        table = tomllib.loads(text)
    except ValueError:
        return
    found = lines_of(text)
    assert set(_paths(table)) <= set(found)
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())
