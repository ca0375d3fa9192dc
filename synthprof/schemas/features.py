"""The ways to turn a column into values of the feature vector, as a schema's file writes them.

Each is a frozen value whose `kind` is its name there: `feature = { kind = "scale", low = 0, high = 9 }`.
"""

from dataclasses import field
from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError

Fraction = Annotated[
    float, Field(ge=0, le=1, allow_inf_nan=False, description="The value of a row that has none, 0 to 1.")
]
Finite = Annotated[float, Field(ge=-1e300, le=1e300, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


def _day(value: object) -> str:
    """Return a date, or a text such as 2024-01-31, as text. Raises ValueError."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError(f"{value!s:.40} is no date as in 2024-01-31") from None


Day = Annotated[str, BeforeValidator(_day)]

Cycle = Literal["hour", "weekday", "day", "month", "day_of_year"]
"""A cycle, which comes round again: the time of day to the minute, and days of week, month and year."""

Part = Literal["year", "month", "day", "weekday", "day_of_year", "hour", "minute"]

PARTS: dict[Part, tuple[int, int]] = {
    "month": (1, 12), "day": (1, 31), "weekday": (0, 6), "day_of_year": (1, 366), "hour": (0, 23),
    "minute": (0, 59),
}  # fmt: skip
"""Lowest and highest number of each part but the year, Monday being 0."""

MAX_POSITIONS = 1_024
"""Most positions of one column: a category of more values is hashed."""

_CONFIG = ConfigDict(extra="forbid", defer_build=True)


def _named(kind: str) -> Any:  # noqa: ANN401  a field of a dataclass
    return field(default=kind, kw_only=True)


@dataclass(frozen=True, config=_CONFIG)
class Scaled:
    """(value - low) / (high - low), clipped to [0, 1]; for a flag, the value itself."""

    low: Finite
    high: Finite
    missing: Fraction = 0.0
    kind: Literal["scale"] = _named("scale")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_order(self.low, self.high)
        return self


@dataclass(frozen=True, config=_CONFIG)
class Indexed:
    """Index of the category over the number of categories."""

    missing: Fraction = 0.0
    kind: Literal["index"] = _named("index")


@dataclass(frozen=True, config=_CONFIG)
class Counted:
    """Number of items of a list over `most`, clipped to [0, 1]."""

    most: Annotated[int, Field(ge=1)]
    missing: Fraction = 0.0
    kind: Literal["count"] = _named("count")


@dataclass(frozen=True, config=_CONFIG)
class Measured:
    """Length of a text in characters over `most`, clipped to [0, 1]."""

    most: Annotated[int, Field(ge=1)]
    missing: Fraction = 0.0
    kind: Literal["length"] = _named("length")


@dataclass(frozen=True, config=_CONFIG)
class Logged:
    """log(1 + value - low) / log(1 + high - low), clipped to [0, 1]."""

    low: Finite
    high: Finite
    missing: Fraction = 0.0
    kind: Literal["log"] = _named("log")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        _check_order(self.low, self.high)
        return self


@dataclass(frozen=True, config=_CONFIG)
class Standardised:
    """z = (value - mean) / deviation, cut at ±`clip` and laid on [0, 1], so that the mean is 0.5."""

    mean: Finite
    deviation: Positive
    clip: Positive = 3.0
    missing: Fraction = 0.5
    kind: Literal["standard"] = _named("standard")


@dataclass(frozen=True, config=_CONFIG)
class Flagged:
    """1 for true, 0 for false."""

    missing: Fraction = 0.0
    kind: Literal["flag"] = _named("flag")


@dataclass(frozen=True, config=_CONFIG)
class Cyclic:
    """Two values, (1 + cos a) / 2 and (1 + sin a) / 2, of the angle that `of` has in its round."""

    of: Cycle
    missing: Fraction = 0.5
    kind: Literal["cycle"] = _named("cycle")


@dataclass(frozen=True, config=_CONFIG)
class DatePart:
    """A part of a date or time over its range, such as the month: (month - 1) / 11.

    low, high: the range, which `of = "year"` needs and other parts have.
    """

    of: Part
    low: int | None = None
    high: int | None = None
    missing: Fraction = 0.0
    kind: Literal["part"] = _named("part")

    @model_validator(mode="after")
    def _ranged(self) -> Self:
        low, high = self.bounds
        _check_order(low, high)
        return self

    @property
    def bounds(self) -> tuple[int, int]:
        """The lowest and the highest number of the part."""
        known = PARTS.get(self.of, (self.low, self.high))
        low, high = (self.low, self.high) if self.low is not None else known
        if low is None or high is None:
            raise ValueError(f"of = {self.of!r} needs low and high; write the first and the last {self.of}")
        return low, high


@dataclass(frozen=True, config=_CONFIG)
class Since:
    """Days since `first` over the days from `first` to `last`, clipped to [0, 1]."""

    first: Day
    last: Day
    missing: Fraction = 0.0
    kind: Literal["since"] = _named("since")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.days <= 0:
            raise ValueError(f"first={self.first} is not before last={self.last}; swap them")
        return self

    @property
    def days(self) -> int:
        """Days from the first to the last."""
        return (date.fromisoformat(self.last) - date.fromisoformat(self.first)).days


@dataclass(frozen=True, config=_CONFIG)
class OneHot:
    """A position for each value of a category: 1 at the row's own, 0 at the others."""

    missing: Fraction = 0.0
    kind: Literal["one_hot"] = _named("one_hot")


@dataclass(frozen=True, config=_CONFIG)
class Elements:
    """A position for each value of a list: 1 where the list holds it."""

    missing: Fraction = 0.0
    kind: Literal["elements"] = _named("elements")


@dataclass(frozen=True, config=_CONFIG)
class Hashed:
    """`size` positions: 1 at that of the value's hash, for a list at those of its items' hashes."""

    size: Annotated[int, Field(ge=2, le=MAX_POSITIONS)]
    missing: Fraction = 0.0
    kind: Literal["hash"] = _named("hash")


@dataclass(frozen=True, config=_CONFIG)
class Frequency:
    """The share of the value by the column's own odds, before other columns and archetypes shift them."""

    missing: Fraction = 0.0
    kind: Literal["frequency"] = _named("frequency")


Feature = (
    Scaled | Indexed | Counted | Measured | Logged | Standardised | Flagged | Cyclic | DatePart | Since
    | OneHot | Elements | Hashed | Frequency
)  # fmt: skip

Written = Annotated[Feature, Field(discriminator="kind")]
"""A feature as a schema's file has it; its JSON Schema is `TypeAdapter(Written).json_schema()`."""

_WRITTEN: TypeAdapter[Feature] = TypeAdapter(Written, config=ConfigDict(defer_build=True))

_NUMBERS = frozenset({"integer", "unsigned", "float", "decimal", "duration", "flag", "bool"})
_DAYS = frozenset({"date", "timestamp", "timestamptz"})
_CLOCKS = frozenset({"time", "timestamp", "timestamptz"})

FITS: dict[type, frozenset[str]] = {
    Scaled: _NUMBERS, Logged: _NUMBERS, Standardised: _NUMBERS, Flagged: frozenset({"flag", "bool"}),
    Indexed: frozenset({"category"}), OneHot: frozenset({"category"}),
    Frequency: frozenset({"category", "flag", "integer"}),
    Counted: frozenset({"list"}), Elements: frozenset({"list"}), Measured: frozenset({"text"}),
    Hashed: frozenset({"category", "text", "list", *_NUMBERS}), Since: _DAYS,
}  # fmt: skip
"""The kinds of column that each feature is made of; those of a part or cycle depend on what it is of."""


def read_feature(written: object, where: str) -> Feature:
    """Return the feature that a table of a schema's file declares. Raises SpecError that names the place.

    >>> read_feature({"kind": "scale", "low": 0, "high": 10}, "age").high
    10.0
    """
    try:
        return _WRITTEN.validate_python(written)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"][1:])
        told = first["msg"].removeprefix("Value error, ")
        raise SpecError(f"{where}: feature{'.' * bool(key)}{key}: {told}; correct it") from None


def fits(feature: Feature, kind: str) -> bool:
    """Return whether a column of a kind, such as `integer` or `category`, can have the feature."""
    match feature:
        case Cyclic(of="hour") | DatePart(of="hour" | "minute"):
            return kind in _CLOCKS
        case Cyclic() | DatePart():
            return kind in _DAYS
    return kind in FITS[type(feature)]


def positions(feature: Feature, column: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the feature's positions in the vector, in order.

    values: of the column, where it is a category or a list.

    >>> positions(Cyclic("month"), "born", ())
    ('born.month.cos', 'born.month.sin')
    """
    match feature:
        case OneHot() | Elements():
            return tuple(f"{column}={value}" for value in values)
        case Hashed(size=size):
            return tuple(f"{column}#{place}" for place in range(size))
        case Cyclic(of=of):
            return (f"{column}.{of}.cos", f"{column}.{of}.sin")
        case DatePart(of=of):
            return (f"{column}.{of}",)
    return (column,)


def default_feature(kind: Kind, low: Any, high: Any, known: bool = False) -> Feature | None:  # noqa: ANN401
    """Return the feature of a column that declares none; None where its kind has no sensible one.

    low, high: the lowest and highest value that is drawn, in the type of the kind, or None; of a list the
    fewest and most items. known: all texts that are drawn are known beforehand.

    >>> default_feature(Kind("float"), 0.0, 12.5)
    Scaled(low=0.0, high=12.5, missing=0.0, kind='scale')
    """
    bounded = low is not None and high is not None and low < high
    match kind.name:
        case "bool":
            return Flagged()
        case "integer" | "unsigned" | "float" | "decimal" | "duration" if bounded:
            return Scaled(float(low), float(high))
        case "date" | "timestamp" | "timestamptz" if bounded:
            first, last = (date(each.year, each.month, each.day) for each in (low, high))
            return Since(first.isoformat(), last.isoformat()) if first < last else None
        case "time":
            return Cyclic("hour")
        case "text" if known:
            return Indexed()
        case "list" if high:
            return Counted(high)
    return None


def _check_order(low: float, high: float) -> None:
    if low >= high:
        raise ValueError(f"low={low:g} is not below high={high:g}; swap them")


@dataclass(frozen=True, config=_CONFIG)
class TanhRatio:
    """tanh(numerator / denominator), and 1 where the denominator is 0."""

    numerator: str
    denominator: str

    @property
    def name(self) -> str:
        """The name of the feature."""
        return f"tanh({self.numerator}/{self.denominator})"
