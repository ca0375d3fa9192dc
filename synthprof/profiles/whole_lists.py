"""Lists of few values that are drawn whole: one draw instead of several, from a table of all lists."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from synthprof.profiles.alias import AliasTable, Drawn, Shares, alias_table
from synthprof.profiles.odds import Axis, Odds, joint_factors, normalised_rows, shift_axes
from synthprof.schemas.draws import Subset
from synthprof.schemas.schema import Schema

Items = tuple[int, ...]

MAX_SEQUENCES = 1_024
"""Lists of so few values that there are no more lists than this are drawn whole: the table stays in the
processor's cache."""


@dataclass(frozen=True)
class Whole:
    """Lists drawn whole: a table of lists; items (most, lists) and counts (lists,) say what they hold."""

    axes: tuple[Axis, ...]
    table: AliasTable
    items: Drawn
    counts: npt.NDArray[np.intp]


def sequences(draw: Subset) -> tuple[Items, ...]:
    """Every list that can be drawn, as indices of values; none where there are more than MAX_SEQUENCES."""
    first = () if draw.first is None else (draw.values.index(draw.first),)
    rest = [i for i in range(len(draw.values)) if i not in first]
    lengths = range(1 - len(first), len(draw.sizes) + 1 - len(first))
    if draw.through is not None or sum(math.perm(len(rest), length) for length in lengths) > MAX_SEQUENCES:
        return ()
    lists = ((*first, *items) for length in lengths for items in itertools.permutations(rest, length))
    requires, excludes = dict(draw.requires), dict(draw.excludes)
    return tuple(items for items in lists if _agrees(items, requires, excludes))


def whole_lists(schema: Schema, draw: Subset, lists: Sequence[Items], odds: Odds) -> Whole:
    """Make the table of lists. odds: of single items."""
    axes, shares, sizes = _with_sizes(schema, draw, odds)
    most, none = len(draw.sizes), len(draw.values)
    items = np.array([(*held, *[none] * (most - len(held))) for held in lists], dtype=np.uint16)
    counts = np.array([len(held) for held in lists])
    by_list = sequence_shares(items, shares, sizes, given=0 if draw.first is None else 1)
    return Whole(axes, alias_table(by_list), items.T.copy(), counts)


def sequence_shares(items: Drawn, shares: Shares, sizes: Shares, given: int) -> Shares:
    """Return the share of each list, (rows, lists): sizes are drawn first, then items without replacement.

    items: (lists, most) indices of values, or their number. shares: (rows, values). sizes: (rows, most), of
    which each keeps its share where `requires` and `excludes` rule lists out. given: items that always stand
    first.
    """
    found, left = np.ones((len(shares), len(items))), np.ones((len(shares), len(items)))
    padded = np.hstack([shares, np.zeros((len(shares), 1))])
    counts = (items < shares.shape[1]).sum(axis=1)
    for place in range(given, items.shape[1]):
        own = padded.take(items[:, place], axis=1)
        there = (counts > place)[None]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(left > 0, own / left, 0.0)
        found = np.where(there, found * ratio, found)
        left = left - own
    for size in range(1, items.shape[1] + 1):
        of_size = np.flatnonzero(counts == size)
        found[:, of_size] = normalised_rows(found[:, of_size]) * sizes[:, size - 1, None]
    return found


def _with_sizes(schema: Schema, draw: Subset, odds: Odds) -> tuple[tuple[Axis, ...], Shares, Shares]:
    """Return the axes of both items and sizes, and the shares of both for each combination, (rows, …)."""
    own = {axis.column: axis for axis in shift_axes(schema, draw.size_shifts)}
    axes, item_rows, size_rows = [], [], []
    for axis in odds.axes:
        other = own.pop(axis.column, None) if axis.column is not None and not axis.edges else None
        merged, of_items, of_sizes = _merged(axis, other)
        axes.append(merged)
        item_rows.append(of_items)
        if other is not None:
            size_rows.append((other, len(axes) - 1, of_sizes))
    for axis in own.values():
        size_rows.append((axis, len(axes), np.arange(axis.size)))
        axes.append(axis)
    shape = tuple(axis.size for axis in axes)
    shares = odds.shares
    for at, rows in enumerate(item_rows):
        shares = shares.take(rows, axis=at)
    values = shares.shape[-1]
    shares = shares.reshape(*shares.shape[:-1], *[1] * (len(axes) - len(item_rows)), values)
    shares = np.broadcast_to(shares, (*shape, values)).reshape(-1, values)
    return tuple(axes), shares, _sizes(draw, shape, size_rows)


def _sizes(
    draw: Subset, shape: tuple[int, ...], axes: Sequence[tuple[Axis, int, npt.NDArray[np.intp]]]
) -> Shares:
    most = len(draw.sizes)
    found = normalised_rows(joint_factors([axis for axis, _, _ in axes], draw.sizes))
    found = found.reshape(*(axis.size for axis, _, _ in axes), most)
    for at, (_, _, rows) in enumerate(axes):
        found = found.take(rows, axis=at)
    places = [place for _, place, _ in axes]
    found = found.transpose(*np.argsort(places), len(places))
    wide = [shape[at] if at in places else 1 for at in range(len(shape))]
    return np.broadcast_to(found.reshape(*wide, most), (*shape, most)).reshape(-1, most)


def _merged(axis: Axis, other: Axis | None) -> tuple[Axis, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return an axis for both of one column, and the row that each of its rows has in them."""
    if other is None:
        return axis, np.arange(axis.size), np.arange(0)
    pairs = axis.codes * other.size + other.codes
    found, codes = np.unique(pairs, return_inverse=True)
    merged = replace(axis, codes=codes, factors=((),) * len(found))
    return merged, found // other.size, found % other.size


def _agrees(items: Items, requires: Mapping[int, Items], excludes: Mapping[int, Items]) -> bool:
    """Return whether no item of a list lacks one that it requires before it, or excludes another."""
    for at, item in enumerate(items):
        if item in requires and not set(requires[item]) & set(items[:at]):
            return False
        if set(excludes.get(item, ())) & set(items):
            return False
    return True
