"""Checks of columns whose draws are models of their own, against what the table shows beside them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.profiles.expressions import evaluate
from synthprof.profiles.samplers.templates import filled
from synthprof.profiles.stored_forms import own_form
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.templates import Template
from synthprof.schemas.schema import Column, Schema

Flags = npt.NDArray[np.bool_]
Found = Iterator[tuple[str, Flags]]


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
        yield from CHECKS[type(draw)](draw, Checked(schema, column, batch))


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


def _other_than(wanted: pa.Array, of: Checked) -> Flags:
    """Return the rows whose value is another than wanted; `nulls` may have taken it away."""
    wrong = differing(wanted, of.own(of.column.name))
    if of.column.nulls is not None:
        wrong &= of.values.is_valid().to_numpy(zero_copy_only=False)
    return wrong


CHECKS: Mapping[type[DrawModel], Callable[[Any, Checked], Found]] = {
    Expression: _computed,
    Template: _written,
}
"""The check of each model that says more than bounds of its kind."""
