"""Keys: running numbers, UUIDs, numbers that never repeat, references."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError
from synthprof.profiles.permutation import Permutation
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.profiles.samplers.texts import digits, texts_of
from synthprof.profiles.samplers.zipf import zipf_of
from synthprof.schemas.draw_kinds.keys import Reference, Sequence, UniqueInteger, Uuid
from synthprof.schemas.draw_kinds.model import DrawModel

_BITS = 62
"""Bits of a UUID after its variant: what the permutation fills."""

_HEX = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), dtype=np.uint16)
"""The two hexadecimal digits of each byte."""

_DASHED = ((0, 0, 8), (9, 8, 12), (14, 12, 16), (19, 16, 20), (24, 20, 32))
"""Of each group in a UUID: its first character, and the begin and end of its digits."""


class Room:
    """The rows that have a value of their own."""

    def __init__(self, draw: DrawModel, setting: Setting) -> None:
        self._most, self._told, self._column = draw.most_rows, draw.told, setting.column.name

    def check(self, rows: Rows) -> None:
        """Raise SpecError where rows are beyond the last that has a value of its own."""
        if self._most is not None and rows.first + rows.count > self._most:
            raise SpecError(
                f"{self._column}: {self._told}, which are {self._most:,} values that differ, but row "
                f"{self._most + 1:,} is asked for; make fewer rows, or widen the column"
            )


class Sequences:
    """Gives the number of the row, as a number or as a text."""

    def __init__(self, draw: Sequence, setting: Setting) -> None:
        self._draw, self._room = draw, Room(draw, setting)

    def draw(self, rows: Rows) -> pa.Array:
        """Return numbers, (count,) int64 or string."""
        self._room.check(rows)
        return _keys(self._draw, np.arange(rows.first, rows.first + rows.count))


class References:
    """Draws rows of another table, and gives their keys."""

    def __init__(self, draw: Reference, setting: Setting) -> None:
        self._draw = draw
        self._zipf = zipf_of(draw.rows, draw.skew) if draw.skew else None
        self._order = Permutation(draw.rows, f"reference\x1f{draw.table}", setting.seed)

    def draw(self, rows: Rows) -> pa.Array:
        """Return keys, (count,) int64 or string."""
        if self._zipf is None:
            numbers = np.floor(rows.uniform() * self._draw.rows).astype(np.int64)
            return _keys(self._draw, np.minimum(numbers, self._draw.rows - 1))
        ranks = self._zipf.draw(rows.words("rank"), rows.uniform())
        return _keys(self._draw, self._order.at(ranks).astype(np.int64))


class UniqueIntegers:
    """Sends the numbers of the rows to the integers between two bounds, one to one."""

    def __init__(self, draw: UniqueInteger, setting: Setting) -> None:
        self._draw, self._room = draw, Room(draw, setting)
        self._order = Permutation(draw.high - draw.low + 1, setting.column.name, setting.seed)

    def draw(self, rows: Rows) -> pa.Array:
        """Return integers, (count,) int64."""
        self._room.check(rows)
        return pa.array(self._order.at(positions(rows)).astype(np.int64) + self._draw.low)


class Uuids:
    """Draws UUIDs: 62 bits are a permutation of the row's number, so that none repeats."""

    def __init__(self, draw: Uuid, setting: Setting) -> None:
        self._draw, self._column = draw, setting.column.name
        self._order = Permutation(2**_BITS, setting.column.name, setting.seed)

    def draw(self, rows: Rows) -> pa.Array:
        """Return UUIDs, (count,) string."""
        halves = np.empty((rows.count, 2), dtype=">u8")
        if self._draw.version == 4:
            halves[:, 0] = rows.words() & np.uint64(0xFFFF_FFFF_FFFF_0FFF) | np.uint64(0x4000)
        else:
            chance = rows.words() >> np.uint64(52) | np.uint64(0x7000)
            halves[:, 0] = self._milliseconds(rows) << np.uint64(16) | chance
        halves[:, 1] = self._order.at(positions(rows)) | np.uint64(1 << 63)
        hexadecimal = _HEX.take(halves.view(np.uint8)).view(np.uint8)
        cells = np.full((rows.count, 36), ord("-"), dtype=np.uint8)
        for first, begin, end in _DASHED:
            cells[:, first : first + end - begin] = hexadecimal[:, begin:end]
        return texts_of(cells)

    def _milliseconds(self, rows: Rows) -> npt.NDArray[np.uint64]:
        """Return the time of each row in milliseconds from 1970, (count,)."""
        if self._draw.at is None:
            return positions(rows) * np.uint64(self._draw.step_ms) + np.uint64(self._draw.start_ms)
        times = rows.given(self._draw.at)
        if not pa.types.is_timestamp(times.type) and not pa.types.is_date(times.type):
            raise SpecError(
                f"{self._column}: at={self._draw.at!r} is no timestamp or date; name a column that is one"
            )
        found = times.cast(pa.timestamp("ms"), safe=False).cast(pa.int64()).to_numpy(zero_copy_only=False)
        since_1970: npt.NDArray[np.int64] = np.maximum(found, 0)
        return since_1970.astype(np.uint64)


def positions(rows: Rows) -> npt.NDArray[np.uint64]:
    """Return the positions of rows in the whole table, (count,)."""
    return np.arange(rows.first, rows.first + rows.count, dtype=np.uint64)


def _keys(draw: Sequence | Reference, numbers: npt.NDArray[np.int64]) -> pa.Array:
    """Return the keys of rows by their positions, (n,) int64 or string."""
    values = numbers * draw.step + draw.start
    if draw.kind.name == "integer":
        return pa.array(values)
    if not draw.width:
        return pc.binary_join_element_wise(draw.prefix, pa.array(values).cast(pa.string()), draw.suffix, "")
    before, after = (np.frombuffer(text.encode(), dtype=np.uint8) for text in (draw.prefix, draw.suffix))
    cells = np.empty((len(values), len(before) + draw.width + len(after)), dtype=np.uint8)
    cells[:, : len(before)] = before
    cells[:, len(before) : len(before) + draw.width] = digits(values.astype(np.uint64), draw.width)
    cells[:, len(before) + draw.width :] = after
    return texts_of(cells)


SAMPLERS: Samplers = {Sequence: Sequences, Uuid: Uuids, UniqueInteger: UniqueIntegers, Reference: References}
