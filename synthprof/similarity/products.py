"""The nearest centroid of each row by matrix products of BLAS, in tiles that stay in a processor's cache."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from synthprof.base.arrays import Matrix, Vector

Labels = NDArray[np.int32]

TILE_ROWS, TILE_VALUES = 512, 1 << 19
"""Rows of a product at most, and values of its result, about: 2 MiB."""

COLUMNS = 4_096
"""Centroids of a product at most."""


@contextmanager
def blas_of_one_thread(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Threads in each of which BLAS uses one thread; the caller's setting is as before in the end."""
    with _controller().limit(limits=1, user_api="blas"), ThreadPoolExecutor(max(1, threads), "blas") as pool:
        yield pool


@functools.cache
def _controller() -> ThreadpoolController:
    """Return what finds the libraries once: that takes milliseconds."""
    return ThreadpoolController()


class Tiles:
    """Room for the products of some rows with all centroids. Each thread needs its own.

    factors: (k, d) float32, C-contiguous or not; a row's product with the nearest one is the highest.
    """

    def __init__(self, factors: Matrix) -> None:
        """Take memory for one tile."""
        self._factors = factors
        self._width = min(len(factors), COLUMNS)
        self.rows = max(64, min(TILE_ROWS, TILE_VALUES // self._width))
        self._products = np.empty(self.rows * self._width, np.float32)

    def best(self, rows: Matrix, slack: Vector | None = None) -> tuple[Labels, NDArray[np.bool_]]:
        """Return the number of each row's highest product, the first among equals, and which are in doubt.

        rows: (m, d) float32, m up to `rows`. slack: (m,) by which all others must be lower for there to be no
        doubt; without it there is none.
        """
        labels, doubts = np.zeros(len(rows), np.int32), np.zeros(len(rows), np.bool_)
        highest = np.full(len(rows), -np.inf, np.float32)
        for first in range(0, len(self._factors), self._width):
            products = self._product(rows, first)
            found = products.argmax(axis=1)
            own = np.arange(len(rows)), found
            values = products[own]
            if slack is not None:
                products[own] = -np.inf  # the next highest is found sooner than all that are near
                doubts &= values <= highest + slack
                doubts |= (np.abs(values - highest) <= slack) | (products.max(axis=1) >= values - slack)
            higher = values > highest
            labels[higher] = found[higher] + first
            np.maximum(highest, values, out=highest)
        return labels, doubts

    def near(self, rows: Matrix, slack: Vector) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the pairs of rows and factors whose product is within slack of the row's highest, by row."""
        products = np.concatenate(
            [self._product(rows, first).copy() for first in range(0, len(self._factors), self._width)], axis=1
        )
        of, numbers = np.nonzero(products >= (products.max(axis=1) - slack)[:, None])
        return of, numbers

    def _product(self, rows: Matrix, first: int) -> Matrix:
        factors = self._factors[first : first + self._width]
        room = self._products[: len(rows) * len(factors)].reshape(len(rows), len(factors))
        return np.matmul(rows, factors.T, out=room)
