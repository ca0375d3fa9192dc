"""Vectors about some centres, for tests of clusters."""

import numpy as np


def blobs(rows, dim=24, groups=8, noise=0.5, seed=3):
    random = np.random.default_rng(seed)
    centres = random.standard_normal((groups, dim))
    labels = random.integers(0, groups, rows)
    vectors = centres[labels] + noise * random.standard_normal((rows, dim))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), labels
