"""The rows of a source as Arrow blocks, each value checked; rows that cannot be taken are left out."""

from collections.abc import Collection, Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.schemas.loader import KEY, TEXT, collection_schema
from synthprof.sources.bounds import bounded
from synthprof.sources.carried import carried
from synthprof.sources.checks import keys_of, sound, texts_of
from synthprof.sources.reading import Part, Reader
from synthprof.sources.rejects import Rejects
from synthprof.sources.source import Source, reader_of
from synthprof.spec.spec import BLOCK_ROWS

MOST_BYTES = 2_000 * MIB
"""Bytes of a block: Arrow holds less than 2 GiB of text in a column."""


def blocks(
    source: Source,
    columns: str,
    rejects: Rejects | None = None,
    *,
    reader: Reader | None = None,
    repeated: Collection[int] = (),
    most_bytes: int = MOST_BYTES,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a source as blocks with `id` from 1 on, key, text and further columns.

    columns: the further columns with their kinds. rejects: is told of each row that is left out. repeated:
    positions, among the rows that are taken, of those whose key another row has before. most_bytes: of a
    block. Raises SpecError as `survey` does.
    """
    first = 1
    rejects = rejects or Rejects()
    rows = _taken(source, columns, rejects, reader or reader_of(source), frozenset(repeated))
    for block in _regrouped(rows, most_bytes):
        ids = pa.array(range(first, first + block.num_rows), pa.int64())
        yield pa.RecordBatch.from_arrays([ids, *block.columns], ["id", *block.schema.names])
        first += block.num_rows


def _regrouped(parts: Iterable[pa.RecordBatch], most_bytes: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows grouped into blocks. Raises SpecError for a block of more bytes than `most_bytes`."""
    waiting: list[pa.RecordBatch] = []
    rows = held = 0
    for part in parts:
        while rows + part.num_rows >= BLOCK_ROWS:
            yield _joined([*waiting, part.slice(0, BLOCK_ROWS - rows)])
            part, waiting, rows, held = part.slice(BLOCK_ROWS - rows), [], 0, 0
        if part.num_rows:
            waiting.append(part)
            rows += part.num_rows
            held += part.nbytes
        if held > most_bytes:
            raise SpecError(
                f"{rows:,} rows of the source take {held / MIB:,.0f} MiB, a block of {BLOCK_ROWS:,} rows may "
                f"take {most_bytes / MIB:,.0f} MiB of this machine's memory; keep fewer columns"
            )
    if rows:
        yield _joined(waiting)


def _joined(parts: list[pa.RecordBatch]) -> pa.RecordBatch:
    table = pa.Table.from_batches(parts).combine_chunks()
    return pa.RecordBatch.from_arrays([column.chunk(0) for column in table.columns], table.schema.names)


def _taken(
    source: Source, columns: str, rejects: Rejects, reader: Reader, repeated: frozenset[int]
) -> Iterator[pa.RecordBatch]:
    """Yield key, text and further columns of the rows that can be taken, in the order of the source."""
    further = [(each.name, str(each.value_kind)) for each in collection_schema(columns).columns[2:]]
    wanted = [source.id_column, source.text_column, *(name for name, _ in further)]
    first = 0
    for part in bounded(reader, wanted):
        batch, taken = _checked(source, part, rejects, further)
        if repeated:
            twice = [row for row in range(batch.num_rows) if first + row in repeated]
            for row in twice:
                key = f"{batch.column(0)[row].as_py()!r:.60}"
                rejects.add(
                    part.place(int(taken[row])), f"column {source.id_column!r} has {key} a second time"
                )
            first += batch.num_rows
            batch = batch.take(pa.array(np.setdiff1d(np.arange(batch.num_rows), twice)))
        if rejects.too_many:
            return
        yield batch


def _checked(
    source: Source, part: Part, rejects: Rejects, further: Sequence[tuple[str, str]]
) -> tuple[pa.RecordBatch, np.ndarray]:
    """Return the rows of a part that can be taken, and their positions in it."""
    names = [source.id_column, source.text_column, *(name for name, _ in further)]
    columns, faults = [], dict[int, str]()
    for name, column in zip(names, part.batch.columns, strict=True):
        column, wrong = sound(column)
        faults |= {row: f"column {name!r}: {why}" for row, why in wrong.items()}
        columns.append(column)
    keys, without_key = keys_of(columns[0], source.id_column)
    texts, without_text = texts_of(columns[1], source.text_column)
    named = {
        row: f"column {source.text_column!r}, id {keys[row].as_py()!r:.60}: {why}"
        for row, why in without_text.items()
    }
    faults = {**named, **without_key, **faults, **part.faults}
    for row in sorted(faults):
        rejects.add(part.place(row), faults[row])
    good = (
        np.setdiff1d(np.arange(part.batch.num_rows), list(faults))
        if faults
        else np.arange(part.batch.num_rows)
    )
    arrays = [keys, texts, *columns[2:]]
    if faults:
        arrays = [array.take(pa.array(good)) for array in arrays]
    for place, (name, kind) in enumerate(further, 2):
        arrays[place] = carried(name, kind, arrays[place], lambda row: part.place(int(good[row])))
    return pa.RecordBatch.from_arrays(arrays, [KEY, TEXT, *(name for name, _ in further)]), good
