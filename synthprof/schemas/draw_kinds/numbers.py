"""Numbers that are drawn from a distribution."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.schemas.draw_kinds.model import DrawModel

Integer = Annotated[int, Field(ge=-(2**53), le=2**53, strict=True)]
"""An integer that JSON, SQLite and a float hold alike."""


class UniformInteger(DrawModel):
    """An integer from `low` to `high`, each as likely as any other.

    >>> UniformInteger(low=1, high=6).kind.name
    'integer'
    """

    draw: Literal["uniform_integer"] = "uniform_integer"
    low: Annotated[Integer, Field(description="The lowest number.")]
    high: Annotated[Integer, Field(description="The highest number.")]

    @property
    def kind(self) -> Kind:
        """An integer."""
        return Kind("integer")

    @property
    def told(self) -> str:
        """The bounds."""
        return f"{self.low} to {self.high}, each as likely"

    @property
    def ends(self) -> tuple[int, int]:
        """The bounds."""
        return self.low, self.high

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low={self.low} is above high={self.high}; swap them")
        return self
