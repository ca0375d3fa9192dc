"""The expected share of each value of a schema's columns."""

import functools
import math

import numpy as np
import numpy.typing as npt

from synthprof.profiles.odds import normalised, odds_of, weights_of
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Chance, Choice, Lookup, Number, Subset, Summary
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.spans import modelled_labels

Shares = npt.NDArray[np.float64]

MAX_JOINT = 1 << 20
"""Joint shares from which on those columns are summed out that no later one depends on."""


@functools.lru_cache(maxsize=4)
def expected_shares(schema: Schema, separation: float) -> dict[str, dict[str, float]]:
    """Return the share of each value of each category and flag, and of each band of each number with bands.

    Exact: the odds are summed over the archetypes and over all that a column is given. Each column's shares
    sum to 1. Columns that are not drawn by odds are left out, and those that depend on such columns: their
    shares are not known beforehand.
    """
    shown = [
        column
        for column in schema.columns
        if isinstance(column.draw, Choice | Chance | Lookup | Number) and _by_odds(schema, column.name)
    ]
    return {
        column.name: dict(zip(labels(column), _expected(schema, column, separation).tolist(), strict=True))
        for column in shown
    }


def labels(column: Column) -> tuple[str, ...]:
    """Return the labels of a column's shares: its values, or the bands of its numbers such as `18-24`.

    Empty where the values are neither known beforehand nor lie on a line.
    """
    if isinstance(column.draw, DrawModel):
        return modelled_labels(column)
    if isinstance(column.draw, Number):
        lows = column.draw.bands
        top = column.draw.low + len(column.draw.weights)
        return tuple(f"{low}-{end - 1}" for low, end in zip(lows, (*lows[1:], top), strict=True))
    return column.values


def value_shares(schema: Schema, name: str, separation: float) -> Shares:
    """Return the share of each value of a column drawn by odds, (values,) float64, all else summed out."""
    shares = _joint(schema, name, separation)
    summed: Shares = shares.reshape(-1, shares.shape[-1]).sum(axis=0)
    return summed


def own_shares(schema: Schema, column: Column) -> Shares:
    """Return the share of each value by the column's own weights alone, (values,) float64, exactly rounded.

    Of a value that follows from another column, those of that column's values are summed.
    """
    if isinstance(column.draw, Lookup):
        of_given = own_shares(schema, schema.column(column.draw.column)).tolist()
        parts: list[list[float]] = [[] for _ in column.values]
        for code, share in zip(column.draw.codes, of_given, strict=True):
            parts[code].append(share)
        return np.array([math.fsum(part) for part in parts])
    return normalised(weights_of(column))


def _expected(schema: Schema, column: Column, separation: float) -> Shares:
    match column.draw:
        case Lookup(column=of, codes=codes):
            of_given = value_shares(schema, of, separation)
            return np.bincount(codes, of_given, len(column.values)).astype(np.float64)
        case Number(low=low, bands=bands):
            shares = value_shares(schema, column.name, separation)
            ends = (*bands[1:], low + len(shares))
            sums = [shares[band - low : end - low].sum() for band, end in zip(bands, ends, strict=True)]
            return np.array(sums, dtype=np.float64)
    return value_shares(schema, column.name, separation)


def _joint(schema: Schema, name: str, separation: float) -> Shares:
    """Joint shares of the archetype, what a column depends on, and the column itself as the last axis.

    The other axes are in the order of drawing. Where there are many combinations, those columns are summed
    out that no later one depends on.
    """
    weights = np.array([archetype.share for archetype in schema.archetypes] or [1.0])
    joint: Shares = weights / weights.sum()
    held: list[str | None] = [None]
    wanted = {name, *_ancestors(schema, name)}
    order = [column for column in schema.drawing_order if column.name in wanted]
    for at, column in enumerate(order):
        if joint.size > MAX_JOINT:
            needed = {None, *(given for later in order[at:] for given in later.given)}
            joint = joint.sum(axis=tuple(i for i, each in enumerate(held) if each not in needed))
            held = [each for each in held if each in needed]
        of, shares = _given_shares(schema, column, separation)
        # P(held, column) = P(held) P(column | those held that it depends on), aligned by moving its axes
        places = [held.index(each) for each in of]
        shape = [1] * len(held) + [shares.shape[-1]]
        for place, size in zip(places, shares.shape, strict=False):
            shape[place] = size
        ordered = shares.transpose(*np.argsort(places), len(places))
        joint = joint[..., None] * ordered.reshape(shape)
        held.append(column.name)
    return joint


def _given_shares(schema: Schema, column: Column, separation: float) -> tuple[list[str | None], Shares]:
    """Return what a column depends on, None for the archetype, and its shares for each value of those."""
    if isinstance(column.draw, Lookup):
        return [column.draw.column], np.eye(len(column.values))[list(column.draw.codes)]
    odds = odds_of(schema, column, separation)
    shares = odds.shares
    for i, axis in enumerate(odds.axes):
        shares = shares.take(axis.codes, axis=i)
    return [axis.column for axis in odds.axes], shares


def _by_odds(schema: Schema, name: str) -> bool:
    """Return whether all that a column depends on is drawn by odds, as it is itself, and is no list."""
    draws = (schema.column(each).draw for each in (name, *_ancestors(schema, name)))
    return not any(isinstance(draw, DrawModel | Subset | Summary) for draw in draws)


def _ancestors(schema: Schema, name: str) -> set[str]:
    given = schema.column(name).given
    return set(given).union(*(_ancestors(schema, parent) for parent in given))
