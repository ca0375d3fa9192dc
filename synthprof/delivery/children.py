"""The rows of child tables by the block of their parents, so that work on them can be cut and taken up."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from synthprof.base.columns import quoted
from synthprof.delivery.rows import Rows
from synthprof.schemas.schema import ChildTable
from synthprof.versions.children import schema_of_children


@dataclass(frozen=True)
class Children:
    """The rows of one child table, by the id of the parent and their number."""

    rows: Rows
    table: ChildTable

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.table.name

    @property
    def schema(self) -> pa.Schema:
        """The columns with their Arrow types: the parent's id, `n`, and the table's own."""
        return schema_of_children(self.rows.version, self.name)

    def block(self, block: int) -> Iterator[pa.RecordBatch]:
        """Yield the children of the parents of a block, at most 16,384 at a time."""
        ids, key = self.rows.ids(block), quoted(self.table.key)
        where = (f"{key}>={ids[0]}", f"{key}<={ids[-1]}")
        yield from self.rows.version.batches(where, table=self.name)


def children_of(rows: Rows) -> tuple[Children, ...]:
    """Return the child tables that belong to an export: all of them where all columns are exported."""
    return () if rows.columns else tuple(Children(rows, table) for table in rows.version.schema.tables)
