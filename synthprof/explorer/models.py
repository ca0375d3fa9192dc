"""What the explorer's HTTP API says, in the words of its OpenAPI."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from synthprof.spec.spec import IndexKind, IndexMemory, Spec
from synthprof.versions.progress import BuildState, StageState

DEFAULT = Spec()


class _ApiModel(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


Digest = Annotated[str, Field(description="SHA-256 in hexadecimal.")]


class Problem(_ApiModel):
    """Why a question was not answered: the value, the rule and the remedy in one sentence."""

    detail: Any


class Scores(_ApiModel):
    """How a version turned out; null where it is unknown."""

    adjusted_rand_index: float | None = None
    silhouette: float | None = None
    inertia: float | None = None
    recall_at_10: float | None = None


class Summary(_ApiModel):
    """A published version."""

    dataset: str
    version: str
    current: bool
    state: Literal["published"] = "published"
    rows: int
    row_word: str = Field(description="What a row is called: profile, or text of a collection.")
    bytes: int
    published_at: str
    seed: int
    encoder: str
    profile_schema: str
    clusters: int | None
    scores: Scores


class Build(_ApiModel):
    """Work on a version that is not published yet."""

    build: str
    rows: int
    row_word: str
    seed: int
    encoder: str
    state: BuildState
    problem: str | None = Field(description="What the last attempt failed with.")
    done: list[str]
    stages: list[str]
    updated_at: str


class Dataset(_ApiModel):
    """A data set: its versions, newest first, and its builds."""

    dataset: str
    current: str | None
    versions: list[Summary]
    builds: list[Build]
    problems: list[str] = Field(description="Versions that cannot be read, and why.")


class Permissions(_ApiModel):
    """What the caller may do besides looking, and why not."""

    trigger: bool
    reason: str | None


class Datasets(_ApiModel):
    """Everything under the data root."""

    home: str
    can: Permissions
    datasets: list[Dataset]


class StageFacts(_ApiModel):
    """One receipt: what a stage did and what that took."""

    stage: str
    shard: tuple[int, int] | None
    rows: int
    seconds: float
    rows_per_second: float
    cpu_seconds: float
    peak_memory: int
    bytes_written: int
    details: dict[str, Any]


class File(_ApiModel):
    """A file of a version."""

    path: str
    bytes: int
    sha256: Digest


class ColumnFacts(_ApiModel):
    """A column of the profiles, for forms and legends."""

    name: str
    kind: Literal["integer", "category", "list", "flag", "text"]
    values: list[str] | None
    minimum: int | None
    maximum: int | None
    doc: str


class VersionFacts(Summary):
    """Everything that the manifest tells of a version."""

    spec: dict[str, Any]
    stages: list[StageFacts]
    files: list[File]
    index: dict[str, Any] | None
    columns: list[ColumnFacts]


class MarginalValue(_ApiModel):
    """How often a value occurs, and how often it should."""

    value: str
    share: float
    target: float | None


class Marginal(_ApiModel):
    """The shares of one column's values."""

    column: str
    kind: str
    values: list[MarginalValue]


class Marginals(_ApiModel):
    """The shares of all columns that have a list of values."""

    columns: list[Marginal]


class Trait(_ApiModel):
    """What is typical of a cluster: a value, its share there, and how many times its share overall."""

    column: str
    value: str
    share: float
    lift: float


class Cluster(_ApiModel):
    """A cluster and what is typical of it."""

    cluster: int
    rows: int
    share: float
    typical: list[Trait]


class Rest(_ApiModel):
    """Clusters that are not listed."""

    clusters: int
    rows: int


class Clusters(_ApiModel):
    """The clusters, the largest first; at most a thousand, and how many more there are."""

    clusters: list[Cluster]
    others: Rest


class MapOfPoints(_ApiModel):
    """Profiles on a plane; `values` are indices into `categories`, or numbers where those are null."""

    colour: str
    kind: Literal["category", "number"]
    categories: list[str] | None
    ids: list[int]
    x: list[float]
    y: list[float]
    values: list[int]


class Card(_ApiModel):
    """One profile: every column and its cluster."""

    profile: dict[str, Any]


class Hit(_ApiModel):
    """A result of a search."""

    rank: int
    id: int
    similarity: float
    reasons: list[str]
    profile: dict[str, Any]


class Hits(_ApiModel):
    """The results, the nearest first."""

    seconds: float
    results: list[Hit]


class Change(_ApiModel):
    """The shares of one value in two versions."""

    value: str
    left: float
    right: float
    difference: float


class Comparison(_ApiModel):
    """How far a column's shares differ: half the sum of all differences, 0 to 1."""

    column: str
    distance: float
    changes: list[Change]


class Compared(_ApiModel):
    """Two versions of a data set, the columns that differ most first."""

    left: str
    right: str
    columns: list[Comparison]


class StageProgress(_ApiModel):
    """How far a stage is."""

    stage: str
    state: StageState
    rows_done: int
    rows: int
    seconds: float = Field(description="Of work: of shards that are done, and so far of those at work.")


class BuildProgress(_ApiModel):
    """How far the stages of a build are."""

    build: str
    version: str
    state: BuildState
    problem: str | None
    stages: list[StageProgress]


class Progress(_ApiModel):
    """How far the builds of a data set are."""

    builds: list[BuildProgress]


class Started(_ApiModel):
    """A run of Airflow that does the work."""

    dag_id: str
    run_id: str
    url: str


class RunFacts(_ApiModel):
    """Which data set and version a run of Airflow made or worked on; null where that is not known (yet)."""

    dataset: str | None
    version: str | None
    build: str | None
    state: str


class Reindex(BaseModel):
    """Which index the version shall have instead."""

    model_config = ConfigDict(extra="forbid")

    index: IndexKind = DEFAULT.index
    index_memory_mib: Annotated[IndexMemory, Field(strict=True)] = DEFAULT.index_memory_mib


class Verify(BaseModel):
    """How much of the version is made again: every block, or a few."""

    model_config = ConfigDict(extra="forbid")

    all: Annotated[bool, Field(strict=True)] = False
