"""The whole of a schema's file."""

from typing import Annotated

from pydantic import Field

from synthprof.schemas.correlations import Correlation
from synthprof.schemas.format.columns import Columns
from synthprof.schemas.format.duplicates import Duplicates
from synthprof.schemas.format.part import MAX_COLUMNS, ColumnName, Line, Part, Spread, Weight
from synthprof.schemas.format.rules import Margin, Rule
from synthprof.schemas.format.tables import ChildTable
from synthprof.schemas.format.uses import Encoding, Search, View, Words

Names = Annotated[tuple[ColumnName, ...], Field(max_length=MAX_COLUMNS)]


class Archetype(Part):
    """A latent kind of row: its share of all rows, and its factors on the odds of columns."""

    name: Annotated[ColumnName, Field(description="The name, which differs from all others.")]
    title: Annotated[Line, Field(description="The archetype in a few words.")]
    share: Annotated[Weight, Field(gt=0, description="Its weight beside the other archetypes.")]
    odds: Annotated[
        dict[ColumnName, Spread],
        Field(
            max_length=MAX_COLUMNS,
            description="By column, factors on its values. `16-24` is a range of numbers; "
            '`"games.csv/genre"` a table of factors by a column of a file.',
        ),
    ] = Field(default_factory=dict)


class Derived(Part):
    """A position of the feature vector from two columns: tanh(numerator / denominator)."""

    numerator: Annotated[ColumnName, Field(description="A column of numbers.")]
    denominator: Annotated[ColumnName, Field(description="Another; where it is 0, the value is 1.")]


class SchemaFile(Part):
    """The contents of `schema.toml`."""

    title: Annotated[Line | None, Field(description="The schema in one line.")] = None
    language: Annotated[
        str, Field(strict=True, pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)
    ] = Field("en", description="The language of words, prose and searches, a BCP 47 tag as `en` or `pt-BR`.")
    row: Annotated[Line | None, Field(description="The word for a row, as `customer`.")] = None
    order: Annotated[Names, Field(description="Columns in the order of the table; others follow.")] = ()
    column: Annotated[Columns, Field(description="The columns.")]
    archetype: Annotated[
        tuple[Archetype, ...], Field(max_length=1_000, description="Latent kinds of rows.")
    ] = ()
    correlation: Annotated[
        tuple[Correlation, ...], Field(max_length=20, description="Correlations of columns.")
    ] = ()
    derived: Annotated[
        tuple[Derived, ...], Field(max_length=100, description="Further positions of the feature vector.")
    ] = ()
    table: Annotated[tuple[ChildTable, ...], Field(max_length=20, description="Child tables.")] = ()
    rule: Annotated[
        tuple[Rule, ...], Field(max_length=1_000, description="Conditions that must be rare.")
    ] = ()
    margin: Annotated[
        tuple[Margin, ...], Field(max_length=1_000, description="Tables that the rows must meet.")
    ] = ()
    duplicates: Duplicates | None = None
    search: Search = Search()
    encoding: Encoding = Encoding()
    view: View = View()
    words: Words = Words()
