"""Texts by a pattern, with check digits where it asks for them, each once if wanted."""

import itertools
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from synthprof.base.column_kinds import Kind
from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.model import DrawModel, Files
from synthprof.schemas.draw_kinds.pattern_language import Free, Layout, Mixed, Part, layout_of

if TYPE_CHECKING:
    from synthprof.schemas.schema import Column, Schema

Weight = Annotated[float, Field(gt=0, lt=1e12, allow_inf_nan=False)]
Value = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
PatternText = Annotated[str, Field(min_length=1, max_length=400)]
Values = (
    Annotated[tuple[Value, ...], Field(min_length=1, max_length=60_000)]
    | Annotated[dict[Value, Weight], Field(min_length=1, max_length=60_000)]
)
"""Values as likely as each other, or with their weights."""

ANY_OTHER = "*"
"""The key of the values for rows whose value of the given column is not named."""

LARGEST = 2**63
"""The values that the permutation tells apart; of a pattern with more, its first places are permuted."""


class PartValues(BaseModel):
    """The values of a part: for all rows alike, or by the value of another column.

    Those by a column may stand in a `file`, by its first column or by `key`, in its column `value`.

    >>> PartValues(given="state", by={"SP": ("11", "12"), "*": ("21",)}).every
    ('11', '12', '21')
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    values: Annotated[Values | None, Field(description="The values, or the values with their weights.")] = (
        None
    )
    given: Annotated[str | None, Field(description="The column that decides which values there are.")] = None
    by: Annotated[
        dict[str, Values], Field(description='Values by the value of that column; "*" for any other.')
    ] = {}
    file: Annotated[str | None, Field(max_length=255, description="A file with a row per value.")] = None
    key: Annotated[str | None, Field(description="The file's column of that column's values.")] = None
    value: Annotated[
        str | None, Field(description="The file's column of values of the part, parted by `;`.")
    ] = None

    def with_files(self, files: Files) -> Self:
        """Return it with the values of its file. Raises SpecError if it has no such columns."""
        if self.file is None:
            return self
        found: dict[str, list[str]] = {}
        for row in files.rows(self.file):
            key, value = self.key or next(iter(row)), self.value or ""
            if unknown := {key, value} - set(row):
                raise SpecError(f"{self.file}: no column {min(unknown)!r}; it has {', '.join(row)}")
            found.setdefault(row[key], []).extend(row[value].split(";"))
        return type(self).model_validate({"given": self.given, "by": found})

    @property
    def every(self) -> tuple[str, ...]:
        """All values, each once."""
        groups = self.by.values() if self.values is None else [self.values]
        return tuple(dict.fromkeys(value for group in groups for value in group))

    @property
    def even(self) -> bool:
        """True where all rows draw from the same values, each as likely."""
        return isinstance(self.values, tuple)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.file is None) != (self.value is None) or (self.key and not self.file):
            raise ValueError("file and value of a part belong together; write both or none")
        if self.file is not None:
            if self.given is None or self.by or self.values is not None:
                raise ValueError(f"a part of file={self.file} needs given, and neither by nor values")
            return self
        if (self.values is None) == (self.given is None) or bool(self.by) != (self.given is not None):
            raise ValueError("a part has either values, or given and by; write one of them")
        for group in self.by.values() if self.values is None else [self.values]:
            if len(set(group)) != len(group):
                raise ValueError("a part names a value twice; write it once, or with a weight")
        return self


class Patterned(DrawModel):
    """A text by one of some patterns; subclasses say which."""

    unique: Annotated[bool, Field(description="No two rows have the same text.")] = False

    @property
    def kind(self) -> Kind:
        """A text."""
        return Kind("text")

    @property
    def patterns(self) -> Mapping[str, float]:
        """The patterns with their weights."""
        raise NotImplementedError

    @property
    def part_values(self) -> Mapping[str, PartValues]:
        """The parts that the patterns name."""
        return {}

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """The layouts of the patterns."""
        values = {name: part.every for name, part in self.part_values.items()}
        return tuple(layout_of(pattern, values) for pattern in self.patterns)

    @property
    def given(self) -> tuple[str, ...]:
        """The columns that decide the values of parts."""
        return tuple(dict.fromkeys(part.given for part in self.part_values.values() if part.given))

    def check(self, schema: "Schema", column: "Column") -> None:
        """Raise SpecError if a column that decides the values of a part has no texts or whole numbers."""
        for of in self.given:
            if (kind := schema.column(of).kind) not in ("category", "text", "flag", "integer", "bool"):
                raise SpecError(
                    f"{column.name}: given={of!r} is a column of {kind}; name one of texts or whole numbers"
                )

    @property
    def most_rows(self) -> int | None:
        """Texts of the pattern that has the fewest, if none may repeat; drawn parts do not count."""
        if not self.unique:
            return None
        return min(math.prod(sizes_of(layout, self.part_values)) for layout in self.layouts)

    @property
    def told(self) -> str:
        """The patterns."""
        return " or ".join(self.patterns) + (", none twice" if self.unique else "")

    @property
    def unread(self) -> bool:
        """True where values of parts stand in files that were not read yet."""
        return any(part.file is not None for part in self.part_values.values())

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.unread:
            return self
        for one, two in itertools.combinations(zip(self.patterns, self.layouts, strict=True), 2):
            if self.unique and not one[1].differs(two[1]):
                raise ValueError(
                    f"unique: {one[0]!r} and {two[0]!r} can give the same text; let them differ in "
                    "length, or in a character at one place"
                )
        return self


class Pattern(Patterned):
    """A text by a pattern, or by one of several with their weights; a place stands in braces.

    {digit}, {letter}, {lower}, {alnum}, {hex}: a character of 0-9, A-Z, a-z, 0-9A-Z, 0-9a-f. {digit:4}: four
    of them. {[A-HJ-N0-9]:3}: characters of a set. {mixed:###.###}: digits that are not all the same. {name}:
    a value of a part. {{ and }}: a brace. {check:luhn}: check digits over the digits before them, or over
    {check:luhn:10} of them. The checks are luhn, ean, isbn10, cpf, cnpj, iban (after two letters, over what
    follows), mod97 (ISO 7064, 97-10), mod11_2, mod11_10, verhoeff, damm, nif, and of accounts rest97 and rib.

    >>> Pattern(pattern="K-{digit:3}{check:luhn}", unique=True).most_rows
    1000
    """

    draw: Literal["pattern"] = "pattern"
    pattern: Annotated[
        PatternText | Annotated[dict[PatternText, Weight], Field(min_length=1, max_length=64)],
        Field(description="Text with places in braces, as `AB-{digit:6}{check:luhn}`, or some with weights."),
    ]
    parts: Annotated[
        dict[str, PartValues],
        Field(max_length=32, description="Values of the places in braces that name a part."),
    ] = Field(default={})

    @property
    def patterns(self) -> Mapping[str, float]:
        """The patterns with their weights."""
        return {self.pattern: 1.0} if isinstance(self.pattern, str) else self.pattern

    @property
    def part_values(self) -> Mapping[str, PartValues]:
        """The parts as they are declared."""
        return self.parts

    def with_files(self, files: Files) -> Self:
        """Return the draw with the values of the files that parts name. Raises SpecError."""
        parts = {name: part.with_files(files) for name, part in self.parts.items()}
        return type(self).model_validate(dict(self) | {"parts": parts}) if self.unread else self

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.unread:
            return self
        named = {
            piece.name for layout in self.layouts for _, piece in layout.pieces if isinstance(piece, Part)
        }
        if unused := self.parts.keys() - named:
            raise ValueError(
                f"parts declares {min(unused)!r}, which no pattern names; name it or leave it out"
            )
        return self


def sizes_of(layout: Layout, parts: Mapping[str, PartValues]) -> tuple[int, ...]:
    """Return how many values each place has that is drawn evenly: digits one by one, mixed ones at once."""
    sizes: list[int] = []
    for _, piece in layout.pieces:
        match piece:
            case Mixed(count=count):
                sizes.append(10**count - 10)
            case Free(symbols=symbols, count=count):
                sizes += [len(symbols)] * count
            case Part(name=name) if parts[name].even:
                sizes.append(len(parts[name].every))
    return tuple(sizes)


KINDS = (Pattern,)
