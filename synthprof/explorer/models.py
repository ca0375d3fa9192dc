"""Models of the HTTP API: its answers and the bodies of its requests.

Their names, docstrings and field descriptions stand in the OpenAPI description.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from synthprof.schemas.schema import ColumnKind
from synthprof.spec.limits import MAX_CHARACTERS, MAX_CONDITIONS
from synthprof.spec.spec import IndexKind, IndexMemory, Spec
from synthprof.store.state import BuildState
from synthprof.versions.progress import StageState

DEFAULT = Spec()

MAX_IMAGE = 48_000
"""Characters of a picture in base64 that is searched by: 300 pixels a side as JPEG take half of that."""


class _ApiModel(BaseModel):
    model_config = ConfigDict(frozen=True, ser_json_inf_nan="null")


Digest = Annotated[str, Field(description="SHA-256 in hexadecimal.")]


class Problem(_ApiModel):
    """A refusal: the value, the rule and the remedy in one sentence."""

    detail: Any


class Scores(_ApiModel):
    """Quality scores of a version; null if unknown."""

    purity: float | None = None
    purity_by_chance: float | None = None
    homogeneity: float | None = None
    merged_rand_index: float | None = None
    silhouette: float | None = None
    inertia: float | None = None
    recall_at_10: float | None = None


class ScoreMeaning(_ApiModel):
    """The name and the meaning of a score, for people."""

    name: str
    title: str
    meaning: str


class LinePart(_ApiModel):
    """Columns whose values are joined by / on the line below a row's name, and the unit after them."""

    columns: list[str]
    unit: str


class CardView(_ApiModel):
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


class Verified(_ApiModel):
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


class Summary(_ApiModel):
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


class Build(_ApiModel):
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


class Dataset(_ApiModel):
    """A data set: its versions, newest first, and its builds."""

    dataset: str
    current: str | None
    versions: list[Summary]
    builds: list[Build]
    problems: list[str] = Field(description="An error for each version that cannot be read.")


class Permissions(_ApiModel):
    """Permissions of the caller: whether work may be started and, if not, the reason."""

    trigger: bool
    reason: str | None


class Datasets(_ApiModel):
    """All data sets under the data root."""

    home: str
    can: Permissions
    datasets: list[Dataset]


class StageFacts(_ApiModel):
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


class StageTiming(_ApiModel):
    """The work of a stage, its shards together; `seconds` by the clock, `cpu_seconds` added up."""

    stage: str
    shards: int
    rows: int
    seconds: float
    rows_per_second: float
    cpu_seconds: float
    peak_memory: int
    bytes_written: int


class File(_ApiModel):
    """A file of a version."""

    path: str
    bytes: int
    sha256: Digest


class ColumnFacts(_ApiModel):
    """A column of the profiles: its kind, its values or range, its meaning."""

    name: str
    kind: ColumnKind
    values: list[str] | None
    minimum: int | None
    maximum: int | None
    on_map: bool = Field(description="Whether the points of the map can be coloured by it.")
    doc: str


class TableFacts(_ApiModel):
    """A child table: its rows, the most that a profile has, and its columns after the id and `n`."""

    name: str
    doc: str
    rows: int
    most: int
    columns: list[ColumnFacts]


class RuleCount(_ApiModel):
    """A rule: rows that meet it contradict themselves. `above`: more than ceiling and chance explain."""

    name: str
    doc: str
    table: str = Field(description="The child table whose rows it is of; empty for the profiles.")
    rows: int
    broken: int
    share: float
    ceiling: float
    above: bool


class MarginCell(_ApiModel):
    """A cell of a margin: the share asked for, the drawn one, and the interval of 99 % of samples."""

    values: list[str]
    asked: float
    rows: int = Field(description="The rows that count.")
    drawn: int = Field(description="Those of them in the cell.")
    share: float
    interval: tuple[float, float]
    holds: bool


class MarginCount(_ApiModel):
    """A margin: a table that the rows must meet, and who counted it."""

    name: str
    columns: list[str]
    population: str
    source: str
    cells: list[MarginCell]
    outside: int = Field(description="The number of cells outside their intervals.")
    holds: bool = Field(description="Whether chance explains all cells at once, in 99 % of samples.")
    largest_deviation: float


