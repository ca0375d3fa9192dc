"""The types of a table's columns: as the source tells them, or what all texts of a column state."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.sources.carried import kind_of

NO_VALUES = ("", "NA", "N/A", "#N/A", "NaN", "nan", "null", "NULL", "None", "?")
"""Texts that stand for no value in a column of numbers, dates or truth."""

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
_DAY = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"

STATED = {
    "bool": (r"(?i)true|false", pa.bool_()),
    "integer": (r"-?(0|[1-9]\d{0,17})", pa.int64()),
    "float": (r"-?((0|[1-9]\d*)(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", pa.float64()),
    "date": (_DAY, pa.date32()),
    "timestamp": (rf"{_DAY}[T ]{_CLOCK}", pa.timestamp("us")),
    "timestamptz": (rf"{_DAY}[T ]{_CLOCK}(Z|[+-]\d\d:?\d\d)", pa.timestamp("us", "UTC")),
    "time": (r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?", pa.time64("us")),
}
"""The types that texts may state, the narrower first: what a text looks like, and its Arrow type.

A number with zeros before it is none: post codes and telephone numbers have such.
"""

LEARNED = (
    "bool",
    "integer",
    "unsigned",
    "float",
    "decimal",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "text",
)


@dataclass(frozen=True)
class Type:
    """The type of a column's values, and whether texts state them. name: `null` where all are missing."""

    name: str
    from_texts: bool = False

    def values(self, array: pa.Array) -> pa.Array:
        """Return the values in the type's own Arrow type; texts of no value, NaN and infinity are none."""
        array = _plain(array)
        if self.name == "text":
            array = array if pa.types.is_string(array.type) else array.cast(pa.string())
            return pc.if_else(pc.equal(array, ""), None, array)
        if self.from_texts:
            array = _stated(_without(array), self.name)
        return pc.if_else(pc.is_finite(array), array, None) if pa.types.is_floating(array.type) else array


@dataclass
class _Seen:
    """The values of a column so far. left: the types that all its texts may state."""

    kind: str = "null"
    left: list[str] = field(default_factory=lambda: list(STATED))
    any_value: bool = False

    def add(self, array: pa.Array) -> None:
        array = _plain(array)
        if pa.types.is_null(array.type):
            return
        self.kind = kind_of(array.type).partition("(")[0]
        if self.kind != "text":
            self.any_value |= array.null_count < len(array)
        elif self.left:
            texts = _without(array).drop_null()
            self.any_value |= len(texts) > 0
            self.left = [name for name in self.left if _all_state(texts, name)]
        else:
            self.any_value = True

    @property
    def type(self) -> Type:
        if not self.any_value:
            return Type("null")
        if self.kind == "text" and self.left:
            return Type(self.left[0], from_texts=True)
        return Type(self.kind)


def types_of(batches: Iterable[pa.RecordBatch], columns: int, progress: Callable[[int], None]) -> list[Type]:
    """Return the type of each column, from all its values. progress: called with the rows of each batch."""
    seen = [_Seen() for _ in range(columns)]
    for batch in batches:
        for each, array in zip(seen, batch.columns, strict=True):
            each.add(array)
        progress(batch.num_rows)
    return [each.type for each in seen]


def _plain(array: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if isinstance(array.type, pa.BaseExtensionType) and array.type.extension_name != "arrow.uuid":
        array = array.storage
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    return array


def _without(texts: pa.Array) -> pa.Array:
    """Return the texts, none where they stand for no value."""
    return pc.if_else(pc.is_in(texts, pa.array(NO_VALUES)), None, texts)


def _all_state(texts: pa.Array, name: str) -> bool:
    fits = pc.all(pc.match_substring_regex(texts, f"^({STATED[name][0]})$")).as_py()
    if fits is False:
        return False
    try:
        _stated(texts, name)
    except pa.ArrowInvalid:  # the 31st of February
        return False
    return True


def _stated(texts: pa.Array, name: str) -> pa.Array:
    """Return what texts state, in Arrow's type. Raises ArrowInvalid where one of them states nothing."""
    if name == "time":  # which Arrow reads only after a day
        texts = pc.binary_join_element_wise("1970-01-01", texts, "T").cast(pa.timestamp("us"))
    return texts.cast(STATED[name][1])


def renamed(names: Iterable[str]) -> list[str]:
    """Return names that a schema can have, all different: letters, digits and _, not `id`.

    >>> renamed(["Fixed acidity (g/l)", "id", "2nd", "a", "A", ""])
    ['Fixed_acidity_g_l', 'id_2', 'c_2nd', 'a', 'A_2', 'column_6']
    """
    found: list[str] = []
    taken = {"id"}
    for place, name in enumerate(names, 1):
        clean = re.sub(r"\W+", "_", name).strip("_")[:60] or f"column_{place}"
        clean = clean if clean[0].isalpha() else f"c_{clean}"
        new, more = clean, 2
        while new.casefold() in taken:
            new, more = f"{clean}_{more}", more + 1
        taken.add(new.casefold())
        found.append(new)
    return found
