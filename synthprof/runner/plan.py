"""Plans of runs, with the resources of this machine."""

from dataclasses import dataclass
from pathlib import Path

from synthprof.runner.run import limits_of, resolved
from synthprof.spec.request import Request
from synthprof.stages import plan as stages_plan
from synthprof.stages.footprint import Footprint
from synthprof.store.store import Store
from synthprof.system.startup import check_machine


@dataclass(frozen=True)
class Plan(stages_plan.Plan):
    """The plan of a run in blocks, processes and bytes, and the bytes that this machine has for it."""

    available_memory: int
    free_disk: int


def plan(request: Request, home: Path) -> Plan:
    """Return the plan of a run on this machine; nothing is made.

    Raises SpecError, naming value, rule and remedy, for what cannot be met.
    """
    check_machine()
    request = resolved(request, home)
    limits = limits_of(request, home)
    build = Store(home, request.dataset).build(request.spec)
    try:
        found = stages_plan.plan(
            request, limits, footprint=Footprint.of(request.spec, build.folder), bundle=build.bundle
        )
    finally:
        build.forget_rows()
    return Plan(**vars(found), available_memory=limits.memory, free_disk=limits.disk)
