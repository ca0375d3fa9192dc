"""Columns in which each row has a value of its own."""

from synthprof.schemas.draw_kinds.keys import Reference
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.schema import Column


def is_own(column: Column) -> bool:
    """Return whether each row has a value of its own in a column: no two rows, or two records, share it."""
    draw = column.draw
    if not isinstance(draw, DrawModel) or isinstance(draw, Reference):
        return False
    return draw.names_rows or draw.most_rows is not None
