"""The columns and arrays of a version, read a block at a time, so that memory does not grow with the rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError, StageError
from synthprof.base.kinds import check_file
from synthprof.spec.contents import ARCHETYPES_FILE, CLUSTERS
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.sqlite.tables import among, ask
from synthprof.store.tables import EVERY, Clause, Vectors
from synthprof.versions import filters
from synthprof.versions.children import child_batches, schema_of_children
from synthprof.versions.published import Published, stored
from synthprof.versions.typed import column_type, typed

CLUSTER_ID = "cluster_id"

Where = str | Sequence[str]
"""A condition on a column, or several that must all hold: `"height>=30"`, `("colour=red", "height>=30")`."""


def schema_of_table(version: Published) -> pa.Schema:
    """Return the columns of the version's rows: `id`, those of `perfis`, and `cluster_id` as the last."""
    fields = [(column.name, column_type(column)) for column in version.schema.columns]
    return pa.schema([("id", pa.int64()), *fields, (CLUSTER_ID, pa.int32())])


@dataclass(frozen=True)
class Question:
    """The rows that are wanted, of one table, with some columns; see `Version.table`.

    table: the name of a child table; empty for the profiles.
    """

    table: str
    where: tuple[str, ...]
    schema: pa.Schema


def question(version: Published, where: Where, columns: Sequence[str] | None, table: str) -> Question:
    """Return what is asked for. The name of a child table in place of a condition means all of its rows.

    Raises SpecError for an unknown table or column.
    """
    if not table and isinstance(where, str) and where in {each.name for each in version.schema.tables}:
        table, where = where, ()
    schema = schema_of_children(version, table) if table else schema_of_table(version)
    texts = (where,) if isinstance(where, str) else tuple(where)
    return Question(table, texts, _chosen(schema, columns))


def batches(version: Published, asked: Question) -> Iterator[pa.RecordBatch]:
    """Yield the rows that meet the conditions by id, at most 16,384 at a time; see `Version.table`."""
    if asked.table:
        yield from child_batches(version, asked.table, asked.where, asked.schema)
        return
    schema, texts = asked.schema, asked.where
    clause = filters.where(filters.parse_conditions(version.schema, texts), stored(version).dialect)
    for first in range(1, version.manifest.rows + 1, BLOCK_ROWS):
        found = _block(version, clause, schema, first)
        if found.num_rows:
            yield from found.to_batches()


def rows_between(version: Published, asked: Question, first: int) -> pa.RecordBatch:
    """Return all rows of the block that begins with the id `first`, with the columns asked for."""
    return _block(version, EVERY, asked.schema, first).to_batches()[0]


def table(version: Published, asked: Question) -> pa.Table:
    """Return the rows that meet the conditions as one table; see `Version.table`."""
    return pa.Table.from_batches(batches(version, asked), asked.schema)


def matrix(version: Published, table: Vectors, first: int, last: int | None) -> Matrix:
    """Return the vectors of the ids first to last, (n, dim) float32; a row that has none is NaN.

    Raises SpecError for ids that are not in the version.
    """
    rows = version.manifest.rows
    last = rows if last is None else last
    if not 1 <= first <= last <= rows:
        raise SpecError(f"ids {first} to {last} are not in this version; ids go from 1 to {rows}")
    found = stored(version).matrix(table, range(first, last + 1))
    return np.require(found, np.float32, ("C", "W"))  # for the caller, who may write to it


def vectors(version: Published, first: int = 1, last: int | None = None) -> Matrix:
    """Return feature vectors; see `Version.vectors`."""
    if version.spec.collection:
        raise SpecError("a collection has no feature vectors; take its embeddings")
    return matrix(version, "vetores", first, last)


def clusters(version: Published, ids: range | Ids | None = None) -> NDArray[np.int32]:
    """Return the cluster of each row, or of those of some ids, which ascend; see `Version.clusters`."""
    path = version.folder / CLUSTERS
    found = [ask(path, "cluster_id FROM clusters", (part,)).column(CLUSTER_ID) for part in among(ids)]
    return np.concatenate([part.to_numpy() for part in found]).astype(np.int32)


def labels(version: Published) -> NDArray[np.uint8]:
    """Return the hidden archetype of each row; see `Version.labels`."""
    if version.spec.collection:
        raise SpecError("a collection has no archetypes, so nobody knows its true labels; take its clusters")
    if not version.schema.archetypes:
        raise SpecError(
            f"schema {version.schema.name} has no archetypes, so there are no true labels; take its clusters"
        )
    path = version.folder / ARCHETYPES_FILE
    try:
        found: NDArray[np.uint8] = np.load(check_file(path), allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise StageError(
            f"{path} cannot be read ({error}); `synthprof repair` makes a damaged version whole"
        ) from error
    return found


def _chosen(schema: pa.Schema, columns: Sequence[str] | None) -> pa.Schema:
    if columns is None:
        return schema
    for name in columns:
        if name not in schema.names:
            raise SpecError(f"there is no column {name[:80]!r}; there are: {', '.join(schema.names)}")
    return pa.schema([schema.field(name) for name in columns])


def _block(version: Published, clause: Clause, schema: pa.Schema, first: int) -> pa.Table:
    """Return the rows of one block that meet the condition, with the columns of the schema."""
    ids = range(first, min(first + BLOCK_ROWS, version.manifest.rows + 1))
    wanted = [name for name in dict.fromkeys(["id", *schema.names]) if name != CLUSTER_ID]
    found = stored(version).rows(wanted, clause, ids)
    if CLUSTER_ID in schema.names:
        every = pa.array(clusters(version, ids), pa.int32())
        places = found.column("id").to_numpy() - first
        found = found.append_column(CLUSTER_ID, every.take(pa.array(places)))
    columns = [_typed(version, found.column(field.name), field) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema).combine_chunks()


def _typed(version: Published, values: pa.ChunkedArray, field: pa.Field) -> pa.Array | pa.ChunkedArray:
    kind = version.schema.value_kind(field.name)
    return values.cast(field.type) if kind is None else typed(kind, values.combine_chunks())
