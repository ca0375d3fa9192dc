"""The feature of a column that declares none, from its draw."""

from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.features import Feature, Logged, default_feature


def feature_of(draw: DrawModel) -> Feature | None:
    """Return the feature of a column drawn by a model; None where its kind has no sensible one.

    Numbers without an end reach to what one in a hundred draws is beyond.

    >>> from synthprof.schemas.draw_kinds.numbers import UniformInteger
    >>> feature_of(UniformInteger(low=18, high=90)).high
    90.0
    """
    if draw.names_rows:
        return None
    (low, high), quantiles = draw.ends, draw.quantiles
    if quantiles:
        low, high = quantiles[0] if low is None else low, quantiles[-1] if high is None else high
    if draw.long_tailed and low is not None and high is not None and low < high:
        return Logged(float(low), float(high))
    return default_feature(draw.kind, low, high, known=bool(draw.known))
