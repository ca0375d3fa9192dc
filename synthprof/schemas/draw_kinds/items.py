"""An item of a list that another column holds."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.schemas.draw_kinds.model import DrawModel


class ItemOf(DrawModel):
    """An item of the list in another column, by its place there; none where the list is empty.

    >>> ItemOf(column="parent.games", weights=(5, 3, 2)).given
    ('parent.games',)
    """

    draw: Literal["item_of"] = "item_of"
    column: Annotated[str, Field(min_length=1, max_length=200, description="The column with the list.")]
    weights: Annotated[
        tuple[Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)], ...],
        Field(
            min_length=1,
            max_length=100,
            description="A weight for each place in the list, the first first; later places have the last.",
        ),
    ] = (1.0,)

    @property
    def kind(self) -> Kind:
        """A text."""
        return Kind("text")

    @property
    def given(self) -> tuple[str, ...]:
        """The column with the list."""
        return (self.column,)

    @property
    def told(self) -> str:
        """The column."""
        return f"one of `{self.column}`"

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not self.weights[0]:
            raise ValueError(
                "weights begin with 0, so a list of one item leaves none; give it a weight above 0"
            )
        return self


KINDS = (ItemOf,)
