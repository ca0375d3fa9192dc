"""Matches killed at any moment: nothing half is visible, and the end is the same."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from harness import kill

from synthprof.base.files import matches
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.outputs import outputs, read_output

MATCH = """
import sys
from pathlib import Path
from synthprof.delivery.matching import steps
from synthprof.delivery.matching.job import match
from synthprof.delivery.matching.order import MatchOrder
from synthprof.report.ending import ended
from synthprof.store import outputs

outputs.CHECKPOINT_BYTES = 1
steps.STEP_PICTURES, steps.STEP_PAIRS = 16, 32
order = MatchOrder(dataset="drawn", features=100, index="ivf")
sys.exit(ended(lambda: match(Path(sys.argv[1]), order) and 0, as_json=False))
"""
"""A match with a checkpoint after each few pictures and pairs."""

ORDER = {
    **{"dataset": "drawn", "profiles": 200, "clusters": 1, "kmeans_niter": 1, "dim_embedding": 24},
    **{"avatars": True, "avatar_copies": 0.5, "index": "flat", "prose": "card", "workers": 1},
}


def _start(home: Path) -> "subprocess.Popen[str]":
    words = [sys.executable, "-W", "ignore", "-c", MATCH, str(home)]
    environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "1000"}
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def _ended(home: Path) -> dict[str, str]:
    """The SHA-256 of each file of the finished match, by name, and what is wrong with it."""
    process = _start(home)
    errors = process.communicate(timeout=600)[1]
    assert process.returncode == 0, errors
    ((folder, output),) = outputs(home / "drawn" / "matches")
    assert all(matches(folder, file) for file in read_output(folder).files)
    return {file.path: file.sha256 for file in output.files}


@pytest.mark.parametrize(
    "kills", [pytest.param(3, marks=pytest.mark.long), pytest.param(50, marks=pytest.mark.faults_full)]
)
@pytest.mark.timeout(3600)
def test_a_match_that_is_killed_again_and_again_has_the_same_bytes(tmp_path: Path, kills: int) -> None:
    """A kill in each match, most of them while it is at work; those that were cut short go on."""
    run_all(Request.from_params(ORDER), tmp_path)
    folder = tmp_path / "drawn" / "matches"
    began = time.monotonic()
    reference = _ended(tmp_path)
    seconds, chance, done = time.monotonic() - began, random.Random(7), 0
    while done < kills:
        for path in folder.glob("[!.]*"):
            path.rename(tmp_path / f"finished-{done}-{path.name}")
        process = _start(tmp_path)
        time.sleep(chance.random() * seconds)
        kill(process)
        done += 1
        assert all(read_output(path).files for path in folder.glob("[!.]*"))
        if chance.random() < 0.3:
            assert _ended(tmp_path) == reference
    for path in folder.glob("[!.]*"):
        path.rename(tmp_path / "last")
    assert _ended(tmp_path) == reference
