"""The content of a source: read once to its end, checked, and named by digests."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.schemas.loader import KEY
from synthprof.sources.blocks import blocks
from synthprof.sources.source import Source, columns_with_kinds

FORMAT = 1
"""Raised when the same source gives other rows; every collection then is another one."""

ROWS_BATCH = 256
"""Rows of a block whose digest is made at a time."""


@dataclass(frozen=True)
class Survey:
    """What a source holds: rows, the columns carried with their kinds, and a digest of each block.

    key_bytes: of the ids of all rows. block_bytes: of each block, as Arrow holds it.
    """

    rows: int
    columns: str
    digests: tuple[str, ...]
    key_bytes: int
    block_bytes: tuple[int, ...]

    @property
    def collection(self) -> str:
        """Thirty-two hexadecimal digits that name the content."""
        return collection_digest(self.columns, self.digests)


def survey(source: Source) -> Survey:
    """What the source holds, read to the end.

    Raises SpecError if it is no source, lacks a column, has no rows, an id that is missing or there twice, or
    a text that is none.
    """
    columns = columns_with_kinds(source)
    rows, digests, sizes, keys = 0, [], [], []
    for block in blocks(source, columns):
        rows += block.num_rows
        digests.append(block_digest(block))
        sizes.append(block.nbytes)
        keys.append(block.column(KEY))
    if not rows:
        raise SpecError(f"source={source.path} has no rows; name one that has")
    every_key = pa.chunked_array(keys)
    _check_keys(source, every_key)
    return Survey(rows, columns, tuple(digests), every_key.nbytes, tuple(sizes))


def block_digest(block: pa.RecordBatch) -> str:
    """Thirty-two hexadecimal digits that name the rows of a block, wherever it stands.

    It is `digest_of` a dictionary of its columns, which is never held as a whole: texts may be long.
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
    """The digest of the whole from those of its blocks."""
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
