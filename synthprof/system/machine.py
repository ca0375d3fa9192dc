"""What this machine has to give: the data root, cores, memory and disk, as its control groups allow."""

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
"""Share of the usable cores that all runs on one machine may take together."""

WARN_SHARE = 0.8
REFUSE_SHARE = 0.9
"""Shares of what is available, beyond which an estimate earns a warning or a refusal."""


@dataclass(frozen=True)
class Budget:
    """What a run may use: processes at work at once, bytes of memory with those it has, bytes of disk."""

    workers: int
    memory: int
    disk: int


def budget(folder: Path, workers: int = 0, enough: float = math.inf) -> Budget:
    """The budget for work in `folder`; `workers` above 0 is taken as it is.

    Memory is at most what a control group may have: pages of ours that count elsewhere are no room here.
    enough: bytes of memory that the caller does not ask beyond. Where they are free, what we hold already is
    left out: to add it up takes some 20 ms.
    """
    free = available_memory()
    limits = (limit for limit, _ in _memory_limits())
    memory = free if free >= enough else min([free + own_memory(), *limits])
    return Budget(workers or default_workers(), memory, free_disk(folder))


def default_workers() -> int:
    """80 % of the usable cores, rounded, at least one."""
    return max(1, round(CPU_SHARE * usable_cores()))


def usable_cores() -> float:
    """Cores this process may run on: its affinity, cut to the tightest CPU quota of its control groups."""
    cores = float(len(os.sched_getaffinity(0)))
    return min([cores, *_cpu_quotas()])


def available_memory() -> int:
    """Bytes that can be taken: the least of free memory, control-group headroom and RLIMIT_AS."""
    limits = [psutil.virtual_memory().available, *(headroom for _, headroom in _memory_limits())]
    address_space = resource.getrlimit(resource.RLIMIT_AS)[0]
    if address_space != resource.RLIM_INFINITY:
        limits.append(max(0, address_space - psutil.Process().memory_info().vms))
    return min(limits)


def memory_is_short() -> bool:
    """Whether over 90 % of the memory of the machine, or of a control group above us, is in use."""
    machine = psutil.virtual_memory()
    limits = [(machine.total, machine.available), *_memory_limits()]
    return any(headroom < (1 - REFUSE_SHARE) * limit for limit, headroom in limits)


def free_disk(folder: Path) -> int:
    """Bytes an unprivileged process can still write at `folder` or at its nearest existing parent."""
    while not folder.exists():
        folder = folder.parent
    return psutil.disk_usage(str(folder)).free


def check_estimate(what: str, needed: int, available: int, remedy: str) -> str | None:
    """A warning when `needed` bytes are over 80 % of `available`; SpecError with the remedy over 90 %."""
    share = needed / max(1, available)
    text = f"{what}: about {needed / MIB:,.0f} MiB of {available / MIB:,.0f} MiB available ({share:.0%})"
    if share > REFUSE_SHARE:
        raise SpecError(f"{text}, more than the {REFUSE_SHARE:.0%} that may be used; {remedy}")
    return f"{text}, more than {WARN_SHARE:.0%}; {remedy}" if share > WARN_SHARE else None


def _groups_above() -> Iterator[tuple[str, Path]]:
    """Each control-group folder from ours up to the root, with its controller ('' is version 2)."""
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
    """The limit of each control group from ours up, and what is left of it, in bytes."""
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
    """Bytes of file cache, counted as used by the group but given back under pressure."""
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
