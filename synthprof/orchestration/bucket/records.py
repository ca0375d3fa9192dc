"""Receipts and seals as texts in the bucket, and files compared with what they name."""

import contextlib
from pathlib import Path

from synthprof.base.files import FileRecord, matches
from synthprof.base.kinds import read_text
from synthprof.store.blocks import SEAL
from synthprof.store.receipts import Receipt


def receipt_text(receipt: Receipt) -> str:
    """Return the receipt as its object holds it."""
    return receipt.sealed().text()


def named_files(text: str) -> tuple[FileRecord, ...]:
    """Return the files that a seal or a receipt names. Raises ValueError if it is neither, or was changed."""
    return SEAL.validate_json(text) if text.startswith("[") else Receipt.opened(text.encode()).files


def read_if_there(path: Path) -> str | None:
    """Return the text of the file, or None if there is none or it is no text."""
    with contextlib.suppress(FileNotFoundError, UnicodeDecodeError):
        return read_text(path)
    return None


def is_present(folder: Path, file: FileRecord) -> bool:
    """Return whether the file is in the folder, by its size."""
    path = folder / file.path
    return path.is_file() and path.stat().st_size == file.bytes


def is_same(folder: Path, file: FileRecord) -> bool:
    """Return whether the file in the folder has the checksum that is on record."""
    return matches(folder, file)
