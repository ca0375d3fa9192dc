"""What a column is in the feature vector: the key `feature` of a column."""

from typing import TYPE_CHECKING, Annotated, Literal, Self, Union

from pydantic import Field, model_validator

from synthprof.schemas.format.part import Count, Part, Real


class Scaled(Part):
    """(value − low) / (high − low), cut to 0 and 1; for a flag, the value itself."""

    kind: Literal["scaled"] = "scaled"
    low: Annotated[Real | None, Field(description="What becomes 0; the lowest value if not named.")] = None
    high: Annotated[Real | None, Field(description="What becomes 1; the highest value if not named.")] = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"low={self.low:g} is not below high={self.high:g}; swap them")
        return self


class Indexed(Part):
    """The position of the category over the number of categories."""

    kind: Literal["indexed"] = "indexed"


class Counted(Part):
    """The number of items of a list over `most`, cut to 1."""

    kind: Literal["counted"] = "counted"
    most: Annotated[Count | None, Field(ge=1, description="Items that become 1, else the most.")] = None


class Measured(Part):
    """The length of a text in characters over `most`, cut to 1."""

    kind: Literal["measured"] = "measured"
    most: Annotated[Count, Field(ge=1, description="Characters that become 1.")]


FEATURES: tuple[type[Part], ...] = (Scaled, Indexed, Counted, Measured)
"""Every kind of feature; a new one is added here."""

if TYPE_CHECKING:
    FeatureKey = Part
else:
    FeatureKey = Annotated[Union[FEATURES], Field(discriminator="kind")]  # noqa: UP007  made of a registry
