"""Texts by patterns: bytes of each place, a column at a time."""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.profiles.alias import alias_table
from synthprof.profiles.odds import normalised
from synthprof.profiles.permutation import Permutation
from synthprof.profiles.samplers.check_digits import BY_NAME, Column
from synthprof.profiles.samplers.keys import Room, positions
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.profiles.samplers.texts import Bytes, Place, places, texts_of
from synthprof.schemas.draw_kinds.every import MODELS
from synthprof.schemas.draw_kinds.pattern_language import DIGITS, Check, Free, Layout, Mixed, Part
from synthprof.schemas.draw_kinds.patterns import ANY_OTHER, LARGEST, PartValues, Patterned, sizes_of

Indices = npt.NDArray[np.intp]

_ENOUGH = 2**40
"""Values drawn from one 64-bit word by its remainder: each is as likely as any other to 2**-24."""


class Patterns:
    """Draws texts by the patterns of a column."""

    def __init__(self, draw: Patterned, setting: Setting) -> None:
        self._draw, self._room = draw, Room(draw, setting)
        parts = draw.part_values
        self._odds = {
            name: _PartTable(part, setting.column.name) for name, part in parts.items() if not part.even
        }
        self._bytes = {name: _as_bytes(part.every) for name, part in parts.items()}
        weights = list(draw.patterns.values())
        self._choice = alias_table(normalised(weights)[None]) if len(weights) > 1 else None
        self._patterns = [
            _OnePattern(layout, sizes_of(layout, draw.part_values), draw.part_values, draw.unique, setting)
            for layout in draw.layouts
        ]

    def draw(self, rows: Rows) -> pa.Array:
        """Return texts, (count,) string."""
        self._room.check(rows)
        codes = {name: part.draw(rows, name) for name, part in self._odds.items()}
        every = np.arange(rows.count)
        if self._choice is None:
            return texts_of(self._patterns[0].cells(rows, every, codes, self._bytes))
        chosen = self._choice.draw((rows.words("pattern") >> np.uint64(32)).astype(np.uint32))
        of_pattern = [np.flatnonzero(chosen == number) for number in range(len(self._patterns))]
        texts = [
            texts_of(one.cells(rows, some, codes, self._bytes))
            for one, some in zip(self._patterns, of_pattern, strict=True)
        ]
        order = np.empty(rows.count, dtype=np.int64)
        order[np.concatenate(of_pattern)] = every
        return pa.concat_arrays(texts).take(pa.array(order))


class _PartTable:
    """The odds of the values of a part that differ, in all rows or between rows."""

    def __init__(self, part: PartValues, column: str) -> None:
        self._given, self._column = part.given, column
        groups = {ANY_OTHER: part.values} if part.values is not None else part.by
        self._rows = {key: row for row, key in enumerate(groups)}
        shares = [normalised([_weight(group, value) for value in part.every]) for group in groups.values()]
        self._odds = alias_table(np.array(shares))

    def draw(self, rows: Rows, name: str) -> Indices:
        """Return the index of the value of each row, (count,)."""
        words = (rows.words(f"part {name}") >> np.uint64(32)).astype(np.uint32)
        given = None if self._given is None else self._rows_of(rows.given(self._given))
        return self._odds.draw(words, given).astype(np.intp)

    def _rows_of(self, values: pa.Array) -> Indices:
        """Return the row of the table for each value of the given column."""
        coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        known = coded.dictionary.cast(pa.string()).to_pylist()
        rows = np.array(
            [self._rows.get(value, self._rows.get(ANY_OTHER, -1)) for value in known], dtype=np.intp
        )
        found: Indices = rows.take(codes)
        if len(missing := np.flatnonzero(found < 0)):
            raise SpecError(
                f"{self._column}: nothing is said for {self._given}={known[codes[missing[0]]]!r}; add it, or "
                '"*" for any other'
            )
        return found


def _as_bytes(values: tuple[str, ...]) -> Bytes:
    """Return values of one width as bytes, (values, width) uint8."""
    encoded = [value.encode() for value in values]
    return np.frombuffer(b"".join(encoded), dtype=np.uint8).reshape(len(encoded), -1)


def _weight(group: tuple[str, ...] | Mapping[str, float], value: str) -> float:
    if isinstance(group, Mapping):
        return group.get(value, 0.0)
    return 1.0 if value in group else 0.0


