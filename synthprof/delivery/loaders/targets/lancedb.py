"""LanceDB: a table in a folder, which takes Arrow as it is; each block is one version of the table."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow as pa

from synthprof.base.arrays import Vector
from synthprof.base.errors import SpecError, StageError, first_line
from synthprof.base.files import make_folder
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.faults import disk_full, failed
from synthprof.delivery.loaders.sql import as_sql
from synthprof.delivery.loaders.target import Kind, Layout, Row, check_metric, check_same
from synthprof.delivery.workloads.conditions import Part

INDEXED_ROWS = 10_000
"""Rows below which an index is no faster than comparing all vectors."""


class LanceDB:
    """A table of a LanceDB folder."""

    def __init__(self, address: Address, layout: Layout) -> None:
        """Open the folder, which is made if it is not there."""
        import lancedb

        check_metric(address, layout, ("cosine", "dot", "l2"))
        self.address, self.layout = address, layout
        make_folder(address.file)
        with self._told():
            self._database = lancedb.connect(str(address.file))
            there = self.layout.table in self._names()
            self._table = self._database.open_table(layout.table) if there else None

    def count(self) -> int | None:
        """Return the number of rows, or None without a table."""
        if self._table is None:
            return None
        with self._told():
            found = {field.name: str(field.type) for field in self._table.schema}
            wanted = {field.name: str(field.type) for field in self.layout.schema}
            check_same(self.address, self.layout.table, _named(wanted), _named(found))
            return int(self._table.count_rows())

    def prepare(self) -> None:
        """Make the table unless it is there."""
        with self._told():
            self._table = self._database.create_table(
                self.layout.table, schema=self.layout.schema, exist_ok=True
            )

    def drop(self) -> None:
        """Remove the table."""
        with self._told():
            if self.layout.table in self._names():
                self._database.drop_table(self.layout.table)
            self._table = None

    def encode(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the rows as a table."""
        return pa.Table.from_batches([batch])

    def write(self, encoded: pa.Table, *, again: bool) -> None:
        """Add the rows; first remove those that may be there."""
        assert self._table is not None
        with self._told():
            if again and encoded.num_rows:
                first, last = encoded["id"][0].as_py(), encoded["id"][-1].as_py()
                self._table.delete(f"id >= {first} AND id <= {last}")
            self._table.add(encoded)

    def finish(self) -> str:
        """Make an index of the vectors, if it is wanted and there are enough; join small files."""
        assert self._table is not None
        with self._told():
            self._table.optimize()
            if not self.layout.index or self._table.count_rows() < INDEXED_ROWS:
                return ""
            if not any(self.layout.vector in each.columns for each in self._table.list_indices()):
                self._table.create_index(
                    metric=self.layout.metric,
                    vector_column_name=self.layout.vector,
                    index_type="IVF_HNSW_SQ",
                )
        return "ivf_hnsw_sq"

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids."""
        assert self._table is not None
        with self._told():
            query = self._table.search().where(f"id IN ({', '.join(map(str, ids))})").limit(len(ids))
            return list(query.to_arrow().to_pylist())

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return ids and scores of the k nearest rows."""
        assert self._table is not None
        with self._told():
            query = self._table.search(vector, vector_column_name=self.layout.vector)
            query = query.distance_type(self.layout.metric).select(["id", "_distance"]).limit(k)
            if where:
                condition = as_sql(where, lambda name, item: f"array_has({name}, {item})", ("false", "true"))
                query = query.where(condition, prefilter=True)
            found = query.to_arrow()
        ids, distances = found["id"].to_pylist(), found["_distance"].to_pylist()
        # LanceDB gives 1 - cosine, 1 - dot product, and the squared distance
        scores = distances if self.layout.metric == "l2" else [1 - distance for distance in distances]
        return list(zip(ids, scores, strict=True))

    def close(self) -> None:
        """Do nothing: LanceDB holds nothing open."""

    def _names(self) -> list[str]:
        return list(self._database.list_tables(limit=10_000).tables)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (SpecError, StageError):
            raise
        except (OSError, RuntimeError, ValueError) as error:
            said = first_line(error)[:300]
            if "No space left" in said:
                raise disk_full(self.address) from None
            raise failed(self.address, said) from None


def _named(types: dict[str, str]) -> dict[str, str]:
    """Return types without the words in which an Arrow file and LanceDB differ."""
    return {name: kind.replace("not null", "").replace("element:", "item:") for name, kind in types.items()}


KIND = Kind(
    name="lancedb",
    title="LanceDB folder",
    extra="load-lancedb",
    packages=("lancedb",),
    open=LanceDB,
    moments=True,
)
