"""What this machine has to give: the data root, cores, memory and disk, as its control groups allow."""

import contextlib
import ctypes
import math
import os
import platform
import resource
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from synthprof.environment import HOME
from synthprof.errors import SpecError
from synthprof.files import try_lock

CPU_SHARE = 0.8
"""Share of the usable cores that all runs on one machine may take together."""

WARN_SHARE = 0.8
REFUSE_SHARE = 0.9
"""Shares of what is available, beyond which an estimate earns a warning or a refusal."""

MIB = 1 << 20

NAME_BYTES_MAX = 255  # of Linux's file systems
HOME_BYTES_MAX = 300
"""SQLite opens paths of up to 512 bytes, and a file that is being built lies some 160 deeper."""

ADDRESS_SPACE_MIN = 3 << 30
"""Address space that a process needs: its libraries and thread stacks reserve 1.6 to 2.9 GiB, of which they
touch a tenth."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h

LOOK_SECONDS = 0.05
"""How often a process that waits for its turn looks whether memory is short; a look takes about 0.2 ms."""


@dataclass(frozen=True)
class Budget:
    """What a run may use: processes at work at once, bytes of memory with those it has, bytes of disk."""

    workers: int
    memory: int
    disk: int


def home_folder() -> Path:
    """The data root: SYNTHPROF_HOME, else `data` in the project's folder (installed: in the current one).

    A `~` that no shell has replaced, as in a Compose file, is the user's home folder here too.
    Raises SpecError if its path is not UTF-8, which those who write files need, or too long for SQLite.
    """
    project = Path(__file__).parents[1]
    folder = project if (project / "pyproject.toml").is_file() else Path()
    given = Path(os.environ.get(HOME) or folder / "data")
    try:
        home = given.expanduser().absolute()
    except RuntimeError as error:  # ~somebody who is not known here
        raise SpecError(f"no home folder is known for {given}; set SYNTHPROF_HOME to a whole path") from error
    if any("\ud800" <= character <= "\udfff" for character in str(home)):
        raise SpecError(f"the data root {str(home)!a} is not UTF-8; set SYNTHPROF_HOME to a path that is")
    if (longest := max(len(name.encode()) for name in home.parts)) > NAME_BYTES_MAX:
        raise SpecError(
            f"a name in the data root's path has {longest} bytes, at most {NAME_BYTES_MAX} are possible; "
            f"set SYNTHPROF_HOME to another than {home}"
        )
    if (length := len(str(home).encode())) > HOME_BYTES_MAX:
        raise SpecError(
            f"the path of the data root has {length} bytes, at most {HOME_BYTES_MAX} are possible; "
            f"set SYNTHPROF_HOME to a shorter one than {home}"
        )
    return home


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


def own_memory(process: psutil.Process | None = None) -> int:
    """Bytes that a process, or ours, and its children hold; shared pages count once (proc(5), Pss)."""
    process = process or psutil.Process()
    return sum(_proportional(each.pid) for each in (process, *process.children(recursive=True)))


def _proportional(pid: int) -> int:
    lines = (line for line in _lines(Path(f"/proc/{pid}/smaps_rollup")) if line.startswith("Pss:"))
    return int(next(lines, "Pss: 0 kB").split()[1]) * 1024


def memory_is_short() -> bool:
    """Whether over 90 % of the memory of the machine, or of a control group above us, is in use."""
    machine = psutil.virtual_memory()
    limits = [(machine.total, machine.available), *_memory_limits()]
    return any(headroom < (1 - REFUSE_SHARE) * limit for limit, headroom in limits)


def check_machine() -> None:
    """Nothing, where data sets can be made; else SpecError, before anything fails in words of its own.

    That is Linux, whose kernel ends our processes with their parent and lets folders change places, with an
    address space (RLIMIT_AS) that has room for the libraries.
    """
    if (system := platform.system()) != "Linux":
        raise SpecError(f"this is {system}, synthprof needs Linux; use a virtual machine or a container")
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit != resource.RLIM_INFINITY and limit < ADDRESS_SPACE_MIN:
        raise SpecError(
            f"the address space is limited to {limit / MIB:,.0f} MiB, the libraries reserve "
            f"{ADDRESS_SPACE_MIN / MIB:,.0f} MiB; raise it (`ulimit -v unlimited`) and limit memory by a "
            "control group"
        )


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


def peak_memory() -> int:
    """Bytes of this process's largest resident set since `reset_peak_memory`, or since its start."""
    lines = (line for line in _lines(Path("/proc/self/status")) if line.startswith("VmHWM:"))
    return int(next(lines, "VmHWM: 0 kB").split()[1]) * 1024


def reset_peak_memory() -> None:
    """The peak counts from here on, where the kernel lets us (proc_pid_clear_refs(5))."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def give_back_memory() -> None:
    """Memory that was freed is the system's again, not only the allocator's (malloc_trim(3), glibc only)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_memory() -> None:
    """Memory that was freed stays the allocator's, for the next block to use (mallopt(3), glibc only).

    Else each block takes it anew, page by page, of which a virtual machine gives some hundred a millisecond.
    All threads share one arena: what one has freed another can use, and `give_back_memory` reaches.
    """
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, 32 * MIB)
        libc.mallopt(_M_TRIM_THRESHOLD, 512 * MIB)
        libc.mallopt(_M_ARENA_MAX, 1)


@contextlib.contextmanager
def cpu_slot(slots: int) -> Iterator[None]:
    """One of the machine's `slots` is held: so many processes compute at once, whatever run they are of.

    A slot is a file lock, so it vanishes with its holder. Waiting polls, because `flock` cannot wait for
    whichever of several files comes free first. While memory is short there is one slot: work goes on one
    block at a time instead of ending for want of memory.
    """
    folder = _slot_folder()
    files = [os.open(folder / f"cpu-{i}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for i in range(slots)]
    try:
        look_again, usable = 0.0, files
        while True:
            if time.monotonic() >= look_again:
                usable = files[:1] if memory_is_short() else files
                look_again = time.monotonic() + LOOK_SECONDS
            if any(try_lock(file) for file in usable):
                break
            time.sleep(0.002)
        yield
    finally:
        for file in files:
            os.close(file)


def _slot_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"synthprof-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()  # of a link, whose target may be ours, the owner is who has made it
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise SpecError(
            f"{folder} is no folder or belongs to another user; remove it or set TMPDIR to one of your own"
        )
    return folder


def _groups_above() -> Iterator[tuple[str, Path]]:
    """Each control-group folder from ours up to the root, with its controller ('' is version 2)."""
    for line in _lines(Path("/proc/self/cgroup")):
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
    stats = dict(line.split() for line in _lines(folder / "memory.stat"))
    return sum(
        int(stats.get(f"total_{name}", stats.get(name, 0))) for name in ("inactive_file", "active_file")
    )


def _cpu_quotas() -> Iterator[float]:
    for controllers, folder in _groups_above():
        if controllers == "":
            words = " ".join(_lines(folder / "cpu.max")).split()
            quota, period = [*words, "max", "1"][:2] if words else ("max", "1")
        elif "cpu" in controllers.split(","):
            quota = " ".join(_lines(folder / "cpu.cfs_quota_us")) or "-1"
            period = " ".join(_lines(folder / "cpu.cfs_period_us")) or "1"
        else:
            continue
        if quota not in ("max", "-1"):
            yield int(quota) / int(period)


def _number(path: Path) -> float | None:
    text = "".join(_lines(path))
    return float(text) if text.isdigit() else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
