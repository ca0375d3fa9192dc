"""Pictures as the rows of a collection: id, name, what their first bytes tell, and further columns."""

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa

from synthprof.base.units import MIB
from synthprof.sources.pictures.decode import Facts, facts_of
from synthprof.sources.pictures.facts import FACTS
from synthprof.sources.pictures.picture import BadPicture, Picture
from synthprof.sources.pictures.source import Pictures
from synthprof.sources.reading import Part, Reader

BATCH = 64
"""Pictures whose bytes are read at a time."""

LARGE_BYTES = 16 * MIB
"""A large photograph: a batch of them may take minutes from a slow disk."""

THREADS = 4
"""Threads that read files: disks and networks answer several at once."""

TYPES = {"text": pa.string(), "integer": pa.int64(), "timestamp(0)": pa.timestamp("s")}
"""Arrow's types of the kinds that the facts have."""


@dataclass(frozen=True)
class _Row:
    """A picture that was read once: the values of the columns that all have, or why there are none."""

    picture: Picture
    values: tuple[Any, ...]
    fault: str = ""


class PictureReader:
    """A reader of pictures: the bytes of each are read once, and nothing is decoded."""

    def __init__(self, pictures: Pictures) -> None:
        self._pictures = pictures
        reader = self._table()
        self.size = max(BATCH * LARGE_BYTES, reader.size if reader else 0)

    @property
    def said(self) -> str:
        """The kind of source, and how many files of a folder are no pictures."""
        return self._pictures.said

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of the columns. Raises SpecError for one that is unknown."""
        found = self._pictures.schema([name for name in columns if name not in FACTS])
        known = {name: TYPES[kind] for name, kind in FACTS.items()}
        return pa.schema([(name, known.get(name) or found.field(name).type) for name in columns])

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield id, name and further columns of each picture, whatever the names of the first two."""
        schema = pa.schema([*((name, pa.string()) for name in columns[:2]), *self.schema(columns[2:])])
        further = [name for name in columns[2:] if name not in FACTS]
        found = iter(self._pictures.pictures(further))
        with ThreadPoolExecutor(THREADS, "pictures") as pool:
            while batch := list(islice(found, BATCH)):
                yield _part(schema, list(pool.map(_read, batch)))

    def cancel(self) -> None:
        """End the reading that another thread waits for."""
        if reader := self._table():
            reader.cancel()

    def watch(self) -> None:
        """Look at what the reading takes beside memory."""
        if reader := self._table():
            reader.watch()

    def _table(self) -> Reader | None:
        return getattr(self._pictures, "reader", None)


def content_digest(content: bytes) -> str:
    """Return the digest of a picture's bytes, 32 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _read(picture: Picture) -> _Row:
    try:
        content = picture.load()
        facts = facts_of(content)
    except BadPicture as error:
        return _Row(picture, (None,) * len(FACTS), str(error))
    return _Row(picture, _values(facts, content))


def _values(facts: Facts, content: bytes) -> tuple[Any, ...]:
    """Return the values in the order of FACTS."""
    return facts.format, facts.width, facts.height, len(content), facts.taken, content_digest(content)


def _part(schema: pa.Schema, rows: Sequence[_Row]) -> Part:
    """Return rows as a part. schema: id and name first, then columns in any order."""
    faults = {place: row.fault for place, row in enumerate(rows) if row.fault}
    columns: dict[str, list[Any]] = {
        name: [row.values[place] for row in rows] for place, name in enumerate(FACTS)
    }
    arrays = [
        pa.array([row.picture.id if not row.fault else None for row in rows], pa.string()),
        pa.array([row.picture.name if not row.fault else None for row in rows], pa.string()),
    ]
    for field in list(schema)[2:]:
        values = columns.get(field.name)
        if values is None:
            values = [_as(row.picture.columns.get(field.name), field.type) for row in rows]
        arrays.append(pa.array(values, field.type))
    batch = pa.RecordBatch.from_arrays(arrays, schema.names)
    return Part(batch, [row.picture.name for row in rows], "picture", faults=faults)


def _as(value: Any, kind: pa.DataType) -> Any:  # noqa: ANN401
    """Return a value for a column: Arrow's scalars of other parts can have another type."""
    return value.cast(kind) if isinstance(value, pa.Scalar) else value
