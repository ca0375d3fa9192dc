import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.runner.run import limits_of
from synthprof.spec.request import Request
from synthprof.stages.footprint import Footprint
from synthprof.stages.plan import plan
from synthprof.system import machine
from synthprof.system.machine import WARN_SHARE, Budget
from synthprof.system.memory import own_memory


def test_the_budget_is_four_fifths_of_the_usable_cores_and_at_least_one(tmp_path: Path) -> None:
    assert machine.default_workers() == max(1, round(0.8 * machine.usable_cores()))
    assert machine.budget(tmp_path, workers=7).workers == 7


def test_the_budget_is_never_more_than_a_control_group_may_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though pages of ours that are counted elsewhere, as libraries others have loaded, are not its own."""
    monkeypatch.setattr(machine, "_memory_limits", lambda: iter([(100 * MIB, 99 * MIB)]))
    assert own_memory() > 2 * MIB
    assert machine.budget(tmp_path).memory == 100 * MIB


def test_a_run_and_its_plan_take_as_many_workers_as_memory_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request.from_params({"profiles": 20_000})
    wanted = Footprint(request.spec).memory("publish", 2) / WARN_SHARE
    monkeypatch.setattr("synthprof.runner.run.budget", lambda *_: Budget(8, round(wanted), 1 << 40))
    assert limits_of(request, tmp_path).workers == 2
    assert plan(request, limits_of(request, tmp_path)).workers == 2


def test_a_stage_without_an_estimate_of_its_own_is_not_taken_for_another() -> None:
    footprint = Footprint(Request().spec)
    assert footprint.memory("setup", 2) < footprint.memory("publish", 2)
    for estimate in (partial(footprint.memory, workers=2), footprint.disk):
        with pytest.raises(SpecError, match="Unknown stage 'polish'"):
            estimate("polish")


def test_the_disk_asked_is_that_of_the_data_set(tmp_path: Path) -> None:
    (tmp_path / "far").symlink_to("/proc")
    assert limits_of(Request.from_params({"dataset": "far", "workers": 1}), tmp_path).disk == 0


def test_affinity_limits_the_usable_cores() -> None:
    script = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n" + (
        "from synthprof.system.machine import usable_cores; print(usable_cores())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert float(printed) <= 1


def test_available_memory_respects_the_limit_of_the_address_space() -> None:
    limit = 4 << 30
    script = "from synthprof.system.machine import available_memory; print(available_memory())"
    printed = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    ).stdout
    assert 0 < int(printed) < limit


def test_an_estimate_is_silent_then_warns_then_refuses() -> None:
    assert machine.check_estimate("disk", 80, 100, "free some") is None
    warning = machine.check_estimate("disk", 85, 100, "free some")
    assert warning and "free some" in warning
    with pytest.raises(SpecError, match=r"91%.*free some"):
        machine.check_estimate("disk", 91, 100, "free some")


def test_free_disk_is_told_for_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    there, not_yet = (machine.free_disk(path) for path in (tmp_path, tmp_path / "not" / "yet"))
    assert abs(there - not_yet) < 1 << 30  # others write to the same disk meanwhile
