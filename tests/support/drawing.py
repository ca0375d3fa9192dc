"""Columns drawn from a model of a draw, alone or beside others."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from synthprof.profiles.drawing import generate
from synthprof.schemas.correlations import Correlation
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Draw
from synthprof.schemas.schema import Archetype, Column, Schema
from synthprof.spec.spec import BLOCK_ROWS


def drawn(draw: DrawModel, seed: int = 1, block: int = 0, rows: int = BLOCK_ROWS) -> pa.Array:
    """The values of a column `x`, which is the only one."""
    return drawn_with({"x": draw}, seed, block, rows).column("x")


def drawn_with(
    draws: Mapping[str, DrawModel | Draw],
    seed: int = 1,
    block: int = 0,
    rows: int = BLOCK_ROWS,
    correlations: tuple[Correlation, ...] = (),
) -> pa.RecordBatch:
    """The rows of a schema with these columns and one archetype."""
    columns = tuple(Column(name, draw, None, "For a test.") for name, draw in draws.items())
    schema = Schema("test", columns, (Archetype("all", "All", 1.0, ()),), correlations=correlations)
    return generate(schema, seed, "pt_BR", 0.8, block, rows).profiles


def mixed(draw: DrawModel, separation: float) -> tuple[np.ndarray, np.ndarray]:
    """The values of a column, and the archetype of each row: `common` 0 or `rare` 1."""
    archetypes = (Archetype("common", "Common", 3.0, ()), Archetype("rare", "Rare", 1.0, ()))
    schema = Schema("test", (Column("x", draw, None, "For a test."),), archetypes)
    made = generate(schema, 1, "pt_BR", separation, 0)
    return made.profiles["x"].to_numpy(), made.archetypes
