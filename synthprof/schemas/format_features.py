"""Declarations in a schema's file of a column in the feature vector, made into a feature."""

from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Chance, Choice, Draw, Lookup, Number, Prose, Subset, Summary, YearsSince
from synthprof.schemas.feature_defaults import feature_of as feature_of_model
from synthprof.schemas.features import Counted, Feature, Indexed, Measured, Scaled
from synthprof.schemas.format.columns import Column

PROSE_LENGTH = 500
"""Characters of a description that are the value 1, where its schema names none."""


def feature_of(column: Column, draw: Draw | DrawModel) -> Feature | None:
    """Return the feature of a column, by its own key or by its kind."""
    if isinstance(column.feature, bool):
        return None
    return _default(draw) if column.feature is None else column.feature


def _default(draw: Draw | DrawModel) -> Feature | None:
    match draw:
        case DrawModel():
            return feature_of_model(draw)
        case Choice() | Lookup():
            return Indexed()
        case Chance():
            return Scaled(0, 1)
        case Subset(sizes=sizes):
            return Counted(len(sizes))
        case Prose():
            return Measured(PROSE_LENGTH)
        case Summary() if draw.values:
            return Indexed()
    return _of_numbers(draw)


def _of_numbers(draw: Draw) -> Feature | None:
    match draw:
        case Number(low=low, weights=weights):
            return Scaled(low, max(low + len(weights) - 1, low + 1))
        case YearsSince(most=most):
            return Scaled(0, max(most, 1))
        case Summary(span=(low, high)):
            return Scaled(low, max(high, low + 1))
    return None
