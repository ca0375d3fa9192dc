"""The mark in a stage's folder that files of some kinds were let go of on purpose: their stage has ended.

A receipt stands though such files are missing. What needs them makes them again first (`stages.releasing`).
"""

from collections.abc import Iterable
from pathlib import Path

from synthprof.base.files import FileRecord, is_there
from synthprof.spec.contents import kind_of, number_of
from synthprof.store.facts import read_fact, write_fact

RELEASED = "released.json"
"""Each kind of block file, and the first block whose file may be missing, in the folder of its stage."""


def mark_released(folder: Path, kind: str, first: int) -> None:
    """Record, durably, that files of this kind may be missing, from block `first` on."""
    write_fact(folder / RELEASED, {**_released(folder), kind: first})


def are_there(folder: Path, files: Iterable[FileRecord]) -> bool:
    """Return whether the folder has the files by their sizes, but for those that were let go of."""
    missing = [file for file in files if not is_there(folder, file)]
    return not missing or len(let_go(folder, missing)) == len(missing)


def let_go(folder: Path, files: Iterable[FileRecord]) -> list[FileRecord]:
    """Return those of the files that are not there because they were let go of."""
    released, found = _released(folder), list[FileRecord]()
    for file in files:
        if (kind := kind_of(file.path)) in released and number_of(file.path) >= released[kind]:
            found += [] if (folder / file.path).exists() else [file]
    return found


def _released(folder: Path) -> dict[str, int]:
    found = read_fact(folder / RELEASED)
    if not isinstance(found, dict):
        return {}
    return {kind: first for kind, first in found.items() if isinstance(first, int)}
