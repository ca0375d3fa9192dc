"""Targets of `synthprof load`, searched as they are."""

import re

import numpy as np

from synthprof.base.arrays import Ids, Vector
from synthprof.base.errors import SpecError
from synthprof.delivery.loaders.address import address_of
from synthprof.delivery.loaders.job import open_target
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.measuring.order import MeasureOrder
from synthprof.delivery.workloads.conditions import Part, parts_of
from synthprof.versions.version import Version


class LoadedTarget:
    """A database or search engine that `synthprof load` has filled; see `Searcher`. It has no dial here."""

    apart = True
    efforts: tuple[int, ...] = (0,)

    def __init__(self, order: MeasureOrder, version: Version, space: str) -> None:
        """Connect. Raises SpecError if the target does not hold the rows of the version."""
        params = {name: getattr(order, name) for name in ("dataset", "columns", "metric")}
        params |= {"version": version.name, "into": order.target, "space": space}
        wanted = LoadOrder.model_validate(params)
        self.target, source = open_target(wanted, version)
        self.name = str(address_of(order.target))
        self._columns = set(source.layout.schema.names)
        self._where: tuple[Part, ...] = ()
        there = self.target.count()
        if not there:
            self.target.close()
            raise SpecError(
                f"{self.name} holds no rows of this version; fill it first: synthprof load --dataset "
                f"{version.dataset} --into {self.name}"
            )

    def takes(self, condition: str) -> bool:
        """Return whether the target has the columns of a condition: it has none of the planted ones."""
        return all(part.column in self._columns for part in parts_of(condition))

    def use_filter(self, number: int, condition: str) -> None:
        """Search under the condition."""
        self._where = parts_of(condition)

    def set_effort(self, effort: int) -> None:
        """Leave all as it is."""

    def search(self, vector: Vector, k: int) -> tuple[Ids, Vector]:
        """Return ids from 1 and scores, as `Searcher.search` says."""
        found = self.target.search(vector, k, self._where)
        ids = np.array([row for row, _ in found], np.int64)
        return ids, np.array([score for _, score in found], np.float32)

    def close(self) -> None:
        """Close the connection."""
        self.target.close()


def is_address(target: str) -> bool:
    """Return whether a text is the URL of a target, or names a connection, rather than an index of ours."""
    return target.startswith("conn:") or bool(re.match(r"[a-z0-9+]+:/", target)) or "+file:" in target


def is_server(target: str) -> bool:
    """Return whether several processes may search the target at once, as they may not a file."""
    return bool(address_of(target).host)
