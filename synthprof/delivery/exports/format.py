"""Formats of an export: the contract of each, and what it gets to write."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from synthprof.delivery.rows import Rows
from synthprof.store.outputs import Making


@dataclass(frozen=True)
class Writing:
    """The order to write one export: rows in, files out. It may be taken up where it was cut short.

    `making.steps` is the number of steps that are done, and so where `Format.write` begins.
    """

    rows: Rows
    making: Making = field(repr=False)


class Format(Protocol):
    """A format that rows can be written in. Each module of a format has one as `FORMAT`.

    name: what `synthprof export --format` takes. version: raised when its bytes change. title: what it is, in
    one line. extra, packages: what must be installed beside the core, and the extra that brings it. whole: it
    takes all columns that are asked for; otherwise only vectors, and `columns` is refused. workload: it needs
    queries and their true neighbours.
    """

    name: str
    version: int
    title: str
    extra: str
    packages: tuple[str, ...]
    whole: bool
    workload: bool

    def write(self, writing: Writing) -> Iterator[int]:
        """Write the files from the step `writing.making.steps` on; yield the rows done after each step.

        Call `making.step()` after each. The same rows give the same bytes, wherever the work was cut.
        """
