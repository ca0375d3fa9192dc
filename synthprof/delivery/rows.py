"""The rows of a version as other programs take them: typed columns, lists as lists, vectors as arrays."""

import functools
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError
from synthprof.base.text import LIST_SEPARATOR
from synthprof.schemas.schema import Column
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.system.memory import give_back_memory
from synthprof.versions import tables
from synthprof.versions.version import Version

ID, CLUSTER_ID = "id", "cluster_id"

ARCHETYPE, VECTOR, EMBEDDING = "archetype", "vector", "embedding"
"""Columns that a version keeps apart from its profiles."""


@dataclass(frozen=True)
class Rows:
    """The rows of a version by block of 16,384, in the order of their ids, which go from 1.

    columns: `id` and those named, in this order; empty: all, with `cluster_id`, `vector` where there are
    feature vectors, and `embedding`, but without `archetype`, which is the hidden truth.

    >>> rows = Rows(v, ("cluster_id", "embedding"))
    >>> rows.schema.names, rows.block(0).num_rows
    (['id', 'cluster_id', 'embedding'], 2000)
    """

    version: Version
    columns: tuple[str, ...] = ()

    @property
    def blocks(self) -> int:
        """The number of blocks."""
        return self.version.spec.blocks

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns that may be asked for, `id` first."""
        spec, schema = self.version.spec, self.version.schema
        vector = () if spec.collection else (VECTOR,)
        archetype = () if spec.collection or not schema.archetypes else (ARCHETYPE,)
        return (ID, *schema.by_name, CLUSTER_ID, *vector, EMBEDDING, *archetype)

    @functools.cached_property
    def schema(self) -> pa.Schema:
        """The columns with their Arrow types; the metadata of a field has its `description`.

        Raises SpecError for a column that is not there, or that has the name of vectors or archetypes.
        """
        if not self.columns:
            self.check_names()
        known = self.names
        for name in self.columns:
            if name not in known:
                raise SpecError(f"there is no column {name[:80]!r}; there are: {', '.join(known)}")
        chosen = self.columns or tuple(name for name in known if name != ARCHETYPE)
        return pa.schema([self._field(name) for name in dict.fromkeys((ID, *chosen))])

    def check_names(self) -> None:
        """Raise SpecError if a column has the name of what is kept apart, behind which it would be hidden."""
        for name in self.version.schema.by_name:
            if name.casefold() in (VECTOR, EMBEDDING, ARCHETYPE):
                raise SpecError(
                    f"the version has a column {name!r}, a name that vectors and archetypes have here; name "
                    "the others by columns=, or rename this one in a view of the source"
                )

    def ids(self, block: int) -> range:
        """Return the ids of a block."""
        first = block * BLOCK_ROWS + 1
        return range(first, min(first + BLOCK_ROWS, self.version.rows + 1))

    def block(self, block: int) -> pa.RecordBatch:
        """Return the rows of a block, counted from 0. Raises StageError for a damaged file."""
        ids = self.ids(block)
        apart = {VECTOR, EMBEDDING, ARCHETYPE}
        stored = self._stored(ids, [name for name in self.schema.names if name not in apart])
        arrays = [
            self._apart(field, ids) if field.name in apart else self._typed(stored.column(field.name), field)
            for field in self.schema
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return (self.block(number) for number in range(self.blocks))

    def ahead(self, first: int = 0, depth: int = 2) -> Iterator[pa.RecordBatch]:
        """Yield the blocks from `first` on, while a thread reads up to `depth` of those that follow.

        Reading and compressing both leave Python, so that two cores do twice as much. Memory that the caller
        has freed is given back first: allocators keep it for its thread, and the other takes as much again.
        """
        pa.default_memory_pool().release_unused()
        give_back_memory()
        with ThreadPoolExecutor(1, "rows-ahead") as thread:
            waiting = deque(thread.submit(self.block, number) for number in range(first, self.blocks)[:depth])
            try:
                for number in range(first, self.blocks):
                    found = waiting.popleft().result()
                    if number + depth < self.blocks:
                        waiting.append(thread.submit(self.block, number + depth))
                    yield found
            finally:
                thread.shutdown(cancel_futures=True)

    def _stored(self, ids: range, names: Sequence[str]) -> pa.RecordBatch:
        asked = tables.question(self.version, (), names, "")
        return tables.rows_between(self.version, asked, ids[0])

    def _typed(self, values: pa.Array, field: pa.Field) -> pa.Array:
        column = self.version.schema.by_name.get(field.name)
        if column is not None and column.kind == "list" and column.value_kind is None:
            return _items(values).cast(field.type)
        return values.cast(field.type)

    def _apart(self, field: pa.Field, ids: range) -> pa.Array:
        match field.name:
            case "embedding":
                return as_lists(self.version.embeddings(ids[0], ids[-1]))
            case "vector":
                return as_lists(self.version.vectors(ids[0], ids[-1]))
        return pa.array(np.asarray(self._archetypes[ids[0] - 1 : ids[-1]]), field.type)

    @functools.cached_property
    def _archetypes(self) -> npt.NDArray[np.uint8]:
        return self.version.labels()

    def _field(self, name: str) -> pa.Field:
        spec = self.version.spec
        match name:
            case "id":
                return _described(name, pa.int64(), "Number of the row, from 1.", nullable=False)
            case "cluster_id":
                return _described(name, pa.int32(), "Cluster of the embedding, from 0; -1 without one.")
            case "vector":
                return _described(name, pa.list_(pa.float32(), spec.dim_vector), "Feature vector.")
            case "embedding":
                kind = pa.list_(pa.float32(), spec.dim_embedding)
                return _described(name, kind, "Embedding of L2 norm 1; null where none could be made.")
            case "archetype":
                return _described(name, pa.uint8(), "Hidden archetype that the row was drawn from, from 0.")
        column = self.version.schema.column(name)
        return _described(name, self._type(column), column.doc)

    def _type(self, column: Column) -> pa.DataType:
        if column.value_kind is None:
            if column.kind == "list":
                return pa.list_(pa.string())
            if column.kind == "flag":
                return pa.bool_()
        return tables.schema_of_table(self.version).field(column.name).type


def as_lists(matrix: Matrix) -> pa.Array:
    """Return the rows of a matrix, (n, d) float32, as lists of fixed size; a row of NaN is null."""
    mask = np.isnan(matrix[:, 0])
    values = pa.array(np.ascontiguousarray(matrix).reshape(-1), pa.float32())
    return pa.FixedSizeListArray.from_arrays(
        values, matrix.shape[1], mask=pa.array(mask) if mask.any() else None
    )


def _items(texts: pa.Array) -> pa.Array:
    """Return the items of stored lists; an empty text is an empty list."""
    items = pc.split_pattern(texts, LIST_SEPARATOR)
    empty = pc.equal(texts, "")
    return pc.if_else(empty, pa.scalar([], items.type), items) if pc.any(empty).as_py() else items


def _described(name: str, kind: pa.DataType, doc: str, *, nullable: bool = True) -> pa.Field:
    return pa.field(name, kind, nullable, {"description": doc})
