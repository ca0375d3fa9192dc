"""Columns written as texts by the formats of templates, (n,) at once.

Numbers and dates are put together from tables of their digits, by integer arithmetic alone.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.text import LIST_SEPARATOR
from synthprof.profiles.expressions import evaluate
from synthprof.profiles.fragments import join
from synthprof.profiles.rounding import scaled
from synthprof.profiles.vectors import Flags, read_vector, without_rows
from synthprof.schemas.expressions.tree import COLUMN, Node
from synthprof.schemas.text_templates import NUMBER, Field, date_parts

Numbers = npt.NDArray[np.int64]
Pieces = list[npt.NDArray[np.int32]]

_LARGEST = 2.0**63
_DATE_PARTS = {"Y": "year", "y": "year", "m": "month", "d": "day"}
_SECONDS = {"H": 3_600, "M": 60, "S": 1}
_PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def write(field: Field, values: pa.Array) -> tuple[pa.Array, Flags | None]:
    """Return a column as texts, (n,), strings or a dictionary, and the rows that have none.

    field: with a format that its kind has. A float too large for its decimals to be digits has no text.
    """
    missing = values.is_null().to_numpy(zero_copy_only=False) if values.null_count else None
    kind, form = values.type, field.format
    if isinstance(values, pa.DictionaryArray):
        texts = _text(form, values.dictionary)
        return pa.DictionaryArray.from_arrays(values.indices, texts), missing
    if pa.types.is_string(kind):
        return _text(form, values), missing
    if pa.types.is_boolean(kind) or pa.types.is_int8(kind):  # int8: flags
        true, false = form.split("|") if form else ("true", "false")
        truth = values if pa.types.is_boolean(kind) else pc.not_equal(values, 0)
        return pc.if_else(truth, pa.scalar(true), pa.scalar(false)), missing
    if (pa.types.is_date(kind) or pa.types.is_timestamp(kind)) and form:
        return _date(form, values), missing
    if NUMBER.fullmatch(form):
        return _decimals(form, values)
    if pa.types.is_integer(kind) and form:
        return _whole(form, read_vector(values).values), missing
    return (values if pa.types.is_string(kind) else values.cast(pa.string())), missing


def _text(form: str, values: pa.Array) -> pa.Array:
    match form:
        case "upper":
            return pc.utf8_upper(values)
        case "lower":
            return pc.utf8_lower(values)
        case "":
            return values
        case _ if form.startswith("."):
            return pc.utf8_slice_codeunits(values, 0, int(form[1:]))
    case, _, word = form.rpartition(" ")
    return _with_word(word, _text(case, values))


def _with_word(word: str, lists: pa.Array) -> pa.Array:
    """Return lists, as texts, with a word before the last item: `a, b and c`."""
    parts = pc.split_pattern(lists, LIST_SEPARATOR, max_splits=1, reverse=True)
    return pc.binary_join(parts, f" {word} ")


@functools.cache
def _digits(width: int, before: str = "", cut: bool = False) -> tuple[str, ...]:
    """Return the texts of 0 to 10^width - 1 with as many digits, or without zeros before them."""
    return tuple(before + (str(number) if cut else f"{number:0{width}d}") for number in range(10**width))


class _Pieces:
    """Pieces of texts and the fragments that they name."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.fragments: list[str] = [""]
        self.arrays: list[pa.Array] = []
        self.codes: Pieces = []

    def add(self, fragments: Sequence[str], codes: npt.NDArray[Any], there: Flags | None = None) -> None:
        """Add the fragment of each code; nothing in rows that are not there."""
        found = codes.astype(np.int32) + np.int32(len(self.fragments))
        self.codes.append(found if there is None else found * there)
        self.fragments += fragments

    def joined(self) -> pa.Array:
        return join(pa.array(self.fragments, pa.string()), self.codes)


def _date(form: str, values: pa.Array) -> pa.Array:
    pieces = _Pieces(len(values))
    for part in date_parts(form):
        code = part[-1]
        if not part.startswith("%") or part == "%%":
            pieces.add([code if part == "%%" else part], np.zeros(len(values), np.int32))
        elif code in _SECONDS:
            pieces.add(_digits(2), _clock(code, values))
        else:
            number = _calendar(_DATE_PARTS[code], values)
            if code == "Y":
                pieces.add(_digits(2), number // 100)
            pieces.add(_digits(2, cut=part.startswith("%-")), number % 100)
    return pieces.joined()


def _calendar(part: str, values: pa.Array) -> Numbers:
    node = Node(part, 0, (Node(COLUMN, 0, (), "", "date"),), None, "integer")
    found = evaluate(node, "integer", lambda _: values, len(values)).fill_null(0)
    numbers: Numbers = found.to_numpy()
    return numbers


def _clock(code: str, values: pa.Array) -> Numbers:
    seconds = values.cast(pa.int64()).fill_null(0).to_numpy() // _PER_SECOND[values.type.unit]
    of_day = seconds % 86_400
    found: Numbers = of_day // _SECONDS[code] % (24 if code == "H" else 60)
    return found


def _decimals(form: str, values: pa.Array) -> tuple[pa.Array, Flags | None]:
    found = NUMBER.fullmatch(form)
    assert found is not None
    thousands, point, decimals = found[1], found[2], int(found[3])
    vector = read_vector(values)
    exact = scaled(vector.values.astype(np.float64), decimals)
    vector = without_rows(exact, vector.missing, np.abs(exact) >= _LARGEST)
    number = vector.values.astype(np.int64)
    whole, part = np.divmod(np.abs(number), 10**decimals)
    pieces = _Pieces(len(values))
    _add_whole(pieces, whole, number < 0, thousands)
    if decimals:
        first = decimals - min(decimals, 3)
        head, tail = np.divmod(part, 10 ** (decimals - first))
        if first:
            pieces.add(_digits(first, point), head)
        pieces.add(_digits(decimals - first, "" if first else point), tail)
    return pieces.joined(), vector.missing


def _whole(form: str, number: Numbers) -> pa.Array:
    pieces = _Pieces(len(number))
    if not form.startswith("0"):
        _add_whole(pieces, np.abs(number), number < 0, form)
        return pieces.joined()
    texts = pc.utf8_lpad(pa.array(np.abs(number)).cast(pa.string()), int(form[1:]), "0")
    signs = pa.array(np.where(number < 0, 1, 0), pa.int32())
    return pc.binary_join_element_wise(pa.array(["", "-"]).take(signs), texts, "")


def _add_whole(pieces: _Pieces, whole: Numbers, negative: Flags, thousands: str) -> None:
    """Add the digits of numbers from 0 on, in groups of three, and a minus before those below 0."""
    pieces.add(["-"], np.zeros(len(whole), np.int32), negative)
    groups = [whole % 1_000]
    left = whole // 1_000
    while left.any():
        groups.append(left % 1_000)
        left = left // 1_000
    above = np.zeros(len(whole), np.int64)
    for place, group in reversed(list(enumerate(groups))):
        begun = above > 0
        if place < len(groups) - 1:
            pieces.add(_digits(3, thousands), group, begun)
        first = ~begun & ((group > 0) if place else np.True_)
        pieces.add(_digits(3, cut=True), group, first)
        above += group
