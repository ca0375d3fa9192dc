"""Moments by habits: a day by its weekday, an hour, and a second in it."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.odds import alias_table
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.habits import Habitual
from synthprof.schemas.tables import PARENT

_DAY, _HOUR = 86_400, 3_600


class HabitualTimes:
    """Draws moments; the last habit of each table is that of all who have no other."""

    def __init__(self, draw: Habitual, _setting: Setting) -> None:
        habits = [*draw.habits.values(), draw.habit]
        weekdays = (draw.start.weekday() + np.arange(draw.days)) % 7
        self._by, self._values = draw.by, pa.array(list(draw.habits), pa.string())
        self._first = draw.first_day
        self._days = alias_table(np.array([np.array(habit.weekdays).take(weekdays) for habit in habits]))
        self._hours = alias_table(np.array([habit.hours for habit in habits]))

    def draw(self, rows: Rows) -> pa.Array:
        """Return moments, (count,) timestamp[s]."""
        habit = self._habits(rows)
        words = rows.stream("draw")
        day, hour, second = (words.uint32(rows.total)[: rows.count] for _ in range(3))
        days = self._days.draw(day, habit).astype(np.int64) + self._first
        hours = self._hours.draw(hour, habit).astype(np.int64)
        seconds = (second.astype(np.uint64) * np.uint64(_HOUR) >> np.uint64(32)).astype(np.int64)
        return pa.array(days * _DAY + hours * _HOUR + seconds).view(pa.timestamp("s"))

    def _habits(self, rows: Rows) -> npt.NDArray[np.intp] | None:
        """Return the habit of each row, (count,); None where all have the same."""
        if not self._by:
            return None
        if rows.parents is not None and self._by.startswith(PARENT):
            return self._codes(rows.parents.given(self._by)).take(rows.parents.index)
        return self._codes(rows.given(self._by))

    def _codes(self, values: pa.Array) -> npt.NDArray[np.intp]:
        if pa.types.is_dictionary(values.type):
            found = pc.index_in(values.dictionary, self._values).take(values.indices)
        else:
            found = pc.index_in(values.cast(pa.string()), self._values)
        codes: npt.NDArray[np.intp] = found.fill_null(len(self._values)).to_numpy().astype(np.intp)
        return codes


SAMPLERS: Samplers = {Habitual: HabitualTimes}
