"""The schema of a data set's rows, as a request wants it of a declared one."""

import functools
from typing import NamedTuple

from synthprof.base.kept import kept
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.duplicates import with_duplicates
from synthprof.schemas.schema import Schema
from synthprof.schemas.sizes import with_prose
from synthprof.schemas.tables import with_tables
from synthprof.schemas.topic_sizes import with_topic_sizes


class Wishes(NamedTuple):
    """Wishes of a spec to a schema, apart from drift: with the bundle, all that its columns follow from."""

    with_tables: str
    topic_sizes: float
    prose: str
    duplicates: float
    duplicate_errors: float


@functools.lru_cache(maxsize=16)
def wished(bundle: Bundle, wishes: Wishes) -> Schema:
    """Return the schema with the child tables to make, sizes of archetypes and texts, and second records.

    It is made, and so checked, once per machine. Raises SpecError for a child table, or errors of second
    records, that the schema does not declare.
    """
    return kept("wished", [bundle.digest, wishes], lambda: _other(bundle, wishes)) or bundle.schema


def _other(bundle: Bundle, wishes: Wishes) -> Schema | None:
    """Return the schema that is wished for; None if it is that of the bundle."""
    tables = with_tables(bundle.schema, wishes.with_tables)
    told = with_prose(with_topic_sizes(tables, wishes.topic_sizes), wishes.prose)
    found = with_duplicates(told, bundle.errors, wishes.duplicates, wishes.duplicate_errors)
    return None if found is bundle.schema else found
