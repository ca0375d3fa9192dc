"""Memory and disk that the stages of one data set take, estimated before they run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from synthprof.pipeline import RELEASES, Release, Stage, maker_of, stage, wanted
from synthprof.spec.estimates import NO_CHILDREN, Children, Sizes, Texts
from synthprof.spec.spec import Spec
from synthprof.stages.survey import texts_of
from synthprof.stages.survey_children import children_of
from synthprof.store.schemas import bundle_of
from synthprof.system.machine import WARN_SHARE, Budget


@dataclass(frozen=True)
class Footprint:
    """The estimates for one spec; texts: of a collection, None for profiles. children: of child tables."""

    spec: Spec
    texts: Texts | None = None
    children: Children = NO_CHILDREN

    @classmethod
    def of(cls, spec: Spec, build: Path) -> Footprint:
        """Return the footprint of a spec, with the texts surveyed in its build folder, if there are any."""
        return cls(spec, texts_of(build), children_of(spec, bundle_of(spec, build)))

    def memory(self, name: str, workers: int) -> int:
        """Return the bytes of memory that a stage takes at most, over all its processes.

        workers: of its pool, idle ones too, which keep what they had; 0 for a process without a pool.
        """
        return stage(name).needed_memory(Sizes(self.spec, self.texts, workers, self.children))

    def disk(self, name: str) -> int:
        """Return the bytes on the disk that a stage leaves."""
        return stage(name).disk(self.sizes)

    def peak_disk(self) -> int:
        """Return the bytes that build and version take together at most; they share the databases."""
        present = most = 0
        ended: set[str] = set()
        for each in wanted(self.spec):
            ended.add(each.name)
            freed = [
                release.disk(self.sizes) for release in RELEASES if self._is_let_go(release, each, ended)
            ]
            present += each.disk(self.sizes) - sum(freed)
            most = max(most, present + max(freed, default=0))
        return most

    def _is_let_go(self, release: Release, last: Stage, ended: set[str]) -> bool:
        """Return whether files go at the end of the last of the stages that have ended."""
        needed = {maker_of(release.into).name, *release.readers}
        return release.applies(self.spec) and last.name in needed and needed <= ended

    @property
    def sizes(self) -> Sizes:
        """The sizes of the data set's parts on the disk."""
        return Sizes(self.spec, self.texts, 0, self.children)

    def fitting_workers(self, budget: Budget) -> int:
        """Return the most workers that the cores and 80 % of the memory of the budget allow; at least 1."""
        pooled = [each.name for each in wanted(self.spec) if each.gives_work(self.spec)]
        workers = budget.workers
        while workers > 1:
            if max(self.memory(name, workers) for name in pooled) <= WARN_SHARE * budget.memory:
                break
            workers -= 1
        return workers

    def room_beside(self, stages: Iterable[Stage], budget: Budget) -> bool:
        """Return whether a concurrent stage fits beside the hungriest of the stages, in cores and memory."""
        needed = {each: self.memory(each.name, budget.workers) for each in stages}
        concurrent = max((needed[each] for each in needed if each.works_beside(self.spec)), default=0)
        return budget.workers > 1 and concurrent + max(needed.values()) <= WARN_SHARE * budget.memory
