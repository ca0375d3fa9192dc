"""The encoder `catalogue`: profiles that are alike are near each other, and texts near what they say."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pyarrow as pa
import pytest
from encoded import ADA, BIA, batch_of, embedded, embedded_texts, encoder_of, made_profiles

from synthprof.base.errors import SpecError
from synthprof.encoders.catalogue import encoder as encoder_module
from synthprof.encoders.catalogue.encoder import CatalogueEncoder
from synthprof.encoders.catalogue.lexicon import lexicon_of
from synthprof.encoders.catalogue.meanings import meanings_of
from synthprof.encoders.catalogue.phrases import PhraseFinder
from synthprof.encoders.catalogue.vocabulary import vocabulary_of
from synthprof.encoders.encoder import TextEncoder
from synthprof.schemas import loader
from synthprof.schemas.loader import load_bundle
from synthprof.schemas.reading import read_bundle

# --- near means alike ------------------------------------------------------------------------------------


def test_the_catalogue_is_one_space_for_all_seeds() -> None:
    first, second = (encoder_of("catalogue", 64, seed).encode(batch_of(ADA)) for seed in (1, 2))
    assert np.array_equal(first, second)


def test_profiles_that_share_more_are_nearer() -> None:
    same_tastes = BIA | {
        key: ADA[key] for key in ("jogos_favoritos", "estilos_preferidos", "disponibilidade")
    }
    ada, near, far = encoder_of("catalogue").encode(batch_of(ADA, same_tastes, BIA))
    assert ada @ near > 0.6 > 0.4 > ada @ far


def test_games_of_one_genre_are_nearer_than_games_of_another() -> None:
    bare = {"id": 1}
    rows = [bare | {"jogos_favoritos": game} for game in ("Dark Souls III", "Lies of P", "FIFA 23")]
    souls, lies, fifa = encoder_of("catalogue").encode(batch_of(*rows))
    assert souls @ lies > souls @ fifa + 0.2


def test_ages_that_are_close_are_close() -> None:
    ages = encoder_of("catalogue").encode(pa.RecordBatch.from_pydict({"idade": [30, 32, 40, 60]}))
    assert ages[0] @ ages[1] > ages[0] @ ages[2] + 0.3
    assert ages[0] @ ages[1] > ages[0] @ ages[3] + 0.3


def test_a_game_the_catalogue_lacks_is_found_by_its_words() -> None:
    rows = [
        ADA | {"jogos_favoritos": game}
        for game in ("Fazenda Lunar, Tibia", "Elden Ring, Tibia", "Rust, Tibia")
    ]
    vectors = encoder_of("catalogue").encode(batch_of(*rows))
    assert (embedded_texts("quem joga FAZENDA lunar?") @ vectors.T).argmax() == 0


def test_neighbours_like_the_same_games_at_least_5_times_as_often_as_strangers() -> None:
    # The figure that issue 3 asks for; at separation 0.8 it is about 25.
    batch, vectors = made_profiles()[0], embedded()
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
    batch, vectors = made_profiles(separation)[0], embedded(separation)
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
    near = _search(vectors[200:], embedded_texts(*queries), 10) + 200
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
    from sklearn.metrics import adjusted_rand_score  # heavy: the other workers need it not

    archetypes, vectors = made_profiles(separation)[1], embedded(separation)
    kmeans = faiss.Kmeans(128, len(np.unique(archetypes)), niter=20, nredo=starts, seed=5)
    kmeans.cp.init_method = faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS
    kmeans.train(vectors)
    labels = kmeans.index.search(vectors, 1)[1][:, 0]
    assert low <= adjusted_rand_score(archetypes, labels) <= high


def _search(vectors: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(vectors)
    return index.search(np.ascontiguousarray(queries), k)[1]


# --- text ------------------------------------------------------------------------------------------------


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
    assert np.array_equal(*embedded_texts(text, same))


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
    first, second = embedded_texts(text, other)
    assert first @ second < 0.7


def test_a_query_finds_who_has_what_it_says() -> None:
    vectors = encoder_of("catalogue").encode(batch_of(ADA, BIA))
    queries = embedded_texts(
        "joga Elden Ring de madrugada", "casual no celular, de manhã, música gospel", "RPG no Steam Deck"
    )
    assert (queries @ vectors.T).argmax(axis=1).tolist() == [0, 1, 0]


def test_what_is_read_in_a_description_is_true_of_its_profile() -> None:
    batch = made_profiles()[0].slice(0, 1_000)
    meanings = meanings_of(load_bundle("gamer_br"))
    named = [(row, each) for row in batch.to_pylist() for each in meanings.read(row["descricao"]).attributes]
    named = [(row, each) for row, each in named if each.column != "genero"]  # a game's, or a wish of its own
    wrong = [(row["descricao"], each) for row, each in named if not list(meanings.agreeing(each, row))]
    assert len(named) > 10_000
    assert len(wrong) <= 0.003 * len(named), wrong[:3]  # people are called Bragança or Mário


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
    assert " ".join(map(str, meanings_of(load_bundle("gamer_br")).read(text).attributes)) == (meaning or "")


NAMES_AND_VECTOR = """
from synthprof.encoders.encoder import TextEncoder, encoder_of
from synthprof.pipeline import version_of
from synthprof.schemas.loader import load_bundle
from synthprof.spec.spec import Spec
profiles, texts = {}, {"collection": 32 * "0"}
for given in (texts, profiles, {**texts, "encoder": "hashed"}, {**texts, "encoder": "http", "model": "m"}):
    print(version_of(Spec(**given)))
