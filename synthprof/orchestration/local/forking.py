"""Airflow's scheduler or DAG processor with the modules of our DAG files loaded.

    python -m synthprof.orchestration.local.forking scheduler --skip-serve-logs

Tasks and readings of DAG files are processes that they fork: each would load these modules again, which takes
most of the time that a DAG file takes. The files themselves are read anew each time.
"""

import importlib

from airflow.__main__ import main  # first: Airflow's settings must be loaded before its other modules

MODULES = (
    "synthprof.orchestration.provider.dags",
    "synthprof.orchestration.provider.delivery",
    "synthprof.orchestration.provider.operators",
    "synthprof.orchestration.tasks.datasets",
    "synthprof.orchestration.tasks.doc",
)
"""The modules that the files in `dags/` import, and all that those import."""


def load() -> None:
    """Load the modules. Raises ImportError for one that cannot be loaded."""
    for name in MODULES:
        importlib.import_module(name)


if __name__ == "__main__":
    load()
    main()  # type: ignore[no-untyped-call]
