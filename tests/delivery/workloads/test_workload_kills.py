"""A workload killed at any moment and made again: nothing half is visible, and its bytes are the same."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from synthprof.base.files import matches
from synthprof.store.outputs import OUTPUT, read_output

WORDS = ("-W", "ignore", "-m", "synthprof", "workload", "--metrics", "cosine,l2", "--dataset")


def _start(home: Path, dataset: str, queries: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, *WORDS, dataset, "--queries", str(queries)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"SYNTHPROF_HOME": str(home)},
    )


def _visible(home: Path, dataset: str) -> list[Path]:
    """The folders that a reader sees, each of which is whole."""
    found = list((home / dataset / "workloads").glob("[!.]*"))
    for folder in found:
        output = read_output(folder)
        assert all(matches(folder, file) for file in output.files)
        known = {file.path for file in output.files} | {OUTPUT}
        assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == known
    return found


def _killed_and_made(home: Path, dataset: str, queries: int, kills: int, seed: int) -> None:
    began = time.monotonic()
    assert _start(home, dataset, queries).wait() == 0
    seconds = time.monotonic() - began
    (reference,) = _visible(home, dataset)
    wanted = (reference / OUTPUT).read_bytes()
    chance = random.Random(seed)
    for number in range(kills):
        if number % 3 == 0:  # else it goes on from what the last ones left
            shutil.rmtree(home / dataset / "workloads")
        process = _start(home, dataset, queries)
        time.sleep(seconds * chance.uniform(0.3, 1.0))
        process.kill()
        process.wait()
        for folder in _visible(home, dataset):
            assert (folder / OUTPUT).read_bytes() == wanted
    assert _start(home, dataset, queries).wait() == 0
    (folder,) = _visible(home, dataset)
    assert (folder / OUTPUT).read_bytes() == wanted, "the digests of all files are in it"
    assert not list(home.rglob(".tmp-*"))


def test_two_kills_cost_nothing(copied: Path) -> None:
    _killed_and_made(copied, "small", 100, kills=2, seed=1)


@pytest.mark.faults_full
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(5))
def test_ten_kills_cost_nothing(three_blocks: Path, tmp_path: Path, seed: int) -> None:
    shutil.copytree(three_blocks, tmp_path / "home", symlinks=True)
    _killed_and_made(tmp_path / "home", "three", 3_000, kills=10, seed=seed)
