"""The rows and vectors of a version as readers ask for them, whichever files hold them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.spec.contents import PartKind
from synthprof.spec.spec import Spec

Dialect = Literal["sqlite", "duckdb"]
"""The SQL that a reader takes; most is the same in both (`versions.filters`)."""

Vectors = Literal["vetores", "embeddings"]
"""Tables of vectors: feature vectors, and embeddings."""

TABLES: tuple[PartKind, ...] = get_args(PartKind)
"""Tables of a version with a row for each id."""

IDS_AT_ONCE = 1_000
"""Ids in one question."""


@dataclass(frozen=True)
class Clause:
    """A condition for SQL's WHERE, and the parameters of its question marks."""

    sql: str
    parameters: tuple[int | float | str, ...]


EVERY = Clause("true", ())
"""The condition that every row meets."""


class Tables(Protocol):
    """A reader of the rows and vectors of one version. Each question raises StageError for a damaged file."""

    @property
    def dialect(self) -> Dialect:
        """The SQL of its clauses."""
        ...

    def rows(
        self, columns: Sequence[str] = (), where: Clause = EVERY, ids: range | Ids | None = None
    ) -> pa.Table:
        """Return rows of `perfis` that meet a condition, by id, in the form that the columns store.

        columns: none for all. ids: to look among, a range or (n,) ascending, each once; None for all.
        Where a column may lack values, ask for at most a block of rows. Raises SpecError for a parameter
        that is no Unicode.
        """
        ...

    def ids(self, where: Clause, of: Ids | None = None, most: int | None = None) -> Ids:
        """Return the ids of rows that meet a condition, (n,) ascending; of all rows, or of the ids `of`.

        most: number to return at most, the first ones; None for all.
        """
        ...

    def matrix(self, table: Vectors, ids: range | Ids) -> Matrix:
        """Return vectors, (n, dim) float32 in the order of the ids, which ascend; NaN for a row without one.

        What is returned may be read-only, and a view of the file.
        """
        ...

    def missing(self) -> Ids:
        """Return the ids of the rows that have no embedding, (m,) ascending."""
        ...

    def check(self, table: PartKind) -> None:
        """Raise StageError unless the ids of the table are those of the spec."""
        ...

    def file_of(self, table: PartKind, block: int) -> str:
        """Return the path, within the version, of the file that holds a block of the table."""
        ...

    def files(self, table: PartKind) -> tuple[str, ...]:
        """Return the paths, within the version, of all files that hold the table."""
        ...


def are_missing(vectors: Matrix) -> NDArray[np.bool_]:
    """Return which rows of `Tables.matrix` have no vector, (n,)."""
    missing: NDArray[np.bool_] = np.isnan(vectors[:, 0])
    if missing.any():
        missing[missing] = np.isnan(vectors[missing]).all(axis=1)
    return missing


def tables_of(folder: Path, spec: Spec) -> Tables:
    """Return the reader of the tables in the folder of a version of this spec.

    Raises SpecError if what reads it is not installed.
    """
    if spec.in_parts:
        from synthprof.store.columnar.tables import PartTables  # only who reads Parquet pays for it

        return PartTables(folder, spec)
    from synthprof.store.sqlite.tables import SqliteTables

    return SqliteTables(folder, spec)
