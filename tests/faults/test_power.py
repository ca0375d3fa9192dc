"""Power cuts: the disk image as it is at one moment, with what was not flushed lost."""

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from harness import SMALL, Subject, cases, kill, mounted, needs_root, note, stop_all

OPTIONS = ("loop", "loop,data=writeback,noauto_da_alloc,commit=300")
"""ext4 as it comes, and ext4 with every mercy towards programs that do not flush turned off."""

TRIALS = cases([(options, seed) for options in OPTIONS for seed in range(5)], 1)


@needs_root
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("options", "seed", "most"),
    [
        (OPTIONS[1], 0, 2),
        *(pytest.param(*each.values, 10, marks=each.marks or pytest.mark.long) for each in TRIALS),
    ],
)
def test_a_power_cut_leaves_no_manifest_that_names_a_damaged_file(
    reference, tmp_path: Path, options: str, seed: int, most: int
) -> None:
    chance, lost, cuts = random.Random(seed), [], 0
    image = _image(tmp_path / "disk.img")
    with mounted("-o", options, source=str(image), at=tmp_path / "disk") as disk:
        subject = Subject(disk / "home")
        process = subject.start()
        while cuts < most:
            try:
                process.wait(timeout=chance.uniform(0.05, 0.9))
                process.communicate()
                subject.clean()
                # or a cut shows half of the cleaning, where CURRENT may outlast its version
                subprocess.run(["sync", "-f", str(disk)], check=True)
                process = subject.start()
            except subprocess.TimeoutExpired:
                pass
            stop_all(process)
            copy = tmp_path / f"cut-{cuts}.img"
            subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
            os.killpg(process.pid, signal.SIGCONT)
            cuts += 1
            lost += _after_the_cut(
                copy, tmp_path / "cut", options, reference.digest if cuts in (5, most) else None
            )
            copy.unlink()
        kill(process)
    note("power cut, ext4" + (" (data=writeback)" if "writeback" in options else ""), cuts, lost)


def _image(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(256 << 20)
    if not shutil.which("mkfs.ext4"):
        pytest.skip("mkfs.ext4 is not installed")
    subprocess.run(["mkfs.ext4", "-q", "-F", str(path)], check=True)
    return path


def _after_the_cut(image: Path, at: Path, options: str, digest: str | None) -> list[str]:
    """Faults on the disk after the journal was replayed; with a digest, after going on as well."""
    with mounted("-o", options, source=str(image), at=at) as disk:
        survivor = Subject(disk / "home", dict(SMALL))
        lost = survivor.wrong()
        if digest and survivor.finish() != digest:
            lost.append("another digest after the cut")
        time.sleep(0)
        return lost
