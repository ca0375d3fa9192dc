"""Memory limits: a run finishes, or is refused before work with a remedy; nothing is ever killed."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import LARGE, SMALL, Ended, Subject, cases, note

from synthprof.base.units import MIB
from synthprof.system import machine

MILLION = {"dataset": "faulty", "profiles": 1_000_000, "seed": 5, "clusters": 100, "kmeans_niter": 2}

LIMITS = [(params, mib) for params in (SMALL, LARGE, MILLION) for mib in (512, 1_024, 2_048)]


@pytest.mark.parametrize(("params", "mib"), cases(LIMITS, 2))
@pytest.mark.timeout(1800)
def test_a_limited_address_space_is_refused_with_a_remedy_or_enough(
    tmp_path: Path, params: dict, mib: int
) -> None:
    limited = ["prlimit", f"--as={mib * MIB}"]
    ended = Subject(tmp_path, params).run(limited, seconds=1500)
    note(
        "RLIMIT_AS",
        1,
        _lost(ended, tmp_path, params),
        mib=mib,
        profiles=params["profiles"],
        status=ended.status,
    )


@pytest.mark.parametrize(("params", "mib"), cases(LIMITS, 2))
@pytest.mark.timeout(1800)
def test_a_control_group_is_kept_within(tmp_path: Path, params: dict, mib: int) -> None:
    with _group(mib * MIB) as group:
        inside = ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]
        ended = Subject(tmp_path, params).run(inside, seconds=1500)
        lost = _lost(ended, tmp_path, params)
        lost += [f"{mib} MiB: the kernel killed a process"] if _killed(group) else []
    note("memory control group", 1, lost, mib=mib, profiles=params["profiles"], status=ended.status)


def _lost(ended: Ended, home: Path, params: dict) -> list[str]:
    subject = Subject(home, params)
    lost = subject.wrong()
    if ended.status != 0:
        refused = ended.status == 2 and ended.is_clear() and not list(home.glob("*/build/*/generate-*"))
        lost += [] if refused else [f"status {ended.status}: {ended.errors[-400:]}"]
    return lost


@contextmanager
def _group(limit: int) -> Iterator[Path]:
    """A memory control group of our own, where we may make one (version 1 or 2)."""
    ours = [
        path
        for controller, path in machine._groups_above()
        if "memory" in controller.split(",") or not controller
    ]
    for parent in ours:
        group = parent / f"synthprof-test-{os.getpid()}"
        name = "memory.max" if (parent / "memory.max").exists() else "memory.limit_in_bytes"
        try:
            group.mkdir()
            (group / name).write_text(str(limit))
        except OSError:
            if group.exists():
                group.rmdir()
            continue
        try:
            yield group
        finally:
            group.rmdir()
        return
    pytest.skip("no memory control group can be made here")


def _killed(group: Path) -> bool:
    for name in ("memory.events", "memory.oom_control"):
        if (group / name).exists():
            lines = dict(line.split() for line in (group / name).read_text().splitlines())
            return int(lines.get("oom_kill", 0)) > 0
    return False


def test_fewer_workers_are_taken_where_memory_holds_no_more() -> None:
    from synthprof.spec.spec import Spec
    from synthprof.stages.footprint import Footprint
    from synthprof.system.machine import Budget

    footprint = Footprint(Spec(profiles=1_000_000))
    enough = max(footprint.memory(name, 3) for name in ("generate", "vectorize", "publish"))
    assert footprint.fitting_workers(Budget(8, round(enough / 0.8), 1 << 40)) == 3
    assert footprint.fitting_workers(Budget(8, 1, 1 << 40)) == 1


def test_short_memory_leaves_one_slot_and_work_goes_on(tmp_path: Path) -> None:
    """The limits are those of a control group; what is in use there is real."""
    script = (
        "import time, sys\n"
        "from synthprof.system.machine import memory_is_short\n"
        "from synthprof.system.slots import cpu_slot\n"
        "ballast = bytearray(int(sys.argv[1])); short = memory_is_short()\n"
        "with cpu_slot(4): print(short, flush=True); time.sleep(1.5)\n"
    )
    import sys
    import time

    with _group(512 * MIB) as group:
        inside = ["sh", "-c", f'echo $$ > {group}/cgroup.procs && exec "$@"', "sh"]
        began = time.monotonic()
        several = [
            subprocess.Popen([*inside, sys.executable, "-c", script, str(230 * MIB)], stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        said = [process.communicate(timeout=60)[0] for process in several]
        assert not _killed(group)
    if b"True\n" in said:
        assert time.monotonic() - began > 1.5
    assert all(process.returncode == 0 for process in several)


def test_the_limit_of_the_address_space_is_told_before_libraries_fail() -> None:
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "synthprof", "plan"],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29)),
    )
    assert done.returncode == 2
    assert "ulimit -v unlimited" in done.stderr
    assert "Traceback" not in done.stderr
