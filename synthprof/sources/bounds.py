"""Bounds for reading a source: bytes of a part and of a row once they are decoded, and time without a row.

Compressed, dictionary-encoded and computed rows can be as large as one likes in a file of a few bytes. Every
reader's rows come through here, so that the same rule holds for all.
"""

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError, first_line
from synthprof.base.units import MIB
from synthprof.sources.checks import MAX_CHARACTERS
from synthprof.sources.reading import Part, Reader
from synthprof.sources.sizes import Sizes, plain, row_bytes

PART_BYTES = 16 * MIB
"""Bytes of the rows that are read at a time, decoded."""

TEXT_BYTES = 4 * MAX_CHARACTERS
"""Bytes of an id or a text. A longer one has too many characters, whatever they are."""

ROW_BYTES = PART_BYTES
"""Bytes of the wanted columns of one row, decoded. A larger row cannot be taken."""

MAX_ROWS = 16_384
"""Rows of a part, however small they are."""

PATIENCE_SECONDS = 60
"""Seconds without a row after which a reader is ended; each `PACE_BYTES` of the source add one."""

PACE_BYTES = 4 * MIB
"""Bytes that a reader gets through in a second at least, also where it has to sort them."""

WATCH_SECONDS, END_SECONDS = 0.2, 5.0
"""Seconds between two looks at a reader, and for it to end when it is asked to."""


def bounded(reader: Reader, columns: list[str]) -> Iterator[Part]:
    """Yield the rows of a reader, decoded, in parts of bounded size; the caller can be interrupted meanwhile.

    Reading goes on in a thread, as only the main thread hears signals, and not while a library computes.
    Raises SpecError if no row comes for too long.
    """
    patience = PATIENCE_SECONDS + reader.size / PACE_BYTES
    waiting: queue.Queue[Part | BaseException | None] = queue.Queue(maxsize=1)
    unwanted = threading.Event()
    thread = threading.Thread(target=_read, args=(reader, columns, waiting, unwanted), daemon=True)
    thread.start()
    try:
        while (part := _next(reader, waiting, patience)) is not None:
            yield part
    finally:
        unwanted.set()
        deadline = time.monotonic() + END_SECONDS
        while thread.is_alive() and time.monotonic() < deadline:  # the process does not wait for it either
            reader.cancel()
            thread.join(WATCH_SECONDS)


def _next(
    reader: Reader, waiting: "queue.Queue[Part | BaseException | None]", patience: float
) -> Part | None:
    deadline = time.monotonic() + patience
    while True:
        try:
            found = waiting.get(timeout=WATCH_SECONDS)
        except queue.Empty:
            reader.watch()
            if time.monotonic() > deadline:
                raise SpecError(
                    f"the source gave no row for {patience:,.0f} s; if it is a view, see whether it ends, "
                    "and make it a table"
                ) from None
        else:
            if isinstance(found, BaseException):
                raise found
            return found


def _read(
    reader: Reader,
    columns: list[str],
    waiting: "queue.Queue[Part | BaseException | None]",
    unwanted: threading.Event,
) -> None:
    """Put the parts, then None or what went wrong."""

    def put(found: Part | BaseException | None) -> bool:
        while not unwanted.is_set():
            try:
                waiting.put(found, timeout=WATCH_SECONDS)
                return True
            except queue.Full:
                continue
        return False

    parts = reader.parts(columns)
    try:
        for part in parts:
            if not all(map(put, cut(part))):
                return
        put(None)
    except BaseException as error:  # raised again where the part is waited for
        put(error)
    finally:
        parts.close()  # type: ignore[attr-defined]


def cut(part: Part, texts: int = 2) -> Iterator[Part]:
    """Yield a part in pieces that have at most PART_BYTES once decoded; what is too large is a fault.

    texts: so many of the first columns are ids or texts. Raises SpecError for a type that is not read.
    """
    try:
        part, sizes = _small(part, texts)
        first, rows = 0, part.batch.num_rows
        while first < rows:
            total = np.cumsum(sizes[first : first + MAX_ROWS])
            count = max(1, int(np.searchsorted(total, PART_BYTES, "right")))
            yield _decoded(part.slice(first, count))
            first += count
    except pa.ArrowException as error:
        kinds = ", ".join(str(column.type) for column in part.batch.columns)
        raise SpecError(
            f"values of the types {kinds} are not read ({first_line(error)}); make them text or numbers"
        ) from None


def _small(part: Part, texts: int) -> tuple[Part, Sizes]:
    """Return the part with nothing in rows that are too large, and the bytes of each row."""
    columns = [row_bytes(column) for column in part.batch.columns]
    sizes = sum(columns, np.zeros(part.batch.num_rows, np.int64))
    wide = np.flatnonzero(sizes > ROW_BYTES)
    long = np.flatnonzero((np.array(columns[:texts]) > TEXT_BYTES).any(axis=0)) if texts else ()
    faults = {int(row): f"the row has {sizes[row]:,} bytes, {ROW_BYTES:,} are the most" for row in wide}
    faults |= {int(row): f"id or text has more than {TEXT_BYTES:,} bytes; split it" for row in long}
    if not faults:
        return part, sizes
    places = np.arange(len(sizes))
    kept = pa.array(places, mask=np.isin(places, list(faults)))
    arrays = [_taken(column, kept) for column in part.batch.columns]
    batch = pa.RecordBatch.from_arrays(arrays, part.batch.schema.names)
    sizes[list(faults)] = 0
    return replace(part, batch=batch, faults={**part.faults, **faults}), sizes


def _decoded(part: Part) -> Part:
    arrays = list(map(_plain, part.batch.columns))
    return replace(part, batch=pa.RecordBatch.from_arrays(arrays, part.batch.schema.names))


def _plain(array: pa.Array) -> pa.Array:
    """Return the values decoded, and no others that share their buffers."""
    kind = plain(array.type)
    if kind == array.type:
        return array
    if isinstance(array, pa.ExtensionArray):
        return _plain(array.storage)
    if pa.types.is_string_view(array.type) or pa.types.is_binary_view(array.type):
        return array.cast(kind)
    if pa.types.is_dictionary(array.type):
        return _small_dictionary(array).cast(kind)
    return array.take(pa.array(range(len(array)), pa.int64())).cast(kind)


def _small_dictionary(array: pa.DictionaryArray) -> pa.Array:
    """Return the values without those that no row has: Arrow reserves the mean length of all for each row."""
    if array.dictionary.nbytes <= TEXT_BYTES:
        return array
    used = pc.unique(array.indices).drop_null().sort()
    places = np.searchsorted(used.to_numpy(), array.indices.fill_null(0).to_numpy(zero_copy_only=False))
    indices = pa.array(places, pa.int32(), mask=array.is_null().to_numpy(zero_copy_only=False))
    return pa.DictionaryArray.from_arrays(indices, array.dictionary.take(used))


def _taken(array: pa.Array, kept: pa.Array) -> pa.Array:
    """Return the values at these places, none where a place is null; Arrow cannot take views."""
    if pa.types.is_string_view(array.type) or pa.types.is_binary_view(array.type):
        values = [array[place.as_py()].as_py() if place.is_valid else None for place in kept]
        return pa.array(values, plain(array.type))
    return array.take(kept)
