"""Near-copies, sizes of topics and figures of difficulty, from the order to the published version."""

from pathlib import Path

import numpy as np
import pytest

from synthprof.encoders.near_copies import origins
from synthprof.report.difficulty import FIGURES
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.versions.verify import verify
from synthprof.versions.version import Version, open_version

ORDER = {
    **{"dataset": "hard", "profiles": 900, "clusters": 4, "kmeans_niter": 2, "dim_embedding": 24},
    **{"dim_vector": 20, "near_duplicates": 0.3, "near_distance": 0.05, "topic_sizes": 1.5, "workers": 1},
}


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Version:
    home = tmp_path_factory.mktemp("hard")
    run_all(Request.from_params(ORDER), home)
    return open_version(home, "hard")


def test_near_copies_lie_by_the_origins_that_the_truth_names(version: Version) -> None:
    of = np.load(version.folder / "near_duplicates.npy")
    vectors = version.embeddings()
    rows = np.flatnonzero(of)
    assert np.array_equal(of, origins(version.spec, 0))
    assert 0.25 < len(rows) / 900 < 0.35
    assert np.linalg.norm(vectors[rows] - vectors[of[rows] - 1], axis=1).max() < 0.3


def test_topics_have_the_sizes_of_the_order(version: Version) -> None:
    sizes = np.sort(np.bincount(version.labels()))[::-1] / 900
    wanted = np.arange(1, 17) ** -1.5
    assert abs(sizes[0] - wanted[0] / wanted.sum()) < 0.05


def test_the_version_has_every_figure_and_is_made_again_the_same(version: Version) -> None:
    assert {name: version.scores[name] for name in FIGURES}["contrast_1"] > 1
    assert "How hard these vectors are" in Path(version.folder / "report.html").read_text("utf-8")
    verdict = verify(version, None, lambda *_: None)
    assert (verdict.damaged, verdict.unknown, verdict.contradictions) == ((), (), ())
