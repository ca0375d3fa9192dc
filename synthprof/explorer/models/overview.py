"""Models of the overview of one version: the contents of its manifest, and its columns."""

from typing import Annotated, Any

from pydantic import Field

from synthprof.explorer.models.datasets import Summary
from synthprof.explorer.models.model import ApiModel
from synthprof.explorer.models.quality import (
    CoherenceFacts,
    DifficultyFigure,
    DriftFacts,
    DuplicatesCount,
    RealTextFacts,
)
from synthprof.schemas.schema import ColumnKind

Digest = Annotated[str, Field(description="SHA-256 in hexadecimal.")]


class ScoreMeaning(ApiModel):
    """The name and the meaning of a score, for people."""

    name: str
    title: str
    meaning: str


class StageFacts(ApiModel):
    """The receipt of a stage: rows, time, memory and bytes; `shard` is null if the stage has none."""

    stage: str
    shard: tuple[int, int] | None
    rows: int
    seconds: float
    rows_per_second: float
    cpu_seconds: float
    peak_memory: int
    bytes_written: int
    details: dict[str, Any]


class StageTiming(ApiModel):
    """The work of a stage, its shards together; `seconds` by the clock, `cpu_seconds` added up."""

    stage: str
    shards: int
    rows: int
    seconds: float
    rows_per_second: float
    cpu_seconds: float
    peak_memory: int
    bytes_written: int


class File(ApiModel):
    """A file of a version."""

    path: str
    bytes: int
    sha256: Digest


class ColumnFacts(ApiModel):
    """A column of the profiles: its kind, its values or range, its meaning."""

    name: str
    kind: ColumnKind
    values: list[str] | None
    minimum: int | None
    maximum: int | None
    on_map: bool = Field(description="Whether the points of the map can be coloured by it.")
    doc: str


class TableFacts(ApiModel):
    """A child table: its rows, the most that a profile has, and its columns after the id and `n`."""

    name: str
    doc: str
    rows: int
    most: int
    columns: list[ColumnFacts]


class VersionFacts(Summary):
    """All contents of the manifest of a version, and its columns."""

    coherence: CoherenceFacts | None = Field(description="Null where the schema has no rules and margins.")
    duplicates: DuplicatesCount | None = Field(description="Null where no rows are second records.")
    drift: DriftFacts | None = Field(description="Null where the order names no drift.")
    meanings: list[ScoreMeaning] = Field(description="The scores that there can be, in order.")
    spec: dict[str, Any]
    stages: list[StageFacts]
    timings: list[StageTiming]
    seconds: float = Field(description="Seconds of the whole run by the clock, without long pauses.")
    files: list[File]
    index: dict[str, Any] | None
    columns: list[ColumnFacts]
    tables: list[TableFacts]
    difficulty: list[DifficultyFigure] = Field(description="Empty in versions made before it was measured.")
    real_texts: list[RealTextFacts]
