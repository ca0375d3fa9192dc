"""Scores of a clustering: by the distances to its centroids, and by the archetypes behind the rows."""

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


def adjusted_rand_index(labels: NDArray[np.integer], archetypes: NDArray[np.integer]) -> float:
    """Agreement of clusters with archetypes: 1 for the same partition, about 0 for chance, to 6 places.

    Both (n,), integers from 0. Source: Hubert and Arabie 1985, equation 5.
    """
    sizes = np.zeros((int(labels.max()) + 1, int(archetypes.max()) + 1), np.int64)
    at_once = max(COUNTED_ROWS, sizes.size)
    for first in range(0, len(labels), at_once):
        part = slice(first, first + at_once)
        both = labels[part].astype(np.int64) * sizes.shape[1] + archetypes[part]
        sizes += np.bincount(both, minlength=sizes.size).reshape(sizes.shape)
    together, own, given = _pairs(sizes), _pairs(sizes.sum(axis=1)), _pairs(sizes.sum(axis=0))
    expected, most = own * given / max(1.0, _pairs(np.array([len(labels)]))), (own + given) / 2
    return 1.0 if most == expected else round((together - expected) / (most - expected), 6)


def _pairs(sizes: NDArray[np.integer]) -> float:
    """Return the number of pairs within groups of these sizes."""
    return float((sizes * (sizes - 1) // 2).sum())
