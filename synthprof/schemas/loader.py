"""The built-in schemas, data files in folders beside this module, and the schema of a collection."""

import functools
from collections.abc import Iterable
from pathlib import Path

from synthprof.base.column_kinds import Kind
from synthprof.base.columns import parse_columns
from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.schemas.draws import Given
from synthprof.schemas.reading import read_schema
from synthprof.schemas.schema import Column, Schema

_FOLDER = Path(__file__).parent

KEY, TEXT = "chave", "descricao"
"""Columns of a collection: the id of a row in its source, and its text."""


def schema_names() -> tuple[str, ...]:
    """Return the names of the built-in schemas, in alphabetical order."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob("*/columns.toml")))


@functools.cache
def files_digest() -> str:
    """Return the digest of the `*.toml` and `*.csv` files of all built-in schemas, without those of texts.

    32 hexadecimal digits over pairs of path and text, sorted by path. Paths are relative to the folder of the
    schemas, as `gamer_br/columns.toml`. The keys of the stages that read a schema depend on it, and with them
    every version name: a file that is moved, renamed, added or edited gives all data sets other names. Files
    in subfolders of a schema take no part.
    """
    return _digest([*_FOLDER.glob("*/*.toml"), *_FOLDER.glob("*/*.csv")])


def schema_folder(name: str) -> Path:
    """Return the folder of a built-in schema's files. Raises SpecError for an unknown name."""
    if name not in schema_names():
        raise SpecError(f"unknown schema {name!r}; the built-in schemas are {', '.join(schema_names())}")
    return _FOLDER / name


def texts_folder(name: str) -> Path:
    """Return the folder of the files that define the meaning of words in texts about profiles of a schema."""
    return _FOLDER / name / "texts"


@functools.cache
def texts_digest(name: str) -> str:
    """Return the digest of the `*.toml` and `*.csv` files in `texts_folder(name)`, made as `files_digest`.

    The keys of the stages that embed a collection with encoder=catalogue depend on it.
    """
    return _digest([*texts_folder(name).glob("*.toml"), *texts_folder(name).glob("*.csv")])


@functools.cache
def load_schema(name: str) -> Schema:
    """Return a built-in schema, which is read once per process. Raises SpecError for an unknown name."""
    return read_schema(schema_folder(name))


@functools.cache
def collection_schema(columns: str) -> Schema:
    """Return the schema of a collection: key, text and further columns, as `ano:integer,cidade:text`."""
    text = Given(Kind("text"))
    return Schema(
        "collection",
        (
            Column(KEY, text, None, "The id that the row has in its source.", indexed=True),
            Column(TEXT, text, None, "The text that is embedded."),
            *(
                Column(name, Given(Kind.of(kind or "text")), None, "As in the source.")
                for name, kind in parse_columns(columns).items()
            ),
        ),
        (),
    )


def _digest(paths: Iterable[Path]) -> str:
    files = [(str(path.relative_to(_FOLDER)), path.read_text(encoding="utf-8")) for path in sorted(paths)]
    return digest_of(files)
