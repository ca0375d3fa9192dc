"""The cells of a column of numbers: values that many rows share, and ranges between round numbers.

No edge is the value of a row because it is: edges are rounded to about a tenth of their range, and where the
outermost ranges end follows from the middle of their rows, not from the least and the greatest.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.sources.learning.grids import Grid, Units

MOST_RANGES, MOST_ATOMS = 64, 256
"""Ranges of equal weight that a column has at most; different numbers that may each be a cell."""

ATOM_SHARE = 1 / 100
"""Share of the rows from which on a number among many is a cell of its own."""


@dataclass(frozen=True)
class Span:
    """All units from low to high, both included."""

    low: int
    high: int


@dataclass
class _Piece:
    """Units that stand together: their first and last place among the sorted units, and their rows."""

    first: int
    last: int
    rows: float
    atom: bool


def spans_of(units: Units, weights: npt.NDArray[np.float64], grid: Grid, k: int) -> list[Span]:
    """Return cells that hold all units, each of k rows or more, as far as the weights tell.

    units: ascending, (n,). weights: the rows of each, (n,), k or more together.
    """
    units, places = np.unique(units, return_inverse=True)
    rows = np.asarray(np.bincount(places, weights, len(units)), np.float64)
    pieces = _merged(_pieces(rows, k), k)
    return _spans(pieces, units, rows, grid)


def _pieces(rows: npt.NDArray[np.float64], k: int) -> list[_Piece]:
    """Return atoms, and between them ranges of about equal weight."""
    total = float(rows.sum())
    least = k if len(rows) <= MOST_ATOMS else max(k, ATOM_SHARE * total)
    target = max(k, total / MOST_RANGES)
    found: list[_Piece] = []
    for place, count in enumerate(rows.tolist()):
        if count >= least:
            found.append(_Piece(place, place, count, True))
        elif found and not found[-1].atom and found[-1].rows < target:
            found[-1].last = place
            found[-1].rows += count
        else:
            found.append(_Piece(place, place, count, False))
    return found


def _merged(pieces: list[_Piece], k: int) -> list[_Piece]:
    """Return the pieces, those of fewer than k rows joined with the smaller neighbour.

    One beside a number that more rows have than it is taken for that number.
    """
    pieces = list(pieces)
    while len(pieces) > 1 and (small := [n for n, each in enumerate(pieces) if each.rows < k]):
        place = min(small, key=lambda n: pieces[n].rows)
        beside = [n for n in (place - 1, place + 1) if 0 <= n < len(pieces)]
        other = min(beside, key=lambda n: (pieces[n].atom, pieces[n].rows))
        if pieces[other].atom and pieces[other].rows >= pieces[place].rows:  # it stays an atom
            pieces[other].rows += pieces[place].rows
            del pieces[place]
            continue
        first, last = pieces[min(place, other)], pieces[max(place, other)]
        pieces[min(place, other)] = _Piece(first.first, last.last, first.rows + last.rows, False)
        del pieces[max(place, other)]
    return pieces


def _spans(pieces: list[_Piece], units: Units, rows: npt.NDArray[np.float64], grid: Grid) -> list[Span]:
    edges = [_edge(one, two, units, grid) for one, two in itertools.pairwise(pieces)]
    lows = [0, *(edge[1] for edge in edges)]
    highs = [*(edge[0] for edge in edges), 0]
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1 and not first.atom:
        return [_only(units, rows, grid)]
    lows[0] = int(units[first.first]) if first.atom else _outer(first, units, rows, highs[0], -1, grid)
    highs[-1] = int(units[last.last]) if last.atom else _outer(last, units, rows, lows[-1], 1, grid)
    return [Span(low, max(low, high)) for low, high in zip(lows, highs, strict=True)]


def _edge(one: _Piece, two: _Piece, units: Units, grid: Grid) -> tuple[int, int]:
    """Return the last unit of a cell and the first one of the next: beside an atom, else a round number."""
    before, after = int(units[one.last]), int(units[two.first])
    if one.atom and two.atom:
        return before, after
    step = _step(min(_width(each, units) for each in (one, two) if not each.atom), grid)
    if one.atom:
        return before, max(before + 1, after // step * step)
    if two.atom:
        return min(after - 1, -(-before // step) * step), after
    cut = after // step * step
    if cut <= before:  # no round number lies between: the next one, as rows are counted once more
        cut = -(-(before + 1) // step) * step
    return cut - 1, cut


def _outer(
    piece: _Piece, units: Units, rows: npt.NDArray[np.float64], inner: int, sign: int, grid: Grid
) -> int:
    """Return where an outermost range ends: as far from the middle of its rows as its inner edge is.

    Numbers that are all from 0 on, or up to 0, stay so, and whole numbers above 0 stay above it.
    """
    some, there = units[piece.first : piece.last + 1], rows[piece.first : piece.last + 1]
    middle = int(some[np.searchsorted(np.cumsum(there), there.sum() / 2)])
    far = 2 * middle - inner
    step = _step(abs(far - inner), grid)
    end = -(-far // step) * step if sign > 0 else far // step * step
    end = max(end, inner) if sign > 0 else min(end, inner)
    return _kept_side(end, int(units[0]), int(units[-1]), grid)


def _kept_side(end: int, least: int, greatest: int, grid: Grid) -> int:
    if least >= 0 and end < 0:
        end = 0
    if greatest <= 0 and end > 0:
        end = 0
    if grid.kind == "integer" and least > 0 and end <= 0:
        end = 1
    return end


def _only(units: Units, rows: npt.NDArray[np.float64], grid: Grid) -> Span:
    """Return the one range of all rows: that of a uniform distribution with their quartiles."""
    upto = np.cumsum(rows)
    low, high = (int(units[np.searchsorted(upto, share * upto[-1])]) for share in (0.25, 0.75))
    half = (high - low) // 2
    step = _step(high - low, grid)
    ends = (low - half) // step * step, -(-(high + half) // step) * step
    first, last = (_kept_side(end, int(units[0]), int(units[-1]), grid) for end in ends)
    return Span(first, max(first, last))


def _width(piece: _Piece, units: Units) -> int:
    return int(units[piece.last]) - int(units[piece.first])


def _step(width: int, grid: Grid) -> int:
    """Return the widest round step that is a tenth of the width or less."""
    return max((step for step in grid.steps if step * 10 <= width), default=1)
