"""The request to readers to let go of a version, which stands as a file beside it.

A reader that keeps versions open, as the explorer does, looks for it and closes the version as soon as nobody
asks about it. A version that is really being read stays.
"""

import os
from collections.abc import Collection
from pathlib import Path

_ASKED = ".leave-"


def ask_to_leave(folder: Path) -> None:
    """Ask readers to let go of the version in the folder; the caller holds the lock on what is published."""
    _mark(folder).touch()


def is_asked_to_leave(folder: Path) -> bool:
    """Return whether readers shall let go of the version in the folder."""
    return os.path.lexists(_mark(folder))


def forget(folder: Path) -> None:
    """Take back the request."""
    _mark(folder).unlink(missing_ok=True)


def forget_others(versions: Path, asked: Collection[str]) -> None:
    """Take back the requests for all versions in that folder but those `asked` by name."""
    for mark in versions.glob(f"{_ASKED}*"):
        if mark.name.removeprefix(_ASKED) not in asked:
            mark.unlink(missing_ok=True)


def _mark(folder: Path) -> Path:
    return folder.with_name(f"{_ASKED}{folder.name}")
