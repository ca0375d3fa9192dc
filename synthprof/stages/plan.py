"""What a request will take, told before anything runs: blocks, shards, memory, disk and the kind of index."""

from __future__ import annotations

from dataclasses import dataclass

from synthprof.pipeline import STAGES, stage, wanted
from synthprof.spec.request import Request
from synthprof.spec.shards import Shard, plan_shards
from synthprof.spec.sizing import IndexChoice, check_k, clusters_of, index_of
from synthprof.spec.spec import Spec
from synthprof.stages.footprint import disk_of, memory_of
from synthprof.stages.survey import Texts
from synthprof.system.machine import WARN_SHARE, Budget, check_estimate


@dataclass(frozen=True)
class Plan:
    """What will be done, and what it will take."""

    blocks: int
    shards: tuple[Shard, ...]
    workers: int
    clusters: int
    index: IndexChoice | None
    memory: dict[str, int]
    disk: dict[str, int]
    warnings: tuple[str, ...]

    @property
    def peak_memory(self) -> int:
        """Bytes that the hungriest stage takes, over all its processes."""
        return max(self.memory.values())

    @property
    def total_disk(self) -> int:
        """Bytes that the build and the published version take together; they share the databases."""
        return sum(self.disk.values())


def plan(request: Request, budget: Budget, present: int = 0, texts: Texts | None = None) -> Plan:
    """The plan for this request within this budget.

    present: bytes on the disk already, from earlier attempts. texts: what is known of a collection's;
    None for profiles.
    Raises SpecError, naming value, rule and remedy, for what cannot be met: dimensions below what the schema
    needs, more clusters than the rows can train, more memory or disk than there is.
    """
    from synthprof.encoders.encoder import check_encoder
    from synthprof.profiles.features import check_dim
    from synthprof.schemas.loader import load_schema

    spec = request.spec
    if not spec.collection:
        check_dim(load_schema(spec.profile_schema), spec.dim_vector)
    check_encoder(spec)
    clusters = clusters_of(spec)
    check_k(clusters, spec.profiles)
    memory = {name: memory_of(name, spec, budget.workers, texts) for name in _stages(spec)}
    disk = {name: amount for name in _stages(spec) if (amount := disk_of(name, spec, texts))}
    hungriest = max(memory, key=lambda name: memory[name])
    warnings = (
        check_estimate("memory", memory[hungriest], budget.memory, _remedy(hungriest, spec, budget, texts)),
        check_estimate("disk", sum(disk.values()) - present, budget.disk, _disk_remedy(spec)),
    )
    return Plan(
        blocks=spec.blocks,
        shards=plan_shards(spec, request.runtime),
        workers=budget.workers,
        clusters=clusters,
        index=index_of(spec),
        memory=memory,
        disk=disk,
        warnings=tuple(warning for warning in warnings if warning),
    )


def check_stage(
    name: str, spec: Spec, budget: Budget, present: int, texts: Texts | None = None
) -> tuple[str, ...]:
    """Warnings of what one stage takes of what there is just before it begins.

    present: bytes of it that lie on the disk already. Raises SpecError with the remedy if it would take more
    than there is.
    """
    if name not in _stages(spec):
        return ()
    memory = check_estimate(
        f"memory for {name}",
        memory_of(name, spec, budget.workers, texts),
        budget.memory,
        _remedy(name, spec, budget, texts),
    )
    needed = max(0, disk_of(name, spec, texts) - present)
    disk = check_estimate(f"disk for {name}", needed, budget.disk, _disk_remedy(spec))
    return tuple(warning for warning in (memory, disk) if warning)


def fitting_workers(spec: Spec, budget: Budget, texts: Texts | None = None) -> int:
    """As many workers as the budget has cores for and 80 % of the memory can hold; at least one."""

    def hungriest(workers: int) -> int:
        return max(memory_of(each.name, spec, workers, texts) for each in STAGES if each.pooled)

    workers = budget.workers
    while workers > 1 and hungriest(workers) > WARN_SHARE * budget.memory:
        workers -= 1
    return workers


def _stages(spec: Spec) -> list[str]:
    """The stages that take more than a moment."""
    return [each.name for each in wanted(spec) if each.name != "setup"]


def _disk_remedy(spec: Spec) -> str:
    return f"{_fewer(spec)}, or free some space"


def _fewer(spec: Spec) -> str:
    return f"{'embed' if spec.collection else 'make'} fewer {spec.row_word}s"


def _remedy(name: str, spec: Spec, budget: Budget, texts: Texts | None) -> str:
    """What the caller can change so that this stage takes less memory."""
    if stage(name).pooled and budget.workers > 1:
        return f"use workers={fitting_workers(spec, budget, texts)}, or give it more memory"
    if name == "export_index":
        return "use index=ivf_pq or a smaller index_memory_mib, save_index=false, or give it more memory"
    if name == "cluster":
        return f"use fewer clusters or a smaller dim_embedding, {_fewer(spec)}, or give it more memory"
    return f"{_fewer(spec)}, or give it more memory"
