"""The sections of a schema's file on uses of its columns: searches, embeddings, views and words."""

from typing import Annotated

from pydantic import Field

from synthprof.schemas.format.part import (
    MAX_COLUMNS,
    ColumnName,
    Count,
    FileName,
    Part,
    Real,
    Text,
    Weight,
    Whole,
)

Names = Annotated[tuple[ColumnName, ...], Field(max_length=MAX_COLUMNS)]
Header = Annotated[str, Field(strict=True, min_length=1, max_length=200)]


class Attribute(Part):
    """An attribute of the items of a list, as the genre of a game."""

    name: Annotated[ColumnName, Field(description="A column of the schema, or a name of its own.")]
    values: Annotated[Header, Field(description="Its column in the file, values parted by `;`.")]
    share: Annotated[Weight, Field(description="Its part of the vector of an item.")]


class Items(Part):
    """A list column whose items have attributes of their own."""

    column: Annotated[ColumnName, Field(description="The list column.")]
    file: Annotated[FileName, Field(description="A file with a row per item.")]
    values: Annotated[Header, Field(description="Its column of the items' names.")]
    share: Annotated[Weight, Field(description="The item's own part of its vector.")] = 1.0
    attribute: Annotated[
        tuple[Attribute, ...], Field(max_length=100, description="The attributes of the items.")
    ] = ()


class ScaleFactor(Part):
    """The factor of a column in the encoder `hashed`: 100 + factor x value, the value cut at `limit`."""

    column: Annotated[ColumnName, Field(description="A column of small numbers or a flag.")]
    factor: Annotated[Whole, Field(description="What is added for each 1 of the value.")]
    limit: Annotated[Count, Field(description="The value from which on no more is added.")]


class Encoding(Part):
    """The use of the columns by encoders, beside the `weight` of each."""

    anchors: Annotated[
        dict[ColumnName, Annotated[tuple[Real, ...], Field(min_length=2, max_length=100)]],
        Field(
            max_length=MAX_COLUMNS,
            description="Numbers of a column with a direction of their own, ascending; others are blends.",
        ),
    ] = Field(default_factory=dict)
    items: Annotated[Items | None, Field(description="The list whose items have attributes.")] = None
    scale: Annotated[
        tuple[ScaleFactor, ...], Field(max_length=MAX_COLUMNS, description="Factors of the encoder `hashed`.")
    ] = ()


class Search(Part):
    """The use of the columns by searches for a text."""

    conditions: Annotated[
        Names,
        Field(
            description="Columns whose values in a text are conditions, those kept longest first; else all."
        ),
    ] = ()
    examples: Annotated[
        tuple[Text, ...], Field(max_length=20, description="Texts that people may search for.")
    ] = ()


class LinePart(Part):
    """Columns whose values are joined by / on the line below the name, and what follows them."""

    columns: Annotated[Names, Field(description="The columns.")]
    unit: Annotated[str, Field(strict=True, max_length=40, description="What follows them.")] = ""


class View(Part):
    """The places of the columns on cards, in tables and on the map."""

    name: Annotated[ColumnName | None, Field(description="The column that names a row.")] = None
    text: Annotated[ColumnName | None, Field(description="The column of its description.")] = None
    line: Annotated[tuple[LinePart, ...], Field(max_length=20, description="The line below the name.")] = ()
    lists: Annotated[Names, Field(description="Columns shown item by item.")] = ()
    table: Annotated[Names, Field(description="Columns of a table of results.")] = ()
    map: Annotated[
        tuple[Text, ...], Field(max_length=20, description="Lines at a point of the map: `{name}, {age}`.")
    ] = ()


class Synonyms(Part):
    """A file of phrases and what they mean: `column=value`, several parted by `;`."""

    file: Annotated[FileName, Field(description="A file with a row per phrase.")]
    phrase: Annotated[Header, Field(description="Its column of phrases.")] = "phrase"
    meaning: Annotated[Header, Field(description="Its column of what they mean.")] = "meaning"


class SmallPlaces(Part):
    """Places that a name alone does not mean: those of a file whose largest number is below a bound."""

    file: Annotated[FileName, Field(description="A file with a row per place.")]
    values: Annotated[Header, Field(description="Its column of names.")]
    number: Annotated[Header, Field(description="Its column of numbers, as people.")]
    below: Annotated[Weight, Field(description="The number from which on a name alone means the place.")]


Phrase = Annotated[str, Field(strict=True, min_length=1, max_length=200)]
Phrases = Annotated[tuple[Phrase, ...], Field(max_length=10_000)]


class Group(Part):
    """Sets of values that have a name, as the states of a region, by which searches ask for all of them."""

    name: Annotated[ColumnName, Field(description="What the sets are; synonyms may mean `name=set`.")]
    columns: Annotated[
        tuple[ColumnName, ...], Field(min_length=1, max_length=4, description="The columns of the values.")
    ]
    file: Annotated[FileName, Field(description="A file with a row per member.")]
    keys: Annotated[
        tuple[Header, ...], Field(min_length=1, max_length=4, description="Its columns of the values.")
    ]
    values: Annotated[
        Header | None,
        Field(description="Its column of the sets' names; without it all rows are one set, named `true`."),
    ] = None


class Tongue(Part):
    """A further language in which people search: its grammar is known, and these are its own words."""

    language: Annotated[str, Field(strict=True, min_length=2, max_length=20, description="A tag, as `en`.")]
    years: Annotated[
        tuple[Phrase, Phrase] | None, Field(description="What a number of years is called: one, several.")
    ] = None
    numbers: Annotated[
        dict[ColumnName, Phrases], Field(description="Which column a number tells of, by phrase.")
    ] = Field(default_factory=dict)
    synonyms: Annotated[Synonyms | None, Field(description="Phrases that mean values.")] = None


class Words(Part):
    """The reading of texts: words are folded, lower case without accents."""

    ignored: Annotated[Phrases, Field(description="Words that say nothing of a row.")] = ()
    place: Annotated[Phrase, Field(description="A phrase that makes a common word a place: `in {}`.")] = "{}"
    common_places: Annotated[Phrases, Field(description="Places whose names are common words too.")] = ()
    small_places: Annotated[
        SmallPlaces | None,
        Field(description="Places too small to be meant by their names alone, as if those were words too."),
    ] = None
    years: Annotated[
        tuple[Phrase, Phrase] | None, Field(description="What a number of years is called: one, several.")
    ] = None
    months: Annotated[
        Phrases, Field(description="The names of the twelve months; those of the language if none.")
    ] = ()
    weights: Annotated[
        dict[ColumnName, Weight], Field(description="What a phrase counts in a text, unlike in a row.")
    ] = Field(default_factory=dict)
    item_shares: Annotated[
        dict[ColumnName, Weight], Field(description="Shares of the vector of an item that a text names.")
    ] = Field(default_factory=dict)
    numbers: Annotated[
        dict[ColumnName, Phrases],
        Field(description="Which column a number of years tells of, by the phrase that it stands in."),
    ] = Field(default_factory=dict)
    synonyms: Annotated[Synonyms | None, Field(description="Phrases that mean values.")] = None
    bare: Annotated[
        ColumnName | None,
        Field(description="The column that a number in a comparison tells of, if nothing says so."),
    ] = None
    group: Annotated[
        tuple[Group, ...], Field(max_length=100, description="Sets of values that have a name.")
    ] = ()
    tongue: Annotated[
        tuple[Tongue, ...], Field(max_length=10, description="Further languages of searches.")
    ] = ()
