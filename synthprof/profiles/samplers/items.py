"""Items of lists, each list parted once however many rows take from it."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.text import LIST_SEPARATOR
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.items import ItemOf
from synthprof.schemas.tables import PARENT


class Items:
    """Draws a place in a list, then takes what stands there."""

    def __init__(self, draw: ItemOf, _setting: Setting) -> None:
        self._column = draw.column
        self._weights = np.array(draw.weights, np.float64)

    def draw(self, rows: Rows) -> pa.Array:
        """Return items, (count,) dictionary of string; null where a list has none."""
        if rows.parents is not None and self._column.startswith(PARENT):
            lists, index = _lists(rows.parents.given(self._column)), rows.parents.index
        else:
            lists = _lists(rows.given(self._column))
            index = np.arange(rows.count)
        starts = lists.offsets.to_numpy()
        sizes = np.diff(starts).take(index)
        places = self._places(rows.uniform(), sizes)
        found = starts.take(index) + np.minimum(places, np.maximum(sizes - 1, 0))
        known = pc.dictionary_encode(lists.values)  # few texts in all, so that rows need but codes
        indices = known.indices.take(pa.array(found, mask=sizes == 0))
        return pa.DictionaryArray.from_arrays(indices, known.dictionary)

    def _places(self, chance: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Return a place in each list from 0, (n,), by its weight among those that the list has."""
        longest = int(sizes.max(initial=1))
        weights = self._weights.take(np.minimum(np.arange(longest), len(self._weights) - 1))
        sums = np.cumsum(weights)
        reached = chance * sums.take(np.maximum(sizes, 1) - 1)
        places = np.zeros(len(chance), np.intp)
        for end in sums[:-1]:
            places += reached >= end
        return places


def _lists(values: pa.Array) -> pa.ListArray:
    if pa.types.is_list(values.type):
        return values
    return pc.split_pattern(values.cast(pa.string()), LIST_SEPARATOR)


SAMPLERS: Samplers = {ItemOf: Items}
