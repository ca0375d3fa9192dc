"""The content of a source: read once to its end, checked, and named by digests."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.schemas.loader import KEY
from synthprof.sources.blocks import blocks
from synthprof.sources.source import Source, columns_with_kinds

FORMAT = 1
"""Version of the rows read from a source. Raise it when they change: every collection gets another name."""

ROWS_BATCH = 256
"""Rows of a block that are added to its digest at a time."""


@dataclass(frozen=True)
class Survey:
    """The content of a source: rows, further columns with their kinds, and a digest of each block.

    key_bytes: bytes of all keys. block_bytes: bytes of each block in Arrow's format.
    """

    rows: int
    columns: str
    digests: tuple[str, ...]
    key_bytes: int
    block_bytes: tuple[int, ...]

    @property
    def collection(self) -> str:
        """The digest that names the content, 32 hexadecimal digits."""
        return collection_digest(self.columns, self.digests)


def survey(source: Source, progress: Callable[[int], None] = lambda _: None) -> Survey:
    """Read a source to its end and return its content. progress: called with the rows read so far.

    Raises SpecError if it cannot be read, lacks a column or has no rows, or if an id is missing or duplicate,
    or a text is empty or not text.
    """
    columns = columns_with_kinds(source)
    rows, digests, sizes, keys = 0, [], [], []
    for block in blocks(source, columns):
        rows += block.num_rows
        digests.append(block_digest(block))
        sizes.append(block.nbytes)
        keys.append(block.column(KEY))
        progress(rows)
    if not rows:
        raise SpecError(f"source={source.path} has no rows; name one that has")
    every_key = pa.chunked_array(keys)
    _check_keys(source, every_key)
    return Survey(rows, columns, tuple(digests), every_key.nbytes, tuple(sizes))


def block_digest(block: pa.RecordBatch) -> str:
    """Return the digest of the rows of a block without their ids, 32 hexadecimal digits.

    It equals `digest_of` a dictionary of the columns, without holding all of it: texts may be long.
    """
    total = hashlib.blake2b(digest_size=16)
    for place, name in enumerate(sorted(set(block.schema.names) - {"id"})):
        total.update(f"{',' if place else '{'}{json.dumps(name)}:[".encode())
        for first in range(0, block.num_rows, ROWS_BATCH):
            values = json.dumps(
                block.column(name).slice(first, ROWS_BATCH).to_pylist(), separators=(",", ":")
            )
            total.update(f"{',' if first else ''}{values[1:-1]}".encode())
        total.update(b"]")
    total.update(b"}")
    return total.hexdigest()


def collection_digest(columns: str, digests: Sequence[str]) -> str:
    """Return the digest of a collection from its columns and the digests of its blocks."""
    return digest_of([FORMAT, columns, list(digests)])


def _check_keys(source: Source, keys: pa.ChunkedArray) -> None:
    if pc.count_distinct(keys).as_py() == len(keys):
        return
    counts = pc.value_counts(keys)
    often = counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1))
    some = ", ".join(repr(each["values"])[:40] for each in often.slice(0, 3).to_pylist())
    raise SpecError(
        f"column {source.id_column!r} has {len(often):,} ids more than once, such as {some}; name a column "
        "whose values differ"
    )
