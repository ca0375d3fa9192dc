"""Memory that a process holds, keeps and gives back."""

import contextlib
import ctypes
from pathlib import Path

import psutil

from synthprof.base.units import MIB

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h


def own_memory(process: psutil.Process | None = None) -> int:
    """Bytes that a process, or ours, and its children hold; shared pages count once (proc(5), Pss)."""
    process = process or psutil.Process()
    return sum(_proportional(each.pid) for each in (process, *process.children(recursive=True)))


def _proportional(pid: int) -> int:
    lines = (line for line in lines_of(Path(f"/proc/{pid}/smaps_rollup")) if line.startswith("Pss:"))
    return int(next(lines, "Pss: 0 kB").split()[1]) * 1024


def peak_memory() -> int:
    """Bytes of this process's largest resident set since `reset_peak_memory`, or since its start."""
    lines = (line for line in lines_of(Path("/proc/self/status")) if line.startswith("VmHWM:"))
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


def lines_of(path: Path) -> list[str]:
    """Return the lines of a file of the kernel; none if it cannot be read."""
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
