"""Models of the list of data sets: versions, builds, and the caller's permissions."""

from typing import Literal

from pydantic import Field

from synthprof.explorer.models.model import ApiModel
from synthprof.store.state import BuildState


class Scores(ApiModel):
    """Quality scores of a version; null if unknown."""

    purity: float | None = None
    purity_by_chance: float | None = None
    homogeneity: float | None = None
    merged_rand_index: float | None = None
    silhouette: float | None = None
    inertia: float | None = None
    recall_at_10: float | None = None


class LinePart(ApiModel):
    """Columns whose values are joined by / on the line below a row's name, and the unit after them."""

    columns: list[str]
    unit: str


class CardView(ApiModel):
    """The columns that have a place of their own on a row's card, as the schema declares them."""

    name: str = Field(description="The column of a row's name.")
    text: str = Field(description="The column of a row's description.")
    line: list[LinePart]
    lists: list[str] = Field(description="Columns that are shown item by item.")
    table: list[str] = Field(description="The columns of a narrow table of rows.")
    language: str = Field(description="The language of the values, a tag as `en`; empty if unknown.")
    examples: list[str] = Field(description="Texts to search for.")
    tables: list[str] = Field(description="The child tables in which a row may have rows of its own.")
    thumbnails: bool = Field(default=False, description="Whether the rows are pictures with thumbnails.")


class Verified(ApiModel):
    """The last verification of a version: when, by which release, and what it found.

    `files` were compared with their checksums, `blocks` of `blocks_total` made again.
    """

    at: str
    release: str
    sound: bool
    files: int
    blocks: int
    blocks_total: int
    findings: tuple[str, ...] = Field(description="A sentence for each fault.")
    summary: str = Field(description="A sentence on a sound version, else how to mend it.")


class Summary(ApiModel):
    """A published version."""

    dataset: str
    version: str
    current: bool
    state: Literal["published"] = "published"
    rows: int
    row_word: str = Field(description="The word for a row: profile, or text in a collection.")
    bytes: int
    published_at: str
    seed: int
    encoder: str
    profile_schema: str
    clusters: int | None
    scores: Scores
    view: CardView
    verified: Verified | None = Field(description="The last verification; null if there was none.")


class Build(ApiModel):
    """The build of a version that is not published yet."""

    build: str
    rows: int
    row_word: str
    seed: int
    encoder: str
    state: BuildState
    problem: str | None = Field(description="The error of the last attempt, if it failed.")
    done: list[str]
    stages: list[str]
    updated_at: str


class Dataset(ApiModel):
    """A data set: its versions, newest first, and its builds."""

    dataset: str
    current: str | None
    versions: list[Summary]
    builds: list[Build]
    problems: list[str] = Field(description="An error for each version that cannot be read.")


class Permissions(ApiModel):
    """Permissions of the caller: whether work may be started and, if not, the reason."""

    trigger: bool
    reason: str | None


class Datasets(ApiModel):
    """All data sets under the data root."""

    home: str
    can: Permissions
    datasets: list[Dataset]
