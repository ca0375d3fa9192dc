"""Slots: a limit on the processes of a machine that compute at once."""

import contextlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from synthprof.base.errors import SpecError
from synthprof.base.kinds import open_descriptor
from synthprof.base.locks import try_lock
from synthprof.system.machine import memory_is_short

LOOK_SECONDS = 0.25
"""Seconds between two checks for short memory by a process; one takes 0.5 to 1 ms, a block some 60."""


@contextlib.contextmanager
def cpu_slot(slots: int) -> Iterator[None]:
    """Hold one of the machine's slots: at most `slots` processes of all runs compute at once.

    A slot is a file lock, so that it ends with its holder. Waiting polls, because `flock` cannot wait for the
    first of several files to become free. While memory is short there is one slot: work continues one block
    at a time instead of running out of memory.
    """
    folder = _slot_folder()
    files = [open_descriptor(folder / f"cpu-{i}", os.O_RDWR | os.O_CREAT, 0o600) for i in range(slots)]
    try:
        while not any(try_lock(file) for file in (files[:1] if _memory.is_short() else files)):
            time.sleep(0.002)
        yield
    finally:
        for file in files:
            os.close(file)


class _Memory:
    """The last answer to whether memory is short, for all slots that this process takes meanwhile."""

    def __init__(self) -> None:
        self._look_again, self._short = 0.0, False

    def is_short(self) -> bool:
        """Return whether memory was short within the last LOOK_SECONDS."""
        if time.monotonic() >= self._look_again:
            self._short = memory_is_short()
            self._look_again = time.monotonic() + LOOK_SECONDS
        return self._short


_memory = _Memory()


def _slot_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"synthprof-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()  # not stat: the owner of a link is the user who made it
    if found.st_uid != os.getuid() or not stat.S_ISDIR(found.st_mode):
        raise SpecError(
            f"{folder} is no folder or belongs to another user; remove it or set TMPDIR to your own folder"
        )
    return folder
