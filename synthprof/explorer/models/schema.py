"""Models of the schema that the rows of a version are drawn from."""

from pydantic import Field

from synthprof.explorer.models.model import ApiModel


class SchemaColumn(ApiModel):
    """A column: its draw, and what it counts for."""

    name: str
    kind: str
    doc: str
    draw: str = Field(description="The draw in words.")
    given: list[str] = Field(description="The columns that it depends on.")
    indexed: bool
    feature: str | None = Field(description="What it is in the feature vector, in words.")
    positions: tuple[int, int] | None = Field(description="Its first and last position in that vector.")
    weight: float = Field(description="What it counts in the encoder `catalogue`.")
    values: int | None = Field(description="Number of its values, where they are known beforehand.")


class SchemaArchetype(ApiModel):
    """A latent kind of row: its share, and the columns whose odds it shifts."""

    name: str
    title: str
    share: float
    shifts: list[str]


class SchemaTable(ApiModel):
    """A child table: several rows for each row."""

    name: str
    doc: str
    rows: str = Field(description="How many rows a parent has, in words.")
    made: bool = Field(description="Whether this version has it.")
    columns: list[SchemaColumn]


class SchemaFacts(ApiModel):
    """The schema that the rows of a version are drawn from."""

    name: str
    title: str = Field(description="The schema in one line; empty if it says none.")
    language: str
    columns: list[SchemaColumn]
    archetypes: list[SchemaArchetype]
    tables: list[SchemaTable]
