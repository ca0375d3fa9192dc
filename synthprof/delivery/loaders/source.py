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
from synthprof.delivery.workloads.filters_masks import Planted
from synthprof.delivery.workloads.workload import find_workload
from synthprof.versions.version import Version

VECTORS = {"embedding", "vector", "archetype"}
"""Columns that are loaded only if they are named: one vector a table, and not the hidden truth."""


@dataclass(frozen=True)
class Source:
    """The rows of a version for one table.

    needs_vector: rows without a vector are left out, as the target takes none. workload: the key of the one
    whose planted columns are loaded, too; empty for none.
    """

    rows: Rows
    layout: Layout
    needs_vector: bool
    workload: str = ""
    planted: Planted | None = None

    def block(self, number: int) -> pa.RecordBatch:
        """Return the rows of a block that the target takes, in plain types."""
        rows = self.rows.block(number)
        if self.planted is not None:
            rows = self.planted.joined(rows, number)
        batch = plain_batch(rows, self.layout.schema)
        return with_vector(batch, self.layout.vector) if self.needs_vector else batch


def source_of(version: Version, kind: Kind, address: Address, order: LoadOrder) -> Source:
    """Return the rows of a version and their layout in a target.

    Raises SpecError for a column or vector that the version has not, and for a bad name of the table.
    """
    if not order.names:
        Rows(version).check_names()
    names = order.names or tuple(name for name in Rows(version).names[1:] if name not in VECTORS)
    rows = Rows(version, (*(name for name in names if name not in ("id", order.space)), order.space))
    workload, planted = _planted(version, order, rows)
    fields = [each for each in planted.schema if each.name in planted.names] if planted else []
    schema = plain_schema(pa.schema([*rows.schema, *fields]), moments=kind.moments)
    others = [field.name for field in schema if pa.types.is_fixed_size_list(field.type)]
    if len(others) > 1:
        raise SpecError(
            f"columns={','.join(names)}: {' and '.join(others)} are vectors; load one of them by space="
        )
    table = table_of(address, version.dataset)
    if not re.match(kind.names, table):
        raise SpecError(f"table={table}: {kind.title} takes only names {kind.rule}; write ?table=NAME")
    layout = Layout(table, schema, order.space, order.metric, order.index)
    return Source(rows, layout, kind.needs_vector, workload, planted)


def _planted(version: Version, order: LoadOrder, rows: Rows) -> tuple[str, Planted | None]:
    """Return the key of the workload that an order names, and its planted columns; None for no workload."""
    if not order.workload:
        return "", None
    found = find_workload(version, order.workload)
    planted = Planted(found.folder, version.rows)
    for name in planted.names:
        if name.casefold() in {each.casefold() for each in rows.schema.names}:
            raise SpecError(
                f"workload={order.workload}: its planted column {name!r} has the name of a column of the "
                "version; leave that out by columns="
            )
    return found.output.key, planted


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
