"""Airflow: what DAGs of users import from here, and below it what serves them.

    from synthprof.orchestration import SynthprofDag, SynthprofTaskGroup

Each name is loaded when first asked for, so that importing one loads no other.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synthprof.orchestration.provider.dags import SynthprofDag, SynthprofTaskGroup
    from synthprof.orchestration.provider.delivery import (
        ExportOperator,
        LoadOperator,
        MatchOperator,
        WorkloadOperator,
    )
    from synthprof.orchestration.provider.hooks import EmbeddingsHook
    from synthprof.orchestration.provider.operators import ReindexOperator, RepairOperator, VerifyOperator
    from synthprof.orchestration.provider.sensors import NewVersionSensor
    from synthprof.orchestration.tasks.operator import PUBLISHED, dataset_asset
    from synthprof.orchestration.tasks.params import airflow_params

__all__ = [
    "PUBLISHED",
    "EmbeddingsHook",
    "ExportOperator",
    "LoadOperator",
    "MatchOperator",
    "NewVersionSensor",
    "ReindexOperator",
    "RepairOperator",
    "SynthprofDag",
    "SynthprofTaskGroup",
    "VerifyOperator",
    "WorkloadOperator",
    "airflow_params",
    "dataset_asset",
]

_MODULES = {
    "PUBLISHED": "tasks.operator",
    "EmbeddingsHook": "provider.hooks",
    "ExportOperator": "provider.delivery",
    "LoadOperator": "provider.delivery",
    "MatchOperator": "provider.delivery",
    "NewVersionSensor": "provider.sensors",
    "ReindexOperator": "provider.operators",
    "RepairOperator": "provider.operators",
    "SynthprofDag": "provider.dags",
    "SynthprofTaskGroup": "provider.dags",
    "VerifyOperator": "provider.operators",
    "WorkloadOperator": "provider.delivery",
    "airflow_params": "tasks.params",
    "dataset_asset": "tasks.operator",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """Return the public object of this name from the module that defines it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted({*globals(), *__all__})
