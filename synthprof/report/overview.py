"""The overview of a version: marginals, what is typical of each cluster, and a map.

Made once, when a version is published: from a million profiles it would take a reader seconds.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.arrays import Matrix
from synthprof.base.column_kinds import Kind
from synthprof.base.stored_numbers import as_numbers
from synthprof.base.values import as_text
from synthprof.profiles.codes import UNKNOWN, ListCodes, Lists, category_codes, codes_or_unknown, list_codes
from synthprof.profiles.shares import expected_shares, labels
from synthprof.report.tally import Tally, tally
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draws import Chance, Choice, Lookup, Number, Subset
from synthprof.schemas.schema import Column, Schema
from synthprof.schemas.spans import bands_of, in_bands, on_map
from synthprof.spec.contents import CLUSTER

MAX_CLUSTERS = 1_000
"""Clusters that are described: more than anybody looks at, and few enough for one answer."""

MAX_VALUES = 8_192
"""Values of a column that is counted: a count of each in every cluster described must fit into memory."""

ORDERED = "ordered"
"""Metadata of a column of the map whose categories are bands, in their order, then what has none."""

MAX_TRAITS = 6
LEAST_LIFT = 1.25
LEAST_SHARE = 0.05
LEAST_ROWS = 5
"""A trait is a value that is at least so much more frequent in a cluster than overall, and no rarity."""

Labels = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Attribute:
    """A value of a column, or a band of its numbers."""

    column: str
    value: str


def attributes(schema: Schema) -> tuple[Attribute, ...]:
    """Return the values counted, by column: of categories, flags and lists, and the bands of numbers."""
    return tuple(
        Attribute(column.name, value) for column in counted_columns(schema) for value in labels(column)
    )


def described(rows_of: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the clusters to describe, ascending: the largest, the lower number first among equals.

    rows_of: (k,) rows of each cluster.
    """
    return np.sort(np.argsort(-rows_of, kind="stable")[:MAX_CLUSTERS])


def count(
    schema: Schema,
    batch: pa.RecordBatch,
    clusters: Labels,
    chosen: npt.NDArray[np.int64],
) -> Tally:
    """Count each attribute in each chosen cluster and, in the last group, among the others of the batch.

    clusters: (n,) the cluster of each profile, -1 for none; chosen: (c,) ascending.
    Returns counts of c + 1 groups.
    """
    lists = Lists(batch)
    places = np.searchsorted(chosen, clusters).clip(max=len(chosen) - 1)
    places = np.where(chosen[places] == clusters, places, len(chosen))
    parts = []
    for column in counted_columns(schema):
        rows, codes = _codes(column, batch.column(column.name), lists.of)
        parts.append((places if rows is None else places[rows], codes, len(labels(column))))
    return tally(len(chosen) + 1, parts)


def by_column(schema: Schema, values: npt.NDArray[Any]) -> dict[str, npt.NDArray[Any]]:
    """Split one value per attribute, (attributes,), into those of each column in the order of its labels."""
    found, first = {}, 0
    for column in counted_columns(schema):
        end = first + len(labels(column))
        found[column.name], first = values[first:end], end
    return found


def overview(
    schema: Schema,
    separation: float,
    counts: npt.NDArray[np.int64],
    chosen: npt.NDArray[np.int64],
    rows_of: npt.NDArray[np.int64],
    rows: int,
) -> str:
    """Return the overview of `rows` profiles as JSON; same input, same bytes.

    counts: (c + 1, attributes) the sum of `count` over all blocks. chosen: (c,) int64, ascending, the
    clusters to describe. rows_of: (k,) int64, the rows of each of the k clusters. rows: of the data set,
    those in no cluster among them.
    """
    shares, known = counts[-1] / rows, attributes(schema)
    order = np.argsort(-rows_of[chosen], kind="stable")
    return json.dumps(
        {
            "marginals": list(_marginals(schema, separation, counts[-1], rows)),
            "clusters": [
                {
                    "cluster": int(chosen[place]),
                    "rows": (size := int(rows_of[chosen[place]])),
                    "share": round(size / rows, 6),
                    "typical": _traits(known, counts[place], size, shares),
                }
                for place in order
            ],
            "others": {
                "clusters": len(rows_of) - len(chosen),
                "rows": int(rows_of.sum() - rows_of[chosen].sum()),
            },
        },
        ensure_ascii=False,
    )


