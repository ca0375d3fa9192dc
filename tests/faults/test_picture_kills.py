"""A collection of pictures, killed at any moment and embedded again: the same bytes."""

import random
import time
from pathlib import Path

import pytest
from harness import Kills, Subject, note
from picture_sets import PARAMS, draw_folder

ROWS = 900


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.faults_full)])
def test_kills_while_pictures_are_embedded_cost_nothing(tmp_path: Path, kills: int) -> None:
    draw_folder(tmp_path / "photos", ROWS)
    params = PARAMS | {"source": str(tmp_path / "photos"), "batch_size": 16}
    whole = Subject(tmp_path / "whole", params, "embed")
    began = time.monotonic()
    reference = whole.finish()
    killed = Kills(
        Subject(tmp_path / "killed", params, "embed"),
        reference,
        random.Random(kills),
        time.monotonic() - began,
    )
    killed.many(kills)
    note("SIGKILL at a random moment, 900 pictures", killed.survived, killed.lost)
