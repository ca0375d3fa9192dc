"""Texts by patterns: check digits by another library, no repeats, and parts by other columns."""

import re

import numpy as np
import pytest
import stdnum.br.cnpj
import stdnum.br.cpf
import stdnum.damm
import stdnum.ean
import stdnum.es.dni
import stdnum.iban
import stdnum.isbn
import stdnum.luhn
import stdnum.verhoeff
from drawing import drawn, drawn_with
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from stdnum.iso7064 import mod_11_2, mod_11_10, mod_97_10
from unique_draws import PATTERNS

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.contacts import Phone, Plate, PostCode
from synthprof.schemas.draw_kinds.documents import Card, Cnpj, Cpf, Ean, Iban, Isbn
from synthprof.schemas.draw_kinds.pattern_language import CHECKS
from synthprof.schemas.draw_kinds.patterns import Pattern
from synthprof.schemas.draw_kinds.regions import CARDS, CEP, CPF_REGIONS, DDD, IBAN
from synthprof.schemas.draws import Choice
from synthprof.schemas.schema import Archetype, Column, Schema
from synthprof.spec.spec import BLOCK_ROWS

ORACLES = {
    "luhn": stdnum.luhn,
    "ean": stdnum.ean,
    "isbn10": stdnum.isbn,
    "cpf": stdnum.br.cpf,
    "cnpj": stdnum.br.cnpj,
    "mod97": mod_97_10,
    "mod11_2": mod_11_2,
    "mod11_10": mod_11_10,
    "verhoeff": stdnum.verhoeff,
    "damm": stdnum.damm,
    "nif": stdnum.es.dni,
}


@pytest.mark.parametrize("draw", PATTERNS, ids=lambda draw: draw.told)
def test_a_block_stands_alone_and_fewer_rows_are_its_beginning(draw):
    whole = drawn(draw, seed=3, block=5)
    whole.validate(full=True)
    drawn(draw, seed=3, block=4)
    assert drawn(draw, seed=3, block=5, rows=77).equals(whole.slice(0, 77))
    assert not drawn(draw, seed=3, block=6).equals(whole)
    assert not drawn(draw, seed=4, block=5).equals(whole)


