"""Schemas of the user's: folders below one folder of schemas, each known by its name."""

import os
import re
from pathlib import Path

from synthprof.base.errors import SpecError
from synthprof.base.names import NAME_HINT, NAME_PATTERN
from synthprof.schemas.bundle import SCHEMA_TOML, Bundle
from synthprof.schemas.loader import schema_names

MARKS = (SCHEMA_TOML,)
"""Files by which a folder is known to hold a schema."""

VARIABLE = "SYNTHPROF_SCHEMAS"
"""The variable that names the folder of schemas."""


def own_names(root: Path) -> tuple[str, ...]:
    """Return the names of the schemas below a folder, in alphabetical order, whether or not they can be read.

    Folders whose names cannot be chosen are left out; `problems` tells of them.
    """
    return tuple(each for each in _folders(root) if re.match(NAME_PATTERN, each) and not _is_built_in(each))


def own_folder(root: Path, name: str) -> Path:
    """Return the folder of a schema below the folder of schemas.

    Raises SpecError for a text that cannot be a name, such as a path, and for a name that is not there.
    """
    check_name(name)
    folder = root / name
    if _holds_schema(folder):
        return folder
    known = ", ".join((*schema_names(), *own_names(root)))
    if os.path.lexists(folder):
        raise SpecError(
            f"profile_schema={name!r}: {folder} is no folder with a {MARKS[0]} that can be read; write that "
            f"file, or name another schema: {known}"
        )
    raise SpecError(
        f"profile_schema={name!r} is neither built in ({', '.join(schema_names())}) nor one of the folders "
        f"in {root} ({', '.join(own_names(root)) or 'none'}); make it with `synthprof schema new {name}`, or "
        f"set {VARIABLE}"
    )


def read_own(root: Path, name: str) -> Bundle:
    """Return the schema of a name below the folder of schemas.

    Raises SpecError that names file, value, rule and remedy.
    """
    from synthprof.schemas.reading import read_bundle  # with all models of a schema's file

    folder = own_folder(root, name)
    try:
        return read_bundle(folder)
    except SpecError as error:
        raise SpecError(f"schema {name}: {error}") from error


def check_name(name: str) -> None:
    """Raise SpecError for a text that cannot be the name of a schema, such as a path."""
    if not re.match(NAME_PATTERN, name):
        raise SpecError(
            f"{name[:80]!r} is no name of a schema: {NAME_HINT}; write the name alone, and "
            f"set {VARIABLE} to the folder of schemas"
        )


def problems(root: Path) -> tuple[str, ...]:
    """Read all schemas below the folder of schemas; return a sentence for each that cannot be used."""
    if os.path.lexists(root) and not root.is_dir():
        return (f"{root} is no folder; set {VARIABLE} to the folder of schemas",)
    return tuple(filter(None, (_problem(root, name) for name in _folders(root))))


def _problem(root: Path, name: str) -> str:
    if _is_built_in(name):
        return f"{root / name} has the name of a built-in schema; rename the folder"
    try:
        read_own(root, name)
    except SpecError as error:
        return str(error)
    return ""


def _is_built_in(name: str) -> bool:
    return name in schema_names()


def _folders(root: Path) -> list[str]:
    """Return the names of the folders that hold schemas, without hidden ones."""
    try:
        names = sorted(path.name for path in root.iterdir() if not path.name.startswith((".", "_")))
    except OSError:
        return []
    return [name for name in names if _holds_schema(root / name)]


def _holds_schema(folder: Path) -> bool:
    return any(os.path.isfile(folder / mark) for mark in MARKS)  # noqa: PTH113  a loop of links is none
