"""The truth of a drift: for each column whether it drifted, how strongly, and how far its shares moved.

How far is known from two samples, of the first night and of this one, that the same random words were drawn
for: what no drift touches is equal in both, row by row.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.alias import Shares
from synthprof.profiles.drift.nights import Drifted, Night, upper_half
from synthprof.profiles.drift.sampling import BLOCKS, sample
from synthprof.profiles.drift.shares import Counts, counted
from synthprof.profiles.drift.tilts import moved
from synthprof.profiles.elementary import log
from synthprof.profiles.odds import normalised
from synthprof.schemas.draws import FullName, Prose, Shift, shifts_of
from synthprof.schemas.schema import Column
from synthprof.spec.drift_labels import ColumnLabel, DriftLabel, Labels
from synthprof.spec.spec import BLOCK_ROWS

DIGITS = 4
"""Decimals of what is told of a sample."""

SMALLEST = 1e-4
"""The share that a cell without rows counts as, for which the index would be infinite."""


def labels_of(night: Night, separation: float, number: int, degrees: float) -> Labels:
    """Return the truth of a night, the same on every machine and for every seed and number of rows.

    number: of the night. degrees: the angle by which embeddings turned.
    """
    told = (
        DriftLabel(each.drift.kind, each.column, each.drift.since, each.strength, each.strength > 0)
        for each in night.drifts
    )
    shares = [
        normalised([each.share for each in of.archetypes] or [1.0]) for of in (night.first, night.schema)
    ]
    columns = _compared(night, separation)
    rows = BLOCKS * BLOCK_ROWS
    return Labels(number, tuple(told), tuple(columns), round(moved(*shares), DIGITS), degrees, rows)


def psi(first: Shares, later: Shares) -> float:
    """Return the population stability index of two distributions: the sum of (q - p) * log(q / p).

    Source: N. Siddiqi, "Credit Risk Scorecards", 2006: below 0.1 is stable, above 0.25 has moved.

    >>> round(psi(np.array([0.5, 0.5]), np.array([0.75, 0.25])), 3)
    0.275
    """
    p, q = np.maximum(first, SMALLEST), np.maximum(later, SMALLEST)
    return math.fsum(((q - p) * log(q / p)).tolist())


def _compared(night: Night, separation: float) -> Iterator[ColumnLabel]:
    """Yield the labels of the columns of the table, in their order."""
    active = [each for each in night.drifts if each.strength]
    shown = [column for column in night.schema.columns if not isinstance(column.draw, FullName | Prose)]
    two = {}
    if night.schema is not night.first:
        names = [column.name for column in shown]
        two = _shown(night, names, separation)
    for column in night.schema.columns:
        own = [each for each in active if each.column == column.name]
        kinds = tuple(each.drift.kind for each in own)
        if column.name in two:
            yield _label(column, kinds, two[column.name], _halves(night, own, two, separation))
        else:
            stays = not two and not isinstance(column.draw, FullName | Prose)
            moves = 0.0 if stays else None
            yield ColumnLabel(column.name, kinds, bool(kinds), psi=moves, total_variation=moves)


Blocks = tuple[list[pa.Array], list[pa.Array]]
"""A column in the blocks of the sample of the first night, and in those of this one."""


def _shown(night: Night, names: Sequence[str], separation: float) -> dict[str, Blocks]:
    found: dict[str, Blocks] = {name: ([], []) for name in names}
    for place, schema in enumerate((night.first, night.schema)):
        for drawing in sample(schema, names, separation):
            for name in names:
                found[name][place].append(drawing.shown(drawing.tables.schema.column(name)))
    return found


def _label(
    column: Column, kinds: tuple[str, ...], blocks: Blocks, halves: tuple[str, float | None]
) -> ColumnLabel:
    first, later = blocks
    same = all(one.equals(other) for one, other in zip(first, later, strict=True))
    cells = counted(column, first, later)
    index, variation = (0.0, 0.0) if same else (None, None)
    if not same and cells is not None:
        p, q = _shares(cells.first), _shares(cells.later)
        index, variation = round(psi(p, q), DIGITS), round(moved(p, q), DIGITS)
    given, within = halves
    return ColumnLabel(
        column.name,
        kinds,
        drifted=bool(kinds),
        follows=not kinds and not same,
        given=given,
        total_variation_given=within,
        psi=index,
        total_variation=variation,
    )


def _shares(counts: Counts) -> Shares:
    return normalised(counts.astype(np.float64))


def _halves(
    night: Night, own: Sequence[Drifted], two: Mapping[str, Blocks], separation: float
) -> tuple[str, float | None]:
    """Return the column that a concept depends on, and how far shares moved within its halves on average."""
    at = next((each for each in own if each.given), None)
    if at is None:
        return "", None
    column = night.schema.column(at.column)
    shift = next(each for each in shifts_of(night.first.column(at.column).draw) if each.column == at.given)
    upper = np.array(upper_half(night.first, shift, separation)[0])
    found = []
    for half in (False, True):
        rows = (
            [values.filter(pa.array(upper[_places(night, shift, given)] == half)) for values, given in pairs]
            for pairs in (
                zip(two[at.column][night_], two[at.given][night_], strict=True) for night_ in (0, 1)
            )
        )
        cells = counted(column, *rows)
        assert cells is not None
        found.append((int(cells.first.sum()), moved(_shares(cells.first), _shares(cells.later))))
    far = math.fsum(rows * each for rows, each in found) / sum(rows for rows, _ in found)
    return at.given, round(far, DIGITS)


def _places(night: Night, shift: Shift, values: pa.Array) -> npt.NDArray[np.intp]:
    """Return the row of a shift that holds for each value of the column that it is by, (n,)."""
    column = night.schema.column(shift.column)
    if column.kind in ("integer", "flag"):
        low = column.span[0]
        codes = values.fill_null(low).to_numpy().astype(np.intp)
        edges = np.array(shift.edges)
        found = np.searchsorted(edges, codes, side="right") - 1 if shift.edges else codes - low
        return np.asarray(np.maximum(found, 0), np.intp)
    known = pa.array(column.values[: len(shift.factors)], pa.string())
    texts = values.cast(pa.string()).fill_null(column.values[0])
    return np.asarray(pc.index_in(texts, known).fill_null(0).to_numpy(), np.intp)
