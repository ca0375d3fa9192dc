"""Readers, meanings, encoders and schemas that an earlier process has made: they do what they did then."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from synthprof.base.kept import CACHE
from synthprof.encoders.catalogue.meanings import meanings_of
from synthprof.encoders.encoder import encoder_of
from synthprof.encoders.reading.reader import reader_of
from synthprof.profiles.drawing import generate
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.loader import load_bundle
from synthprof.schemas.wishes import Wishes, wished
from synthprof.spec.spec import Spec

TEXTS = {
    "gamer_br": ("joga RPG de madrugda no PC", "mulheres de São Paulo, sem microfone, entre 20 e 30 anos"),
    "customer_us": ("women from Texas with more than 3 orders", "customers in Bostn"),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and no value that this process has made before."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    _forget()
    yield tmp_path / "cache"
    _forget()


@pytest.mark.parametrize("name", TEXTS)
def test_a_reader_that_is_found_reads_as_it_did(name: str, cache: Path) -> None:
    bundle = load_bundle(name)
    made = reader_of(bundle)
    before = [made.read(text) for text in TEXTS[name]]
    assert any(reading.clauses for reading in before)
    _forget()
    found = reader_of(bundle)
    assert list(cache.glob("reader-*")) and found is not made
    assert [found.read(text) for text in TEXTS[name]] == before


@pytest.mark.parametrize("name", TEXTS)
def test_meanings_and_an_encoder_that_are_found_embed_to_the_same_bytes(name: str, cache: Path) -> None:
    bundle, spec = load_bundle(name), Spec(profile_schema=name)
    rows = generate(bundle.schema, 1, "pt_BR", 0.8, 0, 40).profiles
    before = (
        _embedded(bundle, spec, rows),
        [meanings_of(bundle).read(text).attributes for text in TEXTS[name]],
    )
    _forget()
    assert list(cache.glob("encoder-*")) and list(cache.glob("meanings-*"))
    assert _embedded(bundle, spec, rows) == before[0]
    assert [meanings_of(bundle).read(text).attributes for text in TEXTS[name]] == before[1]


@pytest.mark.parametrize("tables", ["", "all", "none"])
def test_a_schema_that_is_found_is_that_which_was_wished_for(tables: str, cache: Path) -> None:
    bundle, wishes = load_bundle("customer_us"), Wishes(tables, 1.1, "short", 0.1, 1.5)
    made = wished(bundle, wishes)
    _forget()
    found = wished(bundle, wishes)
    assert list(cache.glob("wished-*")) and found is not made
    assert found == made != bundle.schema


def _embedded(bundle: Bundle, spec: Spec, rows: object) -> bytes:
    encoder = encoder_of(spec, bundle)
    texts = encoder.encode_text([*TEXTS[bundle.schema.name]])  # type: ignore[attr-defined]
    return bytes(texts.tobytes() + encoder.encode(rows).tobytes())  # type: ignore[arg-type]


def _forget() -> None:
    from synthprof.encoders import encoder

    for each in (reader_of, meanings_of, encoder._tokens, wished):
        each.cache_clear()
