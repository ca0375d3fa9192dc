"""The built-in schemas and their catalogues, kept as data files beside this module."""

import functools
from collections.abc import Iterable
from pathlib import Path

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.schemas.draws import Given
from synthprof.schemas.reading import read_schema
from synthprof.schemas.schema import Column, Schema

_FOLDER = Path(__file__).parent

KEY, TEXT = "chave", "descricao"
"""Columns of a collection: the id that a row has in its source, and its text."""


def schema_names() -> tuple[str, ...]:
    """The schemas that can be loaded."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob("*/columns.toml")))


@functools.cache
def files_digest() -> str:
    """Thirty-two hexadecimal digits that change with the files of the built-in schemas; found once."""
    return _digest([*_FOLDER.glob("*/*.toml"), *_FOLDER.glob("*/*.csv")])


def texts_folder(name: str) -> Path:
    """The files that say what words mean in texts about profiles of the built-in schema of that name."""
    return _FOLDER / name / "texts"


@functools.cache
def texts_digest(name: str) -> str:
    """Thirty-two hexadecimal digits that change with the files in `texts_folder`; found once."""
    return _digest([*texts_folder(name).glob("*.toml"), *texts_folder(name).glob("*.csv")])


@functools.cache
def load_schema(name: str) -> Schema:
    """The built-in schema of that name; read once per process. Raises SpecError naming those there are."""
    if name not in schema_names():
        raise SpecError(f"unknown schema {name!r}; the built-in schemas are {', '.join(schema_names())}")
    return read_schema(_FOLDER / name)


@functools.cache
def collection_schema(columns: str) -> Schema:
    """Key, text, and the columns carried along, as `ano:integer,cidade:text`."""
    carried = (each.split(":") for each in columns.split(",") if each)
    return Schema(
        "collection",
        (
            Column(KEY, Given("text"), None, "The id that the row has in its source.", indexed=True),
            Column(TEXT, Given("text"), None, "The text that is embedded."),
            *(
                Column(name, Given("integer" if kind == "integer" else "text"), None, "As in the source.")
                for name, kind in carried
            ),
        ),
        (),
    )


def _digest(paths: Iterable[Path]) -> str:
    files = [(str(path.relative_to(_FOLDER)), path.read_text(encoding="utf-8")) for path in sorted(paths)]
    return digest_of(files)
