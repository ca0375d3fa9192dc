"""The further columns of a source as they are stored: a kind for each Arrow type, and the values by kind."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.column_kinds import Kind, KindName
from synthprof.base.columns import written_name
from synthprof.base.errors import SpecError
from synthprof.base.values import as_text, stored

UNITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}
"""Units of time, and the digits of a second that they count."""

EPOCH_DAY = -719_162
"""Days from 1970-01-01 to 0001-01-01."""
LAST_DAY = 2_932_896
"""Days from 1970-01-01 to 9999-12-31: a later date would sort before, as text."""

SECONDS = 86_400
MAX_SHOWN = 80
"""Characters of a value in a message."""

ARROW = {"INTEGER": pa.int64(), "REAL": pa.float64(), "TEXT": pa.string()}
"""The type of the stored values of a kind, by its type in SQLite."""


def kind_of(type_: pa.DataType) -> str:
    """Return the kind that keeps the values of an Arrow type, as `columns` names it."""
    return str(_kind_of(type_))


def chosen(wish: str, found: str) -> str:
    """Return the kind of a column whose kind is asked for, if any, and whose source has another or the same.

    A wish without digits takes those of the source, and a wish for a timestamp takes its zone.
    """
    if not wish:
        return found
    asked, there = Kind.of(wish), Kind.of(found)
    same = asked.name == there.name or (asked.name, there.name) == ("timestamp", "timestamptz")
    return found if same and wish == asked.name else wish


def kind_of_texts(texts: Iterable[str]) -> str:
    """Return the kind of dates and times that all the texts state, with the fewest digits; else `text`."""
    candidates = [Kind.of(name) for name in _CANDIDATES]
    for text in texts:
        candidates = [kind for kind in candidates if _fits(kind, text)]
        if not candidates:
            break
    return str(candidates[0]) if candidates else "text"


def array_of(values: Sequence[Any]) -> pa.Array:
    """Return values of Python as an array; values of several types become texts."""
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else as_text(value) for value in values], pa.string())


def carried(
    name: str, kind: str, values: pa.Array, place: Callable[[int], str] = lambda row: f"row {row + 1:,}"
) -> pa.Array:
    """Return the values in their stored form: int64, float64 or text, by the kind's type in SQLite.

    place: tells where in the source a value stands, for messages. NaN is no value, and -0.0 is 0.0.
    Raises SpecError for a value that does not fit its kind; the message names column, row, value and remedy.
    """
    wanted = Kind.of(kind)
    values = _plain(values)
    there = _kind_of(values.type)
    try:
        fast = _FAST.get((there.name, wanted.name)) if there.digits <= wanted.digits else None
        return fast(values, wanted) if fast else _one_by_one(values, wanted)
    except _Unfit as error:
        raise SpecError(
            f"column {name!r} has {error.value!r:.{MAX_SHOWN}} in {place(error.place)}, which is {error}; "
            f"correct it, or use columns={written_name(name)}:text"
        ) from None


_CANDIDATES = (
    "date",
    *(f"{name}({digits})" for name in ("time", "timestamp", "timestamptz") for digits in (0, 3, 6, 9)),
)


def _fits(kind: Kind, text: str) -> bool:
    try:
        return stored(kind, text) is not None
    except ValueError:
        return False


class _Unfit(ValueError):
    """A value that is not of its kind; its place counts from 0."""

    def __init__(self, place: int, value: object, rule: str) -> None:
        super().__init__(rule)
        self.place = place
        self.value = value


def _kind_of(type_: pa.DataType) -> Kind:
    if isinstance(type_, pa.BaseExtensionType):
        return Kind("text") if type_.extension_name == "arrow.uuid" else _kind_of(type_.storage_type)
    if pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_):
        return _kind_of(type_.value_type)
    if pa.types.is_decimal(type_):
        return Kind("decimal", min(max(type_.scale, 0), 38))
    if pa.types.is_time(type_) or pa.types.is_duration(type_):
        return Kind("time" if pa.types.is_time(type_) else "duration", UNITS[type_.unit])
    if pa.types.is_timestamp(type_):
        return Kind("timestamp" if type_.tz is None else "timestamptz", UNITS[type_.unit])
    if _is_list(type_):
        items = _kind_of(type_.value_type)
        return Kind("struct") if items.name in ("list", "struct") else Kind("list", items=items)
    names: Iterator[KindName] = (name for name, is_of in _NAMES.items() if is_of(type_))
    return Kind(next(names, "text"))


def _is_list(type_: pa.DataType) -> bool:
    return any(is_of(type_) for is_of in _LISTS)


_LISTS: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
)
_NAMES: dict[KindName, Callable[[pa.DataType], bool]] = {
    "bool": pa.types.is_boolean,
    "unsigned": lambda type_: type_ == pa.uint64(),
    "integer": pa.types.is_integer,
    "float": pa.types.is_floating,
    "date": pa.types.is_date,
    "struct": lambda type_: pa.types.is_struct(type_) or pa.types.is_map(type_) or pa.types.is_union(type_),
    "binary": lambda type_: (
        pa.types.is_binary(type_)
        or pa.types.is_large_binary(type_)
        or pa.types.is_binary_view(type_)
        or pa.types.is_fixed_size_binary(type_)
    ),
}
"""The kinds without digits, and their Arrow types; the first that holds counts."""


def _plain(values: pa.Array) -> pa.Array:
    """Return the values without a dictionary, runs of equals or the wrapping of an extension."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if pa.types.is_dictionary(values.type):
        return _plain(values.dictionary_decode())
    if pa.types.is_run_end_encoded(values.type):
        return _plain(pc.run_end_decode(values))
    if isinstance(values.type, pa.BaseExtensionType) and values.type.extension_name != "arrow.uuid":
        return _plain(values.storage)
    return values


