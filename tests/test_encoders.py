import functools
import hashlib
import itertools
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import adjusted_rand_score

from synthprof.encoders import Encoder, TextEncoder, catalogue, load_encoder
from synthprof.encoders.catalogue import CatalogueEncoder
from synthprof.encoders.exact import unit_rows
from synthprof.encoders.meanings import load_meanings
from synthprof.encoders.strings import hash_strings
from synthprof.encoders.text import PhraseFinder
from synthprof.encoders.tokens import directions
from synthprof.encoders.vocabulary import read_vocabulary
from synthprof.errors import SpecError
from synthprof.generate import generate
from synthprof.profiles import load_schema

ENCODERS = ("catalogue", "hashed")

ADA = {
    "id": 1,
    "nome": "Ada Moraes",
    "idade": 31,
    "cidade": "Recife",
    "estado": "PE",
    "sexo": "Feminino",
    "interesses_musicais": "Forró, Metal",
    "jogos_favoritos": "Elden Ring, Hollow Knight, Tibia",
    "plataformas_possuidas": "PC, Steam Deck",
    "estilos_preferidos": "Soulslike, Exploração",
    "disponibilidade": "Madrugada",
    "interacao_desejada": "Trocar dicas",
    "compartilhar_contato": 0,
    "anos_experiencia": 12,
    "objetivo_principal": "Conquistas",
    "usa_microfone": 1,
    "idiomas": "Português, Inglês",
    "nivel_competitivo": "Avançado",
    "estilo_comunicacao": "Reservado",
    "descricao": "Ada tem 31 anos.",
}
BIA = ADA | {
    "id": 2,
    "nome": "Bia Souza",
    "idade": 58,
    "interesses_musicais": "Gospel",
    "jogos_favoritos": "Candy Crush Saga",
    "plataformas_possuidas": "Celular",
    "estilos_preferidos": "Solo",
    "disponibilidade": "Manhã",
    "usa_microfone": 0,
    "descricao": "Bia é avó; joga no celular.",
}