print(encoder_of(Spec(**texts), load_bundle("gamer_br")).encode_text(["joga no fds"]).tobytes().hex())
"""


def test_a_collection_has_another_version_once_a_word_means_something_else(tmp_path: Path) -> None:
    package = Path(loader.__file__).parents[1]
    shutil.copytree(package, tmp_path / "synthprof", ignore=shutil.ignore_patterns("__pycache__"))
    synonyms = tmp_path / "synthprof" / "schemas" / "gamer_br" / "synonyms.csv"
    before = synonyms.read_text()
    synonyms.write_text(before.replace("fds,disponibilidade=Fins de semana", "fds,disponibilidade=Noite"))
    (name, *others, vector), (other_name, *same, other_vector) = (
        subprocess.run(
            [sys.executable, "-c", NAMES_AND_VECTOR],
            cwd=path,  # which Python looks into first
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for path in (package.parent, tmp_path)
    )
    assert vector != other_vector
    assert name != other_name
    assert others == same  # what does not read texts by these words keeps its name
    synonyms.write_text(before.replace("fds,disponibilidade=Fins de semana", "fds,disponibilidade=Jantar"))
    with pytest.raises(SpecError, match="the synonym 'fds' means 'disponibilidade=Jantar', which is no"):
        lexicon_of(vocabulary_of(read_bundle(synonyms.parent)))


def test_of_phrases_that_overlap_the_first_and_what_it_leaves_are_found() -> None:
    finder = PhraseFinder(("a b", "b c", "c d"), ())
    assert finder.find(pa.array(["a b c d"], pa.large_string())).phrases.tolist() == [0, 2]


def test_a_column_that_embeddings_do_not_show_counts_nothing_in_texts() -> None:
    vocabulary = vocabulary_of(load_bundle("gamer_br"))
    wider = replace(vocabulary, values=(*vocabulary.values, ("ocupacao", ("Trabalha", "Estuda"))))
    text = "Trabalha e joga RPG"
    assert np.array_equal(CatalogueEncoder(128, wider).encode_text([text]), embedded_texts("joga RPG"))


def test_a_description_lies_by_its_profile() -> None:
    batch, vectors = made_profiles()[0], embedded()
    described = embedded_texts(*batch.column("descricao").slice(0, 500).to_pylist())
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
    together = embedded_texts(*texts)
    for text, vector in zip(texts, together, strict=True):
        assert np.array_equal(embedded_texts(text)[0], vector)


def test_texts_without_meaning_get_the_fixed_unit_vector() -> None:
    assert np.array_equal(
        embedded_texts("", "de e para", "\t?!"), np.eye(1, 128, dtype=np.float32).repeat(3, axis=0)
    )


def test_a_very_long_text_is_still_a_unit_vector() -> None:
    assert np.allclose(np.linalg.norm(embedded_texts("rpg de madrugada " * 50_000), axis=1), 1)


def test_long_texts_have_the_same_vectors_whatever_is_held_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["RPG de madrugada " * count for count in (1, 40, 0, 3, 900, 2)]
    encoder = encoder_of("catalogue", 64)
    assert isinstance(encoder, TextEncoder)
    whole = encoder.encode_text(texts)
    monkeypatch.setattr(encoder_module, "CHARACTERS_BATCH", 100)
    assert encoder.encode_text(texts).tobytes() == whole.tobytes()
    assert encoder.encode_text([]).shape == (0, 64)
