"""The survey of a collection's source, as a build keeps it."""

import json
from dataclasses import dataclass
from pathlib import Path

from synthprof.store.build import SURVEY


@dataclass(frozen=True)
class Texts:
    """Bytes of a collection's rows as Arrow holds them: of all, of their keys, and of the largest block."""

    bytes: int
    key_bytes: int
    block_bytes: int


def texts_of(build: Path) -> Texts | None:
    """What the survey in a build folder says of the texts; None for profiles, and where no survey lies."""
    path = build / SURVEY
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return Texts(sum(found["block_bytes"]), found["key_bytes"], max(found["block_bytes"]))
