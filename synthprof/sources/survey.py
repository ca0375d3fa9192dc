"""The content of a source: read once to its end, checked, and named by digests."""

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.schemas.loader import KEY
from synthprof.sources.blocks import MOST_BYTES, blocks
from synthprof.sources.reading import Unsteady
from synthprof.sources.rejects import Rejects
from synthprof.sources.source import Source, columns_with_kinds, reader_of

FORMAT = 1
"""Version of the rows read from a source. Raise it when they change: every collection gets another name."""

ROWS_BATCH = 256
"""Rows of a block that are added to its digest at a time."""

ATTEMPTS = 3
"""Times that a source is read which is written meanwhile."""

MAX_TOLD = 3
"""Rows that a refusal names."""

logger = logging.getLogger(__name__)

Keep = Callable[[int, pa.RecordBatch], None]
"""Is given each block by its number, for a later stage."""


@dataclass(frozen=True)
class Survey:
    """The content of a source: rows, further columns with their kinds, and a digest of each block.

    key_bytes: bytes of all keys. block_bytes: bytes of each block in Arrow's format. left_out: rows that
    cannot be taken, `listed` the first of them with place and reason. repeated: positions, among the rows
    that can be taken, of those left out because another row has their key. said: what it was read as.
    """

    rows: int
    columns: str
    digests: tuple[str, ...]
    key_bytes: int
    block_bytes: tuple[int, ...]
    left_out: int = 0
    listed: tuple[str, ...] = ()
    repeated: tuple[int, ...] = ()
    said: str = ""

    @property
    def collection(self) -> str:
        """The digest that names the content, 32 hexadecimal digits."""
        return collection_digest(self.columns, self.digests)


def survey(
    source: Source,
    allowed: int = 0,
    keep: Keep = lambda *_: None,
    most_bytes: int = MOST_BYTES,
    progress: Callable[[int], None] = lambda _: None,
) -> Survey:
    """Read a source to its end and return its content. progress: called with the rows read so far.

    allowed: rows that may be left out: those whose id is missing or that of an earlier row, or whose text is
    empty, not text or too long, and files that cannot be read. most_bytes: of a block.
    Raises SpecError if the source cannot be read, lacks a column, has no rows, or has more bad ones;
    StageError if it is written all the time.
    """
    for attempt in range(ATTEMPTS - 1):
        try:
            return _survey(source, allowed, keep, most_bytes, progress, settled=not attempt)
        except Unsteady as error:
            logger.info("%s; it is read once more", error)
    return _survey(source, allowed, keep, most_bytes, progress, settled=False)


def _survey(
    source: Source,
    allowed: int,
    keep: Keep,
    most_bytes: int,
    progress: Callable[[int], None],
    *,
    settled: bool,
) -> Survey:
    reader = reader_of(source, settled=settled)
    columns = columns_with_kinds(source, reader)
    repeated: tuple[int, ...] = ()
    while True:
        rejects = Rejects(allowed)
        found = blocks(source, columns, rejects, reader=reader, repeated=repeated, most_bytes=most_bytes)
        content = _Content()
        for number, block in enumerate(found):
            content.add(block)
            keep(number, block)
            progress(content.rows)
        if repeated or not (repeated := _repeated(content.keys)):
            break
    _check(source, content.rows, rejects)
    return Survey(
        content.rows,
        columns,
        tuple(content.digests),
        sum(keys.nbytes for keys in content.keys),
        tuple(content.sizes),
        rejects.count,
        tuple(rejects.listed),
        repeated,
        reader.said,
    )


class _Content:
    """The facts of the blocks so far."""

    def __init__(self) -> None:
        self.rows = 0
        self.digests: list[str] = []
        self.sizes: list[int] = []
        self.keys: list[pa.Array] = []

    def add(self, block: pa.RecordBatch) -> None:
        """Take notice of the next block."""
        self.rows += block.num_rows
        self.digests.append(block_digest(block))
        self.sizes.append(block.nbytes)
        self.keys.append(block.column(KEY))


def _repeated(keys: list[pa.Array]) -> tuple[int, ...]:
    """Return the positions of the keys that are there before, ascending."""
    codes = pa.chunked_array(keys, pa.string()).dictionary_encode()
    numbers = np.concatenate([np.zeros(0, np.int64), *(chunk.indices.to_numpy() for chunk in codes.chunks)])
    if not len(numbers) or int(numbers.max()) + 1 == len(numbers):
        return ()
    firsts = np.unique(numbers, return_index=True)[1]
    return tuple(np.setdiff1d(np.arange(len(numbers)), firsts).tolist())


def _check(source: Source, rows: int, rejects: Rejects) -> None:
    if rejects.count > rejects.allowed:
        more = "more than " if rejects.too_many else ""
        of = "" if rejects.too_many else f" of {rows + rejects.count:,}"
        first = "; ".join(rejects.listed[:MAX_TOLD])
        rest = ", …" if rejects.count > MAX_TOLD else ""
        raise SpecError(
            f"source={source.name}: {more}{rejects.count:,}{of} rows cannot be taken, "
            f"max_failed={rejects.allowed} are allowed: {first}{rest}; mend them, or leave them out by "
            f"max_failed={rejects.count}"
        )
    if not rows:
        none = f"rows that can be taken: {rejects.listed[0]}" if rejects.count else "rows"
        raise SpecError(f"source={source.name} has no {none}; name one that has")


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