def _one_by_one(values: pa.Array, kind: Kind) -> pa.Array:
    """Return the stored form of each value as Python has it: of any type, and texts that state a value."""
    there, found = _kind_of(values.type), []
    for place, value in enumerate(_listed(values, bounded=kind.name != "text")):
        try:
            found.append(_text(there, value) if kind.name == "text" else stored(kind, value))
        except (ValueError, OverflowError) as error:
            raise _Unfit(place, value, str(error)) from None
    return pa.array(found, ARROW[kind.sql_type])


def _text(there: Kind, value: Any) -> str | None:  # noqa: ANN401
    """Return any value as text, in the form that is stored where the kind has one of text."""
    if value is None:
        return None
    if there.name == "decimal":
        return f"{value:f}"
    return str(stored(there, value)) if there.name in ("list", "struct", "binary") else as_text(value)


def _listed(values: pa.Array, *, bounded: bool = False) -> list[Any]:
    """Return values of Python; dates, times and spans at any depth are texts.

    Python knows fewer years and digits than Arrow. bounded: refuse dates that do not sort as texts.
    """
    values = _plain(values)
    kind = _kind_of(values.type)
    if kind.name in _TIMES:
        return _times(values, kind, bounded=bounded).to_pylist()  # type: ignore[no-any-return]
    if kind.name in ("float", "duration"):
        return _FAST[kind.name, kind.name](values, kind).to_pylist()  # type: ignore[no-any-return]
    if _is_list(values.type):
        items = iter(_listed(values.flatten()))
        lengths = pc.list_value_length(values).to_pylist()
        return [None if each is None else list(itertools.islice(items, each)) for each in lengths]
    if pa.types.is_struct(values.type):
        parts = [_listed(each) for each in values.flatten()]
        names = [field.name for field in values.type]
        rows = zip(*parts, strict=True) if parts else iter([()] * len(values))
        there = values.is_valid().to_pylist()
        return [
            dict(zip(names, row, strict=True)) if is_there else None
            for row, is_there in zip(rows, there, strict=True)
        ]
    if pa.types.is_map(values.type):
        pairs = _listed(
            values.cast(
                pa.list_(pa.struct([("key", values.type.key_type), ("value", values.type.item_type)]))
            )
        )
        return [None if each is None else [(pair["key"], pair["value"]) for pair in each] for each in pairs]
    return values.to_pylist()  # type: ignore[no-any-return]


