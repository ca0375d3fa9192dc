"""The dial `separation`: how much of an archetype's own odds its rows have."""

import math


def weight_of(separation: float) -> float:
    """Return the weight of an archetype's own odds, 0 to 1, beside those of everyone; it rises with the dial.

    It is the square root of the dial, which has the same bits on every machine. Mixtures of odds are hardly
    told apart until a fifth of them is the archetype's; the root passes that quickly, so that the purity of
    clusters rises over the whole dial (benchmarks/results/bench_separation.txt).

    >>> [round(weight_of(each), 3) for each in (0, 0.1, 0.2, 0.5, 0.8, 1)]
    [0.0, 0.316, 0.447, 0.707, 0.894, 1.0]
    """
    return math.sqrt(separation)