def map_of(schema: Schema, profiles: pa.RecordBatch, places: Matrix, clusters: Labels) -> pa.Table:
    """Return the points of a map: id, x, y, cluster, and every column that points can be coloured by.

    Columns of a collection and of models are not among them: their values are not known beforehand. Of a
    list it is the first item. profiles: n rows; places: (n, 2); clusters: (n,).
    """
    columns: dict[str, pa.Array] = {
        "id": profiles.column("id").cast(pa.int32()),
        "x": pa.array(places[:, 0], pa.float32()),
        "y": pa.array(places[:, 1], pa.float32()),
        CLUSTER: pa.array(clusters, pa.int32()),
    }
    for column in schema.columns:
        if not on_map(column):
            continue
        if isinstance(column.draw, DrawModel):
            columns[column.name] = _shown(column, profiles.column(column.name))
        elif column.kind in ("category", "list"):
            columns[column.name] = _firsts(column, profiles.column(column.name))
        else:
            columns[column.name] = profiles.column(column.name).cast(_map_type(column))
    table = pa.table(columns)
    ordered = [name for name in columns if name in schema.by_name and in_bands(schema.column(name))]
    for name in ordered:
        place = table.schema.get_field_index(name)
        field = table.schema.field(place).with_metadata({ORDERED: ""})
        table = table.set_column(place, field, table.column(place))
    return table


def _shown(column: Column, values: pa.Array) -> pa.Array:
    """Return what colours the points by a column drawn by a model: its values, truths or bands, or none."""
    names = labels(column)
    rows, found = _modelled_codes(column, values, lambda of: list_codes(of, values))
    codes = np.full(len(values), len(names))
    codes[slice(None) if rows is None else rows] = found
    return _coded(codes, (*names, as_text(None)))


def counted_columns(schema: Schema) -> list[Column]:
    """Return the columns whose values, or bands of them, are counted."""
    kinds = (Choice, Chance, Lookup, Number, Subset, DrawModel)
    columns = (column for column in schema.columns if isinstance(column.draw, kinds))
    return [column for column in columns if 0 < len(labels(column)) <= MAX_VALUES]


def _map_type(column: Column) -> pa.DataType:
    if column.bounds is None:
        return pa.int64()
    low, high = column.span
    return pa.int16() if low >= -(2**15) and high < 2**15 else pa.int32()


def _codes(
    column: Column, values: pa.Array, lists: Callable[[Column], ListCodes]
) -> tuple[npt.NDArray[np.int64] | None, npt.NDArray[np.int64]]:
    """Return the attribute of each row or, for lists, the rows and the attributes of all their items.

    Rows without a value are left out; then the rows of the others are returned.
    """
    if values.null_count:
        there = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
        present = values.drop_null()
        rows, codes = _codes(column, present, lambda of: list_codes(of, present))
        return there if rows is None else there[rows], codes
    match column.draw:
        case Subset():
            found = lists(column)
            return np.repeat(np.arange(len(values)), np.diff(found.offsets)), found.items
        case Number(bands=bands):
            return None, np.searchsorted(np.array(bands), values.to_numpy(), side="right") - 1
        case Chance():
            return None, values.to_numpy().astype(np.int64)
        case DrawModel():
            return _modelled_codes(column, values, lists)
    return None, category_codes(column, values)


