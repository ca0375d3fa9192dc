"""The encoder `catalogue` for a schema of anybody's: its kinds of column, its language, what agrees."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from customers import customers

from synthprof.base.errors import SpecError
from synthprof.encoders.catalogue.encoder import CatalogueEncoder
from synthprof.encoders.catalogue.meanings import meanings_of
from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.encoders.hashed import HashedEncoder
from synthprof.encoders.reading.reader import reader_of
from synthprof.profiles.drawing import generate
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draw_kinds.places import Follows, Place
from synthprof.schemas.draws import Choice, Subset
from synthprof.schemas.languages import languages, load_language, spoken
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.texts import Texts
from synthprof.schemas.uses import Encoding

BUNDLE = customers()
ROW = {"age": 34, "city": "Austin", "signup_date": "2023-05-17", "spend": 120.0, "active": 1, "plan": "pro",
       "channels": "web, app"}  # fmt: skip


@pytest.fixture(scope="module")
def encoder() -> CatalogueEncoder:
    return CatalogueEncoder(128, vocabulary_of(BUNDLE))


def encoded(encoder: CatalogueEncoder, *rows: dict) -> np.ndarray:
    batch = pa.RecordBatch.from_pydict({name: [row[name] for row in rows] for name in rows[0]})
    return encoder.encode(batch)


@pytest.mark.parametrize(
    ("column", "near", "far"),
    [
        ("age", 36, 80),
        ("signup_date", "2023-07-01", "2019-02-01"),
        ("spend", 130.0, 900.0),
        ("active", 1, 0),
        ("city", "Austin", "Boston"),
        ("plan", "pro", "free"),
        ("channels", "app, web", "shop"),
    ],
)
def test_rows_whose_values_are_nearer_are_nearer(encoder, column, near, far):
    one, other, third = encoded(encoder, ROW, ROW | {column: near}, ROW | {column: far})
    assert one @ other > one @ third + 0.005


def test_a_row_s_vector_depends_on_no_other_row_and_missing_values_count_nothing(encoder):
    rows = generate(BUNDLE.schema, 5, "en_US", 0.8, 0, 2_000).profiles
    whole = encoder.encode(rows)
    parts = [encoder.encode(rows.slice(first, 250)) for first in range(0, 2_000, 250)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert rows.column("spend").null_count > 100
    bare, without = encoded(encoder, {"spend": None, "age": 40}), encoded(encoder, {"age": 40})
    assert bare.tobytes() == without.tobytes()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pro customers in Austin", "plan=pro city=Austin"),
        ("age 34, not active", "age=34 active=false"),
        ("active customers who signed up in 2023", "active=true signup_date=2023"),
        ("signup date March 2021", "signup_date=2021-03"),
        ("spend of 250", "spend=250"),
        ("everyone who buys by app and in the shop", "channels=app channels=shop"),
    ],
)
def test_a_schema_in_english_is_searched_in_english(text, meant):
    found = meanings_of(BUNDLE).read(text).attributes
    assert sorted(map(str, found)) == sorted(meant.split())


def test_what_a_text_names_is_found(encoder):
    rows = generate(BUNDLE.schema, 7, "en_US", 0.8, 0, 4_000).profiles
    vectors = encoder.encode(rows)
    several, age = encoder.encode_text(["pro plan in Seattle, not active", "age 30"])
    for row in rows.take(pa.array(np.argsort(-(vectors @ several))[:5])).to_pylist():
        assert (row["plan"], row["city"], row["active"]) == ("pro", "Seattle", 0)
    nearest = rows.column("age").to_numpy()[np.argsort(-(vectors @ age))[:20]]
    assert np.abs(nearest - 30).max() <= 10


@pytest.mark.parametrize(
    ("text", "row", "agreed"),
    [
        ("age 34", {"age": 36}, "age=36"),
        ("age 34", {"age": 60}, ""),
        ("in 2023", {"signup_date": "2023-11-30"}, "signup_date=2023-11-30"),
        ("in 2023", {"signup_date": "2022-11-30"}, ""),
        ("active", {"active": True}, "active=true"),
        ("active", {"active": False}, ""),
        ("spend of 250", {"spend": None}, ""),
        ("Austin", {"city": "Austin"}, "city=Austin"),
    ],
)
def test_reasons_are_what_agrees(text, row, agreed):
    found = meanings_of(BUNDLE).read(text).agreeing(row)
    assert " ".join(map(str, found)) == agreed


def test_phrases_of_its_own_stand_beside_those_of_the_language():
    own = Texts(numbers={"spend": ("Pays {} Dollars",)}, synonyms=(("Best Ones", (("plan", "pro"),)),))
    bundle = dataclasses.replace(BUNDLE, texts=spoken(own, BUNDLE.schema, "en", "customer"))
    found = meanings_of(bundle).read("the best ones in Boston, pays 40 dollars").attributes
    assert sorted(map(str, found)) == ["city=Boston", "plan=pro", "spend=40"]


def test_words_of_its_own_replace_those_of_the_language():
    own = Texts(ignored=("ho",))
    assert spoken(own, BUNDLE.schema, "en") is own
    assert spoken(Texts(), BUNDLE.schema, "xx").numbers == {}


@pytest.mark.parametrize("tag", languages())
def test_languages_are_folded_and_complete(tag):
    language = load_language(f"{tag}-XX")
    words = " ".join((*language.ignored, *language.months))
    assert words == words.lower() and words.isascii()
    assert len(language.months) == 12 and len(set(language.ignored)) == len(language.ignored)
    for phrase in (*language.numbers, *language.years):
        assert phrase.count("{}") == 1 and "{name}" in phrase


def test_the_encoder_hashed_takes_any_schema():
    rows = generate(BUNDLE.schema, 5, "en_US", 0.8, 0, 50).profiles
    vectors = HashedEncoder(32, 1, BUNDLE.encoding.scales).encode(rows)
    assert (
        np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5) and len(np.unique(vectors, axis=0)) == 50
    )


def towns(*synonyms: tuple[str, tuple[tuple[str, str], ...]]) -> Bundle:
    rows = (("Portland", "OR"), ("Portland", "ME"), ("Salem", "OR"), ("Dallas", "TX"))
    columns = (
        Column("town", Place(value="town", columns=("town", "state"), rows=rows), None, "Town."),
        Column("state", Follows(of="town", value="state", texts=("OR", "ME", "TX")), None, "State."),
        Column("tier", Choice(("Basic", "Gold", "Best"), (1, 1, 1)), None, "Tier."),
        Column("likes", Subset(("Tea", "Milk"), (1, 1), (1, 1)), None, "Likes."),
        Column("age", UniformInteger(low=18, high=80), None, "Age."),
    )
    encoding = Encoding(conditions=("tier", "likes"))
    return Bundle(Schema("towns", columns, ()), encoding, texts=Texts(synonyms=synonyms))


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("Salem", ["state=OR and town=Salem"]),
        ("Portland", ["state=OR and town=Portland or state=ME and town=Portland"]),
        ("Portland ME", ["state=ME and town=Portland"]),
        ("ME, TX", ["state=ME or state=TX"]),
        ("gold and best, tea and milk", ["tier=Gold or tier=Best", "likes=Tea", "likes=Milk"]),
    ],
)
def test_places_and_values_that_exclude_each_other_are_alternatives(text, conditions):
    assert [str(clause) for clause in reader_of(towns()).read(text).clauses] == conditions


def test_synonyms_may_mean_numbers_that_a_column_can_have():
    read = meanings_of(towns(("retired", (("age", "72"),)))).read("retired")
    assert [str(each) for each in read.attributes] == ["age=72"]
    for value in ("81", "x", "nan"):
        with pytest.raises(SpecError, match=f"'retired' means 'age={value}', which is no value"):
            meanings_of(towns(("retired", (("age", value),))))
