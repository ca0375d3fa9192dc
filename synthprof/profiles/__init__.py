"""The built-in schemas and their catalogues, kept as data files beside this module."""

import functools
from pathlib import Path

from synthprof.errors import SpecError
from synthprof.profiles.reading import read_schema
from synthprof.schema import Schema

_FOLDER = Path(__file__).parent


def schema_names() -> tuple[str, ...]:
    """The schemas that can be loaded."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob("*/columns.toml")))


@functools.cache
def load_schema(name: str) -> Schema:
    """The built-in schema of that name; read once per process. Raises SpecError naming those there are."""
    if name not in schema_names():
        raise SpecError(f"unknown schema {name!r}; the built-in schemas are {', '.join(schema_names())}")
    return read_schema(_FOLDER / name)
