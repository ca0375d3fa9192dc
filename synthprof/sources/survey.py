"""Rows from elsewhere: texts with an id, read from a table or a folder, and proof of what was read.

`survey` reads all of it once, checks it and names its content; `blocks` gives the same rows as a stage wants
them. Nothing is written here.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.digests import digest_of
from synthprof.base.errors import SpecError
from synthprof.schemas.loader import KEY, TEXT, collection_schema
from synthprof.schemas.schema import Schema
from synthprof.sources.folder import Folder
from synthprof.sources.parquet import Parquet
from synthprof.sources.permitted import check_permitted
from synthprof.sources.sqlite import Sqlite
from synthprof.spec.spec import BLOCK_ROWS, Runtime

FORMAT = 1
"""Raised when the same source gives other rows; every collection then is another one."""

MAX_CHARACTERS = 100_000
"""Of one text: no embedding model reads as much, and a block of 16,384 such texts fits into memory."""

ROWS_BATCH = 256
"""Rows of a block whose digest is made at a time."""

MAGIC = {b"SQLite format 3\x00": Sqlite, b"PAR1": Parquet}
"""How a file of each kind begins."""

RESERVED = ("id", KEY, TEXT, "cluster_id")
"""Names that a row has of us, in whatever case: SQLite takes `Descricao` for `descricao`."""


class Reader(Protocol):
    """One kind of source. Its rows come in the same order each time."""

    def kinds(self, columns: Sequence[str]) -> list[str]:
        """`integer` or `text` for each column. Raises SpecError naming the columns there are."""

    def rows(self, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """The values of those columns, row by row, some rows at a time. Raises SpecError as `kinds` does."""


@dataclass(frozen=True)
class Source:
    """Where the rows are, and which columns of them are wanted; `columns` as in the spec."""

    path: Path
    table: str
    id_column: str
    text_column: str
    columns: str = ""

    @classmethod
    def of(cls, runtime: Runtime, columns: str) -> "Source":
        """The source that the parameters name."""
        return cls(Path(runtime.source), runtime.table, runtime.id_column, runtime.text_column, columns)


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
    columns = _with_kinds(source)
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


def blocks(source: Source, columns: str) -> Iterator[pa.RecordBatch]:
    """The rows as blocks: `id` from 1, key, text and carried columns; `columns` with their kinds.

    Raises SpecError as `survey` does, save for keys that are there twice.
    """
    schema = collection_schema(columns)
    wanted = [source.id_column, source.text_column, *(c.name for c in schema.columns[2:])]
    first = 1
    for rows in _regrouped(_reader(source).rows(wanted)):
        yield _block(source, schema, rows, first)
        first += len(rows)


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


def _reader(source: Source) -> Reader:
    """Raises SpecError if there is no source at the path, or none of a kind that can or may be read."""
    path = source.path
    try:
        path = path.expanduser()
        check_permitted(path)
        if path.is_dir():
            return Folder(path)
        with path.open("rb") as file:
            begins = file.read(16)
    except (OSError, RuntimeError) as error:  # ~somebody who is not known here
        reason = error.strerror if isinstance(error, OSError) else error
        raise SpecError(f"source={path} cannot be read: {reason}; name a file or folder") from None
    for magic, kind in MAGIC.items():
        if begins.startswith(magic):
            return kind(path, source.table)  # type: ignore[no-any-return]
    raise SpecError(
        f"source={path} is neither an SQLite nor a Parquet file nor a folder of text files; name one of these"
    )


def _with_kinds(source: Source) -> str:
    """The columns to carry, each with its kind, ordered by name, so that one wish has one spelling."""
    wished = dict(each.partition(":")[::2] for each in source.columns.split(",") if each)
    if taken := [name for name in wished if name.casefold() in RESERVED]:
        raise SpecError(
            f"columns={source.columns}: {', '.join(taken)} is a name of ours; rename it in a view"
        )
    if len({name.casefold() for name in wished}) < len(wished):
        raise SpecError(f"columns={source.columns}: names must differ in more than case; rename one")
    found = zip(wished, _reader(source).kinds(list(wished)), strict=True)
    return ",".join(sorted(f"{name}:{wished[name] or kind}" for name, kind in found))


def _regrouped(parts: Iterator[list[tuple[Any, ...]]]) -> Iterator[list[tuple[Any, ...]]]:
    """The same rows, as many at a time as a block has."""
    waiting: list[tuple[Any, ...]] = []
    for part in parts:
        waiting += part
        while len(waiting) >= BLOCK_ROWS:
            yield waiting[:BLOCK_ROWS]
            waiting = waiting[BLOCK_ROWS:]
    if waiting:
        yield waiting


def _block(source: Source, schema: Schema, rows: list[tuple[Any, ...]], first: int) -> pa.RecordBatch:
    keys, texts, *others = map(list, zip(*rows, strict=True))
    keys = [_key(source, key, first + place) for place, key in enumerate(keys)]
    for key, text in zip(keys, texts, strict=True):
        _check_text(source, key, text)
    arrays = {
        "id": pa.array(range(first, first + len(rows)), pa.int64()),
        KEY: pa.array(keys, pa.string()),
        TEXT: pa.array(texts, pa.string()),
    }
    for column, values in zip(schema.columns[2:], others, strict=True):
        arrays[column.name] = _carried(source, column.name, column.kind, values)
    return pa.RecordBatch.from_pydict(arrays)


def _key(source: Source, key: object, number: int) -> str:
    if key is None:
        raise SpecError(f"{_at(source.id_column)} has no value in row {number}; give each row an id")
    if isinstance(key, bool) or not isinstance(key, int | str):
        raise SpecError(
            f"{_at(source.id_column)} holds {key!r:.80} in row {number}; an id is a whole number or a text"
        )
    return str(key)


def _check_text(source: Source, key: str, text: object) -> None:
    where = f"{_at(source.text_column)}, id {key!r:.80}"
    if text is None or (isinstance(text, str) and not text.strip()):
        raise SpecError(f"{where}: the text is empty; leave such rows out, for example by a view")
    if not isinstance(text, str):
        raise SpecError(f"{where}: {text!r:.80} is not text; name a column of texts by text_column")
    if len(text) > MAX_CHARACTERS:
        raise SpecError(
            f"{where}: the text has {len(text):,} characters, {MAX_CHARACTERS:,} are the most; split it"
        )


def _at(column: str) -> str:
    return f"column {column!r}"


def _carried(source: Source, name: str, kind: str, values: list[Any]) -> pa.Array:
    if kind != "integer":
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    try:
        return pa.array(map(_whole, values), pa.int64())
    except (ValueError, OverflowError) as error:
        raise SpecError(
            f"{_at(name)} of {source.path} is not whole numbers ({error}); use columns={name}:text"
        ) from None


def _whole(value: object) -> int | None:
    """The number as an integer. Raises ValueError or OverflowError if it has a fraction or is none."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, float | Decimal) and int(value) == value:
        return int(value)
    raise ValueError(f"{value!r:.80} is among them")


def _check_keys(source: Source, keys: pa.ChunkedArray) -> None:
    if pc.count_distinct(keys).as_py() == len(keys):
        return
    counts = pc.value_counts(keys)
    often = counts.filter(pc.greater(pc.struct_field(counts, "counts"), 1))
    some = ", ".join(repr(each["values"])[:40] for each in often.slice(0, 3).to_pylist())
    raise SpecError(
        f"{_at(source.id_column)} has {len(often):,} ids more than once, such as {some}; name a column "
        "whose values differ"
    )


__all__ = ["Source", "Survey", "block_digest", "blocks", "collection_digest", "survey"]