class CoherenceFacts(_ApiModel):
    """How many rows break none of the rules of their schema, and each rule and margin."""

    rows: int
    coherent: int
    share: float
    worst: str | None = Field(description="The rule that the largest share of rows broke.")
    line: str = Field(description="The share and the worst rule, for people.")
    rules: list[RuleCount] = Field(description="The most broken first.")
    margins: list[MarginCount]


class DriftRow(_ApiModel):
    """A column that moved since the first night, why, and how far, for people."""

    what: str = Field(description="A column, `archetypes` or `embeddings`.")
    why: str = Field(description="The kinds of drift that name it, or `follows`.")
    psi: str = Field(description="Population stability index; – where there is none.")
    total_variation: str


class DriftFacts(_ApiModel):
    """The drift of a version since the first night: its labels, and what they say for people."""

    night: int
    labels: dict[str, Any] = Field(description="As drift.json has them.")
    words: list[str]
    rows: list[DriftRow] = Field(description="What drifted, then what follows, the farthest first.")


class RecordErrorCount(_ApiModel):
    """A kind of error of second records: how many a record has on average, and how often it happened."""

    kind: str
    columns: list[str]
    asked: float
    happened: int


class DuplicatesCount(_ApiModel):
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


class DifficultyFigure(_ApiModel):
    """A figure of how hard the embeddings are for an index, and those of real texts."""

    name: str
    title: str
    help: str
    value: float | None
    real: list[float] = Field(description="In the order of `real_texts`.")


class RealTextFacts(_ApiModel):
    """A set of real texts that figures of difficulty stand beside, and what embedded it."""

    name: str
    encoder: str


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


class SchemaColumn(_ApiModel):
    """How a column is drawn, and what it counts for."""

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


class SchemaArchetype(_ApiModel):
    """A latent kind of row: its share, and the columns whose odds it shifts."""

    name: str
    title: str
    share: float
    shifts: list[str]


class SchemaTable(_ApiModel):
    """A child table: several rows for each row."""

    name: str
    doc: str
    rows: str = Field(description="How many rows a parent has, in words.")
    made: bool = Field(description="Whether this version has it.")
    columns: list[SchemaColumn]


class SchemaFacts(_ApiModel):
    """What the rows of a version are drawn from."""

    name: str
    title: str = Field(description="The schema in one line; empty if it says none.")
    language: str
    columns: list[SchemaColumn]
    archetypes: list[SchemaArchetype]
    tables: list[SchemaTable]


class MarginalValue(_ApiModel):
    """The share of a value, and its target share, null if the schema has none."""

    value: str
    share: float
    target: float | None


class Marginal(_ApiModel):
    """The shares of one column's values.

    ordered: they are bands of numbers, dates or times. missing: the share of rows without a value.
    """

    column: str
    kind: str
    ordered: bool = False
    missing: float | None = None
    values: list[MarginalValue]


class Marginals(_ApiModel):
    """The shares of all columns that have a list of values."""

    columns: list[Marginal]


class Trait(_ApiModel):
    """A typical value of a cluster; `lift` is its share in the cluster over its share in all rows."""

    column: str
    value: str
    share: float
    lift: float


class Cluster(_ApiModel):
    """A cluster and its typical values."""

    cluster: int
    rows: int
    share: float
    typical: list[Trait]


class Rest(_ApiModel):
    """Number and rows of the clusters that are not listed."""

    clusters: int
    rows: int


class Clusters(_ApiModel):
    """The 1,000 largest clusters, the largest first, and the number of others."""

    clusters: list[Cluster]
    others: Rest


class Tint(_ApiModel):
    """A colour, as #rrggbb, on a light page and on a dark page."""

    light: str
    dark: str


class MapOfPoints(_ApiModel):
    """Points on a plane; `values` are indices into `categories`, or numbers if that is null.

    colours: one for each category or, from the least number to the greatest, one for each of equal steps.
    """

    colour: str
    kind: Literal["category", "number"]
    categories: list[str] | None
    ordered: bool = Field(description="Whether the categories are bands in their order, then what has none.")
    ids: list[int]
    x: list[float]
    y: list[float]
    values: list[int]
    colours: list[Tint]


class Card(_ApiModel):
    """One profile: every column, and its cluster."""

    profile: dict[str, Any]


class Children(_ApiModel):
    """Rows that a profile has in a child table, by their number `n`; `total` counts all of them."""

    table: str
    total: int
    rows: list[dict[str, Any]]


class Hit(_ApiModel):
    """A result of a search; `similarity` is the cosine, `reasons` are attributes in common."""

    rank: int
    id: int
    similarity: float
    reasons: list[str]
    profile: dict[str, Any]


