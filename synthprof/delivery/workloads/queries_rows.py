"""Rows that queries are made of: those that would come next, those of the version, and mixtures of two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.arrays import Ids
from synthprof.base.errors import SpecError
from synthprof.base.streams import stream
from synthprof.delivery.workloads.queries_space import Space
from synthprof.profiles.drawing import generate
from synthprof.schemas.draw_kinds.places import Follows, Latitude, Longitude
from synthprof.schemas.draws import Lookup
from synthprof.schemas.schema import Column, Schema
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.versions import tables
from synthprof.versions.published import stored
from synthprof.versions.version import Version

Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

MOST_CHANGED = 3
"""Columns that differ between a near copy and its origin at most; those that follow from one count as one."""


@dataclass(frozen=True, eq=False)
class Pool:
    """Rows to make queries of. ids: (n,) int64. groups: (n,) the archetype or cluster of each."""

    rows: pa.RecordBatch
    ids: Ids
    groups: npt.NDArray[np.int64]

    def take(self, places: Places) -> pa.RecordBatch:
        """Return rows by their places from 0 on."""
        return self.rows.take(pa.array(places))


def fresh_rows(version: Version, count: int, seed: int) -> Pool:
    """Return rows that the generator would draw next, in no order: parts of the blocks after the last one.

    At least `count`, and at most twice as many and a block. Raises SpecError where a column whose values
    must differ has none left.
    """
    spec, parts, ids, groups = version.spec, [], [], []
    blocks = max(1, -(-2 * count // BLOCK_ROWS))
    each = -(-max(count, min(BLOCK_ROWS, 2 * count + 1_024)) // blocks)
    for block in range(spec.blocks, spec.blocks + blocks):
        try:
            made = generate(version.schema, spec.seed, spec.locale, spec.separation, block)
        except SpecError as error:
            raise SpecError(
                f"there are no rows after the last one ({error}); leave in_distribution out"
            ) from error
        chosen = np.argsort(stream(seed, "workload", "fresh", block).words(BLOCK_ROWS), kind="stable")[:each]
        parts.append(plain(made.profiles.take(pa.array(chosen))))
        ids.append(block * BLOCK_ROWS + 1 + chosen)
        groups.append(made.archetypes[chosen].astype(np.int64))
    rows = pa.Table.from_batches(parts).combine_chunks().to_batches()[0]
    return Pool(rows, np.concatenate(ids), np.concatenate(groups))


def stored_rows(space: Space, count: int, seed: int, purpose: str) -> Pool:
    """Return up to `count` different rows of the version with an embedding, in no order.

    They have the columns that count in the space.
    """
    version, total = space.version, space.version.rows
    tries = np.unique((stream(seed, "workload", purpose).uniform(2 * count) * total).astype(np.int64)) + 1
    clusters = tables.clusters(version, tries)
    tries, clusters = tries[clusters >= 0], clusters[clusters >= 0]
    order = np.argsort(stream(seed, "workload", f"{purpose} order").words(len(tries)), kind="stable")[:count]
    chosen = np.sort(order)
    names = list(dict.fromkeys(("id", *space.counting)))
    rows = stored(version).rows(names, ids=tries[chosen]).combine_chunks().to_batches()[0]
    places = np.searchsorted(chosen, order)
    return Pool(plain(rows).take(pa.array(places)), tries[order], clusters[order].astype(np.int64))


def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows with the types that a database has: texts as strings, whole numbers of 64 bits."""
    return pa.RecordBatch.from_arrays([_plain(column) for column in batch.columns], names=batch.schema.names)


def other_group(groups: npt.NDArray[np.int64], ones: Places, uniform: npt.NDArray[np.float64]) -> Places:
    """Return for each place one of another group, by chance; of any row where all are of one group.

    groups: (n,). ones: (m,) places. uniform: (m,) in [0, 1).
    """
    order = np.argsort(groups, kind="stable")
    values, starts, counts = np.unique(groups[order], return_index=True, return_counts=True)
    which = np.searchsorted(values, groups[ones])
    if len(values) == 1:
        return (uniform * len(groups)).astype(np.intp)
    chosen = (uniform * (len(groups) - counts[which])).astype(np.intp)
    return order[chosen + np.where(chosen >= starts[which], counts[which], 0)]


def units_of(space: Space) -> tuple[tuple[str, ...], ...]:
    """Return the columns that count; those that follow from one are changed with it."""
    schema = space.version.schema
    heads = {name: _head(schema, schema.column(name)) for name in space.counting}
    wanted = dict.fromkeys(heads.values())
    return tuple(tuple(name for name, head in heads.items() if head == one) for one in wanted)


def mixed(
    ones: pa.RecordBatch, others: pa.RecordBatch, units: Sequence[Sequence[str]], taken: Flags
) -> pa.RecordBatch:
    """Return rows with some units of columns from others. taken: (n, units), true where from the others."""
    columns = dict(zip(ones.schema.names, ones.columns, strict=True))
    for place, unit in enumerate(units):
        mask = pa.array(taken[:, place])
        for name in unit:
            other = others.column(name)
            columns[name] = pc.if_else(mask, other.cast(columns[name].type), columns[name])
    return pa.RecordBatch.from_pydict(columns)


def differing(ones: pa.RecordBatch, others: pa.RecordBatch, units: Sequence[Sequence[str]]) -> Flags:
    """Return which units of columns differ between rows, (n, units)."""
    found = np.zeros((ones.num_rows, len(units)), np.bool_)
    for place, unit in enumerate(units):
        for name in unit:
            one, other = ones.column(name), others.column(name)
            equal = pc.fill_null(pc.equal(one, other.cast(one.type)), False)
            both_null = pc.and_(one.is_null(), other.is_null())
            found[:, place] |= ~pc.or_(equal, both_null).to_numpy(zero_copy_only=False)
    return found


def few_of(differ: Flags, seed: int) -> Flags:
    """Return which one to three of the units that differ are changed in each row, (n, units)."""
    count, units = differ.shape
    draw = stream(seed, "workload.near_copy", "units")
    sizes = 1 + (draw.uniform(count) * MOST_CHANGED).astype(np.int64)
    return differ & (
        _ranks(np.where(differ, draw.uniform(differ.size).reshape(count, units), 2)) < sizes[:, None]
    )


def half_of(differ: Flags, seed: int) -> Flags:
    """Return which half of the units that differ comes from the other row, (n, units)."""
    chances = stream(seed, "workload.hard", "units").uniform(differ.size).reshape(differ.shape)
    found: Flags = differ & (_ranks(np.where(differ, chances, 2)) < (differ.sum(axis=1) // 2)[:, None])
    return found


def _ranks(keys: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    return np.asarray(np.argsort(np.argsort(keys, axis=1, kind="stable"), axis=1, kind="stable"))


def _head(schema: Schema, column: Column) -> str:
    """Return the column that a column follows from, be it through others, or itself."""
    match column.draw:
        case Lookup(column=of) | Follows(of=of) | Latitude(of=of) | Longitude(of=of):
            return _head(schema, schema.column(of))
    return column.name


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.int64()) if pa.types.is_integer(column.type) else column
