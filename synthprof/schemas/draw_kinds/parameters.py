"""Parameters of distributions: numbers, or numbers that depend on another column or on the archetype."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel, Files
from synthprof.schemas.draw_kinds.quantiles import Law, quantiles

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema

Finite = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e15, le=1e15)]
"""A number of a size at which a float still tells whole numbers apart."""

MAX_CASES = 4_096
"""Cases of a draw: values or bands of the columns that its parameters depend on, times archetypes."""


class By(BaseModel):
    """A number for each value, or each band, of a column that is drawn before.

    `values` names values (of a flag 0 and 1, of a boolean true and false), and `other` is for the rest;
    `bands` names the lowest number of each band, the first of which also holds for what is lower. The values
    may stand in a `file`, by its first column or by `key`, and their numbers in its column `value`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    by: Annotated[str, Field(description="The column that the number depends on.")]
    values: dict[str, Finite] = Field(default_factory=dict, description="The number for each value.")
    bands: dict[str, Finite] = Field(default_factory=dict, description="The number from each lowest one on.")
    other: Annotated[Finite | None, Field(description="The number for values without their own.")] = None
    file: Annotated[str | None, Field(max_length=255, description="A file with a row per value.")] = None
    key: Annotated[str | None, Field(description="The file's column of values; else its first.")] = None
    value: Annotated[str | None, Field(description="The file's column of numbers.")] = None

    def with_files(self, files: Files) -> Self:
        """Return it with the values of its file. Raises SpecError if they are no numbers."""
        if self.file is None:
            return self
        found: dict[str, float] = {}
        for place, row in enumerate(files.rows(self.file), start=1):
            key, value = self.key or next(iter(row)), self.value or ""
            if unknown := {key, value} - set(row):
                raise SpecError(f"{self.file}: no column {min(unknown)!r}; it has {', '.join(row)}")
            if row[key] in found:
                raise SpecError(f"{self.file}, row {place}: {row[key]!r} stands in two rows; leave one")
            found[row[key]] = _number_of(row[value], f"{self.file}, row {place}")
        return type(self)(by=self.by, values=found, other=self.other)

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.file is None) != (self.value is None) or (self.key and not self.file):
            raise ValueError(f"file and value of a number by {self.by} belong together; write both or none")
        if self.file is not None:
            if self.values or self.bands:
                raise ValueError(f"a number by {self.by} is in file={self.file}; remove values and bands")
            return self
        if bool(self.values) == bool(self.bands):
            raise ValueError(f"a number by {self.by} needs either values or bands; give one of them")
        if self.bands and self.other is not None:
            raise ValueError(f"bands by {self.by} leave nothing for other={self.other}; remove other")
        if self.bands:
            edges_of(self.bands, f"bands by {self.by}")
        return self

    @property
    def numbers(self) -> tuple[float, ...]:
        """Every number that it can be."""
        rest = () if self.other is None else (self.other,)
        return (*self.values.values(), *self.bands.values(), *rest)


Parameter = Annotated[
    Annotated[Finite, Tag("number")] | Annotated[By, Tag("by")],
    Discriminator(lambda value: "by" if isinstance(value, By | Mapping) else "number"),
]
"""A number, or a table `{ by = "column", values = { "A" = 1.0 }, other = 2.0 }`, or with bands or a file."""


