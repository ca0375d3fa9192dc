"""Names of users and e-mail addresses: none twice, in ASCII, within bounds."""

import re
import unicodedata

import pytest
from drawing import drawn, drawn_with
from pydantic import ValidationError

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.accounts import Email, UserName
from synthprof.schemas.draw_kinds.combinations import Combination
from synthprof.spec.spec import BLOCK_ROWS

NAMES = ("José d'Ávila", "Łucja Groß", "Anne-Marie Øst", "ÇINAR İpek", "田中 裕太", "x" * 50, " – ")


def with_names(draw, names=NAMES, **where):
    return drawn_with({"n": Combination(lists=(names,)), "x": draw}, **where)


@pytest.mark.parametrize("draw", [UserName(of=("n",), suffix="_{[a-z0-9]:6}"), Email(of=("n",)), Email()])
def test_no_name_repeats_among_blocks_of_100_000_000_rows(draw):
    texts = [
        text for block in (0, 77, 6_102) for text in with_names(draw, block=block).column("x").to_pylist()
    ]
    assert len(set(texts)) == 3 * BLOCK_ROWS
    few = with_names(draw, block=77, rows=99).column("x").to_pylist()
    assert few == texts[BLOCK_ROWS : BLOCK_ROWS + 99]


def test_words_are_written_in_ascii():
    batch = with_names(UserName(of=("n",), longest=20, suffix="{digit:5}"), rows=2_000)
    begins = {
        n: x[:-5] for n, x in zip(batch.column("n").to_pylist(), batch.column("x").to_pylist(), strict=True)
    }
    assert begins == {
        "José d'Ávila": "jose.davila",
        "Łucja Groß": "lucja.gross",
        "Anne-Marie Øst": "anne.marie.ost",
        "ÇINAR İpek": "cinar.ipek",
        "田中 裕太": "user",
        "x" * 50: "x" * 20,
        " – ": "user",
    }


def test_every_latin_letter_with_an_accent_loses_it():
    letters = "àáâãäåçèéêëìíîïñòóôõöùúûüýÿāăąćĉċčďēĕėęěĝğġģĥĩīĭįĵķĺļľńņňōŏőŕŗřśŝşšţťũūŭůűųŵŷźżž"
    batch = with_names(UserName(of=("n",), suffix="{digit:5}"), names=tuple(letters), rows=2_000)
    for name, user in zip(batch.column("n").to_pylist(), batch.column("x").to_pylist(), strict=True):
        assert user[:-5] == unicodedata.normalize("NFD", name)[0]


def test_a_cut_leaves_no_separator_at_the_end():
    draw = UserName(of=("n", "n"), separator="_", longest=5, suffix="{digit:9}")
    assert {text[:-9] for text in with_names(draw, names=("ab cd",)).column("x").to_pylist()} == {"ab_cd"}
    ends = {text[:-9] for text in with_names(draw, names=(" – ",)).column("x").to_pylist()}
    assert ends == {"user"}
    shorter = draw.model_copy(update={"longest": 3})
    assert {text[:-9] for text in with_names(shorter, names=("ab cd",)).column("x").to_pylist()} == {"ab"}


def test_addresses_are_of_the_domains_by_weight():
    texts = drawn(Email(domains={"a.example": 3, "b-c.example": 1})).to_pylist()
    assert all(re.fullmatch(r"user\d{9}@(a|b-c)\.example", text) for text in texts)
    assert sum(text.endswith("@a.example") for text in texts) / BLOCK_ROWS == pytest.approx(0.75, abs=0.02)
    assert {text.split("@")[1] for text in drawn(Email(), rows=500).to_pylist()} == {
        "example.com",
        "example.org",
        "example.net",
    }


def test_a_column_without_words_leaves_no_separator():
    draws = {"n": Combination(lists=(("Ana", "–"),)), "m": Combination(lists=(("Sá", "…"),))}
    batch = drawn_with(draws | {"x": UserName(of=("n", "m", "n"), separator="-", suffix="{digit:5}")})
    found = {
        tuple(row[:2]): row[2][:-5] for row in zip(*(batch.column(c).to_pylist() for c in "nmx"), strict=True)
    }
    assert found == {
        ("Ana", "Sá"): "ana-sa-ana",
        ("Ana", "…"): "ana-ana",
        ("–", "Sá"): "sa",
        ("–", "…"): "user",
    }


@pytest.mark.parametrize("separator", ["-", "", ", "])
def test_a_combination_takes_every_choice_once(separator):
    lists = (("ab", "cd", "ef"), ("xy", "zw"), tuple("0123456789"))
    draw = Combination(lists=lists, separator=separator, unique=True)
    wanted = {separator.join((a, b, c)) for a in lists[0] for b in lists[1] for c in lists[2]}
    assert set(drawn(draw, rows=60).to_pylist()) == wanted
    with pytest.raises(SpecError, match="60 values that differ, but row 61 is asked for"):
        drawn(draw, rows=61)


def test_a_combination_that_may_repeat_is_drawn_evenly():
    draw = Combination(lists=(("a", "b"), ("c", "d")))
    texts = drawn(draw, block=3).to_pylist()
    for text in ("a-c", "a-d", "b-c", "b-d"):
        assert texts.count(text) / BLOCK_ROWS == pytest.approx(0.25, abs=0.02)
    assert drawn(draw, block=3, rows=50).to_pylist() == texts[:50]


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        (
            UserName,
            {"longest": 60},
            "longest=60 and a suffix of 9 are more than 64 characters; lower longest",
        ),
        (UserName, {"suffix": " {digit:9}"}, "holds a space or more than ASCII; leave it out"),
        (UserName, {"suffix": "{digits}"}, "is no place of a pattern"),
        (Email, {"domains": {"localhost": 1}}, "match pattern"),
        (Email, {"domains": {"-a.example": 1}}, "match pattern"),
        (Email, {"domains": {}}, "at least 1"),
        (
            Combination,
            {"lists": [["a", "ab"], ["bc", "c"]], "separator": "", "unique": True},
            "can give the same",
        ),
        (Combination, {"lists": [["a", "a-b"], ["c", "b-c"]], "unique": True}, "can give the same text"),
        (Combination, {"lists": [["a", "a"]]}, "a list has a word twice"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(model, given, message):
    with pytest.raises(ValidationError, match=message):
        model(**given)


def test_more_rows_than_suffixes_are_refused():
    with pytest.raises(SpecError, match=r"x: user and {digit:3}, none twice, which are 1,000 values"):
        drawn(UserName(suffix="{digit:3}"), rows=1_001)
