"""Numbers, truth and locales as people write them, in every door that takes them."""

import re

import pytest
import typer
from typer.testing import CliRunner

from synthprof.base.errors import SpecError
from synthprof.cli.options import takes_params
from synthprof.spec.request import Request

UNDERSTOOD = {
    "1.000.000": 1_000_000, "1,000,000": 1_000_000, "1_000_000": 1_000_000, "1 000 000": 1_000_000,
    "1\u202f000\u00a0000": 1_000_000, "1'000’000": 1_000_000, "1٬000٬000": 1_000_000, "1e6": 1_000_000,
    "1.5e3": 1_500, "100k": 100_000, "100 K": 100_000, "1M": 1_000_000, "1,5M": 1_500_000,
    "0.1G": 100_000_000, "1E+6": 1_000_000, " 7 ": 7, "+7": 7,
    "٧": 7, "７": 7, "0x10": 16, "0b11": 3, "0o17": 15, "007": 7,
    "1.0": 1, "1,00": 1, "7.": 7,
    "1.000,00": 1_000, "1,000.00": 1_000, "1.500": 1_500, "1000,000": 1_000,
}  # fmt: skip
"""Texts that leave no doubt, and the number of profiles that they state."""

REFUSED = {
    "1.000": "profiles='1.000' could mean 1 or 1000; write 1000 or 1",
    "12,000": "profiles='12,000' could mean 12 or 12000; write 12000 or 12",
    "2.000k": "could mean 2000 or 2000000; write 2000000 or 2000",
    "0,8": "profiles='0,8' is not a whole number; write a whole number from 1 to 1,000,000,000",
    "many": "profiles='many' is not a whole number; write",
    "": "profiles='' is empty; write a whole number from 1 to",
    "  ": "is empty",
    "NaN": "profiles='NaN' is not a finite number; write",
    "-inf": "is not a finite number",
    "1e400": "profiles='1e400' is far too large; write a whole number from 1 to 1,000,000,000",
    "1e999999999": "is far too large",
    "-0": "0 is less than the minimum of 1",
    "1e10": "10000000000 is greater than the maximum of 1000000000",
    "1.00.000": "is not a whole number",
    "1 0": "is not a whole number",
    "1__0": "is not a whole number",
    "1m": "is not a whole number",
    "1e-3": "is not a whole number",
    ",": "is not a whole number",
    "1/2": "is not a whole number",
}


@pytest.mark.parametrize(("text", "number"), UNDERSTOOD.items())
def test_a_number_without_doubt_is_understood_and_names_the_same_spec(text: str, number: int) -> None:
    spec = Request.from_params({"profiles": text}).spec
    assert (spec.profiles, type(spec.profiles)) == (number, int)
    assert spec.digest == Request.from_params({"profiles": number}).spec.digest


@pytest.mark.parametrize(("text", "message"), REFUSED.items())
def test_a_number_in_doubt_is_refused_with_value_rule_and_remedy(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        Request.from_params({"profiles": text})


@pytest.mark.parametrize(
    ("text", "share"),
    [("0,8", 0.8), (".5", 0.5), ("0,125", 0.125), ("1.000", 1), ("1,000", 1), ("-0", 0), ("8e-1", 0.8)],
)
def test_a_share_is_read_with_either_mark_and_has_one_form(text: str, share: float) -> None:
    spec = Request.from_params({"separation": text}).spec
    assert repr(spec.separation) == repr(float(share))


def test_minus_zero_is_zero_also_where_it_is_no_text() -> None:
    assert (
        Request.from_params({"separation": -0.0}).spec.digest
        == Request.from_params({"separation": 0}).spec.digest
    )


@pytest.mark.parametrize(
    ("text", "truth"),
    [("true", True), ("1", True), ("YES", True), ("Sim", True), ("on", True), ("não", False), ("0", False)],
)
def test_truth_is_read_in_the_words_of_people(text: str, truth: bool) -> None:
    assert Request.from_params({"vacuum": text}).spec.vacuum is truth


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("vacuum", "maybe", "vacuum='maybe' is neither true nor false; write true or false"),
        ("locale", "pt", "locale='pt' is unknown; near it: pt_BR, pt_PT"),
        ("locale", "pt_BRA", "near it: pt_BR"),
        ("locale", "C", "locale='C' is unknown; there are ar_AA"),
        ("separation", "1,125", "1.125 is greater than the maximum of 1"),
        ("separation", "80%", "separation='80%' is not a number; write a number from 0 to 1"),
    ],
)
def test_other_values_in_doubt_name_value_rule_and_remedy(name: str, text: str, message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        Request.from_params({name: text})


@pytest.mark.parametrize("text", ["pt-BR", "pt_br", "PT_BR.UTF-8", " pt-br ", "pt_BR@euro"])
def test_a_locale_is_known_in_every_usual_form(text: str) -> None:
    assert Request.from_params({"locale": text}).spec.digest == Request.from_params({}).spec.digest


def test_options_of_the_command_line_are_read_in_the_same_way() -> None:
    seen: list[Request] = []
    app = typer.Typer()
    app.command()(takes_params(lambda request: seen.append(request), "generate"))
    words = [
        "--profiles",
        "1.000.000",
        "--separation",
        "0,8",
        "--locale",
        "pt-br",
        "--seed",
        "0x10",
        "--vacuum",
    ]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    spec = seen[0].spec
    assert (spec.profiles, spec.separation, spec.locale, spec.seed, spec.vacuum) == (
        1_000_000,
        0.8,
        "pt_BR",
        16,
        True,
    )
    refused = CliRunner().invoke(app, ["--profiles", "1.000"])
    assert str(refused.exception) == REFUSED["1.000"]
