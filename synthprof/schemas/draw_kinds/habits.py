"""Moments by the habits of who acts: hours of the day and days of the week."""

import datetime
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.schemas.draw_kinds.model import DrawModel

MAX_DAYS = 65_536
"""Days that one can be drawn from: their codes have 16 bits."""

Weight = Annotated[float, Field(ge=0, le=1e9, strict=True, allow_inf_nan=False)]

Hours = Annotated[tuple[Weight, ...], Field(min_length=24, max_length=24)]
Weekdays = Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7)]


class Habit(BaseModel):
    """Weights of the hours from 0 to 23 and of the weekdays from Monday on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hours: Annotated[Hours, Field(description="A weight for each hour, from 0 to 23.")] = (1.0,) * 24
    weekdays: Annotated[Weekdays, Field(description="A weight for each weekday, from Monday on.")] = (
        1.0,
    ) * 7

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not any(self.hours) or not any(self.weekdays):
            raise ValueError("all weights of a habit are 0; give one hour and one weekday a weight above 0")
        return self


class Habitual(DrawModel):
    """A second between two days, by a habit that another column may choose.

    >>> str(Habitual(start="2024-01-01", end="2024-12-31").kind)
    'timestamp(0)'
    """

    draw: Literal["habitual"] = "habitual"
    start: Annotated[datetime.date, Field(description="The first day.")]
    end: Annotated[datetime.date, Field(description="The last day.")]
    habit: Annotated[Habit, Field(description="The habit of all who have no other.")] = Habit()
    by: Annotated[str, Field(max_length=200, description="The column whose values have their habits.")] = ""
    habits: Annotated[
        Mapping[str, Habit], Field(max_length=1_000, description="The habits by the values of that column.")
    ] = {}

    @property
    def kind(self) -> Kind:
        """A timestamp to the second, without a zone."""
        return Kind("timestamp", 0)

    @property
    def first_day(self) -> int:
        """The first day, counted from 1970-01-01."""
        return (self.start - datetime.date(1970, 1, 1)).days

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.end - self.start).days + 1

    @property
    def given(self) -> tuple[str, ...]:
        """The column that chooses the habit."""
        return (self.by,) if self.by else ()

    @property
    def ends(self) -> tuple[Any, Any]:
        """The first day and the day after the last."""
        return self.start, self.end + datetime.timedelta(days=1)

    @property
    def told(self) -> str:
        """The days, and what they depend on."""
        days = f"{self.start} to {self.end}"
        return f"{days}, by the habits of {self.by}" if self.by else days

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not 1 <= self.days <= MAX_DAYS:
            raise ValueError(
                f"start={self.start} to end={self.end} are not 1 to {MAX_DAYS} days; choose others"
            )
        if bool(self.by) != bool(self.habits):
            raise ValueError("by and habits belong together; write both or none")
        weekdays = {(self.start.weekday() + day) % 7 for day in range(min(7, self.days))}
        for habit in (self.habit, *self.habits.values()):
            if not any(habit.weekdays[day] for day in weekdays):
                raise ValueError(
                    f"no day from {self.start} to {self.end} has a weight above 0; change the weekdays"
                )
        return self


KINDS = (Habitual,)
