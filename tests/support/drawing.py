"""Columns drawn from a model of a draw, alone or beside others."""

import pyarrow as pa

from synthprof.profiles.drawing import generate
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.schema import Archetype, Column, Schema
from synthprof.spec.spec import BLOCK_ROWS


def drawn(draw: DrawModel, seed: int = 1, block: int = 0, rows: int = BLOCK_ROWS) -> pa.Array:
    """The values of a column `x`, which is the only one."""
    return drawn_with({"x": draw}, seed, block, rows).column("x")


def drawn_with(
    draws: dict[str, DrawModel], seed: int = 1, block: int = 0, rows: int = BLOCK_ROWS
) -> pa.RecordBatch:
    """The rows of a schema with these columns and one archetype."""
    columns = tuple(Column(name, draw, None, "For a test.") for name, draw in draws.items())
    schema = Schema("test", columns, (Archetype("all", "All", 1.0, ()),))
    return generate(schema, seed, "pt_BR", 0.8, block, rows).profiles
