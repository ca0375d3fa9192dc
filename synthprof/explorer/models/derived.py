"""Models of the HTTP API for what was derived from a version: exports, workloads, loads, measurements."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from synthprof.explorer.models.model import ApiModel
from synthprof.versions.derived import State

Folder = Annotated[str, Field(description="Path of the folder on the machine of the explorer.")]

Moment = Annotated[str, Field(description="ISO 8601 in UTC.")]


class ExportFacts(ApiModel):
    """An export. `state` is stopped where it was cut short; `files` are those of the data and the cards."""

    name: str
    format: str
    key: str
    state: State
    rows: int
    files: int
    bytes: int
    at: Moment
    folder: Folder
    options: dict[str, Any]
    opened: str = Field(description="A line of code that opens it; empty before it is finished.")


class Exports(ApiModel):
    """The exports of a version, and the formats that others may have."""

    exports: list[ExportFacts]
    formats: list[str]


class ClassFacts(ApiModel):
    """A class of queries; `hardness` is the mean relative contrast at k = 100, null if unknown."""

    name: str
    queries: int
    hardness: float | None


class FilterFacts(ApiModel):
    """A filter: the share of rows that it matches, and how these correlate with the vectors."""

    name: str
    kind: str
    rows: int
    selectivity: float
    correlation: float | None


class WorkloadFacts(ApiModel):
    """A workload. Classes have no hardness, and filters are not told, before it is finished."""

    key: str
    state: State
    queries: int
    space: str
    metrics: list[str]
    streams: list[str]
    classes: list[ClassFacts]
    filters: list[FilterFacts]
    bytes: int
    at: Moment
    folder: Folder
    problem: str | None = Field(description="What is wrong with its files; null for nothing.")


class Workloads(ApiModel):
    """The workloads of a version."""

    workloads: list[WorkloadFacts]


PicturesOf = Literal["avatars", "thumbnails"]
"""Pictures of a version that can be matched: drawn ones, or small ones of a collection."""


class MatchFacts(ApiModel):
    """A match of near-identical pictures. Pairs, groups and scores are null before it is finished."""

    name: str
    of: PicturesOf | Literal["elsewhere"] = Field(description="Whose pictures were matched.")
    key: str
    state: State
    pictures: int
    pairs: int | None
    groups: int | None
    recall: float | None = Field(description="Of planted copies; null where none are known.")
    precision: float | None
    options: dict[str, Any]
    bytes: int
    at: Moment
    folder: Folder
    problem: str | None = Field(description="What is wrong with its files; null for nothing.")


class Matches(ApiModel):
    """The matches of a version's pictures and of pictures elsewhere, and what others may be of."""

    matches: list[MatchFacts]
    pictures: PicturesOf | None = Field(description="The version's own pictures; null for none.")
    elsewhere: bool = Field(description="Pictures in a folder may be matched: SYNTHPROF_SOURCES is set.")


class LoadFacts(ApiModel):
    """A load into a database or search engine, as its checkpoint here tells it, not as the target does."""

    into: str = Field(description="URL of the target without its password.")
    table: str
    state: State
    rows: int
    left_out: int = Field(description="Rows without a vector, which the target does not take.")
    workload: str = Field(description="The workload whose labels are loaded, too; empty for none.")
    at: Moment


class Loads(ApiModel):
    """The loads of a version."""

    loads: list[LoadFacts]


class PointFacts(ApiModel):
    """Recall and speed of some queries under one filter; `recall` is null where no row matches."""

    filter: str
    queries: str
    effort: int
    clients: int
    k: int
    recall: float | None
    qps: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    searches: int


class MeasurementFacts(ApiModel):
    """A measurement of a target, or of an index in memory, on a workload."""

    name: str
    target: str
    workload: str
    metric: str
    points: list[PointFacts]
    skipped: list[str] = Field(description="Filters that the target cannot search under.")
    at: Moment
    folder: Folder


class Measurements(ApiModel):
    """The measurements of a version, the youngest first."""

    measurements: list[MeasurementFacts]


class Export(BaseModel):
    """The export to make, of all columns and by the defaults of its format."""

    model_config = ConfigDict(extra="forbid")

    format: Annotated[str, Field(pattern="^[a-z0-9-]{1,40}$")] = "parquet"


class MatchWish(BaseModel):
    """The match to make of the version's pictures, or of those elsewhere, by the path of a folder or file.

    0 features: by their number and the memory.
    """

    model_config = ConfigDict(extra="forbid")

    pictures: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{0,1000}$")] = ""
    features: Annotated[int, Field(ge=0, le=1_000, strict=True)] = 0
    memory_mib: Annotated[int, Field(ge=0, le=1_048_576, strict=True)] = 0


MatchName = Annotated[str, Field(pattern="^match-[0-9a-f]{12}$")]

MeasurementName = Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,80}$")]

Derivation = Literal["export", "workload", "load", "match"]
"""Jobs of Airflow that derive something from a version."""
