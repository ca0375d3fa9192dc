"""The interface of readers: the schema of a source, and its rows by parts, each with its place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa

from synthprof.base.errors import StageError

KIND = b"kind"
"""Metadata of a field whose values are of another kind than its type: SQLite keeps dates as texts."""


class Unsteady(StageError):
    """The source was written while it was read: to read it once more may succeed."""


@dataclass(frozen=True)
class Part:
    """Some rows of a source.

    batch: the wanted columns, in order. numbers: of each row in its file, or its name. unit: what the numbers
    count: row, line, item, file. faults: why a row cannot be taken, by its position in the batch.
    """

    batch: pa.RecordBatch
    numbers: Sequence[int] | Sequence[str]
    unit: str = "row"
    file: str = ""
    faults: Mapping[int, str] = field(default_factory=dict)

    def place(self, row: int) -> str:
        """Return where a row of the batch stands in the source, for people."""
        number = self.numbers[row]
        where = f"{self.unit} {number}" if number else ""
        return ", ".join(filter(None, (self.file, where)))

    def slice(self, first: int, rows: int) -> "Part":
        """Return some of the rows."""
        faults = {row - first: why for row, why in self.faults.items() if first <= row < first + rows}
        numbers = self.numbers[first : first + rows]
        return Part(self.batch.slice(first, rows), numbers, self.unit, self.file, faults)


class Reader(Protocol):
    """A reader of one kind of source, whose rows always have the same order.

    Both methods raise SpecError for an unknown column and for a source that cannot be read, StageError where
    the reason may pass, Unsteady where the source was written meanwhile.
    """

    size: int
    """Bytes of the source on disk; 0 if they are not known."""

    @property
    def said(self) -> str:
        """The form that the source was read as, for people: "CSV, windows-1252, delimiter ;"."""

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the Arrow types of the columns, in order, and the kind of those that `KIND` describes."""

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield the rows. No part takes much more memory than `bounds.PART_BYTES`, also when decoded."""

    def cancel(self) -> None:
        """End the reading that another thread waits for."""

    def watch(self) -> None:
        """Look at what the reading takes beside memory. Raises SpecError if it is too much."""


def failed_file(file: str, reason: str, schema: pa.Schema) -> Part:
    """Return the part that stands for a file, none of whose further rows can be read."""
    batch = pa.RecordBatch.from_arrays([pa.nulls(1, kind) for kind in schema.types], schema.names)
    return Part(batch, ("",), file=file, faults={0: reason})
