"""Single facts of a build that a later stage or run reads back, each in a sealed file of its own."""

from pathlib import Path

from pydantic import JsonValue

from synthprof.base.files import write_text
from synthprof.base.kinds import read_bytes
from synthprof.base.seals import Sealed


class Fact(Sealed):
    """A plain value, and the place it was written to, so that one from elsewhere does not count."""

    of: str
    value: JsonValue


def write_fact(path: Path, value: JsonValue) -> None:
    """Write the fact in one step, flushed to disk."""
    write_text(path, Fact(of=_place(path), value=value).sealed().text())


def read_fact(path: Path) -> JsonValue:
    """Return the fact; None if it is missing, was changed, or was written to another place."""
    try:
        fact = Fact.opened(read_bytes(path))
    except (OSError, ValueError):
        return None
    return fact.value if fact.of == _place(path) else None


def _place(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
