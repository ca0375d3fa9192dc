"""The other way round: from the texts of a batch back to the indices of a column's values."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError
from synthprof.base.stored_lists import items_of
from synthprof.schemas.schema import Column

UNKNOWN = -1


@dataclass(frozen=True)
class ListCodes:
    """Lists as codes: row i holds items[offsets[i]:offsets[i + 1]], indices of the column's values."""

    items: npt.NDArray[np.int64]
    offsets: npt.NDArray[np.int64]


class Lists:
    """The lists of one batch as codes, each read once."""

    def __init__(self, batch: pa.RecordBatch) -> None:
        self.batch = batch
        self._found: dict[str, ListCodes] = {}

    def of(self, column: Column) -> ListCodes:
        """Return the lists of a column; UNKNOWN for an item that is none of the column's values."""
        if column.name not in self._found:
            self._found[column.name] = list_codes(column, self.batch.column(column.name))
        return self._found[column.name]


def codes_or_unknown(column: Column, values: pa.Array) -> npt.NDArray[np.int64]:
    """Return the index of each value among a category's values, (n,) int64; UNKNOWN for other values.

    values: a dictionary array or plain strings, such as read back from SQLite.
    """
    known = pa.array(column.values, pa.string())
    if pa.types.is_dictionary(values.type) and values.dictionary.equals(known):
        places = values.indices
    elif pa.types.is_dictionary(values.type):
        places = pc.index_in(values.dictionary, known).take(values.indices)
    else:
        places = pc.index_in(values, known)
    found: npt.NDArray[np.int64] = places.fill_null(UNKNOWN).to_numpy().astype(np.int64)
    return found


def category_codes(column: Column, values: pa.Array) -> npt.NDArray[np.int64]:
    """Return the index of each value among a category's values, (n,) int64.

    Raises SpecError naming the first value that is none of them.
    """
    codes = codes_or_unknown(column, values)
    if (codes == UNKNOWN).any():
        wrong = values[int(np.argmax(codes == UNKNOWN))]
        raise SpecError(
            f"{column.name}={wrong!s} is none of the {len(column.values)} values of the column; "
            f"use one of {', '.join(column.values[:8])} …"
        )
    return codes


def list_codes(column: Column, values: pa.Array) -> ListCodes:
    """Return the items of each list as codes; UNKNOWN for an item that is none of the column's values."""
    lists = values if pa.types.is_list(values.type) else items_of(values)
    offsets = lists.offsets.to_numpy().astype(np.int64)
    return ListCodes(codes_or_unknown(column, lists.flatten()), offsets - offsets[0])
