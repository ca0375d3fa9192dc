"""Checksums of an index file by its parts, so that a search proves what it reads and reads no more.

A search of ten million rows reads some megabytes of a file of more than a gigabyte (docs/adr/0074).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from synthprof.base.units import MIB
from synthprof.similarity import inverted_file

STRETCH_BYTES = 64 * MIB
"""Bytes of the file that are read before their memory is given back."""

_LIST = np.dtype("<u4")
"""The lower half of XXH3-64: one list in four thousand million that has changed passes for sound."""


@dataclass(frozen=True, eq=False)
class ListProofs:
    """The checksums of what comes before the lists, and of each list with its ids.

    head_bytes: of the file before the lists. head: XXH3-128 of them. lists: (nlist,) uint32.
    """

    head_bytes: int
    head: str
    lists: NDArray[np.uint32]

    def as_document(self) -> dict[str, Any]:
        """Return them as values of JSON."""
        packed = base64.b64encode(self.lists.astype(_LIST).tobytes()).decode()
        return {"head_bytes": self.head_bytes, "head": self.head, "lists": packed}

    @classmethod
    def of(cls, document: Any) -> ListProofs | None:  # noqa: ANN401
        """Return the proofs in a document; None for what is none."""
        try:
            packed = base64.b64decode(document["lists"], validate=True)
            return cls(int(document["head_bytes"]), str(document["head"]), np.frombuffer(packed, _LIST))
        except (TypeError, KeyError, ValueError, binascii.Error):
            return None

    def proves_head(self, path: Path) -> bool:
        """Return whether the file begins as when the proofs were made. Raises OSError as reading does."""
        return _head(path, self.head_bytes) == self.head

    def proves(self, index: Any, numbers: Iterable[int]) -> bool:  # noqa: ANN401
        """Return whether those lists of the mapped index are as they were. Reads them."""
        return len(self.lists) == index.nlist and all(
            _list(index, number) == int(self.lists[number]) for number in numbers
        )


def proofs_of(path: Path) -> ListProofs | None:
    """Return the proofs of an index file; None for an index without lists. Reads the whole file."""
    index = inverted_file.opened(path)
    if not inverted_file.is_mapped(index):
        return None
    lists = np.zeros(index.nlist, _LIST)
    for stretch in inverted_file.stretches(index, STRETCH_BYTES):
        for number in range(stretch.first, stretch.end):
            lists[number] = _list(index, number)
        stretch.let_go(index)
    before = inverted_file.head_bytes(index)
    return ListProofs(before, _head(path, before), lists)


def _head(path: Path, size: int) -> str:
    with path.open("rb") as file:
        return xxhash.xxh3_128_hexdigest(file.read(size))


def _list(index: Any, number: int) -> int:  # noqa: ANN401
    return xxhash.xxh3_64_intdigest(inverted_file.bytes_of(index, number)) & 0xFFFF_FFFF
