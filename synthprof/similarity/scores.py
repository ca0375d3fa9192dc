"""Scores of a clustering: by the distances to its centroids, and by the archetypes behind the rows."""

import math

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Matrix
from synthprof.similarity.threads import flat_index, one_thread_each, products

SILHOUETTE_ROWS = 4_000
"""First rows that the silhouette is taken of."""

COUNTED_ROWS = 65_536  # at once, at least: 64-bit copies of all labels would grow with the data


def silhouette(sample: Matrix, centroids: Matrix) -> float | None:
    """Mean simplified silhouette of the sample, -1..1 to 6 places; None with fewer than two centroids.

    For each row 1 - a/b, with its distances a to the nearest and b to the next nearest centroid. The
    silhouette over all pairs needs many rows of each cluster, which a sample of thousands has no longer
    when there are hundreds of clusters. Source: Hruschka, Campello and de Castro 2006.
    """
    if len(centroids) < 2:
        return None
    with one_thread_each(1) as pool:
        search = pool.map(lambda product: flat_index(centroids).search(product, 2)[0], products(sample))
        squared = np.concatenate(list(search))[: len(sample)]
    own, other = np.sqrt(np.maximum(squared, 0).astype(np.float64)).T
    scores = np.where(other > 0, 1 - own / np.where(other > 0, other, 1), 0)
    return round(float(scores.mean()), 6)


def agreement(labels: NDArray[np.integer], archetypes: NDArray[np.integer]) -> dict[str, float]:
    """Return how far clusters are of one archetype each, by name, to 6 places.

    Both (n,), integers from 0. There are mostly more clusters than archetypes, so what counts is what is in a
    cluster, not whether an archetype is in one:

    purity: the share of rows of the archetype that is most frequent in their cluster (Manning, Raghavan and
    Schuetze 2008, section 16.3). purity_by_chance: the same where the rows have the archetypes of other rows,
    those half of all rows further on, which are drawn independently.
    homogeneity: 1 - H(archetype | cluster) / H(archetype) (Rosenberg and Hirschberg 2007).
    merged_rand_index: Hubert and Arabie's index of 1985, equation 5, of clusters of one majority taken
    together.
    """
    sizes = _together(labels, archetypes)
    shifted = np.roll(archetypes, len(archetypes) // 2)
    merged = np.zeros((sizes.shape[1], sizes.shape[1]), np.int64)
    np.add.at(merged, sizes.argmax(axis=1), sizes)
    return {
        "purity": _purity(sizes),
        "purity_by_chance": _purity(_together(labels, shifted)),
        "homogeneity": _homogeneity(sizes),
        "merged_rand_index": _rand_index(merged),
    }


def _together(labels: NDArray[np.integer], archetypes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the rows of each cluster and archetype, (clusters, archetypes)."""
    sizes = np.zeros((int(labels.max()) + 1, int(archetypes.max()) + 1), np.int64)
    at_once = max(COUNTED_ROWS, sizes.size)
    for first in range(0, len(labels), at_once):
        part = slice(first, first + at_once)
        both = labels[part].astype(np.int64) * sizes.shape[1] + archetypes[part]
        sizes += np.bincount(both, minlength=sizes.size).reshape(sizes.shape)
    return sizes


def _purity(sizes: NDArray[np.int64]) -> float:
    return round(int(sizes.max(axis=1).sum()) / int(sizes.sum()), 6)


def _homogeneity(sizes: NDArray[np.int64]) -> float:
    """Return 1 where each cluster is of one archetype, 0 where it tells nothing of it."""
    whole = _entropy(sizes.sum(axis=0))
    within = _entropy(sizes.ravel()) - _entropy(sizes.sum(axis=1))
    return 1.0 if whole == 0 else round(1 - within / whole, 6)


def _entropy(sizes: NDArray[np.int64]) -> float:
    """Return the entropy of groups of these sizes, in nats."""
    shares = sizes[sizes > 0] / sizes.sum()
    return -math.fsum((shares * np.log(shares)).tolist())


def _rand_index(sizes: NDArray[np.int64]) -> float:
    together, own, given = _pairs(sizes), _pairs(sizes.sum(axis=1)), _pairs(sizes.sum(axis=0))
    expected, most = own * given / max(1.0, _pairs(sizes.sum(keepdims=True))), (own + given) / 2
    return 1.0 if most == expected else round((together - expected) / (most - expected), 6)


def _pairs(sizes: NDArray[np.integer]) -> float:
    """Return the number of pairs within groups of these sizes."""
    return float((sizes * (sizes - 1) // 2).sum())
