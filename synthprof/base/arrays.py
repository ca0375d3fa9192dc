"""Names of array types."""

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""(dim,) float32."""

Matrix = NDArray[np.float32]
"""(n, dim) float32, a row for each profile, query or centroid."""

Ids = NDArray[np.int64]
"""Ids of rows, from 1 on; -1 where there is none."""

Codes = NDArray[np.integer]
"""(n,) numbers of values in a column's list, or of rows in a table, from 0 on."""
