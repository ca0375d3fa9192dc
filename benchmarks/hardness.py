"""The hardness of embeddings for an index, beside those of real texts, and which dials mimic which of these.

    .venv/bin/python benchmarks/hardness.py FOLDER > benchmarks/results/hardness.txt

FOLDER holds the arrays of benchmarks/real_embeddings.py. Three parts: the figures of
`synthprof.similarity.difficulty` of real texts, of the default, and of what the dials give; for each real set
with dials in FITTED, the Kolmogorov-Smirnov distance of intrinsic dimensionality (k = 100), relative contrast
at 1, 10 and 100, and k-occurrence (k = 10), of 2,000 queries; and the work of indexes at five efforts:
recall@10 and distances computed by 141 lists and by HNSW (M 16, efConstruction 80), real and ours.
"""

import sys
from pathlib import Path

import faiss
import numpy as np

from synthprof.encoders.encoder import encode_block, encoder_of
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_bundle
from synthprof.similarity.difficulty import SAMPLE_ROWS, difficulty
from synthprof.spec.spec import Spec
from synthprof.store.schemas import schema_of

ROWS, QUERIES, HUB_ROWS = 20_000, 2_000, 5_000
PROBES, EFFORTS = (1, 4, 8, 16, 32), (10, 20, 40, 80, 160)
FITTED: dict[str, dict[str, float]] = {
    "debian-static256": {
        "hardness": 0.05,
        "hardness_spread": 0.687,
        "hardness_decay": 0.562,
        "separation": 0.56,
        "near_duplicates": 0.129,
        "near_distance": 0.691,
    },
    "wordnet-static256": {
        "hardness": 0.4,
        "hardness_spread": 0.329,
        "hardness_decay": 0.738,
        "separation": 0.7,
        "near_duplicates": 0.06,
        "near_distance": 0.871,
    },
    "wordnet-minilm": {
        "hardness": 0.134,
        "hardness_spread": 0.603,
        "hardness_decay": 0.506,
        "separation": 0.47,
        "near_duplicates": 0.07,
        "near_distance": 0.471,
    },
}
"""Dials by the name of the real set that they mimic."""


def main() -> None:
    """Print the three parts."""
    faiss.omp_set_num_threads(1)
    real = {path.stem: np.load(path).astype(np.float32) for path in sorted(Path(sys.argv[1]).glob("*-*.npy"))}
    ours = {
        "default, 128 d": made({}),
        "default, 256 d": made({"dim_embedding": 256}),
        "default, 384 d": made({"dim_embedding": 384}),
        "hardness 0, 128 d": made({"hardness": 0.0}),
        "hashed, 128 d": made({"encoder": "hashed"}),
    }
    fitted = {name: dials for name, dials in FITTED.items() if name in real}
    mimics = {name: made(dials | {"dim_embedding": real[name].shape[1]}) for name, dials in fitted.items()}
    print(f"figures of {SAMPLE_ROWS:,} rows")
    ours |= {f"as {name}": rows for name, rows in mimics.items()}
    for name, rows in {**real, **ours}.items():
        _print(name, difficulty(rows[:SAMPLE_ROWS]))
    for name, rows in mimics.items():
        print(f"\n{name}: {FITTED[name]}")
        one, other = distributions(real[name][:ROWS]), distributions(rows)
        print("  KS " + ", ".join(f"{key} {ks(one[key], other[key]):.3f}" for key in one))
        for work in (lists_work, hnsw_work):
            print(f"  {work.__name__}: effort, recall real and ours, distances real and ours")
            for (effort, *one), (_, *other) in zip(work(real[name][:ROWS]), work(rows), strict=True):
                more = other[1] / one[1]
                print(
                    f"  {effort:4} {one[0]:.3f} {other[0]:.3f} {one[1]:8,.0f} {other[1]:8,.0f} {more:.2f} x"
                )


def made(dials: dict) -> np.ndarray:
    """Return the embeddings of ROWS profiles."""
    spec, bundle = Spec(profiles=ROWS, seed=7, **dials), load_bundle("gamer_br")
    schema, encoder = schema_of(spec, bundle), encoder_of(spec, bundle)
    parts = []
    for block in range(spec.blocks):
        batch = generate(schema, 7, "pt_BR", spec.separation, block, spec.block_rows(block)).profiles
        parts.append(encode_block(encoder, spec, block, batch))
    return np.concatenate(parts)


def distributions(rows: np.ndarray) -> dict[str, np.ndarray]:
    """Return the values of each query, or row, that distances between distributions are taken of."""
    reached = np.sqrt(np.maximum(_search(rows, rows[:QUERIES], 101)[0][:, 1:], 1e-8))
    mean = np.sqrt(np.maximum(2 - 2 * rows[:QUERIES] @ rows[::5].T, 0)).mean(axis=1)
    _, near = _search(rows[:HUB_ROWS], rows[:HUB_ROWS], 11)
    return {
        "lid": -1 / np.log(reached[:, :99] / reached[:, 99:]).mean(axis=1),
        **{f"contrast_{k}": mean / reached[:, k - 1] for k in (1, 10, 100)},
        "occurrence": np.bincount(near[:, 1:].ravel(), minlength=HUB_ROWS).astype(float),
    }


def ks(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of two cumulated distributions."""
    every = np.union1d(one, other)
    below = (np.searchsorted(np.sort(each), every, side="right") / len(each) for each in (one, other))
    return float(np.abs(np.subtract(*below)).max())


def lists_work(rows: np.ndarray) -> list[tuple[int, float, float]]:
    """Return effort, recall@10 and distances a query of 141 lists, for the first 1,000 rows as queries."""
    base, queries = rows[1_000:], rows[:1_000]
    truth = _search(base, queries, 10)[1]
    index = faiss.IndexIVFFlat(faiss.IndexFlatL2(rows.shape[1]), rows.shape[1], 141)
    index.train(base)
    index.add(base)
    found = []
    for probes in PROBES:
        index.nprobe = probes
        faiss.cvar.indexIVF_stats.reset()
        near = index.search(queries, 10)[1]
        found.append((probes, _recall(near, truth), 141 + faiss.cvar.indexIVF_stats.ndis / len(queries)))
    return found


def hnsw_work(rows: np.ndarray) -> list[tuple[int, float, float]]:
    """Return effort, recall@10 and distances for a query of HNSW."""
    base, queries = rows[1_000:], rows[:1_000]
    truth = _search(base, queries, 10)[1]
    index = faiss.IndexHNSWFlat(rows.shape[1], 16)
    index.hnsw.efConstruction = 80
    index.add(base)
    found = []
    for effort in EFFORTS:
        index.hnsw.efSearch = effort
        faiss.cvar.hnsw_stats.reset()
        near = index.search(queries, 10)[1]
        found.append((effort, _recall(near, truth), faiss.cvar.hnsw_stats.ndis / len(queries)))
    return found


def _recall(found: np.ndarray, truth: np.ndarray) -> float:
    return float((found[:, :, None] == truth[:, None]).any(axis=2).mean())


def _search(base: np.ndarray, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    index = faiss.IndexFlatL2(base.shape[1])
    index.add(np.ascontiguousarray(base))
    return index.search(np.ascontiguousarray(queries), k)


def _print(name: str, figures: dict) -> None:
    print(f"{name:22}" + "  ".join(f"{key} {value:.4g}" for key, value in figures.items()), flush=True)


if __name__ == "__main__":
    main()
