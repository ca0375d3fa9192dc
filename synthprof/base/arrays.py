"""What arrays of vectors are called."""

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""(dim,) float32."""

Matrix = NDArray[np.float32]
"""(n, dim) float32, a row for each profile, query or centroid."""

Ids = NDArray[np.int64]
"""Ids of rows, from 1 on; -1 where there is none."""
