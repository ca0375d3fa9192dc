"""The contract of a target: a database or search engine that takes the rows of a version by their ids."""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pyarrow as pa

from synthprof.base.arrays import Vector
from synthprof.base.errors import SpecError
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.faults import another_table
from synthprof.delivery.order import Metric
from synthprof.delivery.workloads.conditions import Part

Row = dict[str, Any]
"""A row by the names of its columns, in plain values; the vector is an array of float32."""


@dataclass(frozen=True)
class Layout:
    """The table that a target shall have.

    table: its name. schema: its columns in plain types (`delivery/loaders/plain.py`), `id` first, the vector
    among them as a list of fixed size. vector: the name of that column. metric: for its index and searches.
    index: make an index of the vectors once all rows are there, where the target has a choice.
    """

    table: str
    schema: pa.Schema
    vector: str = "embedding"
    metric: Metric = "cosine"
    index: bool = True

    @property
    def dim(self) -> int:
        """The dimensions of the vectors."""
        return int(self.schema.field(self.vector).type.list_size)

    @property
    def scalars(self) -> list[pa.Field]:
        """The columns without id and vector."""
        return [field for field in self.schema if field.name not in ("id", self.vector)]

    def named(self, table: str) -> "Layout":
        """Return the same layout for a table of another name."""
        return replace(self, table=table)


class Target(Protocol):
    """An open target and one table of it. Made by `Kind.open`, and used by one thread but for `encode`.

    Every method raises SpecError for what the user can mend and StageError for what may pass; no message has
    a password. layout: the table; `beside` gives a copy of the target another one.
    """

    layout: Layout

    def count(self) -> int | None:
        """Return the number of rows in the table, or None if there is no table.

        Raises SpecError if the table has other columns or dimensions than the layout.
        """

    def prepare(self) -> None:
        """Make the table unless it is there."""

    def drop(self) -> None:
        """Remove the table with its rows, if it is there."""

    def encode(self, batch: pa.RecordBatch) -> Any:  # noqa: ANN401
        """Return rows in the form that `write` takes. Called by another thread, so it asks nothing."""

    def write(self, encoded: Any, *, again: bool) -> None:  # noqa: ANN401
        """Write rows, durable as far as the target is.

        again: rows of these ids may be there, and are replaced. Otherwise none is.
        """

    def finish(self) -> str:
        """End the load once all rows are written: make the index; return its kind, empty for none."""

    def fetch(self, ids: Sequence[int]) -> list[Row]:
        """Return the rows of these ids that are there, in any order."""

    def search(self, vector: Vector, k: int, where: Sequence[Part] = ()) -> list[tuple[int, float]]:
        """Return the ids and scores of the k rows nearest to a vector, nearest first.

        vector: (d,) float32. where: conditions that must all hold. Scores are as `METRICS` of workloads say.
        """

    def close(self) -> None:
        """Close the connection."""


@dataclass(frozen=True)
class Kind:
    """A kind of target. Each module below `targets/` has one as `KIND`.

    name: its scheme. title: in one line. extra, packages: what must be installed, and the extra that brings
    it. options: what may follow `?` in its URL, beside `table`. open: connects. moments: it has types for
    dates and times; otherwise they are texts. needs_vector: it takes no row without one. names: a pattern of
    names of tables that it takes, among those that all take. rule: the same in words.
    """

    name: str
    title: str
    extra: str
    packages: tuple[str, ...]
    open: Callable[[Address, Layout], Target]
    options: tuple[str, ...] = ()
    variants: tuple[str, ...] = ("",)
    moments: bool = False
    needs_vector: bool = False
    names: str = ""
    rule: str = ""


def bulk_floor(target: Target, batch: pa.RecordBatch) -> float:
    """Return the seconds that the target takes for prepared rows: the limit of its own bulk path.

    batch: rows in the target's layout. They are encoded before, and go to a table beside, which is removed.
    """
    encoded = target.encode(batch)
    with beside(target) as other:
        began = time.perf_counter()
        other.write(encoded, again=False)
        return time.perf_counter() - began


@contextmanager
def beside(target: Target) -> Iterator[Target]:
    """Yield the same target, over the same connection, with an empty table that is removed at the end."""
    other = copy.copy(target)
    other.layout = target.layout.named(f"{target.layout.table}_scratch")
    other.drop()
    other.prepare()
    try:
        yield other
    finally:
        other.drop()


def check_metric(address: Address, layout: Layout, known: Sequence[str]) -> None:
    """Raise SpecError if the target does not know the metric."""
    if layout.metric not in known:
        raise SpecError(
            f"metric={layout.metric}: {address.scheme} has none of that name; use {' or '.join(known)}"
        )


def check_same(address: Address, table: str, wanted: dict[str, str], found: dict[str, str]) -> None:
    """Raise SpecError unless a table has the wanted columns, by name with the target's types."""
    wrong = [
        f"{name} is {found.get(name, 'missing')}, not {kind}"
        for name, kind in wanted.items()
        if found.get(name) != kind
    ]
    wrong += [f"{name} is not of this version" for name in found if name not in wanted]
    if wrong:
        raise another_table(address, f"{table!r} is another one: {', '.join(wrong[:4])}")
