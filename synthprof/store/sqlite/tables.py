"""The rows and vectors of a version in SQLite databases, one for each table."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.columns import quoted
from synthprof.base.errors import StageError
from synthprof.spec.contents import EMBEDDINGS_DB, PERFIS, VETORES, PartKind
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.sqlite.database import check_ids, read
from synthprof.store.tables import EVERY, IDS_AT_ONCE, Clause, Dialect, Vectors

_FILES: dict[PartKind, str] = {"perfis": PERFIS, "vetores": VETORES, "embeddings": EMBEDDINGS_DB}
_COLUMNS: dict[Vectors, str] = {"vetores": "vetor", "embeddings": "embedding"}


@dataclass(frozen=True)
class SqliteTables:
    """A reader of `perfis.db`, `vetores.db` and `embeddings.db` in a folder; as `Tables` says."""

    folder: Path
    spec: Spec

    @property
    def dialect(self) -> Dialect:
        """The SQL of its clauses."""
        return "sqlite"

    def rows(
        self, columns: Sequence[str] = (), where: Clause = EVERY, ids: range | Ids | None = None
    ) -> pa.Table:
        """Return rows that meet a condition; see `Tables.rows`."""
        names = ", ".join(map(quoted, columns)) or "*"
        found = [self._asked("perfis", names, (where, part)) for part in among(ids)]
        return pa.concat_tables(found, promote_options="permissive")

    def ids(self, where: Clause, of: Ids | None = None, most: int | None = None) -> Ids:
        """Return the ids of rows that meet a condition; see `Tables.ids`."""
        found = [_ids_in(self._asked("perfis", "id", (where, part), most)) for part in among(of)]
        return np.concatenate(found)[:most]

    def matrix(self, table: Vectors, ids: range | Ids) -> Matrix:
        """Return vectors; see `Tables.matrix`. Raises StageError if one has another dimension."""
        dim = self.spec.dim_vector if table == "vetores" else self.spec.dim_embedding
        found = np.empty((len(ids), dim), np.float32)
        step = BLOCK_ROWS if isinstance(ids, range) else IDS_AT_ONCE
        for start in range(0, len(ids), step):
            some = ids[start : start + step]
            asked = self._asked(table, f"{_COLUMNS[table]} AS blob", among(some))
            blobs = asked.column("blob").combine_chunks()
            there = blobs.is_valid().to_numpy(zero_copy_only=False)
            try:
                _fill(found[start : start + step], there, _values_of(blobs).reshape(-1, dim))
            except (ValueError, IndexError) as error:
                raise StageError(
                    f"{self.folder / _FILES[table]} does not hold {dim} numbers for each of the ids "
                    f"{some[0]} to {some[-1]}; `synthprof repair` makes a damaged version whole"
                ) from error
        return found

    def missing(self) -> Ids:
        """Return the ids of the rows without an embedding; see `Tables.missing`."""
        return _ids_in(self._asked("embeddings", "id", (Clause("embedding IS NULL", ()),)))

    def check(self, table: PartKind) -> None:
        """Raise StageError unless the ids of the table are those of the spec."""
        check_ids(self.folder / _FILES[table], table, self.spec.profiles)

    def file_of(self, table: PartKind, block: int) -> str:
        """Return the name of the database; see `Tables.file_of`."""
        return _FILES[table]

    def files(self, table: PartKind) -> tuple[str, ...]:
        """Return the name of the database; see `Tables.files`."""
        return (_FILES[table],)

    def _asked(
        self, table: PartKind, columns: str, where: Sequence[Clause], most: int | None = None
    ) -> pa.Table:
        return ask(self.folder / _FILES[table], f"{columns} FROM {table}", where, most)


def ask(path: Path, columns: str, where: Sequence[Clause], most: int | None = None) -> pa.Table:
    """Return the rows of a database that meet all conditions, by id.

    columns: with their table, as `id, vetor FROM vetores`. most: number of rows at most. Raises as `read`.
    """
    condition = " AND ".join(each.sql for each in where)
    limit = "" if most is None else f" LIMIT {most}"
    parameters = tuple(value for each in where for value in each.parameters)
    return read(path, f"SELECT {columns} WHERE {condition} ORDER BY id{limit}", parameters)


def among(ids: range | Ids | None) -> list[Clause]:
    """Return a condition for each question that is needed for these ids, which ascend; None for all ids."""
    if ids is None:
        return [EVERY]
    if isinstance(ids, range):
        return [_range(ids)]
    return [_listed(ids[first : first + IDS_AT_ONCE]) for first in range(0, max(len(ids), 1), IDS_AT_ONCE)]


def _range(ids: range) -> Clause:
    return Clause("id BETWEEN ? AND ?", (ids.start, ids.stop - 1))


def _listed(ids: Ids) -> Clause:
    return Clause(f"id IN ({', '.join('?' * len(ids))})", tuple(ids.tolist()))


def _ids_in(found: pa.Table) -> Ids:
    ids: Ids = found.column("id").to_numpy().astype(np.int64)
    return ids


def _fill(part: Matrix, there: NDArray[np.bool_], values: Matrix) -> None:
    """Copy the values of rows that have some, and NaN for others. there: (n,), or it raises IndexError."""
    if len(there) == len(part) and there.all():  # copied as they lie, which takes half the time
        part[:] = values.reshape(part.shape)
    else:
        part[:] = np.nan
        part[there] = values


def _values_of(blobs: pa.Array) -> NDArray[np.float32]:
    """Return all BLOBs, one after the other, as numbers: straight from Arrow's buffer, without objects."""
    if not pa.types.is_binary(blobs.type):  # of a block without any
        return np.empty(0, np.float32)
    _, offsets, content = blobs.buffers()
    ends = np.frombuffer(offsets, np.int32)[blobs.offset : blobs.offset + len(blobs) + 1]
    return np.frombuffer(content or b"", np.uint8)[ends[0] : ends[-1]].view("<f4")
