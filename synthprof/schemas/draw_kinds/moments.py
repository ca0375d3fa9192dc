"""Dates, times of day and timestamps: within a range by the calendar, or some time after another column."""

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel, Files
from synthprof.schemas.draw_kinds.nested import NumberDraw
from synthprof.schemas.draw_kinds.parameters import By, check_by
from synthprof.schemas.draw_kinds.zones import Offsets, offsets_of

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema

MAX_DAYS = 65_536
"""Days between start and end, 179 years: a table has one entry for each."""

Weight = Annotated[float, Field(strict=True, ge=0, le=1e15, allow_inf_nan=False)]
Hours = Annotated[tuple[Weight, ...], Field(min_length=24, max_length=24)]
Weekdays = Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7)]

BUSINESS_DAYS = (1.0,) * 5 + (0.0,) * 2
BUSINESS_HOURS = tuple(float(9 <= hour < 17) for hour in range(24))

SECONDS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}


class Calendar(DrawModel):
    """A moment between two days, both included, or an offset after or before another column.

    The weight of a day is that of its month times that of its weekday. With `after` or `before`, the offset
    is at least 0, and what lies outside `start` and `end` is set to them.
    """

    start: Annotated[datetime.date | None, Field(description="The first day.")] = None
    end: Annotated[datetime.date | None, Field(description="The last day.")] = None
    months: Annotated[
        tuple[Weight, ...] | None,
        Field(min_length=12, max_length=12, description="The weights of January to December."),
    ] = None
    weekdays: Annotated[Weekdays | None, Field(description="The weights of Monday to Sunday.")] = None
    after: Annotated[str | None, Field(description="The column that it comes after.")] = None
    before: Annotated[str | None, Field(description="The column that it comes before.")] = None
    offset: Annotated[NumberDraw | None, Field(description="The distribution of the time between.")] = None

    def with_files(self, files: Files) -> Self:
        """Return the draw with the numbers of the files that its offset names. Raises SpecError."""
        if self.offset is None:
            return self
        return self.model_copy(update={"offset": self.offset.with_files(files)})

    @property
    def anchor(self) -> str | None:
        """The column that it comes after or before."""
        return self.after or self.before

    @property
    def given(self) -> tuple[str, ...]:
        """The column that it comes after or before, and those that the offset depends on."""
        own = () if self.anchor is None else (self.anchor,)
        return tuple(dict.fromkeys((*own, *(self.offset.given if self.offset else ()))))

    @property
    def ends(self) -> tuple[Any, Any]:
        """The first and the last day; of moments the day after the last."""
        if self.anchor is not None or self.end is None:
            return None, None
        return self.start, self.end + datetime.timedelta(days=self.kind.name != "date")

    @property
    def told(self) -> str:
        """The range, or the column before or after."""
        if self.anchor is not None:
            return f"{'after' if self.after else 'before'} {self.anchor}"
        return f"{self.start} to {self.end}"

    @property
    def anchors(self) -> tuple[str, ...]:
        """Kinds of columns that it can come after or before."""
        return ("date",)

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError unless the column that it comes after or before is a moment of its own sort."""
        if self.anchor is not None and (kind := schema.column(self.anchor).kind) not in self.anchors:
            raise SpecError(
                f"{column.name} cannot come after or before {self.anchor}, which is a {kind}; "
                f"name a column of the kind {' or '.join(self.anchors)}"
            )
        if self.offset is not None:
            self.offset.check(schema, column)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.after and self.before:
            raise ValueError(
                f"after={self.after} and before={self.before} exclude each other; give one of them"
            )
        if (self.anchor is None) != (self.offset is None):
            raise ValueError("after or before, and offset, need each other; give both or none")
        if self.anchor is None and (self.start is None or self.end is None):
            raise ValueError("a range needs start and end; give both, or after and offset")
        if self.anchor is not None and (self.months or self.weekdays):
            raise ValueError("months and weekdays weigh a range, and not an offset; remove them")
        if self.start is not None and self.end is not None:
            self._check_days(self.start, self.end)
        return self

    def _check_days(self, start: datetime.date, end: datetime.date) -> None:
        if start > end:
            raise ValueError(f"start={start} is after end={end}; swap them")
        days = (end - start).days + 1
        if days > MAX_DAYS and self.anchor is None:
            raise ValueError(f"{start} to {end} are {days} days, {MAX_DAYS} at most; narrow the range")
        every = (start + datetime.timedelta(n) for n in range(min(days, 800)))
        sorts = {(day.month - 1, day.weekday()) for day in every}
        for weekdays in self.every_weekdays if self.anchor is None else ():
            if not any(
                (self.months is None or self.months[month]) and (weekdays is None or weekdays[day])
                for month, day in sorts
            ):
                raise ValueError(
                    f"no day from {start} to {end} has a weight above 0; change months or weekdays"
                )

    @property
    def every_weekdays(self) -> tuple[tuple[float, ...] | None, ...]:
        """The weights of Monday to Sunday, of each habit if there are some."""
        return (self.weekdays,)


class Date(Calendar):
    """A day, from `start` to `end`, or some days after or before another column.

    >>> Date(start="2020-01-01", end="2020-12-31", weekdays=(1, 1, 1, 1, 1, 0, 0)).told
    '2020-01-01 to 2020-12-31'
    """

    draw: Literal["date"] = "date"

    @property
    def kind(self) -> Kind:
        """A date."""
        return Kind("date")

    @property
    def anchors(self) -> tuple[str, ...]:
        """Dates and timestamps, of which the day counts."""
        return ("date", "timestamp", "timestamptz")


class Time(DrawModel):
    """A time of day in whole seconds, by the weights of hours.

    >>> Time().told
    'any hour'
    """

    draw: Literal["time"] = "time"
    hours: Annotated[Hours | None, Field(description="The weights of the hours from 0 to 23.")] = None

    @property
    def kind(self) -> Kind:
        """A time of day."""
        return Kind("time", 0)

    @property
    def told(self) -> str:
        """True where hours differ."""
        return "any hour" if self.hours is None else "by hours"

    @model_validator(mode="after")
    def _some_hour(self) -> Self:
        _check_hours(self.hours)
        return self


class Habit(BaseModel):
    """Hours and weekdays of some rows; what is left out is as for all others.

    >>> Habit(weekdays=(0, 0, 0, 0, 1, 3, 2)).hours is None
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    hours: Annotated[Hours | None, Field(description="The weights of the hours from 0 to 23.")] = None
    weekdays: Annotated[Weekdays | None, Field(description="The weights of Monday to Sunday.")] = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        _check_hours(self.hours)
        if self.hours is None and self.weekdays is None:
            raise ValueError("a habit without hours and weekdays says nothing; give one of them")
        return self


