"""Draws by weights, which other columns and the archetype change by factors: histograms and booleans."""

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StrictBool, StrictStr, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel, Files
from synthprof.schemas.draw_kinds.numbers import Integer, Rounded
from synthprof.schemas.draw_kinds.parameters import Finite, edges_of

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema

Weight = Annotated[float, Field(strict=True, ge=0, le=1e15, allow_inf_nan=False)]
Factors = Weight | tuple[Weight, ...]

MAX_BINS = 4_096
"""Bins of a histogram."""

FEW_EDGES = 40
"""Edges of bins that are read as quantiles; of more, other ones do as well."""

BY_VALUE = ("category", "flag", "bool", "text")
"""Kinds of columns whose odds are given by value, and not by band."""


class Boolean(DrawModel):
    """True with probability `share`; a factor multiplies the odds of true.

    >>> Boolean(share=0.2, given={"sex": {"F": 2.0}}).given
    ('sex',)
    """

    by_quantile: ClassVar[bool] = True

    draw: Literal["boolean"] = "boolean"
    share: Annotated[float, Field(strict=True, ge=0, le=1, description="The probability of true.")]
    factors: dict[str, dict[str, Weight]] = Field(
        default_factory=dict,
        alias="given",
        description="By column, its values or bands: factors on the odds.",
    )
    archetype: dict[str, Weight] = Field(
        default_factory=dict, description="For archetypes by name, the factor on the odds of true."
    )

    @property
    def kind(self) -> Kind:
        """A boolean."""
        return Kind("bool")

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that change the odds."""
        return tuple(self.factors)

    @property
    def told(self) -> str:
        """The share and what changes it."""
        return f"true for {self.share:.3g}" + (f", by {', '.join(self.given)}" if self.given else "")

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError unless the values and archetypes that factors name are in the schema."""
        check_factors(schema, column.name, self.factors, self.archetype)


class Histogram(Rounded):
    """A number from bins with weights, evenly within a bin; factors multiply the weights, one for each bin.

    The bins lie between `edges`, or stand in a `file` with the columns low, high and weight. With
    `integer = true` a bin holds the whole numbers from its lower edge to below its upper one.

    It is for numbers whose shape a person writes: several columns and the archetype may shift it, and it may
    be correlated with others. For values as a table has them, of any type and with gaps, take `tabulated`.

    >>> Histogram(edges=(0, 10, 100), weights=(3, 1)).told
    '2 bins from 0 to 100'
    """

    draw: Literal["histogram"] = "histogram"
    edges: tuple[Finite, ...] = Field(
        default=(), max_length=MAX_BINS + 1, description="Ends of bins, ascending."
    )
    weights: tuple[Weight, ...] = Field(default=(), description="The weight of each bin.")
    file: Annotated[str | None, Field(description="A file of the schema with low, high and weight.")] = None
    factors: dict[str, dict[str, tuple[Weight, ...]]] = Field(
        default_factory=dict,
        alias="given",
        description="By column, its values or bands: a factor for each bin.",
    )
    archetype: dict[str, tuple[Weight, ...]] = Field(
        default_factory=dict, description="For archetypes by name, a factor for each bin."
    )

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that change the weights."""
        return tuple(self.factors)

    @property
    def ends(self) -> tuple[Any, Any]:
        """The first and the last edge; of whole numbers the one below the last edge."""
        return (self.edges[0], self.edges[-1] - self.integer) if self.edges else (None, None)

    @property
    def quantiles(self) -> tuple[Any, ...]:
        """The edges, where they are few."""
        return self.edges if len(self.edges) <= FEW_EDGES else ()

    @property
    def told(self) -> str:
        """The bins."""
        if self.file is not None:
            return f"bins of {self.file}"
        return f"{len(self.weights)} bins from {self.edges[0]:g} to {self.edges[-1]:g}"

    def with_files(self, files: Files) -> Self:
        """Return the histogram with the bins of its file. Raises SpecError if they do not fit together."""
        if self.file is None:
            return self
        rows = files.rows(self.file)
        try:
            bins = [(float(row["low"]), float(row["high"]), float(row["weight"])) for row in rows]
        except (KeyError, ValueError) as error:
            raise SpecError(
                f"{self.file}: bins need numbers in low, high and weight, but {error}; correct the file"
            ) from None
        for row, (one, other) in enumerate(itertools.pairwise(bins), start=3):
            if one[1] != other[0]:
                raise SpecError(
                    f"{self.file}, row {row}: low={other[0]:g} is not the high={one[1]:g} above; close it"
                )
        edges = [low for low, _, _ in bins] + [high for _, high, _ in bins[-1:]]
        values = self.model_dump(by_alias=True, exclude={"file", "edges", "weights"})
        return type(self).model_validate({**values, "edges": edges, "weights": [w for _, _, w in bins]})

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError unless the values and archetypes that factors name are in the schema."""
        check_factors(schema, column.name, self.factors, self.archetype)

    @model_validator(mode="after")
    def _bins(self) -> Self:
        if (self.file is None) == (not self.edges):
            raise ValueError("a histogram needs either edges and weights or a file; give one of them")
        if self.file is not None:
            return self
        count = len(self.weights)
        if len(self.edges) != count + 1 or list(self.edges) != sorted(set(self.edges)):
            raise ValueError(f"{len(self.edges)} edges for {count} weights; give one more edge, ascending")
        if not any(self.weights):
            raise ValueError("all weights are 0; give one above 0")
        if self.integer and any(edge % 1 for edge in self.edges):
            raise ValueError("integer = true needs whole edges; round them")
        rows = [*self.archetype.values(), *(row for odds in self.factors.values() for row in odds.values())]
        if wrong := [row for row in rows if len(row) != count]:
            raise ValueError(f"{len(wrong[0])} factors for {count} bins; give one for each bin")
        return self


class Constant(DrawModel):
    """The same value in every row.

    >>> Constant(value=3).kind.name
    'integer'
    """

    draw: Literal["constant"] = "constant"
    value: Annotated[
        StrictBool | Integer | Finite | StrictStr,
        Field(union_mode="left_to_right", description="A number, a text, true or false."),
    ]

    @property
    def kind(self) -> Kind:
        """The kind of the value."""
        if isinstance(self.value, bool):
            return Kind("bool")
        return Kind(
            "integer" if isinstance(self.value, int) else "float" if isinstance(self.value, float) else "text"
        )

    @property
    def told(self) -> str:
        """The value."""
        return f"always {self.value}"


def check_factors(
    schema: "Schema",
    name: str,
    factors: Mapping[str, Mapping[str, Factors]],
    archetypes: Mapping[str, Factors],
) -> None:
    """Raise SpecError where factors name a value, band or archetype that is not there."""
    names = [archetype.name for archetype in schema.archetypes]
    if unknown := [each for each in archetypes if each not in names]:
        raise SpecError(f"{name}: unknown archetype {unknown[0]!r}; there are {', '.join(names)}")
    for of, odds in factors.items():
        column = schema.column(of)
        if column.kind in BY_VALUE:
            known = ("true", "false") if column.kind == "bool" else column.values
            if known and (wrong := [value for value in odds if value not in known]):
                raise SpecError(f"{name} given {of}: no value {wrong[0]!r}; it has {', '.join(known[:20])}")
        elif column.kind in ("integer", "float"):
            try:
                edges_of(odds, f"bands of {of}")
            except ValueError as error:
                raise SpecError(f"{name}: {error}") from None
        else:
            raise SpecError(f"{name} given {of}, which is a {column.kind}; use a category, flag or number")


KINDS = (Histogram, Boolean, Constant)
