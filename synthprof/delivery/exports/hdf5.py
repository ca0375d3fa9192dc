"""HDF5 of ann-benchmarks: `NAME-DIM-DISTANCE.hdf5` with `train`, `test`, `neighbors` and `distances`.

`train` is the last of the file, so that it can be appended to block by block. The readers count positions
from 0 and compare distances: of `angular` 1 - cosine, of `euclidean` the distance, not its square.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError
from synthprof.delivery.exports.answered import Answered
from synthprof.delivery.exports.format import Format, Writing

DISTANCES = {"cosine": "angular", "l2": "euclidean"}
"""The name of a measure in ann-benchmarks, which has none for `dot`."""


@dataclass(frozen=True)
class AnnBenchmarks(Format):
    """One file with the base, the queries and their 100 true neighbours, without filters."""

    name: str = "hdf5"
    extra: str = "hdf5"
    packages: tuple[str, ...] = ("h5py",)
    whole: bool = False
    workload: bool = True

    def write(self, writing: Writing) -> Iterator[int]:
        """Write all but the base as the first step, then append the base."""
        answered, making = Answered(writing), writing.making
        distance = _distance(answered.writing.metric)
        file = f"{writing.rows.version.dataset}-{answered.workload.dim}-{distance}.hdf5"
        if not making.steps:
            making.append(file, _head(answered, distance))
            making.step()
        for block in range(making.steps - 1, writing.rows.blocks):
            making.append(file, np.ascontiguousarray(answered.base(block), "<f4").data)
            making.step()
            yield writing.rows.ids(block)[-1]


def _distance(metric: str) -> str:
    if metric not in DISTANCES:
        raise SpecError(f"metric={metric}: ann-benchmarks has no such distance; use cosine or l2")
    return DISTANCES[metric]


def _head(answered: Answered, distance: str) -> bytes:
    """Return the bytes of the file before the values of `train`, for which space is left at its end."""
    import h5py

    places, scores = answered.neighbours(answered.filters[0])
    with TemporaryDirectory() as folder:
        path = Path(folder, "head.hdf5")
        with h5py.File(path, "w", libver="earliest") as file:
            file.attrs.update(
                type="dense", distance=distance, dimension=answered.workload.dim, point_type="float"
            )
            for name, values in (
                ("test", answered.queries),
                ("neighbors", places.astype("<i4")),
                ("distances", _distances(scores, distance)),
            ):
                file.create_dataset(name, data=values, track_times=False)
            start = _train(file, (answered.rows, answered.workload.dim))
        with path.open("rb") as head:
            return head.read(start)


def _train(file: Any, shape: tuple[int, int]) -> int:  # noqa: ANN401
    """Leave space for `train` at the end of the file; return where it begins. Nothing is written there."""
    from h5py import h5d, h5p, h5s, h5t

    how = h5p.create(h5p.DATASET_CREATE)
    how.set_alloc_time(h5d.ALLOC_TIME_EARLY)
    how.set_fill_time(h5d.FILL_TIME_NEVER)
    how.set_obj_track_times(False)
    return int(h5d.create(file.id, b"train", h5t.IEEE_F32LE, h5s.create_simple(shape), how).get_offset())


def _distances(scores: Matrix, distance: str) -> Matrix:
    found = 1 - scores if distance == "angular" else np.sqrt(np.maximum(scores, 0))
    return np.ascontiguousarray(found, "<f4")


FORMAT = AnnBenchmarks()
