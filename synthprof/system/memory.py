"""Memory of a process: what it holds, its peak, and what its allocator keeps."""

import contextlib
import ctypes
from pathlib import Path

import psutil

from synthprof.base.units import MIB

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h


def own_memory(process: psutil.Process | None = None) -> int:
    """Return the bytes that a process (default: this one) and its children hold; shared pages count once."""
    process = process or psutil.Process()
    return sum(_proportional(each.pid) for each in (process, *process.children(recursive=True)))


def _proportional(pid: int) -> int:
    """Return the proportional set size of a process in bytes: `Pss` of proc(5)."""
    lines = (line for line in lines_of(Path(f"/proc/{pid}/smaps_rollup")) if line.startswith("Pss:"))
    return int(next(lines, "Pss: 0 kB").split()[1]) * 1024


def peak_memory() -> int:
    """Return the bytes of this process's largest resident set since `reset_peak_memory` or its start."""
    lines = (line for line in lines_of(Path("/proc/self/status")) if line.startswith("VmHWM:"))
    return int(next(lines, "VmHWM: 0 kB").split()[1]) * 1024


def reset_peak_memory() -> None:
    """Restart the peak from here, where the kernel permits it (proc_pid_clear_refs(5))."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def give_back_memory() -> None:
    """Return freed memory from the allocator to the system by malloc_trim(3), with glibc only."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def keep_memory() -> None:
    """Keep freed memory in the allocator for the next block, by mallopt(3), with glibc only.

    Otherwise each block allocates it again, page by page; a virtual machine grants some hundred pages per
    millisecond. All threads share one arena, so that each can reuse memory that another freed, and
    `give_back_memory` finds it.
    """
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, 32 * MIB)
        libc.mallopt(_M_TRIM_THRESHOLD, 512 * MIB)
        libc.mallopt(_M_ARENA_MAX, 1)


def lines_of(path: Path) -> list[str]:
    """Return the lines of a file of the kernel, or none if it cannot be read."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
