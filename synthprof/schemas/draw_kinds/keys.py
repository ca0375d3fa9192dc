"""Keys: running numbers, UUIDs, numbers that never repeat, and references to the keys of other tables."""

import datetime
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema

Whole = Annotated[int, Field(ge=-(2**53), le=2**53, strict=True)]
"""An integer that JSON, SQLite and a float hold alike."""

Affix = Annotated[str, Field(max_length=40, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Text before or after a number."""


class _Numbered(DrawModel):
    """A number, or with `prefix`, `suffix` or `width` a text that ends in one."""

    start: Annotated[Whole, Field(description="The first number.")] = 1
    step: Annotated[
        int, Field(ge=-(10**6), le=10**6, strict=True, description="From one number to the next; not 0.")
    ] = 1
    prefix: Annotated[Affix, Field(description="Text before the number.")] = ""
    suffix: Annotated[Affix, Field(description="Text after the number.")] = ""
    width: Annotated[
        int,
        Field(ge=0, le=18, strict=True, description="Digits, with zeros in front; 0 is as many as it has."),
    ] = 0

    @property
    def kind(self) -> Kind:
        """An integer where there is nothing but a number, else text."""
        return Kind("text" if self.prefix or self.suffix or self.width else "integer")

    @property
    def most_rows(self) -> int | None:
        """The numbers that `width` digits can hold."""
        if not self.width:
            return None
        last = 10**self.width - 1 if self.step > 0 else 0
        return (last - self.start) // self.step + 1

    @model_validator(mode="after")
    def _holds(self) -> Self:
        if self.step == 0:
            raise ValueError('step=0 would repeat the number; write another step, or draw = "choice"')
        if self.width and not 0 <= self.start < 10**self.width:
            raise ValueError(
                f"start={self.start} does not fit width={self.width}; start from 0 to {10**self.width - 1}"
            )
        return self


class Sequence(_Numbered):
    """The number of the row: `start`, then `step` further for each row.

    >>> Sequence(prefix="C-", width=6).told
    'C-000001, C-000002, …'
    """

    names_rows: ClassVar[bool] = True

    draw: Literal["sequence"] = "sequence"

    @property
    def ends(self) -> tuple[Any, Any]:
        """The first number, where there is nothing but a number."""
        if self.kind.name == "text":
            return None, None
        return (self.start, None) if self.step > 0 else (None, self.start)

    @property
    def told(self) -> str:
        """The first two."""
        texts = (f"{number:0{self.width}d}" for number in (self.start, self.start + self.step))
        return ", ".join(f"{self.prefix}{text}{self.suffix}" for text in texts) + ", …"


class Reference(_Numbered):
    """The key of one of `rows` rows of another table, whose keys are `start`, `start` + `step` and so on.

    With `skew` the rows differ in how often they are named: the k-th most frequent in proportion to k**-skew
    (Zipf), to within 1 in 100 of its share. Which row is the k-th is drawn by the seed and `table`, so that
    all columns that name a table agree on its favourites.

    >>> Reference(table="products", rows=1000, prefix="P-", width=4).told
    'one of 1,000 keys of products, P-0001 to P-1000'
    """

    names_rows: ClassVar[bool] = True

    draw: Literal["reference"] = "reference"
    table: Annotated[str, Field(min_length=1, max_length=100, description="The table that is named.")]
    rows: Annotated[int, Field(ge=1, le=10**10, strict=True, description="The rows of that table.")]
    skew: Annotated[
        float, Field(ge=0, le=4, description="The exponent of Zipf's law; 0 makes all rows as likely.")
    ] = 0.0

    @property
    def most_rows(self) -> int | None:
        """Without an end, as keys may repeat."""
        return None

    @property
    def ends(self) -> tuple[Any, Any]:
        """The least and the greatest key, where keys are numbers."""
        ends = sorted((self.start, self.start + (self.rows - 1) * self.step))
        return (None, None) if self.kind.name == "text" else (ends[0], ends[1])

    @property
    def told(self) -> str:
        """The table and its first and last key."""
        ends = (self.start, self.start + (self.rows - 1) * self.step)
        first, last = (f"{self.prefix}{number:0{self.width}d}{self.suffix}" for number in ends)
        how = f", by Zipf's law with exponent {self.skew:g}" if self.skew else ""
        return f"one of {self.rows:,} keys of {self.table}, {first} to {last}{how}"

    @model_validator(mode="after")
    def _reaches(self) -> Self:
        room = super().most_rows
        if room is not None and self.rows > room:
            raise ValueError(f"rows={self.rows} need more than width={self.width} digits; raise width")
        return self


class UniqueInteger(DrawModel):
    """An integer from `low` to `high` that no other row has, in no order.

    >>> UniqueInteger(low=100_000, high=999_999).most_rows
    900000
    """

    names_rows: ClassVar[bool] = True

    draw: Literal["unique_integer"] = "unique_integer"
    low: Annotated[Whole, Field(description="The lowest number.")] = 1
    high: Annotated[Whole, Field(description="The highest number.")]

    @property
    def kind(self) -> Kind:
        """An integer."""
        return Kind("integer")

    @property
    def most_rows(self) -> int | None:
        """The numbers between the bounds."""
        return self.high - self.low + 1

    @property
    def ends(self) -> tuple[Any, Any]:
        """The bounds."""
        return self.low, self.high

    @property
    def told(self) -> str:
        """The bounds."""
        return f"{self.low} to {self.high}, none twice"

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low={self.low} is above high={self.high}; swap them")
        return self


class Uuid(DrawModel):
    """A UUID (RFC 9562) as 36 characters; no two rows have the same, by construction.

    62 of its bits are a permutation of the row's number, the others random. Version 7 begins with a moment
    in milliseconds: that of the column `at`, or `start` and `step_ms` further for each row, so that ids sort
    as rows do. The clock is never read.

    >>> Uuid(version=7).told
    'UUID of version 7, from 2024-01-01T00:00:00+00:00'
    """

    names_rows: ClassVar[bool] = True

    draw: Literal["uuid"] = "uuid"
    version: Annotated[Literal[4, 7], Field(description="4 is random, 7 begins with a time.")] = 4
    at: Annotated[
        str | None,
        Field(max_length=100, description="A timestamp or date column with the time of version 7."),
    ] = None
    start: Annotated[
        datetime.datetime, Field(description="The time of the first row, UTC where it names no zone.")
    ] = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    step_ms: Annotated[
        int, Field(ge=0, le=86_400_000, strict=True, description="Milliseconds from one row to the next.")
    ] = 1

    @property
    def kind(self) -> Kind:
        """A text."""
        return Kind("text")

    @property
    def given(self) -> tuple[str, ...]:
        """The column with the time."""
        return (self.at,) if self.at else ()

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError if `at` is no column of times."""
        kind = schema.column(self.at).kind if self.at else "timestamp"
        if kind not in ("date", "timestamp", "timestamptz"):
            raise SpecError(
                f"{column.name}: at={self.at!r} is a column of {kind}; name one of dates or timestamps"
            )

    @property
    def told(self) -> str:
        """The version and the time."""
        if self.version == 4:
            return "UUID of version 4"
        return f"UUID of version 7, from {self.at or self.start.isoformat()}"

    @property
    def start_ms(self) -> int:
        """Milliseconds from 1970 to `start`."""
        zoned = self.start if self.start.tzinfo else self.start.replace(tzinfo=datetime.UTC)
        return (zoned - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) // datetime.timedelta(
            milliseconds=1
        )

    @model_validator(mode="after")
    def _timed(self) -> Self:
        timed = self.model_fields_set & {"at", "start", "step_ms"}
        if self.version == 4 and timed:
            raise ValueError(f"version=4 holds no time; leave out {sorted(timed)[0]}, or write version = 7")
        if self.at and timed != {"at"}:
            raise ValueError(f"at={self.at!r} gives the time already; leave out start and step_ms")
        if self.start_ms < 0:
            raise ValueError(f"start={self.start.isoformat()} lies before 1970; name a later time")
        return self


KINDS = (Sequence, Uuid, UniqueInteger, Reference)
