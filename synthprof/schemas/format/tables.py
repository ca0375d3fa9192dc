"""Child tables: rows of their own for each row, as the orders of a customer."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from synthprof.schemas.format.columns import Columns, Draw
from synthprof.schemas.format.part import (
    MAX_COLUMNS,
    ColumnName,
    ColumnRef,
    Factors,
    Flag,
    Part,
    Text,
    Weight,
)
from synthprof.schemas.format.rules import Rule

MOST = 65_535
"""Rows of one parent at most: a block of all of them must fit in memory."""


class FanOut(Part):
    """The number of rows of a parent. The keys of its draw, one of whole numbers, stand beside these."""

    draw: Annotated[Draw, Field(description="A draw of whole numbers.")]
    most: Annotated[
        int, Field(strict=True, ge=1, le=MOST, description="The most rows that a parent can have.")
    ] = MOST
    factors: Annotated[
        dict[ColumnRef, dict[str, Weight]],
        Field(
            max_length=100,
            description="By a column of the parent, as `parent.age`, and its values: the factor on the rows.",
        ),
    ] = Field(default_factory=dict)
    archetypes: Annotated[
        dict[str, Weight], Field(max_length=1_000, description="By archetype, the factor on the rows.")
    ] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _part_the_draw(cls, table: Any) -> Any:  # noqa: ANN401
        """Put the keys of the draw, which stand beside the others in a file, into a table of their own."""
        if not isinstance(table, Mapping) or not isinstance(table.get("draw"), str):
            return table
        own = {key: value for key, value in table.items() if key in FAN_OUT}
        return own | {"draw": {key: value for key, value in table.items() if key not in own}}


FAN_OUT = frozenset(FanOut.model_fields) - {"draw"}
"""The keys of a fan-out beside those of its draw."""


class ChildTable(Part):
    """A table with several rows for each row of the schema, its parent.

    Its key is the parent's id and the number of the row among the parent's, from 1.
    """

    name: Annotated[
        str,
        Field(
            strict=True,
            pattern=r"^[a-z][a-z0-9_]{0,39}$",
            description="The table's name, and that of its database: a-z, 0-9 and _.",
        ),
    ]
    doc: Annotated[Text, Field(description="What a row of it means.")]
    key: Annotated[ColumnName, Field(description="The column of the parent's id.")] = "parent_id"
    fan_out: Annotated[FanOut, Field(description="How many rows a parent has.")]
    order: Annotated[
        ColumnName | None,
        Field(description="The column by which the rows of a parent stand in order, as a time."),
    ] = None
    odds: Annotated[
        dict[str, dict[ColumnName, Annotated[dict[str, Weight | Factors], Field(max_length=10_000)]]],
        Field(
            max_length=MAX_COLUMNS,
            description="By archetype of the parent and column, factors on its values as in `[[archetype]]`.",
        ),
    ] = Field(default_factory=dict)
    optional: Annotated[Flag, Field(description="Whether it is made only where it is asked for.")] = False
    column: Annotated[
        Columns, Field(description="Its columns, as `[[column]]`; `parent.age` names one of the parent.")
    ]
    rule: Annotated[
        tuple[Rule, ...], Field(max_length=1_000, description="Conditions on its rows, as `[[rule]]`.")
    ] = ()
