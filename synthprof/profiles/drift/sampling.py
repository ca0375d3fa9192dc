"""Rows that are drawn to learn shares, where sums over all that a column depends on are too large.

The sample is the same everywhere and in every night, so what does not drift is equal in the samples of two
nights, row by row.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from synthprof.base.streams import stream
from synthprof.profiles.drawing import Drawing, Extent
from synthprof.profiles.joints import Floats, TooLarge, enumerable, joint_rows
from synthprof.profiles.odds import Axis, odds_of
from synthprof.profiles.separation import weight_of
from synthprof.profiles.tables import tables_of
from synthprof.schemas.schema import Schema
from synthprof.spec.locales import DEFAULT_LOCALE
from synthprof.spec.spec import BLOCK_ROWS

BLOCKS = 4
"""Blocks of the sample: its 65,536 rows know a share to 0.002."""

SEED = 0
"""Seed of the sample, whatever the seed of the data set."""


def row_shares(schema: Schema, axes: Sequence[Axis], separation: float) -> Floats:
    """Return the share of rows in each combination of the codes of axes, (size of each axis …).

    Exact where all of them are drawn by odds as single values, else of the sample. The schema has no margins.
    """
    names = [axis.column for axis in axes if axis.column is not None]
    if all(enumerable(schema, name) for name in names):
        try:
            return joint_rows(schema, axes, weight_of(separation))
        except TooLarge:
            pass
    sizes = [axis.size for axis in axes]
    found = np.zeros(int(np.prod(sizes)), dtype=np.int64)
    for drawing in sample(schema, names, separation):
        found += np.bincount(drawing.rows_of(axes), minlength=len(found))
    return (found / (BLOCKS * BLOCK_ROWS)).reshape(sizes)


def value_shares(schema: Schema, name: str, separation: float) -> Floats:
    """Return the share of each value of a column drawn by odds, (values,); as `row_shares` knows it."""
    odds = odds_of(schema, schema.column(name), weight_of(separation))
    rows = row_shares(schema, odds.axes, separation)
    shares = (rows[..., None] * odds.shares).reshape(-1, odds.shares.shape[-1])
    found: Floats = np.add.reduce(shares, axis=0)
    return found


def sample(schema: Schema, names: Iterable[str], separation: float) -> Iterator[Drawing]:
    """Yield blocks of rows in which some columns are drawn, with all that they depend on, and no others."""
    part = part_of(schema, names)
    tables = tables_of(part, DEFAULT_LOCALE, separation, SEED)
    for block in range(BLOCKS):
        drawing = Drawing(
            tables,
            lambda column, purpose, block=block: stream(SEED, column, purpose, block),  # type: ignore[misc]
            Extent(block * BLOCK_ROWS, BLOCK_ROWS, BLOCK_ROWS),
        )
        for column in part.drawing_order:
            drawing.draw(column)
        yield drawing


def part_of(schema: Schema, names: Iterable[str]) -> Schema:
    """Return a schema of some columns and of all that they depend on."""
    needed = set(names)
    while above := {given for name in needed for given in _needs(schema, name)} - needed:
        needed |= above
    kept = [each for each in schema.correlations if needed & set(each.columns)]
    return replace(
        schema,
        columns=tuple(column for column in schema.columns if column.name in needed),
        hidden=tuple(column for column in schema.hidden if column.name in needed),
        archetypes=tuple(
            replace(each, odds=tuple(odds for odds in each.odds if odds[0] in needed))
            for each in schema.archetypes
        ),
        derived=(),
        tables=(),
        rules=(),
        margins=(),
        attributes=(),
        correlations=tuple(kept),
    )


def _needs(schema: Schema, name: str) -> set[str]:
    """Return the columns without which a column cannot be drawn."""
    column = schema.column(name)
    together = {other for each in schema.correlations if name in each.columns for other in each.columns}
    deciding = set(column.nulls.columns) if column.nulls else set()
    return {*column.given, *together, *deciding}
