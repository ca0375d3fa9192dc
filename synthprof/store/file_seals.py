"""Seals of single files of a stage, by which the next attempt keeps what was finished."""

from pathlib import Path

from pydantic import ValidationError

from synthprof.base.files import FileRecord, flush_folder, matches
from synthprof.store.facts import read_fact, write_fact

FILE_SEALS = "sealed-*.json"
"""Pattern of their names."""


def seal_file(path: Path, record: FileRecord) -> None:
    """Write the seal of a finished file, whose name is durable before."""
    flush_folder(path.parent)
    write_fact(_seal(path), record.model_dump(mode="json"))


def kept_file(path: Path) -> FileRecord | None:
    """Return the record of a file if it matches its seal to the last byte, else None."""
    try:
        found = FileRecord.model_validate(read_fact(_seal(path)))
    except ValidationError:
        return None
    return found if found.path == path.name and matches(path.parent, found) else None


def _seal(path: Path) -> Path:
    return path.with_name(f"sealed-{path.name}.json")
