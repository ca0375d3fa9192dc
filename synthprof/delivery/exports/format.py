"""Formats of an export: the contract of each, and what it gets to write."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field

from synthprof.base.errors import SpecError
from synthprof.delivery.exports.order import Order
from synthprof.delivery.rows import Rows
from synthprof.delivery.workloads.workload import Workload
from synthprof.store.outputs import Making
from synthprof.versions.version import Version


@dataclass(frozen=True)
class Writing:
    """The order to write one export: rows in, files out. It may be taken up where it was cut short.

    rows: of the columns that were asked for; of a format of vectors, `id` and the column `space`.
    `making.steps` is the number of steps that are done, and so where `Format.write` begins.
    space: "embedding" or "vector". metric, workload, correlation: the measure of nearness, the queries with
    their true neighbours, and the planted labels to take, where the format needs them.
    """

    rows: Rows
    making: Making = field(repr=False)
    space: str = "embedding"
    metric: str = "cosine"
    workload: Workload | None = None
    correlation: float = 0.0


@dataclass(frozen=True)
class Format(ABC):
    """A format that rows can be written in. Each module of a format has one as `FORMAT`.

    name: what `synthprof export --format` takes. version: raised when its bytes change. extra, packages: what
    must be installed beside the core, and the extra that brings it. written_by: packages whose release has a
    part in the bytes, and so in the key. whole: it takes the option `columns`; otherwise it has vectors only,
    and takes `space`. workload: it needs queries and their true neighbours; takes `metric`, `workload`.
    answers: it adds them to its vectors where a workload is named.
    """

    name: str
    version: int = 1
    extra: str = ""
    packages: tuple[str, ...] = ()
    written_by: tuple[str, ...] = ()
    whole: bool = True
    workload: bool = False
    answers: bool = False

    @property
    def takes(self) -> tuple[str, ...]:
        """The options of an order that have a meaning for it."""
        if self.workload:
            return (*(("columns",) if self.whole else ()), "metric", "workload")
        if self.answers:
            return ("space", "metric", "workload")
        return ("columns",) if self.whole else ("space",)

    def rows(self, version: Version, order: Order) -> Rows:
        """Return the rows to write. Raises SpecError for columns that it cannot hold."""
        if self.whole:
            return Rows(version, order.names)
        if order.space not in Rows(version).names:
            raise SpecError(f"space={order.space}: a collection has no feature vectors; take its embeddings")
        return Rows(version, (order.space,))

    @abstractmethod
    def write(self, writing: Writing) -> Iterator[int]:
        """Write the files from the step `writing.making.steps` on; now and then yield the rows that are done.

        Call `making.step()` after each step. The same rows give the same bytes, wherever the work was cut.
        """
