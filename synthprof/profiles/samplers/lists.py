"""Lists of a vocabulary's items, drawn a place of all lists at a time."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.streams import Stream
from synthprof.profiles.alias import Drawn, alias_table, code_type
from synthprof.profiles.odds import normalised
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.lists import Listed
from synthprof.schemas.draw_kinds.places import numbers_of

Counts = npt.NDArray[np.int64]

_CANDIDATES = 8
"""Candidates drawn for a place of lists without repeats; what still repeats is drawn among the rest."""

_TYPES = {"text": pa.string(), "integer": pa.int64(), "float": pa.float64()}

_AT_ONCE = 2**22
"""Weights of the rest that are added up at once."""


class Lists:
    """Draws the number of items, then the items."""

    def __init__(self, draw: Listed, _setting: Setting) -> None:
        weights = list(draw.items.values())
        self._fewest, self._most, self._unique = draw.counts[0], draw.counts[-1], draw.unique
        self._sizes = alias_table(normalised(draw.size_weights)[None])
        self._table = alias_table(normalised(weights)[None])
        self._weights = normalised(weights)
        self._items = pa.array(numbers_of(draw.type, list(draw.items)), _TYPES[draw.type])

    def draw(self, rows: Rows) -> pa.Array:
        """Return lists, (count,)."""
        stream = rows.stream("draw")
        sizes = self._sizes.draw(stream.uint32(rows.total)).astype(np.int64) + self._fewest
        items = np.zeros((rows.total, self._most), dtype=code_type(len(self._items)))
        for place in range(self._most):
            left = np.flatnonzero(sizes > place)
            self._fill(items, place, left, stream)
        sizes, items = sizes[: rows.count], items[: rows.count]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        codes = items[np.arange(self._most) < sizes[:, None]]
        return pa.ListArray.from_arrays(pa.array(offsets), self._items.take(pa.array(codes)))

    def _fill(self, items: Drawn, place: int, left: Counts, stream: Stream) -> None:
        """Draw the item of a place in some lists."""
        if not self._unique:
            items[left, place] = self._table.draw(stream.uint32(len(left)))
            return
        for _ in range(_CANDIDATES):
            candidate = self._table.draw(stream.uint32(len(left)))
            fresh = (items[left, :place] != candidate[:, None]).all(axis=1)
            items[left[fresh], place] = candidate[fresh]
            left = left[~fresh]
            if not len(left):
                return
        uniform = stream.uniform(len(left))
        step = max(1, _AT_ONCE // len(self._items))
        for first in range(0, len(left), step):
            some = left[first : first + step]
            items[some, place] = self._among_the_rest(items[some, :place], uniform[first : first + step])

    def _among_the_rest(self, held: Drawn, uniform: npt.NDArray[np.float64]) -> Drawn:
        """Return an item for each list that it does not hold, by the weights of those that are left."""
        weights = np.tile(self._weights, (len(held), 1))
        np.put_along_axis(weights, held.astype(np.int64), 0.0, axis=1)
        sums = np.cumsum(weights, axis=1)
        limits = uniform * sums[:, -1]
        found = (sums <= limits[:, None]).sum(axis=1)
        last = weights.shape[1] - 1 - np.argmax(weights[:, ::-1] > 0, axis=1)
        chosen: Drawn = np.minimum(found, last).astype(held.dtype)
        return chosen


SAMPLERS: Samplers = {Listed: Lists}
