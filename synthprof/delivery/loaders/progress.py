"""The checkpoint of a load, kept beside the version: `<home>/<dataset>/loads/<target>-<key>.json`.

It names the target without its password, what is loaded into it, and how many blocks are there for sure.
"""

from pathlib import Path

from pydantic import ValidationError

from synthprof.base.digests import digest_of
from synthprof.base.files import make_folder, replacing
from synthprof.base.kinds import read_bytes
from synthprof.base.seals import Sealed
from synthprof.delivery.loaders.address import Address

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


def place_of(home: Path, dataset: str, address: Address, table: str) -> Path:
    """Return the path of the checkpoint for a table of a target. User and password have no part in it."""
    key = digest_of([address.scheme, address.host, address.port, address.path, table])[:12]
    return home / dataset / LOADS / f"{address.scheme}-{key}.json"


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
