"""The plan of a request before anything runs: blocks, shards, memory, disk and the kind of index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.pipeline import stage, wanted
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard, plan_shards
from synthprof.spec.sizing import IndexChoice, check_k, clusters_of, index_of
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.stages.footprint import Footprint
from synthprof.stages.survey_children import children_of
from synthprof.store.schemas import schema_of
from synthprof.system.machine import Budget, check_estimate

if TYPE_CHECKING:
    from synthprof.schemas.bundle import Bundle


@dataclass(frozen=True)
class Plan:
    """The work of a request, and the memory and disk that it takes.

    disk: bytes that each stage leaves. total_disk: bytes that build and version take together at most: they
    share the databases, and blocks are let go of. children: about how many rows the child tables will have.
    """

    blocks: int
    shards: tuple[Shard, ...]
    workers: int
    clusters: int
    index: IndexChoice | None
    memory: dict[str, int]
    disk: dict[str, int]
    total_disk: int
    children: int
    warnings: tuple[str, ...]

    @property
    def peak_memory(self) -> int:
        """The bytes that the hungriest stage takes, over all its processes."""
        return max(self.memory.values())


def plan(
    request: Request,
    budget: Budget,
    present: int = 0,
    footprint: Footprint | None = None,
    bundle: Bundle | None = None,
) -> Plan:
    """Return the plan for this request within this budget.

    present: bytes on the disk already, from earlier attempts. footprint: that of the run; None for profiles,
    where the spec tells all. bundle: the schema; None for a built-in one.
    Raises SpecError, naming value, rule and remedy, for what cannot be met: dimensions below what the schema
    needs, more rows than a unique column has values, more clusters than the rows can train, more memory or
    disk than there is.
    """
    from synthprof.encoders.encoder import check_encoder
    from synthprof.profiles.features import check_dim
    from synthprof.schemas.loader import load_bundle
    from synthprof.schemas.room import check_rows

    spec, bundle = request.spec, bundle or load_bundle(request.spec.profile_schema)
    footprint = footprint or Footprint(spec, children=children_of(spec, bundle))
    if not spec.collection:
        check_dim(bundle.schema, spec.dim_vector)
        check_rows(bundle.schema, spec.profiles, BLOCK_ROWS)
    check_encoder(spec)
    _check_store(request, bundle)
    clusters = clusters_of(spec)
    check_k(clusters, spec.profiles)
    memory = {name: footprint.memory(name, budget.workers) for name in _stages(spec)}
    disk = {name: amount for name in _stages(spec) if (amount := footprint.disk(name))}
    total_disk = footprint.peak_disk()
    hungriest = max(memory, key=lambda name: memory[name])
    warnings = (
        check_estimate("memory", memory[hungriest], budget.memory, _remedy(hungriest, footprint, budget)),
        check_estimate("disk", total_disk - present, budget.disk, _disk_remedy(spec)),
    )
    return Plan(
        blocks=spec.blocks,
        shards=plan_shards(spec, request.runtime),
        workers=budget.workers,
        clusters=clusters,
        index=index_of(spec),
        memory=memory,
        disk=disk,
        total_disk=total_disk,
        children=footprint.sizes.children_rows,
        warnings=tuple(warning for warning in warnings if warning),
    )


def _check_store(request: Request, bundle: Bundle) -> None:
    """Raise SpecError for what part files do not hold, or if the package that reads them is missing."""
    spec = request.spec
    if not spec.in_parts:
        return
    if tables := schema_of(spec, bundle).tables:
        names = ", ".join(table.name for table in tables)
        raise _no_parts(f"has no child tables ({names})", "use with_tables=none")
    if spec.collection:
        raise _no_parts("holds generated profiles, not rows from elsewhere", "leave store away")
    if spec.vacuum:
        raise _no_parts("has no database of rows to compact", "use vacuum=false")
    if request.runtime.max_failed:
        raise _no_parts("does not tell why rows have no embedding", "use max_failed=0")
    check_installed("parquet", "duckdb")


def _no_parts(rule: str, remedy: str) -> SpecError:
    return SpecError(f"store=parquet {rule}; {remedy}, or store=sqlite")


def check_stage(name: str, footprint: Footprint, budget: Budget, present: int) -> tuple[str, ...]:
    """Return warnings about what one stage takes of the memory and disk that are free just before it begins.

    present: bytes of its results that are on the disk already. Raises SpecError with the remedy if it would
    take more than there is.
    """
    spec = footprint.spec
    if name not in _stages(spec):
        return ()
    memory = check_estimate(
        f"memory for {name}",
        footprint.memory(name, budget.workers),
        budget.memory,
        _remedy(name, footprint, budget),
    )
    needed = max(0, footprint.disk(name) - present)
    disk = check_estimate(f"disk for {name}", needed, budget.disk, _disk_remedy(spec))
    return tuple(warning for warning in (memory, disk) if warning)


def _stages(spec: Spec) -> list[str]:
    """Return the names of the stages that take more than a moment."""
    return [each.name for each in wanted(spec) if each.name != "setup"]


def _disk_remedy(spec: Spec) -> str:
    return f"{_fewer(spec)}, or free some space"


def _fewer(spec: Spec) -> str:
    return f"{'embed' if spec.collection else 'make'} fewer {spec.row_word}s"


def _remedy(name: str, footprint: Footprint, budget: Budget) -> str:
    """Return what the user can change so that this stage takes less memory."""
    if stage(name).gives_work(footprint.spec) and budget.workers > 1:
        return f"use workers={footprint.fitting_workers(budget)}, or give it more memory"
    return f"{stage(name).remedy.format(fewer=_fewer(footprint.spec))}, or give it more memory"
