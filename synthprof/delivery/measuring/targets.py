"""Targets of `synthprof load`, searched as they are."""

import numpy as np

from synthprof.base.arrays import Ids, Vector
from synthprof.base.columns import written_name
from synthprof.base.errors import SpecError
from synthprof.delivery.loaders import registry
from synthprof.delivery.loaders.address import Address, address_of
from synthprof.delivery.loaders.job import open_target
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.loaders.source import table_of
from synthprof.delivery.measuring.order import MeasureOrder
from synthprof.delivery.rows import ID
from synthprof.delivery.workloads.conditions import Part, parts_of
from synthprof.delivery.workloads.workload import Workload
from synthprof.store.loads import place_of, read
from synthprof.versions.version import Version


class LoadedTarget:
    """A database or search engine that `synthprof load` has filled; see `Searcher`. It has no dial here."""

    apart = True
    efforts: tuple[int, ...] = (0,)

    def __init__(self, order: MeasureOrder, version: Version, workload: Workload) -> None:
        """Connect. Raises SpecError if the target does not hold the rows of the version."""
        address = address_of(order.target)
        self.name = str(address)
        self.target, source = open_target(_loaded(order, version, address, workload.space), version)
        planted = set(source.planted.names) if source.planted else set()
        foreign = planted if source.workload != workload.output.key else set()
        self._columns = set(source.layout.schema.names) - foreign
        self._where: tuple[Part, ...] = ()
        there = self.target.count()
        if not there:
            self.target.close()
            raise SpecError(
                f"{self.name} holds no rows of this version; fill it first: synthprof load --dataset "
                f"{version.dataset} --into {self.name}"
            )

    def takes(self, condition: str) -> bool:
        """Return whether the target has the columns of a condition, also where they are planted ones."""
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


def _loaded(order: MeasureOrder, version: Version, address: Address, space: str) -> LoadOrder:
    """Return the order by which the target was filled, as the checkpoint of the load tells it.

    A load from another data root has none here: then it was one of all columns, or of those of the order.
    """
    home = version.folder.parents[2]
    known = read(place_of(home, version.dataset, address.key(table_of(address, version.dataset))))
    columns, workload = order.columns, ""
    if known is not None and known.version == version.name:
        columns = columns or ",".join(map(written_name, known.columns)) or ID
        workload = known.workload
    params = {"version": version.name, "into": order.target, "columns": columns, "space": space}
    return LoadOrder.model_validate(
        params | {"dataset": version.dataset, "workload": workload, "metric": order.metric}
    )


def is_address(target: str) -> bool:
    """Return whether a text is the URL of a target, or names a connection, rather than an index of ours."""
    scheme = target.partition(":")[0].partition("+")[0]
    return scheme in ("conn", *registry.MODULES, *registry.ALSO) or "://" in target


def is_server(target: str) -> bool:
    """Return whether several processes may search the target at once, as they may not a file."""
    return bool(address_of(target).host)