def _modelled_codes(
    column: Column, values: pa.Array, lists: Callable[[Column], ListCodes]
) -> tuple[npt.NDArray[np.int64] | None, npt.NDArray[np.int64]]:
    """Return the same of a column drawn by a model: by its bands, its truth, its values or their items."""
    if column.kind == "list":
        found = lists(column)
        rows, known = np.repeat(np.arange(len(values)), np.diff(found.offsets)), found.items != UNKNOWN
        return rows[known], found.items[known]
    if column.kind == "text":
        codes = codes_or_unknown(column, values)
        rows = np.flatnonzero(codes != UNKNOWN)
        return rows, codes[rows]
    kind = column.value_kind or Kind("integer")
    numbers, bands = as_numbers(kind, values), bands_of(column)
    rows = np.flatnonzero(~np.isnan(numbers))
    edges = np.array([1.0] if bands is None else bands.edges)  # what has no bands is false or true
    return rows, np.searchsorted(edges, numbers[rows], side="right")


def _firsts(column: Column, values: pa.Array) -> pa.Array:
    """Return the category of each row, or the first item of its list, as a dictionary in column order.

    Where values may be missing, the dictionary ends with the text that stands for none.
    """
    if column.nulls is not None:
        codes = np.full(len(values), len(column.values))
        codes[values.is_valid().to_numpy(zero_copy_only=False)] = _first_codes(column, values.drop_null())
        return _coded(codes, (*column.values, as_text(None)))
    return _coded(_first_codes(column, values), column.values)


def _coded(codes: npt.NDArray[np.int64], values: tuple[str, ...]) -> pa.Array:
    kind = pa.int8() if len(values) < 128 else pa.int16() if len(values) < 2**15 else pa.int32()
    return pa.DictionaryArray.from_arrays(pa.array(codes, kind), pa.array(values, pa.string()))


def _first_codes(column: Column, values: pa.Array) -> npt.NDArray[np.int64]:
    if column.kind == "list":
        found = list_codes(column, values)
        return found.items[found.offsets[:-1]]
    return category_codes(column, values)


def _marginals(
    schema: Schema, separation: float, counts: npt.NDArray[np.int64], rows: int
) -> Iterator[dict[str, Any]]:
    """Yield the shares of each column's values among the rows that have one, and of rows that have none."""
    targets = expected_shares(schema, separation)
    for name, found in by_column(schema, counts).items():
        column, target = schema.column(name), targets.get(name, {})
        lacking = column.may_lack and column.kind != "list"
        there = max(int(found.sum()), 1) if lacking else rows
        yield {
            "column": name,
            "kind": column.kind,
            **({"ordered": True} if in_bands(column) else {}),
            "values": [
                {
                    "value": value,
                    "share": round(float(share), 6),
                    "target": round(target[value], 6) if value in target else None,
                }
                for value, share in zip(labels(column), found / there, strict=True)
            ],
            **({"missing": round(1 - int(found.sum()) / rows, 6)} if lacking else {}),
        }


def _traits(
    known: tuple[Attribute, ...],
    counts: npt.NDArray[np.int64],
    rows: int,
    overall: npt.NDArray[np.float64],
) -> list[dict[str, Any]]:
    """Return the traits of a cluster: the attributes with the largest share x log(lift)."""
    common = np.flatnonzero(counts >= LEAST_ROWS)  # of thousands of attributes most are rare
    share = counts[common] / max(rows, 1)
    lift = share / np.maximum(overall[common], 1e-12)
    telling = np.where((lift >= LEAST_LIFT) & (share >= LEAST_SHARE), share, 0.0)
    weight = telling * np.log(np.maximum(lift, 1.0))
    chosen = [i for i in np.argsort(-weight, kind="stable")[:MAX_TRAITS] if weight[i] > 0]
    return [
        {
            "column": known[common[i]].column,
            "value": known[common[i]].value,
            "share": round(float(share[i]), 4),
            "lift": round(float(lift[i]), 2),
        }
        for i in chosen
    ]
