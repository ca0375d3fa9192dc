"""Schemas some of whose rows are second records, and rows of them."""

import functools

from synthprof.profiles.drawing import Generated, generate
from synthprof.schemas.duplicates import with_duplicates
from synthprof.schemas.loader import load_bundle
from synthprof.schemas.schema import Schema

ROWS = 4_000

SEED = 3


@functools.cache
def repeated(name: str, share: float = 0.3, errors: float = 2.0) -> Schema:
    """A built-in schema with second records."""
    bundle = load_bundle(name)
    return with_duplicates(bundle.schema, bundle.errors, share, errors)


@functools.cache
def rows_of(name: str, share: float = 0.3, errors: float = 2.0, rows: int = ROWS) -> Generated:
    """The first rows of its first block."""
    return generate(repeated(name, share, errors), SEED, "pt_BR", 0.8, 0, rows)
