"""Cores, memory and disk of this machine, within the limits of its control groups."""

import math
import os
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.system.memory import lines_of, own_memory

CPU_SHARE = 0.8
"""Share of the usable cores that all runs on one machine may use together."""

WARN_SHARE = 0.8
REFUSE_SHARE = 0.9
"""Shares of the available memory or disk above which an estimate leads to a warning or a refusal."""


@dataclass(frozen=True)
class Budget:
    """The limits of a run: processes at work at once, bytes of memory with those in use, bytes of disk."""

    workers: int
    memory: int
    disk: int


def budget(folder: Path, workers: int = 0, enough: float = math.inf) -> Budget:
    """Return the budget for work in `folder`.

    workers: 0 for the default. enough: bytes of memory at which the caller stops to care; where so much is
    free, the memory that this process already holds is not added, which takes some 20 ms. Memory never
    exceeds the limit of a control group.
    """
    free = available_memory()
    limits = (limit for limit, _ in _memory_limits())
    memory = free if free >= enough else min([free + own_memory(), *limits])
    return Budget(workers or default_workers(), memory, free_disk(folder))


def default_workers() -> int:
    """Return the default number of processes: 80 % of the usable cores, rounded, at least 1."""
    return max(1, round(CPU_SHARE * usable_cores()))


def usable_cores() -> float:
    """Return the cores this process may use: its affinity within the CPU quotas of its control groups."""
    cores = float(len(os.sched_getaffinity(0)))
    return min([cores, *_cpu_quotas()])


def available_memory() -> int:
    """Return the allocatable bytes: the least of free memory, control-group headroom and RLIMIT_AS."""
    limits = [psutil.virtual_memory().available, *(headroom for _, headroom in _memory_limits())]
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if address_space != resource.RLIM_INFINITY:
        limits.append(max(0, address_space - psutil.Process().memory_info().vms))
    return min(limits)


def memory_is_short() -> bool:
    """Return whether over 90 % of the memory of the machine, or of a control group above, is in use."""
    machine = psutil.virtual_memory()
    limits = [(machine.total, machine.available), *_memory_limits()]
    return any(headroom < (1 - REFUSE_SHARE) * limit for limit, headroom in limits)


def free_disk(folder: Path) -> int:
    """Return the bytes that an unprivileged process can write in `folder` or its nearest existing parent."""
    while not folder.exists():
        folder = folder.parent
    return psutil.disk_usage(str(folder)).free


def check_estimate(what: str, needed: int, available: int, remedy: str) -> str | None:
    """Return a warning if `needed` bytes exceed 80 % of `available`. Raises SpecError over 90 %."""
    share = needed / max(1, available)
    text = f"{what}: about {needed / MIB:,.0f} MiB of {available / MIB:,.0f} MiB available ({share:.0%})"
    if share > REFUSE_SHARE:
        raise SpecError(f"{text}, more than the {REFUSE_SHARE:.0%} that may be used; {remedy}")
    return f"{text}, more than {WARN_SHARE:.0%}; {remedy}" if share > WARN_SHARE else None


def _groups_above() -> Iterator[tuple[str, Path]]:
    """Yield each control-group folder up to the root with its controllers; '' stands for version 2."""
    for line in lines_of(Path("/proc/self/cgroup")):
        _, controllers, path = line.split(":", 2)
        mount = Path("/sys/fs/cgroup", *([controllers] if controllers else []))
        folder = mount / path.lstrip("/")
        while True:
            yield controllers, folder
            if folder == mount or mount not in folder.parents:
                break
            folder = folder.parent


def _memory_limits() -> Iterator[tuple[int, int]]:
    """Yield the memory limit of each control group up to the root, and the bytes left of it."""
    for controllers, folder in _groups_above():
        if controllers == "":
            names = ("memory.max", "memory.current")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes")
        else:
            continue
        limit, used = (_number(folder / name) for name in names)
        if limit is not None and used is not None:
            yield int(limit), max(0, int(limit - used + (_reclaimable(folder) or 0)))


def _reclaimable(folder: Path) -> int | None:
    """Return the bytes of file cache, which count as used by the group but are freed under pressure."""
    stats = dict(line.split() for line in lines_of(folder / "memory.stat"))
    return sum(
        int(stats.get(f"total_{name}", stats.get(name, 0))) for name in ("inactive_file", "active_file")
    )


def _cpu_quotas() -> Iterator[float]:
    for controllers, folder in _groups_above():
        if controllers == "":
            words = " ".join(lines_of(folder / "cpu.max")).split()
            quota, period = [*words, "max", "1"][:2] if words else ("max", "1")
        elif "cpu" in controllers.split(","):
            quota = " ".join(lines_of(folder / "cpu.cfs_quota_us")) or "-1"
            period = " ".join(lines_of(folder / "cpu.cfs_period_us")) or "1"
        else:
            continue
        if quota not in ("max", "-1"):
            yield int(quota) / int(period)


def _number(path: Path) -> float | None:
    text = "".join(lines_of(path))
    return float(text) if text.isdigit() else None
