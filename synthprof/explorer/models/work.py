"""Models of work as runs of Airflow: the orders, the runs and their tasks."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from synthprof.explorer.models.model import ApiModel
from synthprof.explorer.models.progress import Step
from synthprof.spec.spec import IndexKind, IndexMemory, Spec


class Started(ApiModel):
    """The run of Airflow that does the work."""

    dag_id: str
    run_id: str
    url: str


class TaskFacts(ApiModel):
    """A task of a run, its mapped instances together; `states` counts them by Airflow's state."""

    task: str
    state: str = Field(description="The state that needs most attention: failed before running.")
    states: dict[str, int]
    tries: int = Field(description="Attempts so far, of `tries_allowed`.")
    tries_allowed: int


class RunFacts(ApiModel):
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


class Progressing(ApiModel):
    """The progress of some work; null if nobody is at it."""

    step: Step | None


class Runs(ApiModel):
    """The last run of each kind of work on a version."""

    runs: list[RunFacts]


DEFAULT = Spec()


class Reindex(BaseModel):
    """The index that replaces the present one."""

    model_config = ConfigDict(extra="forbid")

    index: IndexKind = DEFAULT.index
    index_memory_mib: Annotated[IndexMemory, Field(strict=True)] = DEFAULT.index_memory_mib


class Verify(BaseModel):
    """The extent of a verification: `all` makes every block again, else a few."""

    model_config = ConfigDict(extra="forbid")

    all: Annotated[bool, Field(strict=True)] = False
