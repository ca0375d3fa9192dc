"""Models of the quality of a version: coherence, drift, second records and difficulty."""

from typing import Any

from pydantic import Field

from synthprof.explorer.models.model import ApiModel


class RuleCount(ApiModel):
    """A rule: rows that meet it contradict themselves. `above`: more than ceiling and chance explain."""

    name: str
    doc: str
    table: str = Field(description="The child table whose rows it is of; empty for the profiles.")
    rows: int
    broken: int
    share: float
    ceiling: float
    above: bool


class MarginCell(ApiModel):
    """A cell of a margin: the share asked for, the drawn one, and the interval of 99 % of samples."""

    values: list[str]
    asked: float
    rows: int = Field(description="The rows that count.")
    drawn: int = Field(description="Those of them in the cell.")
    share: float
    interval: tuple[float, float]
    holds: bool


class MarginCount(ApiModel):
    """A margin: a table that the rows must meet, and who counted it."""

    name: str
    columns: list[str]
    population: str
    source: str
    cells: list[MarginCell]
    outside: int = Field(description="The number of cells outside their intervals.")
    holds: bool = Field(description="Whether chance explains all cells at once, in 99 % of samples.")
    largest_deviation: float


class CoherenceFacts(ApiModel):
    """The number of rows that break none of the rules of their schema, and each rule and margin."""

    rows: int
    coherent: int
    share: float
    worst: str | None = Field(description="The rule that the largest share of rows broke.")
    line: str = Field(description="The share and the worst rule, for people.")
    rules: list[RuleCount] = Field(description="The most broken first.")
    margins: list[MarginCount]


class DriftRow(ApiModel):
    """A column that moved since the first night, why, and how far, for people."""

    what: str = Field(description="A column, `archetypes` or `embeddings`.")
    why: str = Field(description="The kinds of drift that name it, or `follows`.")
    psi: str = Field(description="Population stability index; – where there is none.")
    total_variation: str


class DriftFacts(ApiModel):
    """The drift of a version since the first night: its labels, and what they say for people."""

    night: int
    labels: dict[str, Any] = Field(description="As drift.json has them.")
    words: list[str]
    rows: list[DriftRow] = Field(description="What drifted, then what follows, the farthest first.")


class RecordErrorCount(ApiModel):
    """A kind of error of second records: how many a record has on average, and how often it happened."""

    kind: str
    columns: list[str]
    asked: float
    happened: int


class DuplicatesCount(ApiModel):
    """The second records of a version, and the F1 that record linkage is expected to reach."""

    line: str = Field(description="Records, people and F1, for people.")
    rows: int
    records: int
    share: float
    persons: int
    sizes: list[int] = Field(description="People by the number of their records, from 1.")
    mean_errors: float
    errors: list[RecordErrorCount]
    compared: list[str] = Field(description="The columns by which the F1 was predicted.")
    f1: float
    precision: float
    recall: float
    sampled: int = Field(description="The rows that the F1 was predicted from.")


class DifficultyFigure(ApiModel):
    """A figure of how hard the embeddings are for an index, and those of real texts."""

    name: str
    title: str
    help: str
    value: float | None
    real: list[float] = Field(description="In the order of `real_texts`.")


class RealTextFacts(ApiModel):
    """A set of real texts that figures of difficulty stand beside, and what embedded it."""

    name: str
    encoder: str
