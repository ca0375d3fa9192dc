"""Places, what follows from them, and points around them."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.alias import alias_table
from synthprof.profiles.odds import normalised
from synthprof.profiles.rounding import rounded
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.places import Follows, Latitude, Longitude, Place, numbers_of, place_of

Degrees = npt.NDArray[np.float64]

KM_PER_DEGREE = 111.195
"""Of a great circle of the mean Earth, whose radius is 6,371.0088 km (IUGG, Moritz 1980)."""

FARTHEST = 3.465
"""Farthest deviation in units of the spread: a sum of four uniform numbers ends at 2 × sqrt(3)."""

_TERMS = 12
"""Terms of the cosine's series: for an angle up to pi / 2 the next is below 10**-19."""


class Places:
    """Draws rows of a table; a value's index in the dictionary is its row."""

    def __init__(self, draw: Place, _setting: Setting) -> None:
        self._table = alias_table(normalised(draw.row_weights)[None])
        self._values = pa.array(draw.values_of(draw.value), pa.string())

    def draw(self, rows: Rows) -> pa.Array:
        """Return texts, (count,) dictionary: two rows of the same text are two values of it."""
        words = rows.stream("draw").uint32(rows.total)[: rows.count]
        codes = self._table.draw(words).astype(np.int32)
        return pa.DictionaryArray.from_arrays(pa.array(codes), self._values)


class Following:
    """Takes the value of the row of a place, or of the row that another value is found in."""

    def __init__(self, draw: Follows, setting: Setting) -> None:
        self._of = draw.of
        table = draw if draw.by_value else place_of(setting.column.name, draw.of, setting.schema)
        kind = {"text": pa.string(), "integer": pa.int64(), "float": pa.float64()}[draw.type]
        values = numbers_of(draw.type, table.values_of(draw.value))
        self._keys = pa.array(draw.keys, pa.string()) if draw.by_value else None
        if draw.otherwise is not None:
            values = [*values, *numbers_of(draw.type, [draw.otherwise])]
        self._other = None if draw.otherwise is None else len(values) - 1
        self._values = pa.array(values, kind)

    def draw(self, rows: Rows) -> pa.Array:
        """Return values, (count,), of texts a dictionary; null where the table has no row."""
        given = rows.given(self._of)
        places = given.indices if self._keys is None else self._found(given)
        if self._keys is not None and self._other is not None:
            places = places.fill_null(self._other)
        if pa.types.is_string(self._values.type):
            return pa.DictionaryArray.from_arrays(places, self._values)
        return self._values.take(places)

    def _found(self, given: pa.Array) -> pa.Array:
        if isinstance(given, pa.DictionaryArray):
            return pc.index_in(given.dictionary.cast(pa.string()), self._keys).take(given.indices)
        return pc.index_in(given.cast(pa.string()), self._keys)


class Latitudes:
    """Draws latitudes around those of places."""

    def __init__(self, draw: Latitude, setting: Setting) -> None:
        self._draw = draw
        self._centres = centres(draw, setting, draw.latitude)

    def draw(self, rows: Rows) -> pa.Array:
        """Return degrees, (count,) double."""
        centre = self._centres.take(rows.given(self._draw.of).indices.to_numpy())
        found = centre + deviations(rows) * (self._draw.spread_km / KM_PER_DEGREE)
        return pa.array(rounded(np.clip(found, -90.0, 90.0), self._draw.decimals) + 0.0)


class Longitudes:
    """Draws longitudes around those of places; a degree is shorter the farther they are from the equator."""

    def __init__(self, draw: Longitude, setting: Setting) -> None:
        self._draw = draw
        self._centres = centres(draw, setting, draw.longitude)
        self._degrees = degrees_of_longitude(draw.spread_km, centres(draw, setting, draw.latitude))

    def draw(self, rows: Rows) -> pa.Array:
        """Return degrees, (count,) double."""
        places = rows.given(self._draw.of).indices.to_numpy()
        found = self._centres.take(places) + deviations(rows) * self._degrees.take(places)
        around = found - 360.0 * np.floor((found + 180.0) / 360.0)
        return pa.array(rounded(around, self._draw.decimals) + 0.0)


def centres(draw: Latitude | Longitude, setting: Setting, column: str) -> Degrees:
    """Return a column of the place's table, by row."""
    place = place_of(setting.column.name, draw.of, setting.schema)
    return np.array(numbers_of("float", place.values_of(column)), dtype=np.float64)


def degrees_of_longitude(km: float, latitudes: Degrees) -> Degrees:
    """Return a distance along parallels in degrees; near the poles as at 89.4 degrees."""
    found: Degrees = km / (KM_PER_DEGREE * np.maximum(cosine(latitudes), 0.01))
    return found


def deviations(rows: Rows) -> Degrees:
    """Return nearly normal numbers of mean 0 and variance 1, (count,): sums of four uniform ones, scaled.

    Within ± 2 sqrt(3), of integers and a square root alone, so that they are the same on every machine.
    """
    words = rows.words()
    sums = sum(((words >> np.uint64(16 * part)) & np.uint64(0xFFFF)).astype(np.int64) for part in range(4))
    found: Degrees = (sums + 2 - 2 * 65_536) * (np.sqrt(3.0) / 65_536)
    return found


def cosine(degrees: Degrees) -> Degrees:
    """Return the cosine of angles within ± 90 degrees by its series, of basic operations alone."""
    square = (degrees * (np.pi / 180)) ** 2
    found = np.ones_like(square)
    for term in range(_TERMS, 0, -1):
        found = 1.0 - found * square / ((2 * term - 1) * (2 * term))
    return found


SAMPLERS: Samplers = {Place: Places, Follows: Following, Latitude: Latitudes, Longitude: Longitudes}
