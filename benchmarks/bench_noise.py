"""The cost of noise in embeddings, and of the figures of difficulty.

    .venv/bin/python benchmarks/bench_noise.py > benchmarks/results/noise.txt

Seconds of CPU time of this process, the best of some rounds, without and with noise in turn: ratios are to be
trusted, single figures are not, since the machine is shared.
"""

import time
from collections.abc import Callable

from synthprof.encoders.encoder import encoder_of
from synthprof.profiles.drawing import generate
from synthprof.profiles.features import features
from synthprof.schemas.loader import load_bundle
from synthprof.similarity.difficulty import difficulty
from synthprof.spec.spec import Spec

ROUNDS = 15


def main() -> None:
    """Print the seconds of a block."""
    bundle = load_bundle("gamer_br")
    batch = generate(bundle.schema, 42, "pt_BR", 0.8, 0).profiles
    plain, noisy = (encoder_of(Spec(hardness=hardness), bundle) for hardness in (0.0, 0.5))
    works: dict[str, Callable[[], object]] = {
        "embeddings without noise": lambda: plain.encode(batch),
        "embeddings with noise": lambda: noisy.encode(batch),
        "both without noise": lambda: (features(bundle.schema, batch, 32), plain.encode(batch)),
        "both with noise": lambda: (features(bundle.schema, batch, 32), noisy.encode(batch)),
    }
    seconds = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            seconds[name].append(_seconds(work))
    best = {name: min(each) for name, each in seconds.items()}
    for name, found in best.items():
        print(f"{name:28} {1e3 * found:6.1f} ms a block")
    alone, both = (
        best[f"{what} without noise"] / best[f"{what} with noise"] for what in ("embeddings", "both")
    )
    print(f"rate with noise: {alone:.2f} x embeddings, {both:.2f} x embeddings and feature vectors")
    vectors = noisy.encode(batch)
    least = min(_seconds(lambda: difficulty(vectors)) for _ in range(3))
    print(f"figures of difficulty: {least:.2f} s a version")


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
