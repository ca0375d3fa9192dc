"""The environment: variables that several modules know by name, and what a process of ours is given of it."""

import os

PARENT_PID = "SYNTHPROF_PARENT_PID"
"""Tells a process of ours who started it, and with whom it ends."""

RUN_ID = "SYNTHPROF_RUN_ID"
"""Tells a stage the id of the run it works for: `force` makes all anew once in a run, not at each clear."""

HOME = "SYNTHPROF_HOME"
"""The data root."""

STORAGE = "SYNTHPROF_STORAGE"
"""What workers share: empty for the data root, or `s3://connection@bucket/prefix`."""

SERVICE_URL, SERVICE_KEY = "SYNTHPROF_EMBEDDINGS_URL", "SYNTHPROF_EMBEDDINGS_KEY"
"""Address and key of the embedding service; an Airflow task takes them from its Connection."""

TOKEN = "SYNTHPROF_TOKEN"  # the name of the variable, not a secret


def child_environment() -> dict[str, str]:
    """Ours without what is Airflow's and without secrets of servers, for a process that ends with us.

    Airflow's variables hold its keys, the password of its database and Connections; a stage loads models of
    others. Proxies, credentials of clouds and our own settings stay. pydantic would look through every
    installed package for plugins of its own: 30 ms of each start.
    """
    kept = {name: value for name, value in os.environ.items() if not _is_foreign(name)}
    return kept | {PARENT_PID: str(os.getpid()), "PYDANTIC_DISABLE_PLUGINS": "__all__"}


def _is_foreign(name: str) -> bool:
    return name == TOKEN or name.lstrip("_").startswith("AIRFLOW")
