"""The spread of what a draw gives: its ends and some of its quantiles, as far as its declaration tells.

Quantiles are to three digits, which is enough for bands and anchors, and hides what libraries differ in.
"""

import datetime
import itertools
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from synthprof.schemas.draw_kinds.model import DrawModel

KEYS = ("sequence", "reference", "unique_integer", "uuid")
"""Draws of numbers that name rows and measure nothing."""

ODDS = (0.01, 0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95, 0.99)
"""The probabilities of the quantiles."""

NORMAL = (-2.326, -1.645, -1.036, -0.524, 0.0, 0.524, 1.036, 1.645, 2.326)
"""Those quantiles of the standard normal distribution (Abramowitz and Stegun, table 26.5)."""

MAX_EDGES = 40
"""Edges of a histogram that are anchors; of more, evenly spaced ones are."""

MAX_CASES = 1_000
"""Combinations of parameters that are looked at, where they depend on another column."""

RANKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


def ends_of(draw: DrawModel) -> tuple[Any, Any]:
    """Return the lowest and the highest value, in the type of the kind; None where there is none.

    >>> from synthprof.schemas.draw_kinds.numbers import UniformInteger
    >>> ends_of(UniformInteger(low=1, high=6))
    (1, 6)
    """
    if draw.draw == "tabulated":
        cells = _cells(draw)
        return (cells[0], cells[-1]) if cells else (None, None)
    if draw.draw == "zipf":
        return _get(draw, "low"), _get(draw, "low") + _get(draw, "size") - 1
    if draw.draw == "histogram":
        edges: tuple[float, ...] = draw.edges  # type: ignore[attr-defined]
        return (edges[0], edges[-1]) if edges else (None, None)
    if draw.draw == "list":
        counts: range = getattr(draw, "counts", range(1))
        return counts[0], counts[-1]
    if _get(draw, "after") is not None or _get(draw, "before") is not None:
        return None, None
    low, high = (_get(draw, "low"), _get(draw, "high")) if hasattr(draw, "low") else _days(draw)
    if low is None and hasattr(draw, "low"):  # they may depend on another column
        low = min(_numbers(draw, "low"), default=None)
    if high is None and hasattr(draw, "high"):
        high = max(_numbers(draw, "high"), default=None)
    least = {"log_normal": 0.0, "exponential": 0.0, "gamma": 0.0, "pareto": _get(draw, "scale")}
    return least.get(draw.draw) if low is None else low, high


def known_of(draw: DrawModel) -> tuple[str, ...]:
    """Return the texts that a draw gives, or the items of its lists, where all are known; else nothing."""
    match draw.draw:
        case "tabulated" if draw.kind.name == "text":
            found = [cell.low for cell in getattr(draw, "cells", ()) if cell.low]
        case "place":
            found = draw.values_of(draw.value)  # type: ignore[attr-defined]
        case "follows" if draw.kind.name == "text" and getattr(draw, "rows", None):
            rest = [each for each in (_get(draw, "otherwise"),) if each is not None]
            found = [*draw.values_of(draw.value), *rest]  # type: ignore[attr-defined]
        case "list":
            found = list(getattr(draw, "items", ()))
        case _:
            found = []
    return tuple(dict.fromkeys(found))


def quantiles_of(draw: DrawModel) -> tuple[Any, ...]:
    """Return values that part what is drawn, ascending, in the type of the kind; empty if not known."""
    if draw.draw == "tabulated":
        cells = _cells(draw)
        step = max(1, len(cells) // len(ODDS))
        return tuple(cells[::step])
    if draw.draw == "zipf":
        return tuple(_get(draw, "low") + rank - 1 for rank in RANKS if rank <= _get(draw, "size"))
    if draw.draw == "histogram":
        return tuple(getattr(draw, "edges", ())) if len(getattr(draw, "edges", ())) <= MAX_EDGES else ()
    if draw.draw not in _LAWS:
        return ()
    names, law = _LAWS[draw.draw]
    low, high = ends_of(draw)
    given = list(itertools.islice(itertools.product(*(_numbers(draw, name) for name in names)), MAX_CASES))
    found = {_rounded(law(odds, z, *each)) for each in given for odds, z in zip(ODDS, NORMAL, strict=True)}
    kept = sorted(x for x in found if (low is None or x >= low) and (high is None or x <= high))
    last, steps = len(kept) - 1, len(ODDS) - 1
    places = range(len(kept)) if last <= steps else (place * last // steps for place in range(len(ODDS)))
    return tuple(kept[place] for place in places)


def _normal(_: float, z: float, mean: float, stddev: float) -> float:
    return mean + z * stddev


def _log_normal(_: float, z: float, mu: float, sigma: float) -> float:
    return float(Decimal(mu + z * sigma).exp())


def _exponential(odds: float, _: float, rate: float) -> float:
    return float(-(1 - Decimal(repr(odds))).ln()) / rate


def _gamma(_: float, z: float, shape: float, scale: float) -> float:
    """Return the quantile by the cube of a normal one (Wilson and Hilferty 1931)."""
    root = 1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape))
    return shape * scale * max(root, 0.0) ** 3


def _pareto(odds: float, _: float, shape: float, scale: float) -> float:
    return scale * float((1 - Decimal(repr(odds))) ** (-1 / Decimal(shape)))


def _poisson(_: float, z: float, mean: float) -> float:
    return max(0.0, math.floor(mean + z * math.sqrt(mean) + 0.5))


_LAWS: dict[str, tuple[tuple[str, ...], Callable[..., float]]] = {
    "normal": (("mean", "stddev"), _normal),
    "log_normal": (("mu", "sigma"), _log_normal),
    "exponential": (("rate",), _exponential),
    "gamma": (("shape", "scale"), _gamma),
    "pareto": (("shape", "scale"), _pareto),
    "poisson": (("mean",), _poisson),
}
"""By the name of a draw, its parameters and its quantiles."""


def _rounded(number: float) -> float:
    return float(f"{number:.3g}")


def _get(draw: DrawModel, name: str) -> Any:  # noqa: ANN401
    found = getattr(draw, name, None)
    return found if isinstance(found, int | float | str | datetime.date | datetime.time) else None


def _numbers(draw: DrawModel, name: str) -> tuple[float, ...]:
    """Return the numbers that a parameter can be: one, or one for each value of another column."""
    found = getattr(draw, name, None)
    if isinstance(found, int | float):
        return (float(found),)
    return tuple(getattr(found, "numbers", ()))


def _days(draw: DrawModel) -> tuple[Any, Any]:
    """Return the first day and, for a moment, the day after the last."""
    start, end = _get(draw, "start"), _get(draw, "end")
    if isinstance(end, datetime.date) and draw.kind.name != "date":
        end += datetime.timedelta(days=1)
    return start, end


def _cells(draw: DrawModel) -> Sequence[Any]:
    """Return the ends of the ranges of a table, ascending."""
    if draw.kind.name in ("text", "bool"):
        return ()
    texts = [text for cell in getattr(draw, "cells", ()) for text in (cell.low, cell.high) if text]
    match draw.kind.name:
        case "date":
            return [datetime.date.fromisoformat(text) for text in texts]
        case "time":
            return [datetime.time.fromisoformat(text) for text in texts]
        case "timestamp" | "timestamptz":
            return [datetime.datetime.fromisoformat(text.removesuffix("Z")) for text in texts]
        case "integer":
            return [int(Decimal(text)) for text in texts]
    return [float(text) for text in texts]