@pytest.mark.parametrize("draw", [draw for draw in PATTERNS if draw.unique], ids=lambda draw: draw.told)
def test_nothing_repeats_among_blocks_of_100_000_000_rows(draw):
    last = min(6_103, draw.most_rows // BLOCK_ROWS - 1)
    texts = [text for block in (0, 30, last) for text in drawn(draw, block=block).to_pylist()]
    assert len(set(texts)) == 3 * BLOCK_ROWS


@pytest.mark.parametrize(("check", "oracle"), ORACLES.items(), ids=ORACLES)
def test_check_digits_are_those_of_another_library(check, oracle):
    lengths = {"isbn10": [9], "cpf": [9], "cnpj": [12], "nif": [8], "ean": [7, 11, 12, 13]}.get(
        check, [1, 2, 9, 15]
    )
    for length in lengths:
        places = "alnum" if CHECKS[check].letters else "digit"
        for text in drawn(Pattern(pattern=f"{{{places}:{length}}}{{check:{check}}}"), rows=400).to_pylist():
            assert oracle.is_valid(text), text


@pytest.mark.parametrize("country", IBAN)
def test_an_iban_is_one_of_its_country(country):
    for text in drawn(Iban(countries={country: 1}), rows=50).to_pylist():
        stdnum.iban.validate(text, check_country=False)


def test_checks_of_a_country_within_an_account_are_right():
    for text in drawn(Iban(countries={"BE": 1}), rows=200).to_pylist():
        assert int(text[4:14]) % 97 in (int(text[14:]), int(text[14:]) - 97)
    for text in drawn(Iban(countries={"FR": 1}), rows=200).to_pylist():
        bank, branch, account, key = int(text[4:9]), int(text[9:14]), int(text[14:25]), int(text[25:])
        assert (89 * bank + 15 * branch + 3 * account + key) % 97 == 0


def test_every_check_is_compared_above():
    assert CHECKS.keys() == {*ORACLES, "iban", "rest97", "rib"}


@pytest.mark.parametrize("network", CARDS)
def test_a_card_is_one_of_its_network(network):
    texts = drawn(Card(networks={network: 1}), rows=300).to_pylist()
    assert {len(text) for text in texts} == {{"amex": 15, "diners": 14}.get(network, 16)}
    assert all(stdnum.luhn.is_valid(text) for text in texts)


def test_forms_of_documents():
    assert re.fullmatch(r"\d{3}\.\d{3}\.\d{3}-\d{2}", drawn(Cpf(), rows=1)[0].as_py())
    assert re.fullmatch(r"\d{11}", drawn(Cpf(formatted=False), rows=1)[0].as_py())
    assert re.fullmatch(
        r"[\dA-Z]{2}\.[\dA-Z]{3}\.[\dA-Z]{3}/0001-\d{2}", drawn(Cnpj(alphanumeric=True), rows=1)[0].as_py()
    )
    assert re.fullmatch(r"\d{8}0001\d{2}", drawn(Cnpj(formatted=False), rows=1)[0].as_py())
    assert all(
        stdnum.ean.is_valid(text)
        for n in (8, 12, 13, 14)
        for text in drawn(Ean(digits=n), rows=50).to_pylist()
    )
    assert all(stdnum.isbn.is_valid(text) for text in drawn(Isbn(prefix="97865"), rows=50).to_pylist())
    assert all(re.fullmatch(r"[A-Z]{3}\d[A-Z]\d\d", text) for text in drawn(Plate(), rows=50).to_pylist())
    assert all(re.fullmatch(r"[A-Z]{3}-\d{4}", text) for text in drawn(Plate(old=True), rows=50).to_pylist())


def test_mixed_digits_are_all_but_those_of_one_digit_alone():
    texts = drawn(Pattern(pattern="{mixed:#-##}", unique=True), rows=990).to_pylist()
    wanted = {f"{n:03d}" for n in range(1_000)} - {str(n) * 3 for n in range(10)}
    assert {text.replace("-", "") for text in texts} == wanted


def test_each_character_is_as_likely_and_every_text_comes():
    texts = drawn(Pattern(pattern="{[A-C]}{digit}")).to_pylist()
    counts = np.unique(texts, return_counts=True)[1]
    assert len(counts) == 30
    assert counts / BLOCK_ROWS == pytest.approx(1 / 30, abs=0.008)


def test_patterns_and_values_come_by_their_weights():
    draw = Pattern(pattern={"{p}": 3, "no": 1}, parts={"p": {"values": {"a": 1, "b": 4}}})
    shares = {
        v: n / BLOCK_ROWS
        for v, n in zip(*np.unique(drawn(draw).to_pylist(), return_counts=True), strict=True)
    }
    assert shares == pytest.approx({"a": 0.15, "b": 0.6, "no": 0.25}, abs=0.02)


@settings(max_examples=30, deadline=None)
@given(
    places=st.lists(
        st.sampled_from(["{digit:3}", "{letter}", "{[0-9A-F]:2}", "-", "{p}"]), min_size=1, max_size=6
    ),
    seed=st.integers(0, 2**53),
)
def test_a_unique_pattern_takes_every_text_once(places, seed):
    pattern = "".join(places)
    parts = {"p": {"values": ("ab", "cd", "é")}} if "{p}" in pattern else {}
    draw = Pattern(pattern=pattern, unique=True, parts=parts)
    rows = min(draw.most_rows, 3_000)
    texts = drawn(draw, seed=seed, rows=rows).to_pylist()
    assert len(set(texts)) == rows
    form = re.sub(r"\{(\w+|\[[^]]+\])(?::(\d))?\}", lambda m: _form(m[1]) + f"{{{m[2] or 1}}}", pattern)
    assert all(re.fullmatch(form, text) for text in texts)


def _form(place):
    return {"digit": "[0-9]", "letter": "[A-Z]", "p": "(?:ab|cd|é)"}.get(place, place)


STATES = ("SP", "RJ", "AC")


def by_state(draw, states=STATES):
    schema = Schema(
        "test",
        (
            Column("state", Choice(states, (1.0,) * len(states)), None, "For a test."),
            Column("x", draw, None, "For a test."),
        ),
        (Archetype("all", "All", 1.0, ()),),
    )
    batch = _generate(schema)
    return zip(batch.column("state").to_pylist(), batch.column("x").to_pylist(), strict=True)


def _generate(schema):
    from synthprof.profiles.drawing import generate

    return generate(schema, 1, "pt_BR", 0.8, 0, 3_000).profiles


def test_the_state_decides_codes():
    for state, phone in by_state(Phone(region="BR", state="state")):
        assert phone[1:3] in DDD[state].split()
    for state, cpf in by_state(Cpf(state="state")):
        assert cpf[10] == CPF_REGIONS[state]
        assert stdnum.br.cpf.is_valid(cpf)
    for state, cep in by_state(PostCode(region="BR", state="state")):
        assert any(a <= cep[:3] <= b for a, b in (each.split("-") for each in CEP[state].split()))
    for state, phone in by_state(Phone(region="US", state="state"), ("Texas", "NY")):
        assert phone[6:11] == "555-0"
        assert (phone[1:4] in "212 315 332 347 516 518 585 607 631 646 680 716 838 845 914 917 929 934") == (
            state == "NY"
        )


def test_a_value_of_which_nothing_is_said_is_refused():
    draw = Pattern(pattern="{p}", parts={"p": {"given": "state", "by": {"SP": ("1",), "RJ": {"2": 1}}}})
    with pytest.raises(
        SpecError, match=r"x: nothing is said for state='AC'; add it, or \"\*\" for any other"
    ):
        list(by_state(draw))


def test_more_rows_than_texts_are_refused():
    draw = Pattern(pattern="{digit:4}", unique=True)
    assert len(set(drawn(draw, rows=10_000).to_pylist())) == 10_000
    with pytest.raises(SpecError, match=r"which are 10,000 values that differ, but row 10,001 is asked for"):
        drawn_with({"x": draw}, rows=10_001)


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        (Pattern, {"pattern": "{digit"}, "has a single brace '{'; write '{{' for the sign"),
        (
            Pattern,
            {"pattern": "{digits:3}"},
            "{digits:3} is no place of a pattern; write one of digit, letter",
        ),
        (Pattern, {"pattern": "{digit:0}"}, "{digit:0} is no place"),
        (Pattern, {"pattern": "{digit:999}"}, "{digit:999} is no place"),
        (Pattern, {"pattern": "{digit:150}{digit:150}"}, "gives 300 bytes; write a pattern of 1 to 200"),
        (Pattern, {"pattern": "{[z-a]}"}, "has the range z-a; write a-z"),
        (Pattern, {"pattern": "{[é]}"}, "holds more than ASCII; use a part"),
        (Pattern, {"pattern": "{mixed:#}"}, "has not 2 to 12 digits; write a # for each"),
        (Pattern, {"pattern": "{digit:3}{check:crc}"}, "names an unknown check; the checks are luhn, ean"),
        (
            Pattern,
            {"pattern": "{digit:3}{check:cpf}"},
            "{check:cpf} covers 9 characters, but 3 stand before it",
        ),
        (Pattern, {"pattern": "{check:luhn}{digit:3}"}, "covers some characters, but 0 stand before it"),
        (Pattern, {"pattern": "{alnum:3}{check:luhn}"}, "covers byte 1, which may be one of '0123"),
        (Pattern, {"pattern": "{check:iban}{digit:3}"}, "{check:iban} stands after two letters; write DE"),
        (
            Pattern,
            {"pattern": {"A{digit}": 1, "{letter}1": 1}, "unique": True},
            "can give the same text; let them differ",
        ),
        (
            Pattern,
            {"pattern": "{p}", "parts": {"p": {"values": ("a", "bc")}}},
            "differ in length; write a pattern for each",
        ),
        (
            Pattern,
            {"pattern": "a", "parts": {"p": {"values": ("a",)}}},
            "declares 'p', which no pattern names",
        ),
        (Pattern, {"pattern": "{p}", "parts": {"p": {"values": ("a", "a")}}}, "names a value twice"),
        (
            Pattern,
            {"pattern": "{p}", "parts": {"p": {"given": "s"}}},
            "either values, or given and by; write one",
        ),
        (
            Pattern,
            {"pattern": "{p}", "parts": {"p": {"values": {"a": float("nan")}}}},
            "finite number|greater than 0",
        ),
        (Iban, {"countries": {"IT": 1}}, "countries has 'IT'; those that can be drawn are AD, AE"),
        (Ean, {"digits": 8, "prefix": "95212345"}, "leaves no digit of 8; shorten it"),
        (Phone, {"region": "DE", "state": "land"}, "state has no meaning in region DE; leave it out"),
        (PostCode, {"region": "FR"}, "Input should be 'BR', 'US' or 'DE'"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(model, given, message):
    with pytest.raises(ValidationError) as told:
        model(**given)
    assert re.search(message, str(told.value)) or message in str(told.value)


class OneFile:
    def rows(self, file: str) -> list[dict[str, str]]:
        return [{"city": "A", "codes": "10;11", "wide": "1;22"}, {"city": "B", "codes": "77", "wide": "3"}]


def by_file(**part: str) -> Pattern:
    parts = {"area": {"given": "city", "file": "cities.csv", **part}}
    return Pattern.model_validate({"pattern": "{area}-{digit}", "parts": parts})


def test_values_of_a_part_may_stand_in_a_file():
    zips = by_file(value="codes").with_files(OneFile())
    rows = drawn_with({"city": Choice(("A", "B"), (1, 1)), "zip": zips}, rows=500).to_pylist()
    assert {(row["city"], row["zip"][:2]) for row in rows} == {("A", "10"), ("A", "11"), ("B", "77")}


@pytest.mark.parametrize(
    ("part", "message"),
    [({"value": "code"}, "no column 'code'"), ({"value": "wide"}, "differ in length"),
     ({"value": "codes", "key": "town"}, "no column 'town'")],
)  # fmt: skip
def test_a_file_whose_values_do_not_fit_a_part_is_refused(part, message):
    with pytest.raises((SpecError, ValidationError), match=message):
        by_file(**part).with_files(OneFile())
    with pytest.raises(ValidationError, match="file and value of a part belong together"):
        by_file()
