"""Large synthetic data sets of user profiles, reproducible to the byte.

    import synthprof

    v = synthprof.run("gamers", profiles=10_000, seed=7)
    v.search("a few words", k=5)
    v.to_pandas()

Each name is loaded when it is first used: importing the package loads neither NumPy nor Arrow nor FAISS.
"""

import importlib
from typing import TYPE_CHECKING, Any

from synthprof.system.kernels import choose_kernels

if TYPE_CHECKING:
    from synthprof.api import (
        datasets,
        export,
        load,
        match,
        measure,
        open,
        plan,
        run,
        schema_from,
        score,
        search,
        similar,
        verify,
        workload,
    )
    from synthprof.base.errors import Busy, SpecError, StageError, SynthprofError
    from synthprof.delivery.exports.finished import Export
    from synthprof.delivery.loaders.work import Loaded
    from synthprof.delivery.matching.match import Match
    from synthprof.delivery.measuring.measured import Measured
    from synthprof.delivery.scoring.scores import Scores
    from synthprof.delivery.workloads.workload import Workload
    from synthprof.runner.plan import Plan
    from synthprof.runner.schema_from import SchemaFrom
    from synthprof.versions.hits import Hits
    from synthprof.versions.search import Hit
    from synthprof.versions.verify import Verdict
    from synthprof.versions.version import Version

    __version__: str

__all__ = [
    "Busy",
    "Export",
    "Hit",
    "Hits",
    "Loaded",
    "Match",
    "Measured",
    "Plan",
    "SchemaFrom",
    "Scores",
    "SpecError",
    "StageError",
    "SynthprofError",
    "Verdict",
    "Version",
    "Workload",
    "datasets",
    "export",
    "load",
    "match",
    "measure",
    "open",
    "plan",
    "run",
    "schema_from",
    "score",
    "search",
    "similar",
    "verify",
    "workload",
]

_HOMES = {
    "synthprof.api": (
        *("datasets", "export", "load", "match", "measure", "open", "plan", "run", "schema_from", "score"),
        *("search", "similar", "verify", "workload"),
    ),
    "synthprof.base.errors": ("Busy", "SpecError", "StageError", "SynthprofError"),
    "synthprof.delivery.exports.finished": ("Export",),
    "synthprof.delivery.loaders.work": ("Loaded",),
    "synthprof.delivery.matching.match": ("Match",),
    "synthprof.delivery.measuring.measured": ("Measured",),
    "synthprof.delivery.scoring.scores": ("Scores",),
    "synthprof.delivery.workloads.workload": ("Workload",),
    "synthprof.runner.plan": ("Plan",),
    "synthprof.runner.schema_from": ("SchemaFrom",),
    "synthprof.versions.hits": ("Hits",),
    "synthprof.versions.search": ("Hit",),
    "synthprof.versions.verify": ("Verdict",),
    "synthprof.versions.version": ("Version",),
}

choose_kernels()


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name == "__version__":
        from importlib.metadata import version

        return version("synthprof")
    for module, names in _HOMES.items():
        if name in names:
            found = globals()[name] = getattr(importlib.import_module(module), name)
            return found
    raise AttributeError(f"module 'synthprof' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
