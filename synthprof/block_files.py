"""The files of a block, in the folder of the stage that makes them: what they and their seal are called."""

import re
from pathlib import Path

from pydantic import TypeAdapter

from synthprof.files import FileRecord

BLOCK_FILE = re.compile(r"([a-z]+)-(\d{5})\.(?:arrow|npy)")
"""What `block_name` gives: its kind and the number of its block."""

SEAL_FILE = re.compile(r"seal-(\d{5})\.json")
"""What `seal_name` gives: the number of its block."""

SEAL = TypeAdapter(tuple[FileRecord, ...])
"""What a seal holds: the records of all files of its block."""


def block_name(kind: str, block: int, suffix: str) -> str:
    """What the file of one kind and block is called."""
    return f"{kind}-{block:05}.{suffix}"


def seal_name(block: int) -> str:
    """What the seal of a block is called."""
    return f"seal-{block:05}.json"


def seal_paths(folder: Path) -> list[Path]:
    """The seals that a stage has left in its folder."""
    return [path for path in folder.glob("seal-*") if SEAL_FILE.fullmatch(path.name)]
