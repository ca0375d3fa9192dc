"""The expected share of each value of a schema's columns."""

import contextlib
import math

import numpy as np
import numpy.typing as npt

from synthprof.profiles.joints import TooLarge, joint_rows
from synthprof.profiles.margins import raked
from synthprof.profiles.odds import normalised, odds_of, weights_of
from synthprof.profiles.remembered import Remembered
from synthprof.profiles.separation import weight_of
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Chance, Choice, Lookup, Number, Subset, Summary
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.spans import modelled_labels

Shares = npt.NDArray[np.float64]


@Remembered
def expected_shares(schema: Schema, separation: float) -> dict[str, dict[str, float]]:
    """Return the share of each value of each category and flag, and of each band of each number with bands.

    Exact: the odds, which meet the margins of the schema, are summed over the archetypes and over all that a
    column is given. Each column's shares sum to 1. Columns that are not drawn by odds are left out, and those
    that depend on such columns or on too many combinations: their shares are not known beforehand.
    """
    weight = weight_of(separation)
    schema = raked(schema, weight)
    shown = [
        column
        for column in schema.columns
        if isinstance(column.draw, Choice | Chance | Lookup | Number) and _by_odds(schema, column.name)
    ]
    found = {}
    for column in shown:
        with contextlib.suppress(TooLarge):
            shares = _expected(schema, column, weight).tolist()
            found[column.name] = dict(zip(labels(column), shares, strict=True))
    return found


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
    column = schema.column(name)
    if isinstance(column.draw, Lookup):
        of_given = value_shares(schema, column.draw.column, separation)
        return np.bincount(column.draw.codes, of_given, len(column.values)).astype(np.float64)
    odds = odds_of(schema, column, separation)
    rows = joint_rows(schema, odds.axes, separation)
    summed: Shares = (rows[..., None] * odds.shares).reshape(-1, odds.shares.shape[-1]).sum(axis=0)
    return summed


def own_shares(schema: Schema, column: Column) -> Shares:
    """Return the share of each value by the column's own weights alone, (values,) float64, exactly rounded.

    The weights are those that the schema declares, whatever drifted since. Of a value that follows from
    another column, those of that column's values are summed.
    """
    column = column.as_declared
    if isinstance(column.draw, Lookup):
        of_given = own_shares(schema, schema.column(column.draw.column)).tolist()
        parts: list[list[float]] = [[] for _ in column.values]
        for code, share in zip(column.draw.codes, of_given, strict=True):
            parts[code].append(share)
        return np.array([math.fsum(part) for part in parts])
    return normalised(weights_of(column))


def _expected(schema: Schema, column: Column, separation: float) -> Shares:
    shares = value_shares(schema, column.name, separation)
    if not isinstance(column.draw, Number):
        return shares
    low, bands = column.draw.low, column.draw.bands
    ends = (*bands[1:], low + len(shares))
    sums = [shares[band - low : end - low].sum() for band, end in zip(bands, ends, strict=True)]
    return np.array(sums, dtype=np.float64)


def _by_odds(schema: Schema, name: str) -> bool:
    """Return whether all that a column depends on is drawn by odds, as it is itself, and is no list."""
    draws = (schema.column(each).draw for each in (name, *_ancestors(schema, name)))
    return not any(isinstance(draw, DrawModel | Subset | Summary) for draw in draws)


def _ancestors(schema: Schema, name: str) -> set[str]:
    given = schema.column(name).given
    return set(given).union(*(_ancestors(schema, parent) for parent in given))
