"""Tables of lists that are drawn item by item: a table of candidates, and what decides which are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthprof.base.errors import SpecError
from synthprof.profiles.alias import AliasTable, alias_table
from synthprof.profiles.odds import (
    Axis,
    axes_of,
    blended,
    joint_factors,
    normalised_rows,
    shift_axes,
    weights_of,
)
from synthprof.schemas.draws import Subset
from synthprof.schemas.schema import Column, Schema

Flags = npt.NDArray[np.bool_]

MAX_SLOTS = 1 << 19
"""Slots of a table of candidates: 3 MiB, which a processor's cache holds."""

ALWAYS = 1 << 16
"""The largest factor on candidates; others are compared with 16 random bits."""

_PARTS = 1 << 16


@dataclass(frozen=True)
class ByItems:
    """Lists drawn item by item: a size, then candidates, each kept or passed over.

    table: of candidates, a row for each combination of `axes`; the code after the last value is no candidate.
    kept: (combinations of `kept_axes`, values) int64, the factors of the columns for which the table had no
    room; a candidate is kept in proportion to its factor, always if that is the `best` of those that its item
    of the other list allows, (combinations, items of the other list or 1). parts: (rows of the table, values)
    the weights of the candidates as integers. base: (items of the other list or 1, values) weights that
    depend on nothing else. barred, needed: (values + 1, values + 1), what excludes and what requires what.
    """

    axes: tuple[Axis, ...]
    table: AliasTable
    size_axes: tuple[Axis, ...]
    sizes: AliasTable
    kept_axes: tuple[Axis, ...]
    kept: npt.NDArray[np.int64] | None
    best: npt.NDArray[np.int64]
    parts: npt.NDArray[np.int32]
    base: npt.NDArray[np.float64]
    barred: Flags | None
    needed: Flags | None


def item_lists(schema: Schema, column: Column, draw: Subset, separation: float) -> ByItems:
    """Make the tables of a list that is drawn item by item. Raises SpecError where nothing can be drawn."""
    axes, later = _divided(axes_of(schema, column), len(draw.values), draw.through)
    weights = weights_of(column)
    through = [axis for axis in axes if draw.through is not None and axis is axes[-1]]
    base = joint_factors(through, weights)
    if not base.any(axis=1).all():
        raise SpecError(f"{column.name}: an item of {draw.through} allows no value; let it allow one")
    common = joint_factors([axis for axis in axes if axis.column is not None], weights)
    shares = blended(schema, column, axes, common, separation).reshape(-1, len(weights))
    empty: Flags = np.logical_not(shares.any(axis=1))
    candidates = np.hstack([shares, empty[:, None]]) if empty.any() else shares
    kept = _factors(later, weights)
    size_axes = tuple(shift_axes(schema, draw.size_shifts))
    return ByItems(
        axes=axes,
        table=alias_table(candidates),
        size_axes=size_axes,
        sizes=alias_table(normalised_rows(joint_factors(size_axes, draw.sizes))),
        kept_axes=later,
        kept=kept if later else None,
        best=np.array([(kept * (row > 0)).max(axis=1) for row in base]).T.copy(),
        parts=np.where(shares > 0, np.maximum(np.floor(shares * _PARTS), 1), 0).astype(np.int32),
        base=base,
        barred=_pairs(draw.excludes, len(weights), both=True) if draw.excludes else None,
        needed=_needed(draw) if draw.requires else None,
    )


def _divided(
    axes: Sequence[Axis], values: int, through: str | None
) -> tuple[tuple[Axis, ...], tuple[Axis, ...]]:
    """Return the axes for which a table of candidates has room, in order, and the later ones.

    The archetype and the other list always are in the table.
    """
    last = axes[-1:] if through is not None else ()
    inner = axes[: len(axes) - len(last)]
    slots = 1 << max(1, values.bit_length())
    for axis in last:
        slots *= axis.size
    for at, axis in enumerate(inner):
        slots *= axis.size
        if slots > MAX_SLOTS and axis.column is not None:
            return (*inner[:at], *last), tuple(inner[at:])
    return tuple(axes), ()


def _factors(axes: Sequence[Axis], weights: Sequence[float]) -> npt.NDArray[np.int64]:
    """Return the factors of each combination as integers, the largest ALWAYS, (combinations, values)."""
    factors = joint_factors(axes, [float(weight > 0) for weight in weights])
    most = factors.max(axis=1, keepdims=True)
    found: npt.NDArray[np.int64] = np.ceil(factors / np.where(most > 0, most, 1.0) * ALWAYS).astype(np.int64)
    return found


def _pairs(pairs: Sequence[tuple[int, tuple[int, ...]]], values: int, both: bool) -> Flags:
    """Return what pairs of values there are, (values + 1, values + 1); nothing is in no pair."""
    found = np.zeros((values + 1, values + 1), dtype=np.bool_)
    for one, others in pairs:
        found[one, list(others)] = True
    return found | found.T if both else found


def _needed(draw: Subset) -> Flags:
    """Return which values are enough for each, (values + 1, values + 1): all, if it requires none."""
    found = _pairs(draw.requires, len(draw.values), both=False)
    requires: Mapping[int, tuple[int, ...]] = dict(draw.requires)
    found[[value for value in range(len(found)) if value not in requires]] = True
    return found
