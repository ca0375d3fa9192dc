"""Groups of pictures that are the same by pairs, also over others."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Numbers = npt.NDArray[np.int64]


def groups_of(count: int, one: Numbers, other: Numbers) -> Numbers:
    """Return the group of each of `count` pictures, (count,) from 0 by first picture; -1 for none.

    one, other: (pairs,) numbers of pictures.

    >>> groups_of(6, np.array([4, 1]), np.array([5, 4])).tolist()
    [-1, 0, -1, -1, 0, 0]
    """
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    paired = np.zeros(count, np.bool_)
    paired[one] = paired[other] = True
    found = np.full(count, -1, np.int64)
    _, first, numbers = np.unique(labels[paired], return_index=True, return_inverse=True)
    found[paired] = np.argsort(np.argsort(first))[numbers]
    return found