def _number_of(text: str, where: str) -> float:
    """Return the number of a cell. Raises SpecError if it is none of a size that parameters have."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not abs(number) <= 1e15:
        raise SpecError(f"{where}: {text[:40]!r} is no number up to 1e15; correct it")
    return number


def edges_of(bands: Mapping[str, Any], where: str) -> tuple[float, ...]:
    """Return the lowest numbers of bands. Raises ValueError unless they are numbers that ascend."""
    try:
        edges = tuple(float(text) for text in bands)
    except ValueError:
        raise ValueError(f'{where} begin at numbers; got {", ".join(bands)}; write e.g. "30"') from None
    if list(edges) != sorted(set(edges)) or not all(abs(edge) <= 1e15 for edge in edges):
        raise ValueError(f"{where} must ascend, got {', '.join(bands)}; put them in order")
    return edges


class Parametric(DrawModel):
    """A draw with parameters that may depend on other columns and on the archetype.

    An archetype's own numbers stand in `archetype`: a parameter is `(1 - separation)` of what everyone has
    plus `separation` of the archetype's own.
    """

    parameters: ClassVar[tuple[str, ...]] = ()
    """The fields that are parameters."""

    above: ClassVar[Mapping[str, float]] = {}
    """The bound that a parameter must be above."""

    most: ClassVar[Mapping[str, float]] = {}
    """The most that a parameter can be."""

    law: ClassVar[Law | None] = None
    """The quantiles by the parameters, where they are simple."""

    archetype: dict[str, dict[str, Finite]] = Field(
        default_factory=dict, description="For archetypes by name, parameters of their own."
    )

    def with_files(self, files: Files) -> Self:
        """Return the draw with the numbers of the files that parameters name. Raises SpecError."""
        found = {name: by.with_files(files) for name, by in self.dependent if by.file is not None}
        return type(self).model_validate(dict(self) | found) if found else self

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that parameters depend on."""
        return tuple(dict.fromkeys(by.by for _, by in self.dependent))

    @property
    def dependent(self) -> tuple[tuple[str, By], ...]:
        """The parameters that depend on columns, by name."""
        found = ((name, getattr(self, name)) for name in self.parameters)
        return tuple((name, value) for name, value in found if isinstance(value, By))

    @property
    def quantiles(self) -> tuple[Any, ...]:
        """Those of the distribution, for all that its parameters can be, within the bounds."""
        law = type(self).law
        return (
            ()
            if law is None
            else quantiles(law, [self.numbers(name) for name in self.parameters], *self.ends)
        )

    def numbers(self, name: str) -> tuple[float, ...]:
        """Return the numbers that a field can be, given other columns and archetypes; empty for none."""
        value = getattr(self, name)
        common = value.numbers if isinstance(value, By) else () if value is None else (value,)
        return (*common, *(own[name] for own in self.archetype.values() if name in own))

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError unless the columns and archetypes that parameters name are in the schema."""
        names = [archetype.name for archetype in schema.archetypes]
        for name in self.archetype:
            if name not in names:
                raise SpecError(f"{column.name}: unknown archetype {name!r}; there are {', '.join(names)}")
        for name, by in self.dependent:
            check_by(schema, by, f"{column.name}: {name}")

    def said(self, name: str) -> str:
        """Return a parameter as people read it."""
        value = getattr(self, name)
        return f"{name} by {value.by}" if isinstance(value, By) else f"{name} {value:g}"

    @model_validator(mode="after")
    def _within(self) -> Self:
        for where, name, number in self._numbers():
            if name not in self.parameters:
                known = ", ".join(self.parameters)
                raise ValueError(f"{where}{name} is no parameter of {self.draw}; its parameters are {known}")
            if name in self.above and not number > self.above[name]:
                raise ValueError(
                    f"{where}{name}={number:g} must be above {self.above[name]:g}; give a larger one"
                )
            if name in self.most and not number <= self.most[name]:
                raise ValueError(
                    f"{where}{name}={number:g} can be {self.most[name]:g} at most; give a smaller one"
                )
        return self

    def _numbers(self) -> Iterator[tuple[str, str, float]]:
        for name in self.parameters:
            value = getattr(self, name)
            if value is not None:
                yield from (
                    ("", name, each) for each in (value.numbers if isinstance(value, By) else [value])
                )
        for archetype, own in self.archetype.items():
            yield from ((f"archetype {archetype}: ", name, each) for name, each in own.items())


def check_by(schema: "Schema", by: By, where: str) -> None:
    """Raise SpecError unless a column has what a number depends on: a number for bands, the values named."""
    column = schema.column(by.by)
    if by.bands and column.kind not in ("integer", "float", "flag"):
        raise SpecError(
            f"{where} by bands of {by.by}, which is a {column.kind}; use values, or a number column"
        )
    if by.values and column.kind not in ("category", "flag", "integer", "bool", "text"):
        raise SpecError(f"{where} by values of {by.by}, which is a {column.kind}; use bands, or a category")
    known = ("true", "false") if column.kind == "bool" else column.values
    if by.values and known and (unknown := [value for value in by.values if value not in known]):
        raise SpecError(f"{where} by {by.by}: it has no value {unknown[0]!r}; it has {', '.join(known[:20])}")
    if by.values and by.other is None and (not known or set(known) - set(by.values)):
        raise SpecError(f"{where} by {by.by} leaves values without a number; give other")
