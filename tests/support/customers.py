"""A small schema in English, without archetypes: customers with a number, a date, a sum and gaps."""

import functools
from pathlib import Path

from synthprof.schemas.bundle import Bundle
from synthprof.schemas.reading import read_bundle

SCHEMAS = Path(__file__).with_name("schemas")
"""The folder that `SYNTHPROF_SCHEMAS` names in tests."""


@functools.cache
def customers() -> Bundle:
    """The schema, with what follows from its columns."""
    return read_bundle(SCHEMAS / "customers")
