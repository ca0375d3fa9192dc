"""Checks of columns whose draws are models of their own, against what the table shows beside them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.column_kinds import Kind
from synthprof.base.text import LIST_SEPARATOR
from synthprof.base.values import item_text, list_items
from synthprof.profiles.expressions import evaluate
from synthprof.profiles.samplers.places import FARTHEST, KM_PER_DEGREE, degrees_of_longitude
from synthprof.profiles.samplers.templates import filled
from synthprof.profiles.stored_forms import own_form
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.lists import Listed
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.places import Follows, Latitude, Longitude, Place, numbers_of, place_of
from synthprof.schemas.draw_kinds.templates import Template
from synthprof.schemas.schema import Column, Schema

Flags = npt.NDArray[np.bool_]
Found = Iterator[tuple[str, Flags | pa.BooleanArray]]


@dataclass(frozen=True)
class Checked:
    """A column to check, and the rows with all columns as they are stored."""

    schema: Schema
    column: Column
    batch: pa.RecordBatch

    @property
    def values(self) -> pa.Array:
        """The column as it is stored, (n,)."""
        return self.batch.column(self.column.name)

    def own(self, name: str) -> pa.Array:
        """Return a column in the type that draws read."""
        column, found = self.schema.column(name), self.batch.column(name)
        if column.kind == "flag":
            return found.cast(pa.int8())
        return found if column.value_kind is None else own_form(column.value_kind, found)


def model_violations(schema: Schema, column: Column, draw: DrawModel, batch: pa.RecordBatch) -> Found:
    """Yield what may be wrong with a column, and the rows, (n,) bool, in which it is."""
    if type(draw) in CHECKS and batch.num_rows:
        for what, wrong in CHECKS[type(draw)](draw, Checked(schema, column, batch)):
            yield what, wrong if isinstance(wrong, np.ndarray) else _flags(wrong)


def _flags(found: pa.BooleanArray) -> Flags:
    marked: Flags = found.fill_null(False).to_numpy(zero_copy_only=False)
    return marked


def differing(one: pa.Array, other: pa.Array) -> Flags:
    """Return the rows in which two columns differ, (n,) bool; a missing value differs from any other."""
    different = pc.fill_null(pc.not_equal(one, other), False)
    found: Flags = pc.or_(different, pc.xor(one.is_null(), other.is_null())).to_numpy(zero_copy_only=False)
    return found


def _computed(draw: Expression, of: Checked) -> Found:
    tree = draw.typed({name: of.schema.column(name).kind for name in draw.given})
    wanted = evaluate(tree, draw.type, of.own, of.batch.num_rows)
    yield "is not what its expression gives", _other_than(wanted, of)


def _written(draw: Template, of: Checked) -> Found:
    wanted = filled(draw.parts, draw.missing, of.own, of.batch.num_rows)
    yield "is not what its template gives", _other_than(wanted, of)


def _placed(draw: Place, of: Checked) -> Found:
    known = pa.array(draw.values_of(draw.value), pa.string())
    yield "unknown value", pc.and_(pc.invert(pc.is_in(of.values, known)), of.values.is_valid())


def _followed(draw: Follows, of: Checked) -> Found:
    """Compare pairs of both values with those of the table; a missing value agrees with any."""
    given, values = _texts(of.batch.column(draw.of)), _texts(of.values)
    if draw.by_value:
        keys, found_values = draw.keys, draw.values_of(draw.value)
    else:
        place = place_of(of.column.name, draw.of, of.schema)
        keys, found_values = place.values_of(place.value), place.values_of(draw.value)
    known = numbers_of(draw.type, found_values)
    pairs = pc.binary_join_element_wise(pa.array(keys), _texts(pa.array(known)), _BETWEEN)
    found = pc.is_in(pc.binary_join_element_wise(given, values, _BETWEEN), pairs)
    if draw.otherwise is not None:
        (other,) = numbers_of(draw.type, [draw.otherwise])
        unknown = pc.invert(pc.is_in(given, pa.array(keys)))
        found = pc.or_(found, pc.and_(unknown, pc.equal(of.values, other)))
    both = pc.and_(given.is_valid(), values.is_valid())
    yield f"does not follow from {draw.of}", pc.and_(both, pc.invert(found))


_BETWEEN = "\x1f"


def _texts(values: pa.Array) -> pa.Array:
    return values.cast(pa.string())


def _north(draw: Latitude, of: Checked) -> Found:
    yield from _around(draw, of, draw.latitude, 90.0)


def _east(draw: Longitude, of: Checked) -> Found:
    yield from _around(draw, of, draw.longitude, 180.0)


def _around(draw: Latitude | Longitude, of: Checked, column: str, most: float) -> Found:
    """Compare degrees with those of all places of the same name; across ± 180 they are compared with most."""
    place = place_of(of.column.name, draw.of, of.schema)
    names, given = pa.array(place.values_of(place.value)), _texts(of.batch.column(draw.of))
    centres = np.array(numbers_of("float", place.values_of(column)))
    far = np.full(len(centres), FARTHEST * draw.spread_km / KM_PER_DEGREE)
    if isinstance(draw, Longitude):
        latitudes = np.array(numbers_of("float", place.values_of(draw.latitude)))
        far = FARTHEST * degrees_of_longitude(draw.spread_km, latitudes)
    far += 10.0**-draw.decimals
    low, high = centres - far, centres + far
    beyond = (low < -most) | (high > most)
    unique = names.unique()
    at = pc.index_in(names, unique).to_numpy()
    lowest, highest = np.full(len(unique), np.inf), np.full(len(unique), -np.inf)
    np.minimum.at(lowest, at, np.where(beyond, -most, low))
    np.maximum.at(highest, at, np.where(beyond, most, high))
    there = pc.and_(given.is_valid(), of.values.is_valid()).to_numpy(zero_copy_only=False)
    which = pc.index_in(given, unique).fill_null(0).to_numpy()
    degrees = of.values.fill_null(0.0).to_numpy()
    wrong = (degrees < lowest[which]) | (degrees > highest[which])
    yield f"is too far from {draw.of}", there & wrong


def _listed(draw: Listed, of: Checked) -> Found:
    """Compare the items of lists with the vocabulary; the few lists that are JSON are read one by one."""
    items = numbers_of(draw.type, list(draw.items))
    known = pa.array([item_text(Kind(draw.type), item) for item in items], pa.string())
    in_json = pc.fill_null(pc.starts_with(of.values, "["), False)
    joined = pc.split_pattern(pc.if_else(in_json, "", of.values.fill_null("")), LIST_SEPARATOR)
    lists = joined.to_pylist() if pc.any(in_json).as_py() else None
    if lists is not None:
        for row in np.flatnonzero(in_json.to_numpy(zero_copy_only=False)).tolist():
            lists[row] = list_items(of.values[row].as_py())
        joined = pa.array(lists, pa.list_(pa.string()))
    there = of.values.is_valid().to_numpy(zero_copy_only=False)
    sizes = pc.list_value_length(joined).to_numpy()
    rows = np.repeat(np.arange(len(sizes)), sizes)
    codes = pc.index_in(joined.flatten(), known).fill_null(-1).to_numpy().astype(np.int64)
    yield "unknown item", there & (np.bincount(rows[codes < 0], minlength=len(sizes)) > 0)
    counts = draw.counts
    yield (
        f"not {counts[0]} to {counts[-1]} items",
        there & ((sizes < counts[0]) | (sizes > counts[-1])),
    )
    if draw.unique:
        pairs, often = np.unique(rows * (len(known) + 1) + codes, return_counts=True)
        twice = np.bincount(pairs // (len(known) + 1), often - 1, len(sizes)) > 0
        yield "item twice", there & twice


def _other_than(wanted: pa.Array, of: Checked) -> Flags:
    """Return the rows whose value is another than wanted; `nulls` may have taken it away."""
    wrong = differing(wanted, of.own(of.column.name))
    if of.column.nulls is not None:
        wrong &= of.values.is_valid().to_numpy(zero_copy_only=False)
    return wrong


CHECKS: Mapping[type[DrawModel], Callable[[Any, Checked], Found]] = {
    Expression: _computed,
    Template: _written,
    Place: _placed,
    Listed: _listed,
    Follows: _followed,
    Latitude: _north,
    Longitude: _east,
}
"""The check of each model that says more than bounds of its kind."""
