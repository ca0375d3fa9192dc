"""A column of a schema's file: keys of every column, and beside them the keys of its draw."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args

from pydantic import BaseModel, Field, model_validator

from synthprof.schemas.draw_kinds.every import MODELS
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.features import Feature, Written
from synthprof.schemas.format.coded import CODED, CodedDraw
from synthprof.schemas.format.part import MAX_COLUMNS, ColumnName, Flag, Part, Share, Text, Weight
from synthprof.schemas.nulls import Nulls

_MODELS: tuple[type[BaseModel], ...] = (*CODED, *MODELS)

DRAWS: dict[str, type[BaseModel]] = {model.model_fields["draw"].default: model for model in _MODELS}
"""The model of every draw by the name that `draw = "…"` gives it."""

FEATURES = {kind.__dataclass_fields__["kind"].default: kind for kind in get_args(Feature)}
"""Every kind of feature by its name."""

if TYPE_CHECKING:
    Draw = CodedDraw | DrawModel
else:
    Draw = Annotated[Union[_MODELS], Field(discriminator="draw")]  # noqa: UP007  made of a registry


class Column(Part):
    """A column. The keys of its draw stand beside those of every column."""

    name: Annotated[ColumnName, Field(description="The column's name, not `id`.")]
    doc: Annotated[Text, Field(description="What it means, in one or two sentences.")]
    draw: Annotated[Draw, Field(description="How it is drawn; the keys of that draw stand beside it.")]
    hidden: Annotated[
        Flag,
        Field(description="Whether it is drawn only for others to depend on: no table and no vector has it."),
    ] = False
    nulls: Annotated[
        Share | Nulls, Field(description="The share of rows without a value, or a table that says more.")
    ] = 0.0
    indexed: Annotated[Flag, Field(description="Whether databases have an index on it.")] = False
    feature: Annotated[
        Written | Literal[False] | None,
        Field(description="What it is in the feature vector; `false` for nothing; else by its kind."),
    ] = None
    weight: Annotated[
        Weight | None, Field(description="What it counts in the encoder `catalogue`; else by its kind.")
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _part_the_draw(cls, table: Any) -> Any:  # noqa: ANN401
        """Put the keys of the draw, which stand beside the others in a file, into a table of their own."""
        if not isinstance(table, Mapping) or not isinstance(table.get("draw"), str):
            return table
        own = {key: value for key, value in table.items() if key in OWN and key != "draw"}
        return own | {"draw": {key: value for key, value in table.items() if key not in own}}


OWN = frozenset(Column.model_fields)
"""The keys of every column; a draw has none of them but `draw`."""

Columns = Annotated[tuple[Column, ...], Field(min_length=1, max_length=MAX_COLUMNS)]


def key_of(model: type[BaseModel], field: str) -> str:
    """Return the key in a file of a model's field."""
    return model.model_fields[field].alias or field
