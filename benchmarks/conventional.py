"""The conventional way to make the same data set: what bench_stages.py compares synthprof with.

Written from the description in the issue, as a careful Python programmer would without columns: Faker and
`random`, one profile at a time, in a `multiprocessing.Pool`; `DataFrame.to_sql(method="multi")`; row-wise
`DataFrame.apply` for feature vectors and embeddings, also in a pool; `executemany` of BLOBs on WAL; FAISS
k-means on every row. The same 20 columns, 32 features and 128 dimensions. What can be looked up once is
looked up once; nothing is slow on purpose.
"""

import functools
import hashlib
import math
import multiprocessing
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import faiss
import numpy as np
import pandas as pd
from faker import Faker

CHUNK = 1_000
DIM_VECTOR = 32
DIM_EMBEDDING = 128


def _listed(items: str) -> list[str]:
    return items.split(", ")


CITIES = {
    "SP": ["São Paulo", "Campinas", "Guarulhos", "Santos", "Sorocaba", "Ribeirão Preto", "Osasco"],
    "MG": ["Belo Horizonte", "Uberlândia", "Contagem", "Juiz de Fora", "Betim"],
    "RJ": ["Rio de Janeiro", "Niterói", "Duque de Caxias", "São Gonçalo", "Petrópolis"],
    "BA": ["Salvador", "Feira de Santana", "Vitória da Conquista", "Ilhéus"],
    "PR": ["Curitiba", "Londrina", "Maringá", "Ponta Grossa"],
    "RS": ["Porto Alegre", "Caxias do Sul", "Pelotas", "Canoas"],
    "PE": ["Recife", "Olinda", "Caruaru", "Petrolina"],
    "CE": ["Fortaleza", "Juazeiro do Norte", "Sobral"],
    "PA": ["Belém", "Ananindeua", "Santarém"],
    "SC": ["Florianópolis", "Joinville", "Blumenau"],
    "GO": ["Goiânia", "Anápolis", "Aparecida de Goiânia"],
    "MA": ["São Luís", "Imperatriz"],
    "PB": ["João Pessoa", "Campina Grande"],
    "AM": ["Manaus", "Parintins"],
    "ES": ["Vitória", "Vila Velha", "Serra"],
    "MT": ["Cuiabá", "Várzea Grande"],
}
STATES = list(CITIES)
STATE_WEIGHTS = [44.4, 20.5, 16.1, 14.1, 11.4, 10.9, 9.1, 8.8, 8.1, 7.6, 7.1, 6.8, 4.0, 3.9, 3.8, 3.7]
SEXES = ["Feminino", "Masculino", "Não binário"]
MUSIC = _listed(
    "Rock, Pop, Sertanejo, Funk, MPB, Samba, Pagode, Forró, Eletrônica, Hip Hop, Rap, Metal, Indie, Jazz, "
    "Blues, Reggae, K-pop, J-pop, Lo-fi, Trilhas sonoras, Clássica, Axé, Punk, Trap"
)
GAMES = _listed(
    "League of Legends, Valorant, Counter-Strike 2, Free Fire, Fortnite, Minecraft, Roblox, EA FC, GTA V, "
    "Call of Duty, Apex Legends, Overwatch 2, Dota 2, Rocket League, The Witcher 3, Elden Ring, Dark Souls, "
    "Stardew Valley, Hollow Knight, Celeste, Hades, Terraria, Among Us, Genshin Impact, Clash Royale, "
    "Brawl Stars, Mobile Legends, PUBG, Rainbow Six Siege, Cyberpunk 2077, Red Dead Redemption 2, Skyrim, "
    "Zelda: Breath of the Wild, Mario Kart 8, Super Smash Bros, Animal Crossing, Pokémon, God of War, "
    "The Last of Us, Horizon, Spider-Man, Resident Evil 4, Silent Hill 2, Street Fighter 6, Tekken 8, "
    "Mortal Kombat, Forza Horizon, Gran Turismo, The Sims 4, Cities: Skylines, Civilization VI, "
    "Age of Empires, StarCraft II, World of Warcraft, Final Fantasy XIV, Diablo IV, Path of Exile"
)
PLATFORMS = ["PC", "PlayStation", "Xbox", "Nintendo Switch", "Celular", "Steam Deck"]
STYLES = _listed(
    "FPS, MOBA, RPG, MMORPG, Battle royale, Aventura, Ação, Estratégia, Simulação, Corrida, Luta, Esportes, "
    "Terror, Plataforma, Puzzle, Sandbox, Roguelike, Metroidvania, Ritmo, Cartas"
)
AVAILABILITY = ["Manhã", "Tarde", "Noite", "Madrugada", "Fins de semana"]
INTERACTIONS = ["Online", "Presencial", "Online e presencial", "Somente mensagens"]
GOALS = ["Competir", "Diversão", "Fazer amigos", "Aprender", "Criar conteúdo", "Relaxar"]
LANGUAGES = ["Inglês", "Espanhol", "Francês", "Japonês", "Coreano", "Alemão"]
LEVELS = ["Iniciante", "Casual", "Intermediário", "Avançado", "Profissional"]
COMMUNICATION = ["Direta", "Bem-humorada", "Calma", "Animada", "Reservada", "Estratégica"]
PHRASES = [
    [
        "Meu nome é {nome}, tenho {idade} anos.",
        "Prazer, {nome}, {idade} anos.",
        "Aos {idade} anos, {nome} é {gamer}.",
    ],
    ["Mora em {cidade}, {estado}.", "{cidade} ({estado}) é sua casa.", "Joga de {cidade}, {estado}."],
    ["Soma {anos_experiencia} anos de experiência.", "{gamer_up} há {anos_experiencia} anos.", ""],
    ["Adora {jogos_favoritos}.", "Lista de favoritos: {jogos_favoritos}.", "Não larga {jogos_favoritos}."],
    ["Para jogar: {plataformas_possuidas}.", "Joga em {plataformas_possuidas}.", ""],
    ["Estilo de jogo: {estilos_preferidos}.", "Dá preferência a: {estilos_preferidos}.", ""],
    ["Música: {interesses_musicais}.", "Fones no ouvido: {interesses_musicais}.", ""],
    ["Aparece online: {disponibilidade}.", "Horário de jogo: {disponibilidade}.", ""],
    ["Objetivo: {objetivo_principal}.", "O que importa: {objetivo_principal}.", ""],
    ["Nível {nivel_competitivo}.", "Compete no nível {nivel_competitivo}.", ""],
    ["Comunicação: {estilo_comunicacao}.", "Quem joga junto diz: {estilo_comunicacao}.", ""],
]
"""Sentences of a description; on average it is about as long as those of synthprof (some 300 characters)."""

