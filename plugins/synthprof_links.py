"""A button on each task of ours that leads to the explorer, and a note on each run that has published."""

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from synthprof.orchestration.tasks import notes
from synthprof.orchestration.tasks.links import ExplorerLink


class SynthprofLinks(AirflowPlugin):
    """Registered here because Airflow's API server and scheduler do not import the DAG files."""

    name = "synthprof_links"
    operator_extra_links: ClassVar[list[Any]] = [ExplorerLink()]
    listeners: ClassVar[list[Any]] = [notes]