class _OnePattern:
    """Draws the bytes of one pattern.

    The places that are drawn evenly are digits of one number, in a system of mixed bases. It is the permuted
    number of the row where no text may repeat, else a random one; what exceeds 63 bits or 40 is drawn apart.
    """

    def __init__(
        self,
        layout: Layout,
        sizes: tuple[int, ...],
        parts: Mapping[str, PartValues],
        unique: bool,
        setting: Setting,
    ) -> None:
        self._layout, self._even = layout, {name for name, part in parts.items() if part.even}
        permuted, rest = _split(sizes, LARGEST) if unique and sizes else ((), sizes)
        self._permuted = permuted
        self._order = (
            Permutation(math.prod(permuted), setting.column.name, setting.seed) if permuted else None
        )
        self._groups: list[tuple[int, ...]] = []
        while rest:
            group, rest = _split(rest, _ENOUGH)
            self._groups.append(group)
        checks = ((begin, piece) for begin, piece in layout.pieces if isinstance(piece, Check))
        self._checks = sorted(
            ((begin, check.name, layout.covered(begin, check)) for begin, check in checks),
            key=lambda check: check[1] == "iban",  # it covers what follows, checks among that
        )
        self._template = np.frombuffer(
            "".join(cell[0] for cell in layout.cells).encode("latin-1"), dtype=np.uint8
        )

    def cells(
        self, rows: Rows, some: Indices, codes: Mapping[str, Indices], tables: Mapping[str, Bytes]
    ) -> Bytes:
        """Return the bytes of some of the rows, (len(some), width) uint8.

        codes: the values of uneven parts, for all rows. tables: the bytes of each part's values.
        """
        drawn = iter(self._places(rows, some))
        columns: list[Column | None] = [None] * len(self._layout.cells)
        for begin, piece in self._layout.pieces:
            match piece:
                case Mixed(form=form, count=count):
                    signs = (begin + at for at, sign in enumerate(form) if sign == "#")
                    for at, column in zip(signs, _mixed(next(drawn), count), strict=True):
                        columns[at] = column
                case Free(symbols=symbols, count=count):
                    columns[begin : begin + count] = _characters([next(drawn) for _ in range(count)], symbols)
                case Part(name=name):
                    chosen = next(drawn) if name in self._even else codes[name].take(some)
                    columns[begin : begin + tables[name].shape[1]] = [
                        column.take(chosen) for column in tables[name].T
                    ]
        return self._with_checks(columns, len(some))

    def _with_checks(self, columns: list[Column | None], count: int) -> Bytes:
        for begin, name, covered in self._checks:
            found = BY_NAME[name]([self._column(columns, at, count) for at in covered])
            columns[begin : begin + len(found)] = found
        cells = np.empty((count, len(columns)), dtype=np.uint8)
        cells[:] = self._template
        for at, column in enumerate(columns):
            if column is not None:
                cells[:, at] = column
        return cells

    def _column(self, columns: list[Column | None], at: int, count: int) -> Column:
        column = columns[at]
        return np.full(count, self._template[at]) if column is None else column

    def _places(self, rows: Rows, some: Indices) -> list[Place]:
        """Return the places that are drawn evenly, in order, (len(some),) each."""
        found: list[Place] = []
        if self._order is not None:
            found += places(self._order.at(positions(rows).take(some)), self._permuted)
        for number, group in enumerate(self._groups):
            words = rows.words(f"places {number}").take(some)
            size = np.uint64(math.prod(group))
            found += places(words - words // size * size, group)
        return found


def _split(sizes: tuple[int, ...], most: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the first places, at least one, whose values together are at most `most`, and the rest."""
    end, total = 1, sizes[0]
    while end < len(sizes) and total * sizes[end] <= most:
        total *= sizes[end]
        end += 1
    return sizes[:end], sizes[end:]


def _mixed(numbers: Place, count: int) -> list[Column]:
    """Return digits that are not all the same, by a number below 10**count - 10: repdigits are left out."""
    between = np.uint64(10**count // 9 - 1)  # numbers from one repdigit to the next
    wide = numbers.astype(np.uint64)
    return _characters(places(wide + wide // between + np.uint64(1), (10,) * count), DIGITS)


def _characters(indices: list[Place], symbols: str) -> list[Column]:
    first, last = ord(symbols[0]), ord(symbols[-1])
    if last - first + 1 == len(symbols):
        return [index.astype(np.uint8) + np.uint8(first) for index in indices]
    table = np.frombuffer(symbols.encode(), dtype=np.uint8)
    return [table.take(index) for index in indices]


SAMPLERS: Samplers = dict.fromkeys((model for model in MODELS if issubclass(model, Patterned)), Patterns)
