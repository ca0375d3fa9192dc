"""Calls that fail: a disk that reports errors and a disk that is full, at every position."""

import os
import subprocess
from pathlib import Path

import pytest
from harness import Subject, cases, mounted, needs_root, needs_strace, note, stopped, tracing

from synthprof.base.files import make_folder

MAX_FSYNCS = 54


@needs_strace
@pytest.mark.parametrize("number", cases(range(1, MAX_FSYNCS + 1), 1))
def test_an_error_at_a_flush_publishes_no_damaged_file(reference, subject: Subject, number: int) -> None:
    ended = subject.run(tracing("fsync", "error=EIO", number))
    if ended.status == 0:
        pytest.skip(f"no process makes {number} calls of fsync")
    lost = subject.wrong()
    lost += [] if ended.is_clear() else [f"fsync {number}: unclear: {ended.errors[-300:]}"]
    if subject.finish() != reference.digest:
        lost.append(f"fsync {number}: another digest")
    note("EIO at an fsync", 1, lost + subject.leftovers(), number=number)


WRITES = [
    (call, error, number)
    for call, most in (("write", 240), ("pwrite64", 1_480))
    for error in ("ENOSPC", "EIO")
    for number in range(1, most, most // 40)
]


@needs_strace
@pytest.mark.long
@pytest.mark.parametrize(("call", "error", "number"), cases(WRITES, 2))
def test_an_error_at_a_write_costs_nothing(
    reference, subject: Subject, call: str, error: str, number: int
) -> None:
    """Pipes between processes fail too here, so that only what is lost is looked at, not the message."""
    ended = subject.run(tracing(call, f"error={error}", number))
    lost = subject.wrong()
    if subject.finish() != reference.digest:
        lost.append(f"{call} {number} {error}: another digest")
    note(f"{error} at a write", 1, lost, call=call, number=number, status=ended.status)


@needs_strace
@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        ("symlink", "EPERM", "has no symbolic links, which mark the current version"),
        ("flock", "ENOLCK", "No locks available\nhint: mount it with locks (flock)"),
    ],
)
def test_a_disk_without_links_or_locks_is_refused_before_any_work(
    subject: Subject, call: str, error: str, message: str
) -> None:
    """As exFAT has no symbolic links, and some network disks are mounted without locks."""
    ended = subject.run(tracing(call, f"error={error}", 1))
    assert ended.status == 2
    assert message in ended.errors
    assert ended.is_clear()
    assert not list(subject.home.rglob("*.arrow"))


@needs_root
@pytest.mark.parametrize("mib", cases(range(4, 84, 4), 1))
def test_a_full_disk_is_told_and_a_larger_one_gives_the_same(reference, tmp_path: Path, mib: int) -> None:
    """Another program leaves so many MiB free just as work begins; then it gives them back."""
    with mounted("-t", "tmpfs", "-o", "size=600m", source="none", at=tmp_path / "disk") as disk:
        subject = Subject(disk / "home")
        make_folder(subject.home)
        process = subject.start()
        _wait_for_work(subject, process)
        ballast = disk / "ballast"
        with stopped(process):
            _fill(ballast, leaving=mib << 20, on=disk)
        output, errors = process.communicate(timeout=240)
        ballast.unlink()
        lost = subject.wrong()
        if process.returncode != 0:
            from harness import Ended

            ended = Ended(process.returncode, output, errors)
            lost += [] if ended.is_clear() else [f"{mib} MiB: unclear: {errors[-300:]}"]
        if subject.finish() != reference.digest:
            lost.append(f"{mib} MiB: another digest")
        note("full disk", 1, lost + subject.leftovers(), free_mib=mib, status=process.returncode)


@needs_root
@pytest.mark.long
@pytest.mark.parametrize("mib", cases(range(5, 85, 4), 1))
def test_a_small_disk_is_refused_or_used_up_and_grown(reference, tmp_path: Path, mib: int) -> None:
    at = tmp_path / "disk"
    with mounted("-t", "tmpfs", "-o", f"size={mib}m", source="none", at=at) as disk:
        subject = Subject(disk / "home")
        ended = subject.run()
        lost = subject.wrong()
        if ended.status != 0 and not ended.is_clear():
            lost.append(f"{mib} MiB: unclear: {ended.errors[-300:]}")
        subprocess.run(["mount", "-o", "remount,size=600m", str(at)], check=True)
        if subject.finish() != reference.digest:
            lost.append(f"{mib} MiB: another digest")
        note("small disk, then grown", 1, lost + subject.leftovers(), size_mib=mib, status=ended.status)


def _wait_for_work(subject: Subject, process: "subprocess.Popen[str]") -> None:
    while process.poll() is None and not list(subject.home.glob("*/build/*/setup-*/receipt.json")):
        pass


def _fill(path: Path, leaving: int, on: Path) -> None:
    free = os.statvfs(on)
    amount = free.f_bavail * free.f_frsize - leaving
    if amount > 0:
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, amount)
