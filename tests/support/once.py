"""Data roots that several tests look at: made once in a session, whichever worker comes first, and copied."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def made_once(factory: pytest.TempPathFactory, make: Callable[[Path], object], *, copy: bool = True) -> Path:
    """A folder with what `make` makes in it, which is named by that function.

    copy: one for the caller alone. Otherwise all callers share it, and only read.
    """
    base = factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    name = f"once-{make.__module__}-{make.__qualname__}"
    folder = shared / name / "home"
    folder.parent.mkdir(exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder.parent / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder.parent / "made").touch()
    if not copy:
        return folder
    own = factory.mktemp("copied")
    shutil.copytree(folder, own, symlinks=True, dirs_exist_ok=True)
    return own