def _batch(*rows: dict[str, object]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist(list(rows))


@functools.cache
def _profiles(separation: float = 0.8, rows: int = 16_384) -> tuple[pa.RecordBatch, np.ndarray]:
    made = generate(load_schema("gamer_br"), 42, "pt_BR", separation, 0, rows)
    return made.profiles, made.archetypes


@functools.cache
def _encoder(name: str, dim: int = 128) -> Encoder:
    return load_encoder(name, dim, seed=42, schema="gamer_br")


@functools.cache
def _embeddings(separation: float = 0.8) -> np.ndarray:
    return _encoder("catalogue").encode(_profiles(separation)[0])


def _texts(*texts: str) -> np.ndarray:
    encoder = _encoder("catalogue")
    assert isinstance(encoder, TextEncoder)
    return encoder.encode_text(texts)


def test_long_texts_have_the_same_vectors_whatever_is_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["RPG de madrugada " * count for count in (1, 40, 0, 3, 900, 2)]
    encoder = load_encoder("catalogue", 64)
    assert isinstance(encoder, TextEncoder)
    whole = encoder.encode_text(texts)
    monkeypatch.setattr(catalogue, "CHARACTERS_AT_ONCE", 100)
    assert encoder.encode_text(texts).tobytes() == whole.tobytes()
    assert encoder.encode_text([]).shape == (0, 64)


def _as_read_from_sqlite(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Text as plain strings, numbers and flags as 64-bit integers."""
    wide = {
        name: column.cast(pa.int64() if pa.types.is_integer(column.type) else pa.string())
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    return pa.RecordBatch.from_pydict(wide)


# --- what every encoder keeps ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("dim", [8, 30, 128, 385])
def test_embeddings_are_dense_unit_vectors(name: str, dim: int) -> None:
    encoder = _encoder(name, dim)
    vectors = encoder.encode(_profiles(rows=500)[0])
    assert (encoder.name, encoder.dim, encoder.fast) == (name, dim, True)
    assert vectors.shape == (500, dim)
    assert vectors.dtype == np.float32
    assert vectors.flags.c_contiguous
    assert np.abs(np.linalg.norm(vectors.astype(np.float64), axis=1) - 1).max() < 1e-6


@pytest.mark.parametrize("name", ENCODERS)
def test_a_row_has_the_same_bytes_whatever_stands_beside_it(name: str) -> None:
    batch, encoder = _profiles()[0], _encoder(name)
    whole = encoder.encode(batch)
    assert np.array_equal(encoder.encode(batch.slice(5_000, 1)), whole[5_000:5_001])
    assert np.array_equal(encoder.encode(batch.slice(8_191, 777)), whole[8_191:8_968])
    shuffled = np.random.default_rng(1).permutation(batch.num_rows)
    assert np.array_equal(encoder.encode(batch.take(pa.array(shuffled))), whole[shuffled])


@pytest.mark.parametrize("name", ENCODERS)
def test_a_batch_larger_than_a_block_has_the_bytes_of_its_blocks(name: str) -> None:
    batch = _profiles()[0]
    twice = pa.Table.from_batches([batch, batch]).combine_chunks().to_batches()[0]
    alone = _encoder(name).encode(batch)
    assert np.array_equal(_encoder(name).encode(twice), np.concatenate([alone, alone]))


@pytest.mark.parametrize("name", ENCODERS)
def test_rows_read_back_from_sqlite_have_the_bytes_of_those_made(name: str) -> None:
    batch = _profiles(rows=3_000)[0]
    again = _as_read_from_sqlite(batch)
    assert again.schema != batch.schema
    assert np.array_equal(_encoder(name).encode(again), _encoder(name).encode(batch))


@pytest.mark.parametrize("name", ENCODERS)
def test_the_row_id_and_the_order_of_columns_count_nothing(name: str) -> None:
    reversed_columns = dict(reversed((ADA | {"id": 99}).items()))
    encoder = _encoder(name)
    assert np.array_equal(encoder.encode(_batch(reversed_columns)), encoder.encode(_batch(ADA)))


@pytest.mark.parametrize("name", ENCODERS)
def test_no_rows_give_no_embeddings(name: str) -> None:
    assert _encoder(name).encode(_profiles(rows=10)[0].slice(0, 0)).shape == (0, 128)


@pytest.mark.parametrize("name", ENCODERS)
def test_missing_values_are_taken_as_none_and_not_as_noise(name: str) -> None:
    empty = {key: None for key in ADA} | {
        "id": 1,
        "jogos_favoritos": "",
        "idade": 5_000,
        "anos_experiencia": -3,
    }
    batch = pa.RecordBatch.from_pylist([ADA, empty])
    vectors = _encoder(name).encode(batch)
    assert np.isfinite(vectors).all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    assert np.array_equal(vectors[:1], _encoder(name).encode(_batch(ADA)))


@pytest.mark.parametrize("name", ENCODERS)
def test_columns_that_are_missing_altogether_leave_unit_vectors(name: str) -> None:
    vectors = _encoder(name).encode(pa.RecordBatch.from_pydict({"id": [1, 2, 3]}))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


def _digest(name: str) -> str:
    return hashlib.blake2b(_encoder(name).encode(_batch(ADA, BIA)).tobytes(), digest_size=8).hexdigest()


@pytest.mark.parametrize(
    ("name", "pinned"), [("catalogue", "4cf57ce953732c45"), ("hashed", "308ae020136b4a1e")]
)
def test_embeddings_of_two_profiles_are_pinned(name: str, pinned: str) -> None:
    # Published data sets are verified by making them again; other bytes here need a new stage version.
    assert _digest(name) == pinned


@pytest.mark.parametrize("name", ENCODERS)
def test_bytes_do_not_depend_on_process_hash_seed_threads_or_processor(name: str) -> None:
    script = f"from tests.test_encoders import _digest; print(_digest({name!r}))"
    plainer = {"PYTHONHASHSEED": "7", "OMP_NUM_THREADS": "1", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"}
    output = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parents[1],
        env=os.environ | plainer | {"ARROW_USER_SIMD_LEVEL": "NONE"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert output.stdout.strip() == _digest(name)


def test_an_unknown_encoder_is_refused_with_those_there_are() -> None:
    with pytest.raises(SpecError, match=r"unknown encoder 'bert'; the encoders are catalogue, hashed"):
        load_encoder("bert", 128)


def test_an_unknown_schema_is_refused() -> None:
    with pytest.raises(SpecError, match="unknown schema 'leitor_pt'"):
        load_encoder("catalogue", 128, schema="leitor_pt")


# --- catalogue: near means alike --------------------------------------------------------------------------


def test_the_catalogue_is_one_space_for_all_seeds() -> None:
    first, second = (load_encoder("catalogue", 64, seed=seed).encode(_batch(ADA)) for seed in (1, 2))
    assert np.array_equal(first, second)


def test_profiles_that_share_more_are_nearer() -> None:
    same_tastes = BIA | {
        key: ADA[key] for key in ("jogos_favoritos", "estilos_preferidos", "disponibilidade")
    }
    ada, near, far = _encoder("catalogue").encode(_batch(ADA, same_tastes, BIA))
    assert ada @ near > 0.6 > 0.4 > ada @ far


def test_games_of_one_genre_are_nearer_than_games_of_another() -> None:
    bare = {"id": 1}
    rows = [bare | {"jogos_favoritos": game} for game in ("Dark Souls III", "Lies of P", "FIFA 23")]
    souls, lies, fifa = _encoder("catalogue").encode(_batch(*rows))
    assert souls @ lies > souls @ fifa + 0.2


def test_ages_that_are_close_are_close() -> None:
    ages = _encoder("catalogue").encode(pa.RecordBatch.from_pydict({"idade": [30, 32, 40, 60]}))
    assert ages[0] @ ages[1] > ages[0] @ ages[2] + 0.3
    assert ages[0] @ ages[1] > ages[0] @ ages[3] + 0.3


def test_a_game_the_catalogue_lacks_is_found_by_its_words() -> None:
    rows = [
        ADA | {"jogos_favoritos": game}
        for game in ("Fazenda Lunar, Tibia", "Elden Ring, Tibia", "Rust, Tibia")
    ]
    vectors = _encoder("catalogue").encode(_batch(*rows))
    assert (_texts("quem joga FAZENDA lunar?") @ vectors.T).argmax() == 0


def test_neighbours_like_the_same_games_at_least_5_times_as_often_as_strangers() -> None:
    # The figure that issue 3 asks for; at separation 0.8 it is about 25.
    batch, vectors = _profiles()[0], _embeddings()
    games = [set(text.split(", ")) for text in batch.column("jogos_favoritos").to_pylist()]
    asked = range(0, 16_384, 16)
    near = _search(vectors, vectors[asked], 11)
    random = np.random.default_rng(3).integers(0, len(games), (len(asked), 50))
    shared = [len(games[i] & games[j]) for i, row in zip(asked, near, strict=True) for j in row if j != i]
    by_chance = [len(games[i] & games[j]) for i, row in zip(asked, random, strict=True) for j in row]
    assert np.mean(shared) >= 5 * np.mean(by_chance)


@pytest.mark.parametrize("separation", [0.8, 1.0])
def test_text_queries_find_profiles_with_two_of_three_wishes(separation: float) -> None:
    # The figure that issue 3 asks for: 200 queries made from profiles that are not searched.
    batch, vectors = _profiles(separation)[0], _embeddings(separation)
    columns = [
        batch.column(name).to_pylist()
        for name in ("jogos_favoritos", "estilos_preferidos", "disponibilidade")
    ]
    rows = [tuple(set(text.split(", ")) for text in row) for row in zip(*columns, strict=True)]
    pick = np.random.default_rng(4)
    wishes = [tuple(pick.choice(sorted(values)) for values in row) for row in rows[:200]]
    queries = [
        f"Joga {game}, curte {style.lower()} e está livre: {time.lower()}" for game, style, time in wishes
    ]
    near = _search(vectors[200:], _texts(*queries), 10) + 200
    agree = [
        sum(wish in values for wish, values in zip(wished, rows[j], strict=True)) >= 2
        for wished, found in zip(wishes, near, strict=True)
        for j in found
    ]
    assert np.mean(agree) >= 0.9


@pytest.mark.parametrize(
    ("separation", "starts", "low", "high"), [(1.0, 10, 0.9, 1.0), (0.0, 1, -0.05, 0.05)]
)
def test_k_means_recovers_the_archetypes_as_far_as_they_are_separate(
    separation: float, starts: int, low: float, high: float
) -> None:
    archetypes, vectors = _profiles(separation)[1], _embeddings(separation)
    kmeans = faiss.Kmeans(128, len(np.unique(archetypes)), niter=20, nredo=starts, seed=5)
    kmeans.cp.init_method = faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS
    kmeans.train(vectors)
    labels = kmeans.index.search(vectors, 1)[1][:, 0]
    assert low <= adjusted_rand_score(archetypes, labels) <= high


def _search(vectors: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index.search(np.ascontiguousarray(queries), k)[1]


# --- catalogue: text --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Joga RPG de madrugada no PC", "rpg madrugada computador"),
        ("À NOITE, no celular!", "noite mobile"),
        ("fim de semana no play 5", "Fins de semana; PlayStation 5"),
        ("procuro alguém com microfone", "usa microfone"),
        ("GTA V", "grand theft auto v"),
        ("valorant e lol", "League of Legends, Valorant"),
        ("exploração", "EXPLORACAO"),
    ],
)
def test_what_people_write_means_what_the_catalogue_calls_it(text: str, same: str) -> None:
    assert np.array_equal(*_texts(text, same))


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("God of War Ragnarök", "God of War"),
        ("Final Fantasy XIV Online", "jogar online"),
        ("Mato Grosso do Sul", "Mato Grosso"),
        ("não usa microfone", "usa microfone"),
        ("30 anos de experiência", "30 anos"),
    ],
)
def test_the_longest_phrase_counts(text: str, other: str) -> None:
    first, second = _texts(text, other)
    assert first @ second < 0.7


def test_a_query_finds_who_has_what_it_says() -> None:
    vectors = _encoder("catalogue").encode(_batch(ADA, BIA))
    queries = _texts(
        "joga Elden Ring de madrugada", "casual no celular, de manhã, música gospel", "RPG no Steam Deck"
    )
    assert (queries @ vectors.T).argmax(axis=1).tolist() == [0, 1, 0]


def test_what_is_read_in_a_description_is_true_of_its_profile() -> None:
    batch = _profiles()[0].slice(0, 1_000)
    meanings = load_meanings("gamer_br")
    read = [(row, each) for row in batch.to_pylist() for each in meanings.of_text(row["descricao"])]
    read = [(row, each) for row, each in read if each.column != "genero"]  # a game's, or a wish of its own
    wrong = [(row["descricao"], each) for row, each in read if not meanings.agreeing([each], row)]
    assert len(read) > 10_000
    assert len(wrong) <= 0.003 * len(read), wrong[:3]  # people are called Bragança or Mário


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("evita o microfone", "usa_microfone=0"),
        ("joga há 20 anos", "anos_experiencia=20"),
        ("tem 20 anos", "idade=20"),
        ("há 1 ano nos jogos", "anos_experiencia=1"),
        ("gamer goiana", "estado=GO"),
        ("jogador do Pará", "estado=PA"),
        ("mora em Bonito", "cidade=Bonito"),
        ("um jogo bonito", None),
        ("Vitória (ES)", "cidade=Vitória estado=ES"),
        ("seu objetivo é a vitória", None),
        ("fica online", None),
        ("na conversa, é objetivo", "estilo_comunicacao=Objetivo"),
    ],
)
def test_words_mean_what_they_say_in_their_place(text: str, meaning: str | None) -> None:
    assert " ".join(map(str, load_meanings("gamer_br").of_text(text))) == (meaning or "")


def test_of_phrases_that_overlap_the_first_and_what_it_leaves_are_found() -> None:
    finder = PhraseFinder(("a b", "b c", "c d"), ())
    assert finder.find(pa.array(["a b c d"], pa.large_string())).phrases.tolist() == [0, 2]


def test_a_column_that_embeddings_do_not_show_counts_nothing_in_texts() -> None:
    vocabulary = read_vocabulary("gamer_br")
    wider = replace(vocabulary, values=(*vocabulary.values, ("ocupacao", ("Trabalha", "Estuda"))))
    text = "Trabalha e joga RPG"
    assert np.array_equal(CatalogueEncoder(128, wider).encode_text([text]), _texts("joga RPG"))


def test_a_description_lies_by_its_profile() -> None:
    batch, vectors = _profiles()[0], _embeddings()
    described = _texts(*batch.column("descricao").slice(0, 500).to_pylist())
    assert (_search(vectors, described, 1)[:, 0] == np.arange(500)).mean() >= 0.9


def test_a_text_has_the_same_bytes_whatever_stands_beside_it() -> None:
    texts = [
        "",
        "RPG",
        "mato",
        "grosso do sul",
        "de madrugada",
        "xyzzy plugh",
        "noite\nnoite",
        "日本 кириллица",
        "?!",
    ]
    together = _texts(*texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(_texts(text)[0], vector)


def test_texts_without_meaning_get_the_fixed_unit_vector() -> None:
    assert np.array_equal(_texts("", "de e para", "\t?!"), np.eye(1, 128, dtype=np.float32).repeat(3, axis=0))


def test_a_very_long_text_is_still_a_unit_vector() -> None:
    assert np.allclose(np.linalg.norm(_texts("rpg de madrugada " * 50_000), axis=1), 1)


# --- hashed ------------------------------------------------------------------------------------------------


def test_values_are_gaussian_and_rows_unrelated() -> None:
    vectors = _encoder("hashed").encode(_profiles(rows=4_000)[0]).astype(np.float64)
    values = vectors / vectors.std(axis=1, keepdims=True)
    tolerance = 5 / np.sqrt(values.size)
    assert abs(values.mean()) < tolerance
    assert abs((values**3).mean()) < tolerance * np.sqrt(15)
    assert 2.8 < (values**4).mean() < 3.3  # 3 for a Gaussian; scales that differ by attribute add a little
    cosines = (vectors[:2_000] @ vectors[2_000:].T).ravel()
    assert abs(cosines.mean()) < 5 / np.sqrt(128 * 2_000)
    assert cosines.std() == pytest.approx(1 / np.sqrt(128), rel=0.03)


@pytest.mark.parametrize("column", [name for name in ADA if name != "id"])
def test_every_field_changes_the_whole_vector(column: str) -> None:
    changed = ADA | {column: ADA[column] + 1 if isinstance(ADA[column], int) else f"{ADA[column]}."}
    first, second = _encoder("hashed").encode(_batch(ADA, changed))
    assert abs(first @ second) < 0.5


def test_the_seed_changes_the_whole_vector() -> None:
    first, second = (load_encoder("hashed", 128, seed=seed).encode(_batch(ADA))[0] for seed in (1, 2))
    assert abs(first @ second) < 0.5


def test_fields_that_swap_their_texts_give_another_vector() -> None:
    swapped = ADA | {"nome": ADA["cidade"], "cidade": ADA["nome"]}
    first, second = _encoder("hashed").encode(_batch(ADA, swapped))
    assert abs(first @ second) < 0.5


def test_age_scales_its_share_of_the_dimensions() -> None:
    rows = [{"id": 1, "nome": str(number), "idade": age} for age in (16, 75) for number in range(500)]
    energy = (_encoder("hashed").encode(_batch(*rows))[:, :32].astype(np.float64) ** 2).sum(axis=1)
    young, old = energy[:500].mean(), energy[500:].mean()
    assert young == pytest.approx(1.16**2 / (1.16**2 + 3), rel=0.03)
    assert old == pytest.approx(1.75**2 / (1.75**2 + 3), rel=0.03)


def test_an_age_that_is_text_scales_nothing() -> None:
    assert np.isfinite(_encoder("hashed").encode(_batch({"id": 1, "idade": "42 anos"}))).all()


# --- the parts ---------------------------------------------------------------------------------------------


def test_a_million_short_strings_have_different_hashes() -> None:
    # dbldatagen's polynomial hash meets already on two letters; this one must not on any four of 32.
    strings = pa.array(
        ["".join(letters) for letters in itertools.product("abcdefghijklmnopqrstuvwxyzáéíóúç", repeat=4)]
    )
    assert len(np.unique(hash_strings(strings, salt=1))) == 32**4


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 15, 16, 17, 400])
def test_the_hash_sees_every_byte_and_the_length(length: int) -> None:
    text = "x" * length
    others = [text + "\0", text + "x", *(text[:i] + "y" + text[i + 1 :] for i in range(length))]
    assert len(np.unique(hash_strings(pa.array([text, *others]), salt=1))) == len(others) + 1


def test_the_hash_is_that_of_the_string_however_it_is_stored() -> None:
    strings = ["", "a", "Ação", "um texto bem mais longo que oito bytes", None, "a"]
    plain = hash_strings(pa.array(strings), salt=3)
    stored = (
        pa.array(strings, pa.large_string()),
        pa.array(strings).dictionary_encode(),
        pa.array(["antes", *strings, "depois"]).slice(1, 6),
        pa.array(["antes", *strings]).dictionary_encode().slice(1),
        pa.array(strings, pa.string_view()),
    )
    for array in stored:
        assert np.array_equal(hash_strings(array, salt=3), plain)
    assert plain[1] == plain[5] != plain[0] == plain[4]


def test_directions_are_balanced_and_nearly_orthogonal() -> None:
    vectors = directions(np.arange(2_000, dtype=np.uint64), 256).astype(np.float64)
    assert set(np.unique(vectors)) == {-1.0, 1.0}
    cosines = (vectors @ vectors.T / 256)[np.triu_indices(2_000, 1)]
    assert cosines.std() == pytest.approx(1 / 16, rel=0.02)
    assert np.abs(cosines).max() < 6.5 / 16


def test_unit_rows_are_right_to_the_last_bits_of_float32() -> None:
    rows = np.random.default_rng(0).integers(-(2**20), 2**20, (3_000, 96)).astype(np.float32)
    rows[17] = 0
    exact = rows.astype(np.longdouble)
    exact[17, 0] = 1
    exact /= np.sqrt((exact**2).sum(axis=1))[:, None]
    assert np.abs(unit_rows(rows) - exact).max() < 2.0**-24
