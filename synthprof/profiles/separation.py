"""The dial `separation`: how much of an archetype's own odds its rows have."""

DEFAULT, STEEPNESS = 0.8, 1.5


def weight_of(separation: float) -> float:
    """Return the weight of an archetype's own odds, 0 to 1, beside those of everyone; it rises with the dial.

    It is the dial itself at 0, at the default of 0.8 and at 1. Between, a cubic curve bends it: mixtures of
    odds are hardly told apart until a fifth of them is the archetype's, so the curve passes that quickly, and
    the purity of clusters rises over the whole dial (benchmarks/results/bench_separation.txt).

    >>> [round(weight_of(each), 3) for each in (0, 0.1, 0.2, 0.5, 0.8, 0.9, 1)]
    [0, 0.194, 0.344, 0.612, 0.8, 0.886, 1]
    """
    return separation + STEEPNESS * separation * (1 - separation) * (DEFAULT - separation)
