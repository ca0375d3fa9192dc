"""The columns that a draw depends on: which of its values or bands each row has, as codes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.elementary import Floats

Cases = npt.NDArray[np.intp]
"""(n,) rows of tables of a draw, one for each combination of what it depends on."""


@dataclass(frozen=True)
class GivenAxis:
    """A column that a draw depends on: by bands, from `edges` on, or by the texts of its values.

    Values that are not named have the last code, len(values); what is below all bands is in the first.
    """

    column: str
    edges: tuple[float, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of codes."""
        return len(self.edges) or len(self.values) + 1

    def codes(self, given: pa.Array) -> Cases:
        """Return the code of each row, (n,), from a column in its own type."""
        if self.edges:
            return bands(given, self.edges)
        if isinstance(given, pa.DictionaryArray):
            indices = given.indices.to_numpy(zero_copy_only=False)
            return taken(self._named(given.dictionary), indices)
        if pa.types.is_boolean(given.type):
            truths = given.cast(pa.uint8()).to_numpy()
            return taken(self._named(pa.array(["false", "true"])), truths)
        if pa.types.is_integer(given.type):
            return self._numbered(given.cast(pa.int64()).to_numpy())
        return self._named(given)

    def _named(self, texts: pa.Array) -> Cases:
        found = pc.index_in(texts, pa.array(self.values, texts.type)).fill_null(len(self.values))
        codes: Cases = found.to_numpy(zero_copy_only=False).astype(np.intp)
        return codes

    def _numbered(self, numbers: npt.NDArray[np.int64]) -> Cases:
        known = sorted((int(value), code) for code, value in enumerate(self.values))
        keys, codes = np.array([key for key, _ in known]), np.array([code for _, code in known])
        at = np.minimum(np.searchsorted(keys, numbers), len(keys) - 1)
        return np.where(keys.take(at) == numbers, codes.take(at), len(self.values))


def bands(given: pa.Array, edges: Sequence[float]) -> Cases:
    """Return the band of each number, (n,): i where edges[i] <= number < edges[i + 1], 0 below the first."""
    numbers = numbers_of(given)
    return np.maximum(np.searchsorted(np.array(edges), numbers, side="right") - 1, 0)


def numbers_of(given: pa.Array) -> Floats:
    """Return a column of numbers, flags or booleans as floats, (n,)."""
    if pa.types.is_boolean(given.type):
        given = given.cast(pa.uint8())
    numbers: Floats = given.to_numpy(zero_copy_only=False).astype(np.float64)
    return numbers


def taken(known: Cases, at: npt.NDArray[Any]) -> Cases:
    """Return the entries of `known` at some places, (n,)."""
    found: Cases = known.take(at)
    return found


def joint(axes: Sequence[tuple[int, Cases]]) -> Cases | None:
    """Return the row of a table for each combination of codes, (n,); None where nothing is depended on.

    axes: of each its size and its codes; the last changes fastest.
    """
    found = None
    for size, codes in axes:
        found = codes if found is None else found * size + codes
    return found
