"""Slots: a bound on the processes that compute at once."""

import os
from pathlib import Path

import pytest

from synthprof.base.errors import SpecError
from synthprof.system import slots


def test_slots_belong_to_one_user() -> None:
    with slots.cpu_slot(2):
        folder = next(Path(os.environ.get("TMPDIR", "/tmp")).glob(f"synthprof-{os.getuid()}"))
        assert folder.stat().st_mode & 0o777 == 0o700


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
