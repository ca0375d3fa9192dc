"""The file of the words of a text: sentences, phrases, readings, voices, turns, habits and plans."""

import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from synthprof.schemas.format.part import (
    MAX_VALUES,
    ColumnName,
    ColumnRef,
    Count,
    Flag,
    Part,
    Real,
    Share,
    Text,
    Whole,
    Words,
)

Asked = Whole | Real | Flag | Text | datetime.date
"""A value that a column may have."""


class Variant(Part):
    """Templates for rows whose columns lie in ranges."""

    when: Annotated[
        dict[ColumnRef, tuple[Asked, Asked] | Asked],
        Field(
            max_length=20,
            description="Lowest and highest value of each column, or its one value; `null` for none. Of a "
            "list the number of items.",
        ),
    ] = Field(default_factory=dict)
    voice: Annotated[Text | None, Field(description="The voice of texts that it is for.")] = None
    templates: Annotated[tuple[Words, ...], Field(min_length=1, max_length=MAX_VALUES)]


class Sentence(Part):
    """One sentence of a text, or a phrase that the braces of templates name.

    One of the templates is chosen: of the first `variant` that fits, by a column's value, or of `templates`.
    """

    name: Text
    columns: Annotated[tuple[ColumnRef, ...], Field(description="Columns it tells of, for readers.")] = ()
    share: Annotated[Share, Field(description="The part of the texts that have it.")] = 1.0
    templates: Annotated[tuple[Words, ...], Field(max_length=MAX_VALUES)] = ()
    variant: Annotated[tuple[Variant, ...], Field(max_length=1_000)] = ()
    by_value: Annotated[
        dict[ColumnRef, dict[str, Annotated[tuple[Words, ...], Field(min_length=1)]]], Field(max_length=20)
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _something_to_say(self) -> Self:
        if not (self.templates or self.variant or self.by_value):
            raise ValueError(f"sentence {self.name!r} has no templates; write some")
        return self


class Reading(Part):
    """The form of a column's values in `{column:name}`: with an article, a preposition, in another case."""

    name: Annotated[ColumnName, Field(description="The format by which templates name it.")]
    column: ColumnRef
    other: Annotated[
        Text, Field(description="For values not named below: `{}` is the value, `{lower}` in lower case.")
    ] = "{}"
    values: Annotated[
        dict[str, Text],
        Field(max_length=MAX_VALUES, description="What single values read, in the same form."),
    ] = Field(default_factory=dict)


class Plan(Part):
    """The sentences of some texts and their order: one of the plans of a size is chosen for each row."""

    size: Annotated[Literal["card", "short", "rich"], Field(description="The size of texts that it is for.")]
    begin: Annotated[tuple[Text, ...], Field(description="The sentences that stand first, by name.")] = ()
    free: Annotated[tuple[Text, ...], Field(description="Those that follow in any order.")] = ()
    end: Annotated[tuple[Text, ...], Field(description="Those that stand last.")] = ()
    some: Annotated[
        tuple[Count, Count] | None,
        Field(description="Fewest and most of the `free` ones in a text; else all."),
    ] = None
    weight: Annotated[float, Field(gt=0, le=1e6, description="How often it is chosen, beside others.")] = 1.0
    between: Annotated[str, Field(max_length=20, description="What stands between sentences.")] = " "
    capital: Annotated[bool, Field(description="Whether each sentence begins with a capital letter.")] = True

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        named = (*self.begin, *self.free, *self.end)
        if not named or len(set(named)) != len(named):
            raise ValueError(
                f"a plan names sentences once each, but this one has {', '.join(named) or 'none'}"
            )
        if self.some and not self.some[0] <= self.some[1] <= len(self.free):
            raise ValueError(f"some={list(self.some)} is no range up to the {len(self.free)} free sentences")
        return self


class Habit(Part):
    """The groups of rows that use few of the shapes of a sentence: mostly the same ones within a group."""

    of: Annotated[ColumnRef, Field(description="A category, or a list, whose first item counts.")]
    file: Annotated[
        Text | None,
        Field(description="A file with a row for each value of `of`, else each is a group of its own."),
    ] = None
    by: Annotated[Text | None, Field(description="The column of the file that names the group.")] = None
    spread: Annotated[Share, Field(description="The part of the shapes that a group uses.")]

    @model_validator(mode="after")
    def _file_and_column(self) -> Self:
        if (self.file is None) != (self.by is None):
            raise ValueError("a habit has both file and by, or neither; write the other one")
        return self


class Phrases(Part):
    """A TOML file of the sentences of a text, and of what they are made of.

    Without plans a text has all slots in the order of the file.
    """

    slot: Annotated[tuple[Sentence, ...], Field(min_length=1, max_length=1_000)]
    phrase: Annotated[tuple[Sentence, ...], Field(max_length=1_000)] = ()
    reading: Annotated[tuple[Reading, ...], Field(max_length=1_000)] = ()
    plan: Annotated[tuple[Plan, ...], Field(max_length=100)] = ()
    voices: Annotated[
        dict[Text, Annotated[float, Field(ge=0, le=1e6)]],
        Field(
            max_length=5, description="Voices of texts by weight; `{he plays~I play}` has a form for each."
        ),
    ] = Field(default_factory=dict)
    turns: Annotated[
        dict[ColumnName, tuple[str | tuple[str, ...], ...]],
        Field(
            max_length=5,
            description="What a placeholder reads in the first sentence, in the second and so on, then anew; "
            "a text, or one for each voice. All have as many turns.",
        ),
    ] = Field(default_factory=dict)
    habit: Annotated[Habit | None, Field(description="What shapes depend on; nothing without it.")] = None
