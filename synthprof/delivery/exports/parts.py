"""The parts of an export that is written as several files, each of which is a step."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.units import MIB

GROUP_BYTES = 128 * MIB
"""Bytes of values that are kept in memory, and written together, at most."""

GROUPS = 4
"""Groups in a file: about 512 MiB of values, as readers of many files like them."""


@dataclass(frozen=True)
class Parts:
    """Blocks in groups, groups in files. It follows from the blocks and the size of the first one.

    blocks: of all rows. group, part: blocks in a group, and in a file.
    """

    blocks: int
    group: int
    part: int

    @classmethod
    def of(cls, first: pa.RecordBatch, blocks: int) -> "Parts":
        """Return the parts for so many blocks like the first one."""
        group = max(1, GROUP_BYTES // max(1, bytes_of(first)))
        return cls(blocks, group, group * GROUPS)

    @property
    def number(self) -> int:
        """The number of files."""
        return math.ceil(self.blocks / self.part)

    def name(self, part: int, stem: str, suffix: str) -> str:
        """Return the name of a file, as `rows-00000-of-00003.parquet`."""
        return f"{stem}-{part:05}-of-{self.number:05}.{suffix}"

    def groups(self, part: int) -> Iterator[int]:
        """Yield the number of blocks of each group of a file."""
        first, end = part * self.part, min((part + 1) * self.part, self.blocks)
        for begin in range(first, end, self.group):
            yield min(self.group, end - begin)


def bytes_of(values: pa.RecordBatch | pa.Array) -> int:
    """Return the bytes of the values alone, which are the same however Arrow holds them."""
    if isinstance(values, pa.RecordBatch):
        return sum(map(bytes_of, values.columns))
    if pa.types.is_nested(values.type):
        return 4 * len(values) + bytes_of(values.flatten())
    if pa.types.is_fixed_size_binary(values.type) or pa.types.is_primitive(values.type):
        return int(len(values) * values.type.bit_width // 8)
    return 4 * len(values) + (pc.sum(pc.binary_length(values)).as_py() or 0)
