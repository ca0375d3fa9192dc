"""Receipts: what a stage did, beside the files it left; completion mark and telemetry in one."""

import datetime
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from synthprof.base.clock import Span, clock_seconds
from synthprof.base.errors import StageError
from synthprof.base.files import FileRecord, flush_folder, write_text
from synthprof.base.kinds import read_bytes
from synthprof.base.seals import Sealed
from synthprof.base.units import MIB
from synthprof.spec.shards import Shard
from synthprof.store.released import are_there

RECEIPTS = "receipt*.json"
"""Pattern of the names of receipts; `receipt_name` gives the name of one."""


class Receipt(Sealed):
    """The record of a stage's work, for a shard or the whole data set: completion mark and telemetry.

    began: seconds since 1970; None in receipts of earlier releases, which did not note it.
    """

    stage: str
    version: int
    spec: str
    shard: tuple[int, int] | None
    rows: int
    rejected: int
    seconds: float
    cpu_seconds: float
    peak_memory: int
    files: tuple[FileRecord, ...]
    details: dict[str, Any]
    pid: int
    began: float | None = None

    @model_serializer(mode="wrap")
    def _without_unknown(self, fields: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what an earlier release did not note: its manifests stay what they are."""
        return {name: value for name, value in fields(self).items() if name != "began" or value is not None}

    @property
    def spans(self) -> tuple[Span, ...]:
        """The time at which the work went on, if that was noted."""
        return () if self.began is None else ((self.began, self.began + self.seconds),)

    @property
    def rows_per_second(self) -> float:
        """The rate; 0 where it took no time that could be measured."""
        return self.rows / self.seconds if self.seconds else 0.0

    @property
    def bytes_written(self) -> int:
        """Bytes of the files it left."""
        return sum(file.bytes for file in self.files)

    @property
    def line(self) -> str:
        """The receipt in one line for people."""
        return (
            f"{self.stage}: {self.rows:,} rows in {self.seconds:.2f} s ({self.rows_per_second:,.0f} rows/s), "
            f"{self.bytes_written / MIB:,.1f} MiB written, peak {self.peak_memory / MIB:,.0f} MiB"
        )

    @property
    def made(self) -> str:
        """The time at which it was made, if that was noted, and its duration: "made at ... in ... s"."""
        when = ""
        if self.began is not None:
            ended = datetime.datetime.fromtimestamp(self.began + self.seconds, datetime.UTC)
            when = f" at {ended:%Y-%m-%d %H:%M:%S} UTC"
        return f"made{when} in {self.seconds:.2f} s"

    @property
    def kept_line(self) -> str:
        """The receipt of earlier work that still stands, in one line for people."""
        return f"{self.stage}: kept: {self.made}, {self.rows:,} rows"


def seconds_of(receipts: Collection[Receipt]) -> float:
    """Return the seconds that the work took by the clock; added up where a release did not note its begin."""
    if all(receipt.spans for receipt in receipts):
        return clock_seconds(span for receipt in receipts for span in receipt.spans)
    return sum(receipt.seconds for receipt in receipts)


def write_receipt(folder: Path, receipt: Receipt) -> None:
    """Write the receipt beside the files that it names, which are durable before it is."""
    flush_folder(folder)
    write_text(folder / receipt_name(receipt.shard), receipt.sealed().text())


def read_receipt(folder: Path, shard: Shard | None) -> Receipt | None:
    """Return the receipt of finished work whose files exist or were let go of, else None."""
    path = folder / receipt_name(None if shard is None else (shard.first, shard.end))
    receipt = proven_receipt(path)
    return receipt if receipt and are_there(folder, receipt.files) else None


def proven_receipt(path: Path) -> Receipt | None:
    """Return the receipt in the file; None unless its seal is right and it tells of this place.

    A sound receipt of another stage, shard or spec proves nothing here.
    """
    try:
        receipt = Receipt.opened(read_bytes(path))
    except (OSError, ValueError):
        return None
    folder = path.parent
    place = (folder.parent.name, folder.name.rpartition("-")[0], path.name)
    told = (receipt.spec[: len(folder.parent.name)], receipt.stage, receipt_name(receipt.shard))
    return receipt if place == told else None


def read_receipts(folder: Path, blocks: int) -> tuple[Receipt, ...]:
    """Receipts that together cover each block once, whatever shards they were made by, in order.

    Raises StageError if a block is missing: the stage before has not ended.
    """
    return covering(receipts_in(folder), blocks, folder.name)


def receipts_in(folder: Path) -> list[Receipt]:
    """Return the receipts of finished work, as `read_receipt` has it, in no order; shards may overlap."""
    found = filter(None, map(proven_receipt, receipt_paths(folder)))
    return [receipt for receipt in found if are_there(folder, receipt.files)]


def receipt_paths(folder: Path) -> list[Path]:
    """Return the files in a stage's folder that are receipts by their names."""
    return list(folder.glob(RECEIPTS))


def ended(folder: Path, blocks: int) -> tuple[Receipt, ...]:
    """Return the result of read_receipts for a stage that has ended, else an empty list."""
    try:
        return read_receipts(folder, blocks)
    except StageError:
        return ()


def covering(receipts: Iterable[Receipt], blocks: int, name: str) -> tuple[Receipt, ...]:
    """Return those of the receipts that together cover each block once, in order.

    Of shards that overlap, as attempts with other numbers of them leave, only those count that join.
    Raises StageError if a block is missing: the stage in the folder `name` has not ended.
    """
    found = [(*(receipt.shard or (0, blocks)), receipt) for receipt in receipts]
    joined: dict[int, tuple[Receipt, ...]] = {0: ()}  # by the block they reach
    for first, end, receipt in sorted(found, key=lambda each: (each[0], -each[1])):
        if first in joined:
            joined.setdefault(end, (*joined[first], receipt))
    if blocks not in joined:
        raise StageError(f"{name} has only {max(joined)} of {blocks} blocks; run that stage again first")
    return joined[blocks]


def shard_of(path: Path) -> tuple[int, int] | None:
    """Return the shard that the name of a receipt tells; None for the whole data set."""
    found = re.fullmatch(r"receipt-(\d{5,9})-(\d{5,9})\.json", path.name)
    return (int(found[1]), int(found[2])) if found else None


def receipt_name(shard: tuple[int, int] | None) -> str:
    """Return the file name of a receipt."""
    return "receipt.json" if shard is None else f"receipt-{shard[0]:05}-{shard[1]:05}.json"
