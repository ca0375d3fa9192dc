"""What the files of a block and its seal are called; light, for those who only look at names."""

import re
from pathlib import Path

BLOCK_FILE = re.compile(r"([a-z]+)-(\d{5})\.(?:arrow|npy|jsonl)")
"""Name of a block file, as `block_name` gives it: its kind and the number of its block."""

SEAL_FILE = re.compile(r"seal-(\d{5})\.json")
"""Name of a seal, as `seal_name` gives it: the number of its block."""


def block_name(kind: str, block: int, suffix: str) -> str:
    """Return the file name of one kind and block."""
    return f"{kind}-{block:05}.{suffix}"


def seal_name(block: int) -> str:
    """Return the file name of a block's seal."""
    return f"seal-{block:05}.json"


def seal_paths(folder: Path) -> list[Path]:
    """Return the paths of the seals that a stage has left in its folder."""
    return [path for path in folder.glob("seal-*") if SEAL_FILE.fullmatch(path.name)]