class Loosened(_ApiModel):
    """A condition that results from the rank `first` on need not meet, as too few rows meet all."""

    first: int
    without: str


class Asked(_ApiModel):
    """How a text was read: conditions, words that say nothing, and the conditions that were given up.

    `ranked` is false where nothing ranks the rows, which then come by id.
    """

    conditions: list[str]
    ignored: list[str]
    loosened: list[Loosened]
    ranked: bool
    language: str


class Hits(_ApiModel):
    """The results, the nearest first; `read` is null of a search by example."""

    seconds: float
    read: Asked | None = None
    results: list[Hit]


class Change(_ApiModel):
    """The shares of one value in two versions."""

    value: str
    left: float
    right: float
    difference: float


class Comparison(_ApiModel):
    """The changes of one column; `distance` is half the sum of all absolute differences, 0 to 1."""

    column: str
    distance: float
    changes: list[Change]


class Compared(_ApiModel):
    """A comparison of two versions of a data set, the column that differs most first."""

    left: str
    right: str
    columns: list[Comparison]


class Step(_ApiModel):
    """The state of some work: so many of `total`, 0 where that is not known."""

    done: int
    total: int
    unit: str


class StageProgress(_ApiModel):
    """Progress of a stage."""

    stage: str
    state: StageState
    rows_done: int
    rows: int
    seconds: float = Field(description="Seconds of work by the clock.")
    seconds_left: float | None = Field(description="Of the present step; null if that cannot be told.")
    step: Step | None = Field(description="What it is at, where that is not rows.")


class BuildProgress(_ApiModel):
    """Progress of the stages of a build."""

    build: str
    version: str
    state: BuildState
    problem: str | None
    stages: list[StageProgress]


class Progress(_ApiModel):
    """Progress of the builds of a data set."""

    builds: list[BuildProgress]


class Started(_ApiModel):
    """The run of Airflow that does the work."""

    dag_id: str
    run_id: str
    url: str


class TaskFacts(_ApiModel):
    """A task of a run, its mapped instances together; `states` counts them by Airflow's state."""

    task: str
    state: str = Field(description="The state that needs most attention: failed before running.")
    states: dict[str, int]
    tries: int = Field(description="Attempts so far, of `tries_allowed`.")
    tries_allowed: int


class RunFacts(_ApiModel):
    """The data set and version that a run of Airflow made or worked on; null if not known yet."""

    dag_id: str
    run_id: str
    url: str
    job: Literal["reindex", "verify", "export", "workload", "load", "match"] | None = Field(
        description="Work on a version; null if it makes one."
    )
    dataset: str | None
    version: str | None
    build: str | None
    state: str
    asked: dict[str, Any] = Field(description="The parameters that the run was started with.")
    started_at: str | None
    ended_at: str | None
    tasks: list[TaskFacts]
    failed_task: str | None = Field(description="The task that failed last, or waits for its next attempt.")
    problem: str | None = Field(description="Its message: what is wrong, and what helps.")
    step: Step | None = Field(description="How far a verification is.")


class Progressing(_ApiModel):
    """The progress of some work; null if nobody is at it."""

    step: Step | None


class Runs(_ApiModel):
    """The last run of each kind of work on a version."""

    runs: list[RunFacts]


class Reindex(BaseModel):
    """The index that replaces the present one."""

    model_config = ConfigDict(extra="forbid")

    index: IndexKind = DEFAULT.index
    index_memory_mib: Annotated[IndexMemory, Field(strict=True)] = DEFAULT.index_memory_mib


class LikePicture(BaseModel):
    """A search by a picture: its file in base64, and what `similar` takes."""

    model_config = ConfigDict(extra="forbid")

    image: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_IMAGE,
            pattern=r"^[A-Za-z0-9+/]+={0,2}$",
            description="The bytes of a picture's file in base64; make a larger one smaller before.",
        ),
    ]
    k: Annotated[int, Field(ge=1, le=100, description="Number of results.")] = 10
    where: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]],
        Field(max_length=MAX_CONDITIONS, description="Conditions that all must hold."),
    ] = []
    exact: bool = Field(default=False, description="Compare every picture instead of using the index.")


class Verify(BaseModel):
    """The extent of a verification: `all` makes every block again, else a few."""

    model_config = ConfigDict(extra="forbid")

    all: Annotated[bool, Field(strict=True)] = False
