"""Processes that we own: started so that we can end all of them, and ended with all that they started."""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

import psutil

from synthprof.system.pool import die_with

SECONDS_TO_END = 8.0
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Interrupted(BaseException):
    """Someone has asked us to end, by a signal."""


@contextlib.contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP raise Interrupted here, the first time; from then on they are ignored.

    So a second Ctrl-C does not cut short what ends our processes. What our caller has us ignore, as nohup
    does, stays ignored.
    """

    def raise_interrupted(number: int, frame: FrameType | None) -> None:
        for each in before:
            signal.signal(each, signal.SIG_IGN)
        raise Interrupted(signal.Signals(number).name)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: old for each in signals if (old := signal.getsignal(each)) is not signal.SIG_IGN}
    for each in before:
        signal.signal(each, raise_interrupted)
    if signal.SIGHUP in before:
        _watch_the_terminal()
    try:
        yield
    finally:
        for each, old in before.items():
            if signal.getsignal(each) is raise_interrupted:
                signal.signal(each, old)


def _watch_the_terminal() -> None:
    """Send ourselves SIGHUP when the terminal in whose foreground we are is gone.

    The kernel sends it to the first process of the terminal alone. Where that is `make`, as in
    `ssh -t host make ui`, it waits for us.
    """
    terminal = next(filter(_in_foreground, range(3)), None)
    if terminal is None:
        return
    gone = select.poll()
    gone.register(terminal, 0)  # POLLHUP and POLLERR are told always

    def watch() -> None:
        gone.poll()
        os.kill(os.getpid(), signal.SIGHUP)

    threading.Thread(target=watch, daemon=True).start()


def _in_foreground(descriptor: int) -> bool:
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # no terminal, or not ours
        return False


def inherit_orphans() -> None:
    """Descendants whose parent dies become our children, so that end_all finds them; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(
    argv: Sequence[str], environment: dict[str, str], log: Path | None = None
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own: a Ctrl-C reaches only us, and our death ends it.

    Its output goes to the file, or where ours goes.
    """
    ours = os.getpid()

    def die_with_us() -> None:
        if sys.platform == "linux":
            die_with(ours, signal.SIGTERM)

    with log.open("ab") if log else contextlib.nullcontext() as output:
        return subprocess.Popen(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,
            preexec_fn=die_with_us,
        )


def end_all(seconds: float = SECONDS_TO_END) -> None:
    """No descendant of ours is left; each got SIGTERM and some time first."""
    for request in (psutil.Process.terminate, psutil.Process.kill):
        deadline = time.monotonic() + seconds
        asked: set[int] = set()
        while descendants := living():
            for process in descendants:
                if process.pid not in asked:
                    asked.add(process.pid)
                    with contextlib.suppress(psutil.NoSuchProcess):
                        request(process)
            psutil.wait_procs(descendants, timeout=0.1)
            if time.monotonic() > deadline:
                break


def end_tree(root: int, seconds: float) -> None:
    """Send SIGTERM to the process and its descendants, and wait that long for them; kill none."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(root)
        tree = [process, *process.children(recursive=True)]
        for each in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.terminate()
        psutil.wait_procs(tree, timeout=seconds)


def living() -> list[psutil.Process]:
    """Our descendants, without those that only wait to be reaped; these are reaped if they are ours."""
    found = psutil.Process().children(recursive=True)
    for process in found:
        with contextlib.suppress(psutil.Error, ChildProcessError):
            if process.status() == psutil.STATUS_ZOMBIE and process.ppid() == os.getpid():
                os.waitpid(process.pid, os.WNOHANG)
    return [process for process in found if process.is_running() and not _is_zombie(process)]


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True
