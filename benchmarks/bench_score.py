"""Scores of a search for avatars with the tiny model, through the index and exactly, and their CPU-seconds.

`bench_score.py [profiles]` makes all in a temporary folder: avatars, a copy of each second one, a data set of
them, and the scores. The model was trained on other avatars (tests/support/train_tiny_avatar_clip.py).
"""

import sys
import tempfile
import time
from pathlib import Path

from synthprof.delivery.scoring.job import score
from synthprof.delivery.scoring.order import ScoreOrder
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.stages.import_rows import resolve_source
from synthprof.versions.version import open_version

MODEL, DIM = Path(__file__).parents[1] / "tests" / "encoders" / "tiny_avatar_clip", 96


def main(profiles: int) -> None:
    """Make all, score it, and print what comes of it."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        common = {"clusters": 4, "kmeans_niter": 2, "workers": 1, "seed": 23}
        drawn = {"dataset": "drawn", "profiles": profiles, "avatars": True, "avatar_copies": 0.5}
        run_all(Request.from_params(common | drawn), home)
        source = str(open_version(home, "drawn").folder / "avatars")
        faces = {"dataset": "faces", "source": source, "kind": "images", "encoder": "clip"}
        faces |= {"model": str(MODEL), "dim_embedding": DIM, "index": "hnsw"}
        run_all(resolve_source(Request.from_params(common | faces), home), home)
        for exact in (False, True):
            began = time.process_time()
            order = ScoreOrder(dataset="faces", truth="drawn", questions=1_000, exact=exact)
            found = score(home, order)
            seconds = time.process_time() - began
            print(f"{'exact' if exact else 'hnsw'}: {found.output.rows:,} pictures, {seconds:.1f} CPU-s")
            for kind, each in found.scores.items():
                figures = f"recall@1 {each['recall_at_1']:.4f}, recall@10 {each['recall_at_10']:.4f}"
                print(f"  {kind:8}{each['questions']:6,} questions, {figures}")
            print("  by change:", found.scores["copy"]["by_change"])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
