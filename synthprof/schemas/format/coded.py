"""The draws of codes: categories, flags, small numbers, lists, names, prose; others may shift their odds."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from synthprof.schemas.format.part import (
    MAX_VALUES,
    ColumnName,
    ColumnRef,
    Count,
    FileName,
    Given,
    Odds,
    Part,
    Share,
    Text,
    Weight,
    Whole,
)

_GIVEN = (
    "Factors on the odds, by another column and each of its values (of a number: from that number on); 0 "
    'rules out. `"games.csv/genre"` is a table of factors by a column of a file, `16-24` a range of numbers.'
)
_VALUES = "The file's column of values; the first one where none is named."
_WEIGHTS = "The file's column of weights; `weight` where none is named, and all alike if there is none."

Sizes = Annotated[tuple[Weight, ...], Field(min_length=1, max_length=100)]
Header = Annotated[str, Field(strict=True, min_length=1, max_length=200)]
"""The name of a column of a file of values."""


class Weighted(Part):
    """Values with weights: `odds`, or the rows of a `file`."""

    odds: Annotated[Odds | None, Field(description="Values and the weight of each.")] = None
    file: Annotated[FileName | None, Field(description="A file with a row per value.")] = None
    values: Annotated[Header | None, Field(description=_VALUES)] = None
    weights: Annotated[Header | None, Field(description=_WEIGHTS)] = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.odds is None) == (self.file is None):
            raise ValueError("either odds or a file says what is drawn; write one of the two")
        if self.odds is not None and (self.values or self.weights):
            raise ValueError("values and weights name columns of a file, and there is none; remove them")
        return self


class Choice(Weighted):
    """One of several values.

    They are `odds`, or the rows of a `file`. With `groups`, a file of groups and their weights, each group
    has its own share first, as states have their population; then its values share that by their weights.
    """

    draw: Literal["choice"] = "choice"
    groups: Annotated[FileName | None, Field(description="A file with a row per group of values.")] = None
    group: Annotated[
        Header | None, Field(description="The column of the group, in `file` and in `groups`.")
    ] = None
    group_weights: Annotated[
        Header | None,
        Field(description="The column of weights in `groups`; else that of `file`."),
    ] = None
    given: Annotated[Given, Field(description=_GIVEN)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _grouped(self) -> Self:
        if (self.groups is None) != (self.group is None):
            raise ValueError("groups and group belong together; write both or none")
        if self.groups and not self.file:
            raise ValueError("groups stand for a file of values; name that file")
        return self


class Chance(Part):
    """1 with a probability, else 0."""

    draw: Literal["chance"] = "chance"
    share: Annotated[Share, Field(description="The probability of 1, where nothing shifts it.")]
    given: Annotated[Given, Field(description=_GIVEN)] = Field(default_factory=dict)


class Number(Part):
    """A whole number from 0 to 32767 by a table of weights: one row per number, each one above the last."""

    draw: Literal["number"] = "number"
    file: Annotated[FileName, Field(description="A file with a row per number.")]
    values: Annotated[Header | None, Field(description=_VALUES)] = None
    weights: Annotated[
        Header | None,
        Field(description="The file's column of weights; the product of all others where none is named."),
    ] = None
    bands: Annotated[
        tuple[Whole, ...],
        Field(min_length=1, max_length=1_000, description="The lowest number of each band of reports."),
    ]
    given: Annotated[Given, Field(description=_GIVEN)] = Field(default_factory=dict)


class Years(Part):
    """Years x since another column's number passed `start`: 0 to that number − `start`, at most `most`.

    The weight of x is (x + 1) ** rise * (top + 1 − x) ** fall, where `top` is the most that is possible.
    """

    draw: Literal["years"] = "years"
    of: Annotated[ColumnRef, Field(description="The column of the number, as an age.")]
    start: Annotated[Whole, Field(description="The number from which years count.")]
    most: Annotated[Count, Field(le=32_767, description="The most years.")]
    rise: Annotated[Count, Field(le=8, description="The larger, the more years are likely.")] = 1
    fall: Annotated[Count, Field(le=8, description="The larger, the fewer years are likely.")] = 1
    starts: Annotated[
        FileName | None,
        Field(
            description="A file with a row per number at which years may begin, from `start` on, and its "
            "weight; those after its last row have that one's."
        ),
    ] = None
    given: Annotated[Given, Field(description=_GIVEN)] = Field(default_factory=dict)


class Lookup(Part):
    """The value that follows from another column, by the rows of a file: as a state from its city."""

    draw: Literal["lookup"] = "lookup"
    of: Annotated[ColumnRef, Field(description="The column that decides.")]
    file: Annotated[FileName, Field(description="A file with a row per value of that column.")]
    by: Annotated[Header | None, Field(description="The file's column of its values; else the first.")] = None
    values: Annotated[Header, Field(description="The file's column of the values that follow.")]
    weights: Annotated[
        Header | None,
        Field(description="The column whose largest number decides among rows of one value."),
    ] = None
    order: Annotated[
        FileName | None, Field(description="A file with the order of the values; else as they come.")
    ] = None


class Summary(Part):
    """A summary of the items of a list, such as the most that any of them offers.

    An item has the last of `levels` that stands in its cell of the column `values` of `file`, or is the item
    itself where there is no file. `take = "any"` gives the last level that an item has, `"every"` the last
    that no item is below, `"count"` the number of items with a level, and `"most"` and `"least"` the largest
    and the smallest whole number of that column. It is mostly `hidden`, and `given` to other columns.
    """

    draw: Literal["summary"] = "summary"
    of: Annotated[ColumnRef, Field(description='The list, a column with `draw = "subset"`.')]
    file: Annotated[FileName | None, Field(description="A file with a row per item.")] = None
    by: Annotated[Header | None, Field(description="The file's column of items; else the first.")] = None
    values: Annotated[
        Header | None, Field(description="The file's column of what an item has, parted by `;`.")
    ] = None
    levels: Annotated[
        tuple[Text, ...], Field(max_length=1_000, description="What is looked for, the lowest first.")
    ] = ()
    none: Annotated[Text, Field(description="The value where no item has a level.")] = "none"
    take: Annotated[
        Literal["any", "every", "count", "least", "most"], Field(description="How items come together.")
    ] = "any"

    @model_validator(mode="after")
    def _levels_or_numbers(self) -> Self:
        if (self.file is None) != (self.values is None):
            raise ValueError("file and values belong together; write both or none")
        if (self.take in ("least", "most")) == bool(self.levels):
            raise ValueError(
                "levels belong to any, every and count, and numbers of a file to least and most; "
                f"take={self.take!r} fits {'no' if self.levels else 'only'} levels"
            )
        if self.take in ("least", "most") and self.file is None:
            raise ValueError("least and most take the numbers of a file; name it")
        if len(set(self.levels)) != len(self.levels) or self.none in self.levels:
            raise ValueError("levels and none must differ from one another; rename one")
        return self


class Subset(Weighted):
    """Several different values in order of preference, as a list."""

    draw: Literal["subset"] = "subset"
    sizes: Annotated[Sizes, Field(description="The weight of one value, of two values, and so on.")]
    power: Annotated[
        Count,
        Field(ge=1, le=4, description="Weights are raised to this power: above 1, favourites lead by more."),
    ] = 1
    first: Annotated[Text | None, Field(description="A value that always stands first.")] = None
    through: Annotated[
        ColumnRef | None, Field(description="Another list: an item of it must allow each value.")
    ] = None
    by: Annotated[
        Header | None,
        Field(
            description="The file's column of items that allow a value, or the column of `offers` of the "
            "values that an item allows; both parted by `;`."
        ),
    ] = None
    offers: Annotated[
        FileName | None, Field(description="A file with a row per item of the other list, first its name.")
    ] = None
    given: Annotated[Given, Field(description=_GIVEN)] = Field(default_factory=dict)
    sizes_given: Annotated[
        Given,
        Field(description="Factors on the sizes, by another column as in `given`: `1` is that of one value."),
    ] = Field(default_factory=dict)
    requires: Annotated[
        dict[str, Annotated[tuple[Text, ...], Field(min_length=1, max_length=1_000)]],
        Field(max_length=MAX_VALUES, description="For a value those of which one must stand before it."),
    ] = Field(default_factory=dict)
    excludes: Annotated[
        dict[str, Annotated[tuple[Text, ...], Field(min_length=1, max_length=1_000)]],
        Field(max_length=MAX_VALUES, description="For a value those that do not stand in a list with it."),
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _through_a_file(self) -> Self:
        if (self.through is None) != (self.by is None):
            raise ValueError("through and by belong together; write both or none")
        if self.through and not (self.file or self.offers):
            raise ValueError("through needs a file of what items allow; name it as file or offers")
        if self.offers and not self.through:
            raise ValueError("offers says what items of another list allow; name that list in through")
        return self


class Suffix(Part):
    """The end of a name, as `Jr.`: odds that other columns shift. The empty text `""` is no suffix."""

    odds: Annotated[Odds, Field(description="Suffixes and the weight of each.")]
    given: Annotated[Given, Field(description=_GIVEN)] = Field(default_factory=dict)


class Name(Part):
    """A person's name: a first name by sex and birth decade, then one last name or two.

    The file of first names has a column of weights per decade, headed by its first year, as `1990`. A data
    set of another `locale` than these and the default, pt_BR, has names of that locale instead, in their
    plainest form: first and last.
    """

    draw: Literal["name"] = "name"
    locale: Annotated[Text, Field(max_length=20, description="The locale of these names, as `en_US`.")]
    sex: Annotated[ColumnRef, Field(description="The column of the sex.")]
    masculine: Annotated[Text, Field(description="Its value whose names are masculine.")]
    age: Annotated[ColumnRef, Field(description="The column of the age in years.")]
    year: Annotated[Count, Field(le=9_999, description="The year in which the ages hold: no clock is read.")]
    firsts: Annotated[FileName, Field(description="A file of first names.")]
    first: Annotated[Header, Field(description="Its column of names.")] = "name"
    of_sex: Annotated[Header, Field(description="Its column of the sex, with the values of that column.")] = (
        "sex"
    )
    lasts: Annotated[FileName, Field(description="A file of last names.")]
    last: Annotated[Header | None, Field(description=_VALUES)] = None
    weights: Annotated[Header | None, Field(description=_WEIGHTS)] = None
    two_lasts: Annotated[Share, Field(description="The probability of two last names.")] = 0.0
    particle: Annotated[
        Header | None,
        Field(description="The column in `lasts` of the word before a last name, as `da`; empty for none."),
    ] = None
    particle_share: Annotated[
        Header | None, Field(description="The column in `lasts` of how likely that word is, 0 to 1.")
    ] = None
    between: Annotated[
        dict[str, Share],
        Field(max_length=20, description="Words between two last names, as `e`, and how likely each is."),
    ] = Field(default_factory=dict)
    suffix: Annotated[Suffix | None, Field(description="What ends the name.")] = None
    given: Annotated[
        Given,
        Field(
            description="Factors on last names, by another column and each of its values; "
            '`"lasts.csv/origin"` is a table of factors by a column of the file.'
        ),
    ] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _particles(self) -> Self:
        if (self.particle is None) != (self.particle_share is None):
            raise ValueError("particle and particle_share belong together; write both or none")
        if sum(self.between.values()) > 1:
            raise ValueError("the shares of between add up to more than 1; make them smaller")
        return self


class Forms(Part):
    """The column that chooses among the forms of a word, `{o|a}`: the i-th form for the i-th value."""

    of: Annotated[ColumnRef, Field(description="The column that chooses.")]
    values: Annotated[
        tuple[Text, ...],
        Field(min_length=1, max_length=100, description="Its values; others choose the last form."),
    ]


class Prose(Part):
    """Sentences from templates that say what the other columns of the row hold, in any language.

    The how-to guide on the texts of a schema tells what the file holds: sentences, phrases,
    readings, voices, turns and plans.
    A template holds `{column}`, `{column:format}`, and forms of words as `{he|she}`, chosen by `forms`, or by
    `sex`.
    """

    draw: Literal["prose"] = "prose"
    file: Annotated[FileName, Field(description="A TOML file of sentences, `[[slot]]` each.")]
    sex: Annotated[
        ColumnRef | None, Field(description="The column that decides between `{he|she}`, instead of `forms`.")
    ] = None
    masculine: Annotated[Text | None, Field(description="Its value for which the left form stands.")] = None
    forms: Annotated[Forms | None, Field(description="What chooses among the forms of words.")] = None
    of: Annotated[ColumnRef | None, Field(description="The column of a person's name.")] = None
    first_name: Annotated[
        ColumnName, Field(description="The placeholder that stands for the first name in `of` alone.")
    ] = "first_name"

    @model_validator(mode="after")
    def _one_chooser(self) -> Self:
        if (self.sex is None) != (self.masculine is None):
            raise ValueError("sex and masculine belong together; write both or none")
        if self.sex and self.forms:
            raise ValueError("sex and forms both choose among forms of words; keep one of them")
        return self


CODED = (Choice, Chance, Number, Years, Lookup, Subset, Summary, Name, Prose)
"""Every draw of codes."""

CodedDraw = Choice | Chance | Number | Years | Lookup | Subset | Summary | Name | Prose
