"""Vocabularies of Faker's providers: made once, by their own seed, kept with the schema."""

import random

import pytest
from drawing import drawn
from pydantic import ValidationError

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.fakers import FakerWords
from synthprof.spec.spec import BLOCK_ROWS


def test_the_words_are_those_of_the_locale_and_the_same_each_time():
    draw = FakerWords(provider="job", locale="de_DE", size=300)
    random.seed(1)
    made = draw.with_words()
    random.seed(2)
    assert draw.with_words() == made
    assert "Polizist" in made.words
    assert sum(made.weights) == 300
    assert made.release
    assert FakerWords(provider="job", locale="pt_BR", size=300).with_words().words != made.words


def test_words_that_are_there_stay_whatever_faker_would_make():
    kept = FakerWords(provider="job", words=("Baker", "Smith"), weights=(3, 1), release="0.1")
    assert kept.with_words() is kept
    assert FakerWords.model_validate_json(kept.model_dump_json()) == kept
    texts = drawn(kept, block=2).to_pylist()
    assert texts.count("Baker") / BLOCK_ROWS == pytest.approx(0.75, abs=0.02)
    assert drawn(kept, block=2, rows=9).to_pylist() == texts[:9]


@pytest.mark.parametrize(
    ("provider", "arguments", "kind"),
    [
        ("company", {}, "text"),
        ("pyint", {"min_value": 3, "max_value": 5}, "integer"),
        ("pyfloat", {"min_value": 0, "max_value": 1}, "float"),
        ("latitude", {}, "float"),
        ("boolean", {"chance_of_getting_true": 25}, "bool"),
        ("random_element", {"elements": ["a", "b"]}, "text"),
    ],
)
def test_values_keep_their_type(provider, arguments, kind):
    draw = FakerWords(provider=provider, arguments=arguments, size=40).with_words()
    assert draw.kind.name == kind
    restored = FakerWords.model_validate_json(draw.model_dump_json())
    assert restored == draw
    assert [type(word) for word in restored.words] == [type(word) for word in draw.words]
    wanted = {int(word) if kind == "bool" else word for word in draw.words}
    assert set(drawn(restored).to_pylist()) == wanted


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"provider": "jobs"}, r"no provider 'jobs' for en_US; its documentation lists them"),
        ({"provider": "car"}, r"no provider 'car' for en_US; near it: credit_card"),
        ({"provider": "seed_instance"}, "no provider 'seed_instance'"),
        ({"provider": "add_provider"}, "no provider 'add_provider'"),
        ({"provider": "job", "locale": "de_XX"}, r"locale='de_XX' is none of Faker's; near it: de, de_AT"),
        (
            {"provider": "date_of_birth"},
            "date_of_birth reads the clock, or draws without its seed; use a draw of",
        ),
        ({"provider": "ssn"}, "ssn reads the clock"),
        ({"provider": "pesel", "locale": "pl_PL"}, "pesel reads the clock"),
        ({"provider": "pystr_format", "arguments": {"string_format": "{{iso8601}}"}}, "reads the clock"),
        ({"provider": "words"}, "words gives list; choose one that gives a text, a number or true and false"),
        ({"provider": "profile"}, "profile reads the clock"),
        ({"provider": "zip"}, "zip gives bytes"),
        (
            {"provider": "random_digit_or_empty"},
            r"gives values of several types \(int, str\); choose another",
        ),
        (
            {"provider": "pyint", "arguments": {"lowest": 1}},
            r"fails for en_US \(TypeError: .*\); correct its arg",
        ),
        (
            {"provider": "pystr", "arguments": {"min_chars": 2_000, "max_chars": 2_000}},
            "more than 1,000 characters",
        ),
        (
            {"provider": "pystr", "arguments": {"min_chars": 999, "max_chars": 999}, "size": 20_000},
            "more than 4,000,000",
        ),
    ],
)
def test_a_provider_that_gives_no_vocabulary_is_refused_in_words(given, message):
    with pytest.raises(SpecError, match=message):
        FakerWords(**{"size": 100} | given).with_words()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"provider": "__class__"}, "match pattern"),
        ({"provider": "job", "size": 0}, "greater than or equal to 1"),
        ({"provider": "job", "size": 10**6}, "less than or equal to 20000"),
        ({"provider": "pystr", "arguments": {"max_chars": 10**9}}, "less than or equal to 1000000"),
        ({"provider": "job", "words": ("a",), "weights": ()}, "words and weights do not belong together"),
    ],
)
def test_a_declaration_out_of_bounds_is_refused(given, message):
    with pytest.raises(ValidationError, match=message):
        FakerWords(**given)


def test_a_draw_without_words_says_so():
    with pytest.raises(SpecError, match="x: the draw has no words yet; call with_words"):
        drawn(FakerWords(provider="job"))


def test_a_provider_that_draws_from_another_generator_is_refused(monkeypatch):
    monkeypatch.setattr("faker.providers.job.Provider.job", lambda _: str(random.random()))
    with pytest.raises(
        SpecError, match="job does not follow its seed; its values would differ from run to run"
    ):
        FakerWords(provider="job", size=5).with_words()