class Timestamp(Calendar):
    """A moment: a day, an hour by weights, and a time within the hour.

    Rows may have `habits` of their own, weekdays and hours by the value of the column `by`; `weekdays` and
    `hours` are for all others.

    Without `zone` it has no zone. With one, days and hours are those of clocks there, and it is stored in
    UTC, or with `local = true` as clocks show it. No clock shows a moment that is skipped when clocks go
    forward: it is put off by what is skipped; of two moments that clocks show alike it is the first.

    >>> owl = Habit(hours=(1,) * 6 + (0,) * 18)
    >>> Timestamp(start="2024-01-01", end="2024-12-31", by="who", habits={"owl": owl}).told
    '2024-01-01 to 2024-12-31, by the habits of who'
    """

    draw: Literal["timestamp"] = "timestamp"
    hours: Annotated[Hours | None, Field(description="The weights of the hours from 0 to 23.")] = None
    business_hours: Annotated[
        bool, Field(strict=True, description="Monday to Friday, 9 to 17, all alike: for weekdays and hours.")
    ] = False
    by: Annotated[
        str | None, Field(max_length=200, description="The column whose values have habits of their own.")
    ] = None
    habits: Annotated[
        Mapping[str, Habit], Field(max_length=1_000, description="The habits by the values of that column.")
    ] = {}
    zone: Annotated[str | None, Field(description="A time zone by its IANA name, as Europe/Berlin.")] = None
    local: Annotated[bool, Field(strict=True, description="Whether to keep what clocks show.")] = False
    digits: Annotated[Literal[0, 3, 6], Field(description="Digits of a second.")] = 0
    unit: Annotated[
        Literal["days", "hours", "minutes", "seconds"], Field(description="What the offset counts.")
    ] = "days"
    offsets: Annotated[
        Offsets,
        Field(description="The zone's seconds east of UTC, each from a second since 1970 on; filled in."),
    ] = ()

    @property
    def kind(self) -> Kind:
        """A timestamp with a zone where there is one, else without."""
        return Kind("timestamptz" if self.zone and not self.local else "timestamp", self.digits)

    @property
    def anchors(self) -> tuple[str, ...]:
        """Dates, at their midnight, and timestamps with a zone or without as this one."""
        return ("date", self.kind.name)

    @property
    def given(self) -> tuple[str, ...]:
        """The column that it comes after or before, those of the offset, and that of the habits."""
        return (*super().given, self.by) if self.by else super().given

    @property
    def told(self) -> str:
        """The range and the habits, or the column before or after."""
        return f"{super().told}, by the habits of {self.by}" if self.by else super().told

    @property
    def every_weekdays(self) -> tuple[tuple[float, ...] | None, ...]:
        """The weights of Monday to Sunday: of each habit, and last of all who have none."""
        common = BUSINESS_DAYS if self.business_hours else self.weekdays
        return (*(habit.weekdays or common for habit in self.habits.values()), common)

    @property
    def every_hours(self) -> tuple[tuple[float, ...] | None, ...]:
        """The weights of the hours from 0 to 23: of each habit, and last of all who have none."""
        common = BUSINESS_HOURS if self.business_hours else self.hours
        return (*(habit.hours or common for habit in self.habits.values()), common)

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError unless the columns that it depends on have what it asks of them."""
        super().check(schema, column)
        if self.by:
            every = By(by=self.by, values=dict.fromkeys(self.habits, 0.0), other=0.0)
            check_by(schema, every, f"{column.name}: habits")

    @model_validator(mode="before")
    @classmethod
    def _fill_offsets(cls, values: object) -> object:
        """Read the zone's rules once, so that a data set does not depend on those of another machine."""
        if isinstance(values, dict) and values.get("zone") and not values.get("offsets"):
            return {**values, "offsets": offsets_of(values["zone"], values.get("start"), values.get("end"))}
        return values

    @model_validator(mode="after")
    def _hours_once(self) -> Self:
        _check_hours(self.hours)
        if self.business_hours and (self.hours or self.weekdays):
            raise ValueError("business_hours stands for weekdays and hours; remove them, or business_hours")
        if self.local and not self.zone:
            raise ValueError("local = true keeps what clocks of a zone show; give zone, or remove local")
        if bool(self.by) != bool(self.habits):
            raise ValueError("by and habits belong together; write both or none")
        if self.anchor and (self.hours or self.business_hours or self.local or self.habits):
            raise ValueError(
                "hours, business_hours, habits and local belong to a range; remove them, or after and before"
            )
        return self


def _check_hours(hours: tuple[float, ...] | None) -> None:
    if hours is not None and not any(hours):
        raise ValueError("all hours have the weight 0; give one above 0")


KINDS = (Date, Time, Timestamp)