TEXT_COLUMNS = _listed(
    "nome, cidade, estado, sexo, interesses_musicais, jogos_favoritos, plataformas_possuidas, "
    "estilos_preferidos, disponibilidade, interacao_desejada, objetivo_principal, idiomas, "
    "nivel_competitivo, estilo_comunicacao, descricao"
)
TOKEN_WEIGHTS = {
    "jogos_favoritos": 1.0,
    "estilos_preferidos": 1.0,
    "plataformas_possuidas": 0.7,
    "interesses_musicais": 0.5,
    "disponibilidade": 0.3,
    "objetivo_principal": 0.5,
    "nivel_competitivo": 0.3,
    "estilo_comunicacao": 0.3,
}
INTEGER_COLUMNS = ["idade", "compartilhar_contato", "anos_experiencia", "usa_microfone"]
INDEXED = ["estado", "idade", "objetivo_principal", "nivel_competitivo"]

_fake: Faker


# --- generate --------------------------------------------------------------------------------------------


def generate(rows: int, seed: int, workers: int) -> pd.DataFrame:
    """Return the profiles as a data frame with an id from 1."""
    chunks = [(seed, first, min(CHUNK, rows - first)) for first in range(0, rows, CHUNK)]
    with multiprocessing.Pool(workers, initializer=_start) as pool:
        parts = pool.map(_profiles, chunks)
        pool.close()
        pool.join()
    frame = pd.DataFrame([profile for part in parts for profile in part])
    frame.insert(0, "id", range(1, rows + 1))
    return frame


def _start() -> None:
    global _fake
    _fake = Faker("pt_BR")


def _profiles(chunk: tuple[int, int, int]) -> list[dict[str, str | int]]:
    seed, first, count = chunk
    random.seed(f"{seed}-{first}")
    _fake.seed_instance(seed * 1_000_003 + first)
    return [_profile(_fake) for _ in range(count)]


