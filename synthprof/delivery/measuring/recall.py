"""Recall of answers against the truth, in which equally near rows count alike."""

import numpy as np
from numpy.typing import NDArray

from synthprof.base.arrays import Ids, Matrix
from synthprof.delivery.workloads.workload import Truth

TOLERANCE = 1e-5
"""Relative difference of scores that counts as none: targets compute in float32, in orders of their own."""


def recalls(found: Ids, scores: Matrix, truth: Truth, metric: str) -> NDArray[np.float64]:
    """Return the share of its k nearest rows that each query was given, (q,), from 0 to 1; NaN without any.

    found, scores: (q, k), answers, ids from 1 and -1 for none. An answer that is none of the k nearest counts
    if it is as near as the last of them, since which of several equal rows is named says nothing of an index.

    >>> truth = Truth(np.array([[4, 7]]), np.array([[1.0, 0.5]]))
    >>> recalls(np.array([[4, 9]]), np.array([[1.0, 0.5]]), truth, "dot")
    array([1.])
    """
    k = found.shape[1]
    wanted = np.minimum((truth.ids >= 0).sum(axis=1), k)
    last = truth.scores[np.arange(len(found)), np.maximum(wanted, 1) - 1][:, None]
    near = (found[:, :, None] == truth.ids[:, None, :k]).any(axis=2)
    slack = TOLERANCE * np.maximum(1, np.abs(last))
    tied = scores <= last + slack if metric == "l2" else scores >= last - slack
    right = ((near | tied) & (found >= 0)).sum(axis=1)
    return np.where(wanted > 0, np.minimum(right, wanted) / np.maximum(wanted, 1), np.nan)
