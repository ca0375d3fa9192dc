"""Slots: a bound on the processes that compute at once."""

import itertools
import os
import threading
import time
from pathlib import Path

import pytest

from synthprof.base.errors import SpecError
from synthprof.system import slots


def test_slots_belong_to_one_user() -> None:
    with slots.cpu_slot(2):
        folder = next(Path(os.environ.get("TMPDIR", "/tmp")).glob(f"synthprof-{os.getuid()}"))
        assert folder.stat().st_mode & 0o777 == 0o700


def test_short_memory_leaves_one_slot_and_is_looked_for_a_few_times_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, short = list[float](), True

    def is_short() -> bool:
        looks.append(time.monotonic())
        return short

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(slots, "memory_is_short", is_short)
    monkeypatch.setattr(slots, "_memory", slots._Memory())
    got = threading.Event()

    def second() -> None:
        with slots.cpu_slot(2):
            got.set()

    with slots.cpu_slot(2):
        thread = threading.Thread(target=second)
        thread.start()
        assert not got.wait(2 * slots.LOOK_SECONDS)
        short = False
        assert got.wait(10)
        thread.join()
    pauses = [after - before for before, after in itertools.pairwise(looks)]
    assert pauses and min(pauses) >= slots.LOOK_SECONDS


@pytest.mark.parametrize("what", ["link", "link to nothing", "file"])
def test_slots_lie_in_a_folder_and_nowhere_that_a_link_of_another_user_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    name, ours = tmp_path / f"synthprof-{os.getuid()}", tmp_path / "ours"
    if what == "file":
        name.touch()
    else:
        name.symlink_to(ours)
    if what == "link":
        ours.mkdir()
    with pytest.raises(SpecError, match="is no folder or belongs to another user"), slots.cpu_slot(2):
        pass
    assert not ours.exists() or not list(ours.iterdir())