def _profile(fake: Faker) -> dict[str, str | int]:
    sex = random.choices(SEXES, (46, 52, 2))[0]
    name = {"Feminino": fake.name_female, "Masculino": fake.name_male}.get(sex, fake.name)()
    age = min(75, max(16, round(random.gauss(29, 10))))
    state = random.choices(STATES, STATE_WEIGHTS)[0]
    experience = random.randint(0, min(40, age - 12))
    goal = random.choice(GOALS)
    level = LEVELS[min(4, experience // 6 + (goal == "Competir") + random.randint(0, 1))]
    profile: dict[str, str | int] = {
        "nome": name,
        "idade": age,
        "cidade": random.choice(CITIES[state]),
        "estado": state,
        "sexo": sex,
        "interesses_musicais": ", ".join(random.sample(MUSIC, random.randint(1, 4))),
        "jogos_favoritos": ", ".join(random.sample(GAMES, random.randint(2, 5))),
        "plataformas_possuidas": ", ".join(random.sample(PLATFORMS, random.randint(1, 3))),
        "estilos_preferidos": ", ".join(random.sample(STYLES, random.randint(1, 4))),
        "disponibilidade": random.choices(AVAILABILITY, (1, 4, 4, 3, 2) if age < 22 else (1, 1, 6, 1, 5))[0],
        "interacao_desejada": random.choice(INTERACTIONS),
        "compartilhar_contato": int(random.random() < 0.4),
        "anos_experiencia": experience,
        "objetivo_principal": goal,
        "usa_microfone": int(random.random() < (0.9 if goal == "Competir" else 0.5)),
        "idiomas": ", ".join(["Português", *random.sample(LANGUAGES, random.randint(0, 2))]),
        "nivel_competitivo": level,
        "estilo_comunicacao": random.choice(COMMUNICATION),
    }
    profile["descricao"] = _description(profile)
    return profile


def _description(profile: dict[str, str | int]) -> str:
    gamer = "jogadora" if profile["sexo"] == "Feminino" else "jogador"
    words = {**profile, "gamer": gamer, "gamer_up": gamer.capitalize()}
    sentences = [random.choice(options).format_map(words) for options in PHRASES]
    return " ".join(sentence for sentence in sentences if sentence)


# --- ingest ----------------------------------------------------------------------------------------------


def ingest(frame: pd.DataFrame, folder: Path) -> None:
    """`perfis.db` holds the profiles, indexed."""
    columns = ", ".join(
        f"{name} {'INTEGER' if name in INTEGER_COLUMNS else 'TEXT'}" for name in frame.columns if name != "id"
    )
    with closing(sqlite3.connect(folder / "perfis.db")) as connection, connection:
        connection.execute(f"CREATE TABLE IF NOT EXISTS perfis (id INTEGER PRIMARY KEY, {columns})")
        frame.to_sql("perfis", connection, if_exists="append", index=False, method="multi", chunksize=1000)
        for name in INDEXED:
            connection.execute(f"CREATE INDEX IF NOT EXISTS idx_perfis_{name} ON perfis ({name})")


# --- vectorize -------------------------------------------------------------------------------------------


def vectorize(frame: pd.DataFrame, workers: int, kind: str = "gaussian") -> tuple[np.ndarray, np.ndarray]:
    """Feature vectors (n, 32) and embeddings (n, 128), float32.

    kind: "gaussian", what synthprof's encoder `hashed` makes; "tokens", sums of some 60 token vectors, what
    synthprof's default encoder `catalogue` makes; or "tokens anew", the same where no vector is remembered.
    """
    parts = [(frame.iloc[first : first + 10 * CHUNK], kind) for first in range(0, len(frame), 10 * CHUNK)]
    with multiprocessing.Pool(workers) as pool:
        found = pool.starmap(_vectorize, parts, chunksize=1)
        pool.close()
        pool.join()
    return np.concatenate([vectors for vectors, _ in found]), np.concatenate([rows for _, rows in found])


def _vectorize(frame: pd.DataFrame, kind: str) -> tuple[np.ndarray, np.ndarray]:
    kinds = {"gaussian": _embedding, "tokens": _token_embedding, "tokens anew": _token_embedding_anew}
    embedding = kinds[kind]
    return np.stack(frame.apply(_vector, axis=1)), np.stack(frame.apply(embedding, axis=1))


def _vector(row: pd.Series) -> np.ndarray:
    vector = np.zeros(DIM_VECTOR, dtype=np.float32)
    vector[0] = min(row["idade"] / 100, 1)
    vector[1] = min(row["anos_experiencia"] / 50, 1)
    vector[2] = STATES.index(row["estado"]) / len(STATES)
    vector[3] = SEXES.index(row["sexo"]) / len(SEXES)
    vector[4] = AVAILABILITY.index(row["disponibilidade"]) / len(AVAILABILITY)
    vector[5] = INTERACTIONS.index(row["interacao_desejada"]) / len(INTERACTIONS)
    vector[6] = GOALS.index(row["objetivo_principal"]) / len(GOALS)
    vector[7] = LEVELS.index(row["nivel_competitivo"]) / len(LEVELS)
    vector[8] = COMMUNICATION.index(row["estilo_comunicacao"]) / len(COMMUNICATION)
    vector[9] = len(row["interesses_musicais"].split(", ")) / 10
    vector[10] = len(row["jogos_favoritos"].split(", ")) / 10
    vector[11] = len(row["plataformas_possuidas"].split(", ")) / 10
    vector[12] = len(row["estilos_preferidos"].split(", ")) / 10
    vector[13] = len(row["idiomas"].split(", ")) / 10
    vector[14] = row["compartilhar_contato"]
    vector[15] = row["usa_microfone"]
    vector[16] = min(len(row["descricao"]) / 500, 1)
    vector[17] = math.tanh(row["idade"] / max(row["anos_experiencia"], 1))
    return vector


def _embedding(row: pd.Series) -> np.ndarray:
    text = "|".join(str(row[name]) for name in TEXT_COLUMNS)
    seed = int.from_bytes(hashlib.md5(text.encode()).digest()[:8], "little")
    embedding = np.random.default_rng(seed).standard_normal(DIM_EMBEDDING, dtype=np.float32)
    embedding[:32] *= 1 + row["idade"] / 100
    embedding[32:64] *= 1 + row["anos_experiencia"] / 50
    embedding[64:96] *= 1 + LEVELS.index(row["nivel_competitivo"]) / len(LEVELS)
    embedding[96:] *= 1 + row["usa_microfone"]
    return embedding / np.linalg.norm(embedding)


def _token_embedding(row: pd.Series) -> np.ndarray:
    return _sum_of_tokens(row, _remembered_token)


def _token_embedding_anew(row: pd.Series) -> np.ndarray:
    return _sum_of_tokens(row, _token)


def _sum_of_tokens(row: pd.Series, token: Callable[[str], np.ndarray]) -> np.ndarray:
    embedding = np.zeros(DIM_EMBEDDING, dtype=np.float32)
    for name, weight in TOKEN_WEIGHTS.items():
        for item in row[name].split(", "):
            embedding += weight * token(f"{name}={item}")
    for word in row["descricao"].lower().split():
        embedding += 0.2 * token(word)
    return embedding / np.linalg.norm(embedding)


@functools.cache
def _remembered_token(text: str) -> np.ndarray:
    return _token(text)


def _token(text: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.md5(text.encode()).digest()[:8], "little")
    vector = np.random.default_rng(seed).standard_normal(DIM_EMBEDDING, dtype=np.float32)
    return vector / np.linalg.norm(vector)


# --- persist_blobs ---------------------------------------------------------------------------------------


def persist_blobs(vectors: np.ndarray, embeddings: np.ndarray, folder: Path) -> None:
    """`vetores.db` and `embeddings.db` hold the rows as BLOBs."""
    _persist(folder / "vetores.db", "vetores", "vetor BLOB NOT NULL", vectors)
    _persist(folder / "embeddings.db", "embeddings", "embedding BLOB", embeddings)


def _persist(path: Path, table: str, column: str, matrix: np.ndarray) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        with connection:
            connection.execute(f"CREATE TABLE IF NOT EXISTS {table} (id INTEGER PRIMARY KEY, {column})")
            connection.executemany(
                f"INSERT OR REPLACE INTO {table} VALUES (?, ?)",
                ((number, row.tobytes()) for number, row in enumerate(matrix, start=1)),
            )


# --- cluster, export_index -------------------------------------------------------------------------------


def cluster(
    embeddings: np.ndarray, clusters: int, niter: int, seed: int, folder: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n,) and centroids (k, 128) of k-means on every row; `clusters.db` holds the labels."""
    kmeans = faiss.Kmeans(
        embeddings.shape[1], clusters, niter=niter, seed=seed, max_points_per_centroid=len(embeddings)
    )
    kmeans.train(embeddings)
    labels = kmeans.index.search(embeddings, 1)[1][:, 0]
    with closing(sqlite3.connect(folder / "clusters.db")) as connection, connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS clusters (id INTEGER PRIMARY KEY, cluster_id INTEGER NOT NULL)"
        )
        connection.executemany(
            "INSERT OR REPLACE INTO clusters VALUES (?, ?)", enumerate(labels.tolist(), start=1)
        )
        connection.execute("CREATE INDEX IF NOT EXISTS idx_clusters_cluster_id ON clusters (cluster_id)")
    return labels, kmeans.centroids


def export_index(embeddings: np.ndarray, centroids: np.ndarray, folder: Path) -> None:
    """`index.faiss`, an IVF-Flat index on the centroids, and `centroids.npy` are there."""
    quantizer = faiss.IndexFlatL2(embeddings.shape[1])
    quantizer.add(centroids)
    index = faiss.IndexIVFFlat(quantizer, embeddings.shape[1], len(centroids))
    index.is_trained = True
    index.add(embeddings)
    faiss.write_index(index, str(folder / "index.faiss"))
    np.save(folder / "centroids.npy", centroids)
