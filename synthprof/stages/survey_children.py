"""The size of child tables, known before any work: one block of them is drawn and measured."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING

from synthprof.spec.estimates import NO_CHILDREN, Children
from synthprof.store.schemas import schema_of

if TYPE_CHECKING:
    from synthprof.schemas.bundle import Bundle
    from synthprof.schemas.schema import Schema
    from synthprof.spec.spec import Spec

MARGIN = 1.05
"""Some blocks have more children than the first, and not every page of a database is full."""

CELL_BYTES = 3
"""Of a record in a page: its length, mostly a byte, and the pointer to it."""


def children_of(spec: Spec, bundle: Bundle) -> Children:
    """Return the children of a whole block of profiles; nothing for a spec without child tables."""
    if spec.collection or not (schema := schema_of(spec, bundle)).tables:
        return NO_CHILDREN
    return _drawn(schema, spec.seed, spec.locale, spec.separation)


@functools.lru_cache(maxsize=4)
def _drawn(schema: Schema, seed: int, locale: str, separation: float) -> Children:
    from synthprof.profiles.children import generate_family, stored_batches  # only such tables cost it
    from synthprof.store.sqlite.records import record_bytes

    made = generate_family(schema, seed, locale, separation, 0).tables
    tables = made.values()
    arrow = [table.nbytes for table in tables]
    stored = (stored_batches(schema.child(name), [table]) for name, table in made.items())
    records = [record_bytes(batch) for batch in itertools.chain.from_iterable(stored)]
    pages = sum(int(each.sum()) + CELL_BYTES * len(each) for each in records)
    rows = sum(table.num_rows for table in tables)
    return Children(rows, *(round(MARGIN * each) for each in (sum(arrow), pages, max(arrow))))
