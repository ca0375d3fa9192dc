"""Models of the progress of builds."""

from pydantic import Field

from synthprof.explorer.models.model import ApiModel
from synthprof.store.state import BuildState
from synthprof.versions.progress import StageState


class Step(ApiModel):
    """The state of some work: so many of `total`, 0 where that is not known."""

    done: int
    total: int
    unit: str


class StageProgress(ApiModel):
    """Progress of a stage."""

    stage: str
    state: StageState
    rows_done: int
    rows: int
    seconds: float = Field(description="Seconds of work by the clock.")
    seconds_left: float | None = Field(description="Of the present step; null if that cannot be told.")
    step: Step | None = Field(description="What it is at, where that is not rows.")


class BuildProgress(ApiModel):
    """Progress of the stages of a build."""

    build: str
    version: str
    state: BuildState
    problem: str | None
    stages: list[StageProgress]


class Progress(ApiModel):
    """Progress of the builds of a data set."""

    builds: list[BuildProgress]
