"""A finished workload as programs read it: queries, filters, planted labels and exact answers."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError
from synthprof.base.kinds import check_file
from synthprof.delivery.results import Results, open_results
from synthprof.delivery.workloads.files import (
    FILTERS,
    FILTERS_FILE,
    LABELS_FILE,
    NEIGHBOURS,
    QUERIES_FILE,
    TRUTH_FOLDER,
    queries_schema,
)
from synthprof.store.outputs import outputs
from synthprof.versions.derived import WORKLOADS
from synthprof.versions.queries import classes_of
from synthprof.versions.version import Version


class Truth(NamedTuple):
    """The exact answers to all queries under one filter, nearest first.

    ids: (queries, 100) int64 from 1, -1 where fewer rows match. scores: (queries, 100) float32, NaN there.
    """

    ids: Ids
    scores: Matrix


@dataclass(frozen=True, repr=False)
class Workload(Results):
    """A finished workload, read only: made for one version, whole without it.

    folder: where its files lie. output: its manifest. Queries and filters are numbered from 0; filter 0 is
    none.
    """

    _kind = WORKLOADS
    _again = "make the workload again"

    @property
    def version(self) -> str:
        """The name of the version that it was made for."""
        return self.output.version

    @property
    def rows(self) -> int:
        """The rows of that version, among which the answers are."""
        return self.output.rows

    @property
    def options(self) -> dict[str, Any]:
        """The order that it was made by: `seed`, `queries`, `mix`, `space`, `metrics`, `filters`."""
        return dict(self.output.options)

    @property
    def space(self) -> str:
        """The vectors that are searched: `embedding`, or `vector` for feature vectors."""
        return str(self.output.options["space"])

    @property
    def metrics(self) -> tuple[str, ...]:
        """The measures of nearness that it has answers for, the first one first."""
        return tuple(self.output.options["metrics"])

    @property
    def dim(self) -> int:
        """The number of values in a vector."""
        return int(self.output.details["dim"])

    @functools.cached_property
    def queries(self) -> pa.Table:
        """The queries by number: `query`, `class`, `hardness`, `origin`, `text`, `vector`."""
        return self._table(QUERIES_FILE, queries_schema(self.dim))

    @functools.cached_property
    def vectors(self) -> Matrix:
        """The vectors of the queries, (queries, dim) float32."""
        values = self.queries.column("vector").combine_chunks().flatten()
        return np.asarray(values.to_numpy(), np.float32).reshape(-1, self.dim)

    @functools.cached_property
    def filters(self) -> pa.Table:
        """The filters by number; the first, 0, is none."""
        return self._table(FILTERS_FILE, FILTERS)

    @functools.cached_property
    def labels(self) -> pa.Table | None:
        """The planted columns of the version's rows by `id`; None where no filter asks for any."""
        if not any(file.path == LABELS_FILE for file in self.output.files):
            return None
        return self._table(LABELS_FILE, None)

    def truth(self, metric: str = "", filter: int | str = 0) -> Truth:
        """Return the exact answers by one metric, the first unless given, under a filter by number or name.

        Raises SpecError for a metric or filter that the workload does not have.
        """
        metric = metric or self.metrics[0]
        if metric not in self.metrics:
            raise SpecError(
                f"metric={metric[:80]!r} is not in this workload, which has {', '.join(self.metrics)}; "
                "make one with that metric"
            )
        path = self.folder / TRUTH_FOLDER / metric / f"{self._number(filter)}"
        shape = (self.queries.num_rows, NEIGHBOURS)
        return Truth(
            self._array(path.with_suffix(".ids.npy"), np.dtype(np.int64), shape),
            self._array(path.with_suffix(".scores.npy"), np.dtype(np.float32), shape),
        )

    def _number(self, filter: int | str) -> int:
        names = self.filters.column("name").to_pylist()
        if isinstance(filter, str) and filter in names:
            return int(names.index(filter))
        if isinstance(filter, int) and 0 <= filter < len(names):
            return filter
        raise SpecError(f"there is no filter {filter!r:.80}; there are: {', '.join(names)}")

    def _array(self, path: Path, kind: np.dtype[Any], shape: tuple[int, int]) -> Any:  # noqa: ANN401
        """Return a file of the truth as a memory map. Raises StageError if it has another type or shape."""
        name = str(path.relative_to(self.folder))
        try:
            found = np.load(check_file(path), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise self._damaged(name) from error
        if found.dtype != kind or found.shape != shape:
            held = f"holds {found.dtype} of shape {found.shape}, not {kind} of {shape}"
            raise self._damaged(name, held)
        return found

    def __repr__(self) -> str:
        count = self.output.options["queries"]
        return f"<Workload {self.output.key} of {self.dataset!r} {self.version}: {count:,} queries>"


def open_workload(folder: Path) -> Workload:
    """Return the finished workload in a folder. Raises StageError if it is damaged or something else."""
    return open_results(Workload, folder)


def workloads_of(version: Version) -> tuple[Workload, ...]:
    """Return the finished workloads that were made for the content of a version, by name of their folders."""
    parent = version.folder.parent.parent / WORKLOADS
    found = (Workload(folder, output) for folder, output in outputs(parent))
    return tuple(each for each in found if each.output.content == version.manifest.content)


def find_workload(version: Version, name: str = "") -> Workload:
    """Return a workload of a version by its key or the name of its folder; the only one unless named.

    Raises SpecError that lists those there are, StageError for a damaged one.
    """
    found = workloads_of(version)
    keys = ", ".join(each.output.key for each in found) or "none"
    chosen = [each for each in found if name in ("", each.output.key, each.folder.name)]
    if len(chosen) == 1:
        return open_workload(chosen[0].folder)
    if name:
        raise SpecError(f"version {version.name} has no workload {name[:80]!r}; there are: {keys}")
    remedy = "name one" if found else f"make one by `synthprof workload --dataset {version.dataset}`"
    raise SpecError(f"version {version.name} has {len(found)} workloads ({keys}); {remedy}")


def told(workload: Workload) -> dict[str, Any]:
    """Return what a program is told of a workload that was made, of JSON types."""
    output = workload.output
    return {
        "dataset": output.dataset,
        "version": output.version,
        "workload": output.key,
        "folder": str(workload.folder),
        "rows": output.rows,
        "queries": workload.queries.num_rows,
        "classes": classes_of(workload.queries),
        "left_out": output.details["left_out"],
        "filters": workload.filters.num_rows,
        "options": output.options,
        "bytes": output.bytes_total,
    }
