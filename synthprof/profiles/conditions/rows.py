"""The rows that conditions are asked of: a block of profiles, or of a child table beside its parents."""

import functools
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.codes import ListCodes, Lists, codes_or_unknown
from synthprof.profiles.stored_forms import own_form
from synthprof.profiles.vectors import Flags
from synthprof.schemas.schema import Column
from synthprof.schemas.tables import PARENT

Codes = npt.NDArray[np.integer]


class Rows(Protocol):
    """Rows by columns: arrays, codes of categories, and the items of lists."""

    @property
    def count(self) -> int:
        """The number of rows."""

    def column(self, name: str) -> pa.Array:
        """Return the values of a column, (count,)."""

    def codes(self, name: str) -> tuple[Codes, Flags | None]:
        """Return the place of each value among the known ones, else -1; and the rows without a value."""

    def items(self, name: str) -> ListCodes:
        """Return the items of a list."""


class Profiles:
    """A batch with the columns of a schema. lists: its lists, where they were read before.

    stored: whether its columns are in their stored forms, not in their own types.
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        batch: pa.RecordBatch,
        lists: Lists | None = None,
        *,
        stored: bool = True,
    ) -> None:
        self._columns, self._batch, self._stored = columns, batch, stored
        self._lists = lists or Lists(batch)

    @property
    def count(self) -> int:
        """The number of rows."""
        return int(self._batch.num_rows)

    def column(self, name: str) -> pa.Array:
        """Return the values of a column, in the type that expressions read."""
        kind, found = self._columns[name].value_kind, self._batch.column(name)
        return own_form(kind, found) if kind is not None and self._stored else found

    def codes(self, name: str) -> tuple[Codes, Flags | None]:
        """Return the place of each value among the known ones."""
        column, values = self._columns[name], self._batch.column(name)
        missing = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
        if pa.types.is_dictionary(values.type) and values.dictionary.equals(_known(column.values)):
            indices = values.indices.fill_null(-1) if values.null_count else values.indices
            return indices.to_numpy(), missing
        return codes_or_unknown(column, values), missing

    def items(self, name: str) -> ListCodes:
        """Return the items of a list."""
        return self._lists.of(self._columns[name])


class Children:
    """The rows of a child table, which see the columns of their parents. parents: the place of each one's."""

    def __init__(
        self, columns: Mapping[str, Column], batch: pa.RecordBatch, of_parents: Profiles, parents: Codes
    ) -> None:
        self._own = Profiles(columns, batch, stored=False)
        self._of_parents, self._parents = of_parents, parents
        self._items: dict[str, ListCodes] = {}

    @property
    def count(self) -> int:
        """The number of rows."""
        return self._own.count

    def column(self, name: str) -> pa.Array:
        """Return the values of a column, or of one of the parents'."""
        if not name.startswith(PARENT):
            return self._own.column(name)
        return pc.take(self._of_parents.column(name.removeprefix(PARENT)), pa.array(self._parents))

    def codes(self, name: str) -> tuple[Codes, Flags | None]:
        """Return the place of each value among the known ones."""
        if not name.startswith(PARENT):
            return self._own.codes(name)
        codes, missing = self._of_parents.codes(name.removeprefix(PARENT))
        return codes.take(self._parents), None if missing is None else missing.take(self._parents)

    def items(self, name: str) -> ListCodes:
        """Return the items of a list; those of a parent for each of its children."""
        if not name.startswith(PARENT):
            return self._own.items(name)
        if name not in self._items:
            found = self._of_parents.items(name.removeprefix(PARENT))
            sizes = np.diff(found.offsets).take(self._parents)
            offsets = np.concatenate([[0], np.cumsum(sizes)])
            shift = found.offsets.take(self._parents) - offsets[:-1]
            places = np.arange(offsets[-1]) + np.repeat(shift, sizes)
            self._items[name] = ListCodes(found.items.take(places), offsets)
        return self._items[name]


@functools.lru_cache(maxsize=256)
def _known(values: tuple[str, ...]) -> pa.Array:
    return pa.array(values, pa.string())
