"""The rows to load, in the types that a target takes, and the table that they go to."""

import re
from dataclasses import dataclass

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.delivery.loaders import registry
from synthprof.delivery.loaders.address import TABLE, Address
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.loaders.plain import plain_batch, plain_schema, with_vector
from synthprof.delivery.loaders.target import Kind, Layout
from synthprof.delivery.rows import Rows
from synthprof.versions.version import Version

VECTORS = {"embedding", "vector", "archetype"}
"""Columns that are loaded only if they are named: one vector a table, and not the hidden truth."""


@dataclass(frozen=True)
class Source:
    """The rows of a version for one table.

    needs_vector: rows without a vector are left out, as the target takes none.
    """

    rows: Rows
    layout: Layout
    needs_vector: bool

    def block(self, number: int) -> pa.RecordBatch:
        """Return the rows of a block that the target takes, in plain types."""
        batch = plain_batch(self.rows.block(number), self.layout.schema)
        return with_vector(batch, self.layout.vector) if self.needs_vector else batch


def source_of(version: Version, kind: Kind, address: Address, order: LoadOrder) -> Source:
    """Return the rows of a version and their layout in a target.

    Raises SpecError for a column or vector that the version has not, and for a bad name of the table.
    """
    names = order.names or tuple(name for name in Rows(version).names[1:] if name not in VECTORS)
    rows = Rows(version, (*(name for name in names if name not in ("id", order.space)), order.space))
    schema = plain_schema(rows.schema, moments=kind.moments)
    others = [field.name for field in schema if pa.types.is_fixed_size_list(field.type)]
    if len(others) > 1:
        raise SpecError(
            f"columns={','.join(names)}: {' and '.join(others)} are vectors; load one of them by space="
        )
    table = table_of(address, version.dataset)
    return Source(rows, Layout(table, schema, order.space, order.metric, order.index), kind.needs_vector)


def table_of(address: Address, dataset: str) -> str:
    """Return the name of the table: what the URL says, else that of the data set.

    >>> table_of(Address.parse("duckdb:rows.duckdb"), "my-shop")
    'my_shop'
    """
    by_path = address.last if address.scheme in registry.NAMED_BY_PATH and address.variant != "file" else ""
    named = address.options.get(TABLE) or by_path or re.sub(r"\W", "_", dataset)[:50]
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,50}", named):
        raise SpecError(
            f"table={named[:80]} is no name; write ?table=NAME with at most 51 letters, digits and _, and no "
            "digit first"
        )
    return named
