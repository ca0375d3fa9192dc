"""Columns that are computed from others."""

import pyarrow as pa

from synthprof.profiles.expressions import evaluate
from synthprof.profiles.samplers.sampler import Rows, Samplers, Setting
from synthprof.schemas.draw_kinds.expressions import Expression


class Expressions:
    """Computes an expression of what the table shows."""

    def __init__(self, draw: Expression, setting: Setting) -> None:
        self._type = draw.type
        self._tree = draw.typed({name: setting.schema.column(name).kind for name in draw.given})

    def draw(self, rows: Rows) -> pa.Array:
        """Return the values, (count,), in the Arrow type of the column; null where there is none."""
        return evaluate(self._tree, self._type, rows.shown, rows.count)


SAMPLERS: Samplers = {Expression: Expressions}