# --- whole columns at a time -----------------------------------------------------------------------------


def _cast(values: pa.Array, kind: Kind) -> pa.Array:
    return values.cast(ARROW[kind.sql_type])


def _texts(values: pa.Array, kind: Kind) -> pa.Array:
    return _one_by_one(values, kind) if isinstance(values.type, pa.BaseExtensionType) else _cast(values, kind)


def _durations(values: pa.Array, kind: Kind) -> pa.Array:
    """Return the seconds as decimals."""
    scale = UNITS[values.type.unit]
    counts = values.cast(pa.int64()).to_pylist()
    seconds = [None if each is None else stored(kind, Decimal(each).scaleb(-scale)) for each in counts]
    return pa.array(seconds, pa.string())


def _floats(values: pa.Array, _: Kind) -> pa.Array:
    """Return 64-bit numbers; one of 32 or 16 bits becomes the shortest decimal that it stands for."""
    numbers = values.fill_null(0).to_numpy(zero_copy_only=False)
    if numbers.dtype != np.float64:
        numbers = numbers.astype(np.str_).astype(np.float64)
    missing = np.isnan(numbers) | values.is_null().to_numpy(zero_copy_only=False)
    return pa.array(numbers + 0.0, pa.float64(), mask=missing)  # -0.0 becomes 0.0


def _times(values: pa.Array, kind: Kind, *, bounded: bool = True) -> pa.Array:
    """Return dates and times as texts that sort; bounded: only years from 1 to 9999 do."""
    type_ = values.type
    unit = "D" if kind.name == "date" else type_.unit
    raw = values.cast(pa.int32() if type_.bit_width == 32 else pa.int64())
    numbers = raw.fill_null(0).to_numpy().astype(np.int64)
    if type_ == pa.date64():
        numbers //= SECONDS * 1_000
    if kind.name != "time" and bounded:
        _check_years(values, numbers, unit)
    every = [str(moment) for moment in numbers.view(f"datetime64[{unit}]")]
    if kind.name == "time":
        every = [text.partition("T")[2] for text in every]
    elif kind.name == "timestamptz":
        every = [f"{text}Z" for text in every]
    return pa.array(every, pa.string(), mask=values.is_null().to_numpy(zero_copy_only=False))


def _padded_times(values: pa.Array, kind: Kind) -> pa.Array:
    """Return the texts with as many digits of a second as the kind has, which are more or as many."""
    there = _kind_of(values.type)
    texts = _times(values, there)
    if there.digits == kind.digits:
        return texts
    zone = "Z" if kind.name == "timestamptz" else ""
    zeros = ("" if there.digits else ".") + "0" * (kind.digits - there.digits)
    return pc.binary_join_element_wise(pc.utf8_rtrim(texts, "Z") if zone else texts, zeros + zone, "")


def _check_years(values: pa.Array, numbers: np.ndarray, unit: str) -> None:
    per_day = 1 if unit == "D" else SECONDS * 10 ** UNITS[unit]
    days = numbers // per_day
    wrong = (days < EPOCH_DAY) | (days > LAST_DAY)
    if wrong.any():
        place = int(wrong.argmax())
        year = str(np.datetime64(int(days[place]), "D"))
        raise _Unfit(place, year, "outside the years 1 to 9999, beyond which dates do not sort as text")


_TIMES = ("date", "time", "timestamp", "timestamptz")
_FAST: dict[tuple[str, str], Callable[[pa.Array, Kind], pa.Array]] = {
    ("integer", "integer"): _cast,
    ("bool", "bool"): _cast,
    ("unsigned", "unsigned"): _cast,
    ("text", "text"): _texts,
    ("duration", "duration"): _durations,
    ("integer", "text"): _cast,
    ("float", "float"): _floats,
    **{(name, name): _padded_times for name in _TIMES},
}
"""By the kind that the source has and the wanted one: what converts a whole column."""
