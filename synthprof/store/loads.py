"""The checkpoints of loads, kept beside the version: `<home>/<dataset>/loads/<target>-<key>.json`.

It names the target without its password, what is loaded into it, and how many blocks are there for sure.
"""

from pathlib import Path

from pydantic import ValidationError

from synthprof.base.files import make_folder, replacing
from synthprof.base.kinds import read_bytes
from synthprof.base.seals import Sealed

LOADS = "loads"
"""The folder of a data set's checkpoints."""


class Progress(Sealed):
    """The checkpoint of a load into one table.

    columns: of the version, without id and vector. workload: of planted columns that are loaded, too; empty
    for none. what: a digest of the version's content, and of what of it is loaded. blocks: written and
    acknowledged. rows: of these. left_out: rows without a vector that the target does not take.
    """

    format: int = 1
    into: str
    table: str
    dataset: str
    version: str
    columns: tuple[str, ...] = ()
    workload: str = ""
    what: str
    blocks: int = 0
    rows: int = 0
    left_out: int = 0
    done: bool = False


def place_of(home: Path, dataset: str, name: str) -> Path:
    """Return the path of the checkpoint for a table of a target, `Address.key` of which is the name."""
    return home / dataset / LOADS / f"{name}.json"


def lock_of(path: Path) -> Path:
    """Return the lock file of whoever loads into that table."""
    return path.with_suffix(".lock")


def read(path: Path) -> Progress | None:
    """Return the checkpoint, or None if there is none or if it was changed."""
    try:
        return Progress.opened(read_bytes(path))
    except (OSError, ValueError, ValidationError):
        return None


def write(path: Path, progress: Progress, *, durable: bool = True) -> Progress:
    """Write the checkpoint in one step; return it with its seal.

    durable: it outlasts a loss of power. Otherwise an older one may come back, which costs time alone.
    """
    make_folder(path.parent)
    sealed = progress.sealed()
    with replacing(path, durable=durable) as temporary:
        temporary.write_text(sealed.text(), encoding="utf-8")
    return sealed


def loads(home: Path, dataset: str) -> list[tuple[Path, Progress]]:
    """Return the checkpoints of a data set's loads with their paths, by name; damaged ones are left out."""
    paths = sorted((home / dataset / LOADS).glob("[!.]*.json"))
    return [(path, found) for path in paths if (found := read(path)) is not None]
