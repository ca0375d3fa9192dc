import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from synthprof import resources
from synthprof.errors import SpecError
from synthprof.footprint import disk_of, memory_of
from synthprof.plan import plan
from synthprof.resources import MIB, WARN_SHARE, Budget
from synthprof.run import limits_of
from synthprof.spec import Request


def test_the_budget_is_four_fifths_of_the_usable_cores_and_at_least_one(tmp_path: Path) -> None:
    assert resources.default_workers() == max(1, round(0.8 * resources.usable_cores()))
    assert resources.budget(tmp_path, workers=7).workers == 7


def test_the_budget_is_never_more_than_a_control_group_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though pages of ours that are counted elsewhere, as libraries others have loaded, are not its own."""
    monkeypatch.setattr(resources, "_memory_limits", lambda: iter([(100 * MIB, 99 * MIB)]))
    assert resources.own_memory() > 2 * MIB
    assert resources.budget(tmp_path).memory == 100 * MIB


@pytest.mark.parametrize(
    ("home", "message"),
    [
        ("/data/\udcff", r"'/data/\\udcff' is not UTF-8; set SYNTHPROF_HOME"),
        ("/" + "/".join(["ã" * 50] * 3), "has 303 bytes, at most 300 are possible"),
        ("~nobody-here/data", "no home folder is known for ~nobody-here/data; set SYNTHPROF_HOME to a whole"),
    ],
)
def test_a_data_root_that_files_cannot_have_is_refused(
    home: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYNTHPROF_HOME", home)
    with pytest.raises(SpecError, match=message):
        resources.home_folder()


def test_a_tilde_that_no_shell_has_replaced_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("SYNTHPROF_HOME", "~/data")
    assert resources.home_folder() == Path("/somewhere/data")


def test_a_run_and_its_plan_take_as_many_workers_as_memory_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request.from_params({"profiles": 20_000})
    wanted = memory_of("publish", request.spec, 2) / WARN_SHARE
    monkeypatch.setattr("synthprof.run.budget", lambda *_: Budget(8, round(wanted), 1 << 40))
    assert limits_of(request, tmp_path).workers == 2
    assert plan(request, limits_of(request, tmp_path)).workers == 2


def test_a_stage_without_an_estimate_of_its_own_is_not_taken_for_another() -> None:
    spec = Request().spec
    assert memory_of("setup", spec, 2) < memory_of("publish", spec, 2)
    for estimate in (partial(memory_of, workers=2), disk_of):
        with pytest.raises(ValueError, match="stage polish has no estimate"):
            estimate("polish", spec)


def test_the_disk_asked_is_that_of_the_data_set(tmp_path: Path) -> None:
    (tmp_path / "far").symlink_to("/proc")
    assert limits_of(Request.from_params({"dataset": "far", "workers": 1}), tmp_path).disk == 0


def test_affinity_limits_the_usable_cores() -> None:
    script = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n" + (
        "from synthprof.resources import usable_cores; print(usable_cores())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert float(printed) <= 1


def test_available_memory_respects_the_limit_of_the_address_space() -> None:
    limit = 4 << 30
    script = "from synthprof.resources import available_memory; print(available_memory())"
    printed = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    ).stdout
    assert 0 < int(printed) < limit


def test_an_estimate_is_silent_then_warns_then_refuses() -> None:
    assert resources.check_estimate("disk", 80, 100, "free some") is None
    warning = resources.check_estimate("disk", 85, 100, "free some")
    assert warning and "free some" in warning
    with pytest.raises(SpecError, match=r"91%.*free some"):
        resources.check_estimate("disk", 91, 100, "free some")


def test_the_peak_of_memory_can_be_counted_afresh() -> None:
    large = np.ones(256 * MIB // 8)
    assert resources.peak_memory() > 256 * MIB
    del large
    resources.reset_peak_memory()
    before = resources.peak_memory()
    medium = np.ones(64 * MIB // 8)
    assert before + 60 * MIB < resources.peak_memory() < before + 200 * MIB
    del medium


def test_free_disk_is_told_for_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    there, not_yet = (resources.free_disk(path) for path in (tmp_path, tmp_path / "not" / "yet"))
    assert abs(there - not_yet) < 1 << 30  # others write to the same disk meanwhile


def test_another_system_than_linux_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resources.check_machine()
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(SpecError, match="this is Darwin, synthprof needs Linux; use a virtual machine or"):
        resources.check_machine()


def test_slots_belong_to_one_user() -> None:
    with resources.cpu_slot(2):
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
    with pytest.raises(SpecError, match="is no folder or belongs to another user"), resources.cpu_slot(2):
        pass
    assert not ours.exists() or not list(ours.iterdir())
