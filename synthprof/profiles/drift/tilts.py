"""Odds tilted exponentially: the factors on values that move a distribution by a wanted distance.

The distance is the total variation, half the sum of all differences of shares. Values stand on a line from -1
to 1, and a factor is exp(tilt * place): of all distributions with the same mean place, the tilted one differs
least from what it was (H. Cramér, "Sur un nouveau théorème-limite de la théorie des probabilités", 1938).
"""

import hashlib
import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from synthprof.profiles.alias import Shares
from synthprof.profiles.elementary import exp
from synthprof.profiles.odds import normalised

LARGEST = 0.9
"""The part of the largest distance that a tilt goes to at most, so that every value keeps some share."""

STEEPEST = 64.0
"""The steepest tilt: the last value has exp(128) times the odds of the first one."""

HALVINGS = 30
"""Halvings of the tilt, which leave 2**-24 of it."""

ROUNDS = 20
"""Rounds in which two parts are fitted to their common shares."""


def distance_of(strength: float) -> float:
    """Return the total variation by which a drift of a strength from 0 to 1 moves shares."""
    return strength / 2


def moved(one: Shares, other: Shares) -> float:
    """Return the total variation between two distributions, exactly rounded, 0 to 1."""
    return math.fsum(np.abs(one - other).tolist()) / 2


def ranked(names: Sequence[str], purpose: str) -> npt.NDArray[np.float64]:
    """Return places from -1 to 1 for values without an order, (n,): by a hash, the same in every night."""
    keys = [hashlib.blake2b(f"{purpose}\x1f{name}".encode()).digest() for name in names]
    order = sorted(range(len(names)), key=lambda place: keys[place])
    places = np.empty(len(names))
    places[order] = np.linspace(-1.0, 1.0, len(names)) if len(names) > 1 else 0.0
    return places


def tilted(
    shares: Shares,
    places: npt.NDArray[np.float64],
    distance: float,
    after: Callable[[Shares], Shares] | None = None,
) -> Shares:
    """Return the factors on the odds of values, (values,), at most 1, that move their shares by a distance.

    Shares move to the values at the end of the line, or at its begin where those at the end have most rows
    already. What cannot move so far moves LARGEST of the way. after: the shares that factors lead to, where
    they are not those of the odds alone.
    """
    there = shares > 0
    if shares[places == places[there].max()].sum() > 0.5:
        places = -places
    led = after or (lambda factors: normalised(shares * factors))
    return _factors(places, _tilt(lambda tilt: moved(shares, led(_factors(places, tilt))), distance))


def parted(
    shares: Shares, places: npt.NDArray[np.float64], upper: float, distance: float
) -> tuple[Shares, Shares]:
    """Return the factors on the odds of values in two parts of the rows, (values,) each, at most 1.

    Both parts have the same shares before. They move apart, on average by a distance, as far as it goes, and
    together keep their shares. upper: the share of rows in the part that comes to the end of the line.
    """
    masses = np.array([1 - upper, upper])

    def apart(tilt: float) -> float:
        rows = shares * np.stack([_factors(-places, tilt), _factors(places, tilt)])
        for _ in range(ROUNDS):
            rows = np.stack([normalised(row) for row in rows])
            together = masses[0] * rows[0] + masses[1] * rows[1]
            rows = rows * np.divide(shares, together, out=np.ones_like(shares), where=together > 0)
        far = (moved(shares, normalised(row)) for row in rows)
        return math.fsum(mass * each for mass, each in zip(masses.tolist(), far, strict=True))

    tilt = _tilt(apart, distance)
    return _factors(places, tilt), _factors(-places, tilt)


def _tilt(moves: Callable[[float], float], distance: float) -> float:
    """Return the tilt that moves shares by a distance, or by LARGEST of what the steepest one does."""
    wanted = min(distance, LARGEST * moves(STEEPEST))
    low, high = 0.0, STEEPEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if moves(middle) < wanted else (low, middle)
    return (low + high) / 2


def _factors(places: npt.NDArray[np.float64], tilt: float) -> Shares:
    found: Shares = exp(tilt * (places - places.max()))
    return found
