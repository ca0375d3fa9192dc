"""Numbers that follow from others, with noise."""

from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import Files
from synthprof.schemas.draw_kinds.nested import NumberDraw
from synthprof.schemas.draw_kinds.numbers import Rounded, check_multiples, check_order
from synthprof.schemas.draw_kinds.parameters import Finite

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema

NUMERIC = ("integer", "float", "flag", "bool")
"""Kinds of columns that can be multiplied; of a flag or boolean true is 1."""


class Noise(Rounded):
    """A number that is a weighted sum of other columns, plus an intercept, plus noise.

    Beyond `low` and `high` it is set to them; then it is rounded.

    >>> Noise(linear={"height": 0.9}, intercept=-85, noise={"draw": "normal", "mean": 0, "stddev": 9}).told
    '-85 + 0.9 height + normal, mean 0, stddev 9'
    """

    draw: Literal["noise"] = "noise"
    linear: dict[str, Finite] = Field(min_length=1, description="For columns of numbers, what each counts.")
    intercept: Annotated[Finite, Field(description="The number where all of them are 0.")] = 0.0
    noise: Annotated[NumberDraw, Field(description="The distribution that is added.")]
    low: Annotated[Finite | None, Field(description="The lowest number.")] = None
    high: Annotated[Finite | None, Field(description="The highest number.")] = None

    def with_files(self, files: Files) -> Self:
        """Return the draw with the numbers of the files that its noise names. Raises SpecError."""
        return self.model_copy(update={"noise": self.noise.with_files(files)})

    @property
    def given(self) -> tuple[str, ...]:
        """The columns of the sum, and those that the noise depends on."""
        return tuple(dict.fromkeys((*self.linear, *self.noise.given)))

    @property
    def ends(self) -> tuple[Any, Any]:
        """The bounds."""
        return self.low, self.high

    @property
    def told(self) -> str:
        """The sum."""
        terms = " + ".join(f"{factor:g} {name}" for name, factor in self.linear.items())
        return f"{self.intercept:g} + {terms} + {self.noise.told}"

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError unless the columns of the sum are numbers."""
        for name in self.linear:
            if (kind := schema.column(name).kind) not in NUMERIC:
                raise SpecError(
                    f"{column.name}: linear names {name}, which is a {kind}; name columns of numbers"
                )
        self.noise.check(schema, column)

    @model_validator(mode="after")
    def _bounds(self) -> Self:
        if self.low is not None and self.high is not None:
            check_order(self.low, self.high)
            check_multiples(self, self.low, self.high)
        return self


KINDS = (Noise,)
