"""The built-in schemas, data files in folders beside this module, and the schema of a collection."""

import functools
from pathlib import Path

from synthprof.base.column_kinds import Kind
from synthprof.base.columns import parse_columns
from synthprof.base.errors import SpecError
from synthprof.base.kept import kept
from synthprof.schemas.bundle import SCHEMA_TOML, Bundle
from synthprof.schemas.draws import Given
from synthprof.schemas.schema import Column, Schema

_FOLDER = Path(__file__).parent

KEY, TEXT = "chave", "descricao"
"""Columns of a collection: the id of a row in its source, and its text."""


def schema_names() -> tuple[str, ...]:
    """Return the names of the built-in schemas, in alphabetical order."""
    return tuple(sorted(path.parent.name for path in _FOLDER.glob(f"*/{SCHEMA_TOML}")))


def schema_folder(name: str) -> Path:
    """Return the folder of a built-in schema's files. Raises SpecError for an unknown name."""
    if name not in schema_names():
        raise SpecError(f"unknown schema {name!r}; the built-in schemas are {', '.join(schema_names())}")
    return _FOLDER / name


@functools.cache
def load_bundle(name: str) -> Bundle:
    """Return a built-in schema, which is read once per machine. Raises SpecError for an unknown name."""
    folder = schema_folder(name)
    return kept("schema", name, lambda: _read(folder))


def _read(folder: Path) -> Bundle:
    from synthprof.schemas.reading import read_bundle  # with all models of a schema's file

    return read_bundle(folder)


def load_schema(name: str) -> Schema:
    """Return the drawn part of a built-in schema. Raises SpecError for an unknown name."""
    return load_bundle(name).schema


@functools.cache
def stage_digests(name: str) -> tuple[str, str, str]:
    """Return what the keys of stages have of a built-in schema: of its profiles, its texts, its encoding."""
    bundle = load_bundle(name)
    return bundle.drawn_digest, bundle.texts_digest, bundle.encoding_digest


@functools.cache
def rules_digest(name: str) -> str:
    """Return the digest of the rules and margins of a built-in schema; empty for none."""
    return load_bundle(name).rules_digest


@functools.cache
def errors_digest(name: str) -> str:
    """Return the digest of what a built-in schema says of second records."""
    return load_bundle(name).errors_digest


@functools.cache
def tables_digest(name: str, wanted: str) -> str:
    """Return the digest of those child tables of a built-in schema that are wanted; empty for none."""
    return load_bundle(name).tables_digest(wanted)


@functools.cache
def collection_schema(columns: str) -> Schema:
    """Return the schema of a collection: key, text and further columns, as `year:integer,place:text`."""
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
