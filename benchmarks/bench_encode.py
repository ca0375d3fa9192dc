"""Rates of the encoders, and the quality of their embeddings.

    .venv/bin/python benchmarks/bench_encode.py [--blocks 3] [--dim 128] > benchmarks/results/encode.txt

Rates are rows per second of CPU time of this process (its threads included), the best of five rounds over one
block. The conventional way stands beside them: the same sum of token vectors, a row at a time by
DataFrame.apply. Ratios are to be trusted, single figures are not: the machine is shared.

Quality is that of exact search over all profiles; the k-means is FAISS's, k = number of archetypes, with
k-means++ starts, once and the best of ten.
"""

import argparse
import platform
import time
from collections.abc import Callable

import faiss
import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.metrics import adjusted_rand_score

from synthprof.encoders.encoder import encoder_of
from synthprof.profiles.drawing import generate
from synthprof.profiles.features import features
from synthprof.schemas.loader import load_bundle, load_schema
from synthprof.spec.spec import Spec

ROUNDS = 5
LISTS = ("jogos_favoritos", "estilos_preferidos", "plataformas_possuidas", "interesses_musicais", "idiomas")


def main() -> None:
    """Rates, then quality, printed."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--blocks", type=int, default=3)
    options.add_argument("--dim", type=int, default=128)
    options.add_argument("--seed", type=int, default=42)
    given = options.parse_args()
    print(
        f"Python {platform.python_version()}, NumPy {np.__version__}, pyarrow {pa.__version__}, "
        f"dim {given.dim}"
    )
    rates(given.dim, given.seed)
    for separation in (1.0, 0.8, 0.0):
        quality(separation, given.blocks, given.dim, given.seed)


def rates(dim: int, seed: int) -> None:
    """Print the rate of each encoder."""
    schema = load_schema("gamer_br")
    batch = generate(schema, seed, "pt_BR", 0.8, 0).profiles
    plain = _as_read_from_sqlite(batch)
    catalogue, hashed = (
        encoder_of(Spec(encoder=name, dim_embedding=dim, seed=seed), load_bundle("gamer_br"))
        for name in ("catalogue", "hashed")
    )
    few = batch.slice(0, 1_000)
    texts = batch.column("descricao").to_pylist()
    short = [text[:60] for text in texts]
    base = _rate("catalogue, a row at a time (apply)", few.num_rows, lambda: _by_apply(few, dim), 1)
    rows = batch.num_rows
    both = lambda: (features(schema, batch, 32), catalogue.encode(batch))  # noqa: E731
    _rate("catalogue, a block", rows, lambda: catalogue.encode(batch), base)
    _rate("catalogue, a block as read from SQLite", rows, lambda: catalogue.encode(plain), base)
    _rate("hashed, a block", rows, lambda: hashed.encode(batch), base)
    _rate("feature vectors and catalogue, a block", rows, both, base)
    _rate("texts of 310 characters", rows, lambda: catalogue.encode_text(texts), base)
    _rate("texts of 60 characters", rows, lambda: catalogue.encode_text(short), base)
    one = _rate(
        "one query at a time", 50, lambda: [catalogue.encode_text([text]) for text in short[:50]], base
    )
    print(f"one query: {1e3 / one:.1f} ms")


def quality(separation: float, blocks: int, dim: int, seed: int) -> None:
    """Print the quality of the embeddings of some blocks."""
    made = [generate(load_schema("gamer_br"), seed, "pt_BR", separation, block) for block in range(blocks)]
    archetypes = np.concatenate([each.archetypes for each in made])
    encoder = encoder_of(Spec(dim_embedding=dim), load_bundle("gamer_br"))
    vectors = np.concatenate([encoder.encode(each.profiles) for each in made])
    columns = ("jogos_favoritos", "estilos_preferidos", "disponibilidade")
    table = pa.Table.from_batches([each.profiles.select(columns) for each in made])
    rows = [
        tuple(set(text.split(", ")) for text in row)
        for row in zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    ]
    two, three = _text_queries(encoder, rows, vectors)
    near, chance = _overlap([row[0] for row in rows], vectors)
    once, best = (_rand_index(vectors, archetypes, redo) for redo in (1, 10))
    print(
        f"separation {separation}, {len(rows):,} profiles\n"
        f"  adjusted Rand index: {once:.3f} k-means once, {best:.3f} best of 10\n"
        f"  text queries: {two:.3f} of the top 10 have two of three wishes, {three:.3f} all three\n"
        f"  shared games: {near:.2f} with the 10 nearest, {chance:.3f} with random, {near / chance:.1f} x"
    )


def _text_queries(encoder, rows, vectors) -> tuple[float, float]:
    """Share of the top 10 with two and with three of the wishes, over 200 queries from held-back profiles."""
    pick = np.random.default_rng(1)
    held = pick.permutation(len(rows))[:200]
    kept = np.setdiff1d(np.arange(len(rows)), held)
    wishes = [tuple(pick.choice(sorted(values)) for values in rows[i]) for i in held]
    queries = encoder.encode_text(
        [f"joga {game}, curte {style}, {when.lower()}" for game, style, when in wishes]
    )
    found = kept[_search(vectors[kept], queries, 10)]
    agree = np.array(
        [
            [sum(w in values for w, values in zip(wished, rows[j], strict=True)) for j in near]
            for wished, near in zip(wishes, found, strict=True)
        ]
    )
    return float((agree >= 2).mean()), float((agree == 3).mean())


def _overlap(games: list[set[str]], vectors) -> tuple[float, float]:
    """Mean number of games that 2,000 profiles share with their 10 nearest and with random profiles."""
    pick = np.random.default_rng(2)
    asked = pick.permutation(len(games))[:2_000]
    near = _search(vectors, vectors[asked], 11)
    chance = pick.integers(0, len(games), (len(asked), 50))
    return tuple(
        float(
            np.mean(
                [
                    len(games[i] & games[j])
                    for i, row in zip(asked, others, strict=True)
                    for j in row
                    if j != i
                ]
            )
        )
        for others in (near, chance)
    )


def _rand_index(vectors, archetypes, redo: int) -> float:
    kmeans = faiss.Kmeans(vectors.shape[1], int(archetypes.max()) + 1, niter=20, nredo=redo, seed=3)
    kmeans.cp.init_method = faiss.ClusteringInitMethod_KMEANS_PLUS_PLUS
    kmeans.train(vectors)
    return float(adjusted_rand_score(archetypes, kmeans.index.search(vectors, 1)[1][:, 0]))


def _search(vectors, queries, k: int):
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors))
    return index.search(queries, k)[1]


def _rate(what: str, rows: int, work: Callable[[], object], base: float) -> float:
    """Rows per CPU-second, the best of some rounds, printed with its ratio to the base."""
    work()
    seconds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    rate = rows / min(seconds)
    print(f"{what:42} {rate:12,.0f} rows/s {rate / base if base > 1 else 1:8.1f} x")
    return rate


def _by_apply(batch: pa.RecordBatch, dim: int) -> np.ndarray:
    """Sum token vectors as it is usually written: a function of one row, applied."""
    vectors: dict[str, np.ndarray] = {}

    def token(name: str) -> np.ndarray:
        if name not in vectors:
            vectors[name] = np.random.default_rng(abs(hash(name))).normal(size=dim)
        return vectors[name]

    def embed(row: pd.Series) -> np.ndarray:
        total = np.zeros(dim)
        for column, value in row.items():
            items = str(value).split(", ") if column in LISTS else [str(value)]
            for item in items:
                total += token(f"{column}={item}") / len(items) ** 0.5
        return (total / np.linalg.norm(total)).astype(np.float32)

    frame = batch.to_pandas().drop(columns=["id", "nome", "descricao"])
    return np.stack(frame.apply(embed, axis=1).to_list())


def _as_read_from_sqlite(batch: pa.RecordBatch) -> pa.RecordBatch:
    wide = {
        name: column.cast(pa.int64() if pa.types.is_integer(column.type) else pa.string())
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    return pa.RecordBatch.from_pydict(wide)


if __name__ == "__main__":
    main()
