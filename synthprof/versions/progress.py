"""Builds that are not published yet, as values: their state and how far their stages are."""

from dataclasses import dataclass
from typing import Literal

from synthprof.pipeline import version_of
from synthprof.spec.spec import Spec
from synthprof.store.state import BuildState

StageState = Literal["waiting", "running", "done", "failed"]


@dataclass(frozen=True)
class Step:
    """The progress of a stage: so much of `total` (0: not known), in a unit such as "iterations"."""

    done: int
    total: int
    unit: str


@dataclass(frozen=True)
class StageProgress:
    """Progress of one stage of a build.

    seconds: of work, by the clock. seconds_left: of the step that it is at, if that can be told. step: what
    it is at, where that is not rows.
    """

    stage: str
    state: StageState
    rows_done: int
    rows: int
    seconds: float
    seconds_left: float | None = None
    step: Step | None = None


@dataclass(frozen=True)
class Unfinished:
    """A build whose version is not published: its spec, its state and the progress of its stages."""

    dataset: str
    build: str
    spec: Spec
    state: BuildState
    problem: str | None
    stages: tuple[StageProgress, ...]
    updated_at: str

    @property
    def version(self) -> str:
        """The name of the version that the build leads to."""
        return version_of(self.spec)

    @property
    def done(self) -> tuple[str, ...]:
        """The names of the stages that have ended, in order."""
        return tuple(each.stage for each in self.stages if each.state == "done")
