"""The rows and vectors of a version in part files: Parquet that DuckDB reads, and mapped arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.columns import quoted
from synthprof.base.errors import StageError
from synthprof.base.kinds import WrongKind, check_file
from synthprof.spec.contents import PartKind, ids_of, part_of, part_path, parts_of
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.store.columnar.checks import check_part, shape_of, unreadable
from synthprof.store.columnar.duck import Duck
from synthprof.store.tables import EVERY, IDS_AT_ONCE, Clause, Dialect, Vectors, are_missing


class PartTables:
    """A reader of `perfis/`, `vetores/` and `embeddings/` in the folder of a version; as `Tables` says."""

    def __init__(self, folder: Path, spec: Spec) -> None:
        """Take the folder of the version. Raises SpecError if DuckDB is not installed."""
        self.folder = folder
        self.spec = spec
        self._duck = Duck(folder)

    @property
    def dialect(self) -> Dialect:
        """The SQL of its clauses."""
        return "duckdb"

    def rows(
        self, columns: Sequence[str] = (), where: Clause = EVERY, ids: range | Ids | None = None
    ) -> pa.Table:
        """Return rows that meet a condition; see `Tables.rows`."""
        names = ", ".join(map(quoted, columns)) or "*"
        return pa.concat_tables(self._asked(names, where, part) for part in self._questions(ids))

    def ids(self, where: Clause, of: Ids | None = None, most: int | None = None) -> Ids:
        """Return the ids of rows that meet a condition; see `Tables.ids`."""
        found, left = [np.zeros(0, np.int64)], most
        for part in self._questions(of):
            found.append(self._asked("id", where, part, left).column("id").to_numpy())
            left = None if left is None else left - len(found[-1])
            if left == 0:
                break
        return np.concatenate(found)

    def matrix(self, table: Vectors, ids: range | Ids) -> Matrix:
        """Return vectors; see `Tables.matrix`. Of a range within a part, it is a view of the file."""
        found = [self._mapped(table, part)[places] for part, places in self._places(ids)]
        if len(found) == 1:
            return found[0]
        return np.concatenate(found) if found else self._mapped(table, 0)[:0]

    def missing(self) -> Ids:
        """Return the ids of the rows without an embedding; see `Tables.missing`."""
        found = []
        for part in range(parts_of(self.spec)):
            rows = np.flatnonzero(are_missing(self._mapped("embeddings", part)))
            found.append(rows.astype(np.int64) + ids_of(self.spec, part).start)
        return np.concatenate(found)

    def check(self, table: PartKind) -> None:
        """Raise StageError unless the ids of the table are those of the version."""
        for part in range(parts_of(self.spec)):
            check_part(self.folder / part_path(table, part), self.spec, table, part)

    def file_of(self, table: PartKind, block: int) -> str:
        """Return the path of the part; see `Tables.file_of`."""
        return part_path(table, part_of(block))

    def files(self, table: PartKind) -> tuple[str, ...]:
        """Return the paths of all parts; see `Tables.files`."""
        return tuple(part_path(table, part) for part in range(parts_of(self.spec)))

    def _asked(self, columns: str, where: Clause, of: "_Question", most: int | None = None) -> pa.Table:
        limit = "" if most is None else f" LIMIT {most}"
        condition = f"{where.sql} AND {of.condition} ORDER BY id{limit}"
        files = [part_path("perfis", part) for part in of.parts]
        return self._duck.ask(columns, files, condition, where.parameters)

    def _questions(self, ids: range | Ids | None) -> Iterator["_Question"]:
        """Yield questions about these ids, each to the parts that hold some; about all ids one to each part.

        Numbers stand in the SQL, not as parameters: DuckDB then looks only where statistics allow them.
        """
        if ids is None:
            yield from (_Question((part,), "true") for part in range(parts_of(self.spec)))
        elif isinstance(ids, range):
            parts = range(_part(ids[0]), _part(ids[-1]) + 1) if ids else (0,)
            yield _Question(tuple(parts), f"id BETWEEN {ids.start} AND {ids.stop - 1}")
        else:
            for first in range(0, max(len(ids), 1), IDS_AT_ONCE):
                some = ids[first : first + IDS_AT_ONCE].tolist()
                listed = f"id IN ({', '.join(map(str, some))})" if some else "false"
                yield _Question(tuple(dict.fromkeys(map(_part, some))) or (0,), listed)

    def _places(self, ids: range | Ids) -> Iterator[tuple[int, slice | Ids]]:
        """Yield the parts that hold some of the ids, which ascend, and the places of these in it."""
        if not len(ids):
            return
        for part in range(_part(int(ids[0])), _part(int(ids[-1])) + 1):
            held = ids_of(self.spec, part)
            if isinstance(ids, range):
                yield part, slice(max(ids.start - held.start, 0), min(ids.stop, held.stop) - held.start)
            else:
                low, high = np.searchsorted(ids, (held.start, held.stop))
                if low < high:
                    yield part, ids[low:high] - held.start

    def _mapped(self, table: Vectors, part: int) -> Matrix:
        """Return a part of vectors, (rows of the part, dim), as it is mapped. Raises StageError."""
        path, shape = self.folder / part_path(table, part), shape_of(self.spec, table, part)
        try:
            found: Matrix = np.asarray(np.load(check_file(path), mmap_mode="r", allow_pickle=False))
        except WrongKind as error:
            raise StageError(f"{error.fact}; `synthprof repair` makes a damaged version whole") from error
        except (OSError, ValueError, EOFError) as error:
            raise unreadable(path, error) from error
        if found.shape != shape or found.dtype != np.dtype("<f4"):
            raise StageError(
                f"{path} does not hold {shape[1]} numbers for each of {shape[0]} rows; "
                "`synthprof repair` makes a damaged version whole"
            )
        return found


@dataclass(frozen=True)
class _Question:
    """A question about the rows of some parts that meet a condition."""

    parts: tuple[int, ...]
    condition: str


def _part(number: int) -> int:
    """Return the part that holds an id."""
    return part_of((number - 1) // BLOCK_ROWS)
