"""The Airflow plugin, found through the entry point `airflow.plugins`: explorer, links and notes."""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from synthprof.orchestration.explorer.lazy import LazyApp
from synthprof.orchestration.provider import notes
from synthprof.orchestration.provider.links import ExplorerLink
from synthprof.orchestration.tasks.addresses import explorer_path
from synthprof.orchestration.tasks.names import EXPLORER


class SynthprofPlugin(AirflowPlugin):
    """The explorer with its entry in the navigation and its tab on runs; a button on tasks; a note on runs.

    Only the API server builds the app, at the first request; all other parts of Airflow import no more. Links
    and listener are registered here because API server and scheduler do not import DAG files.
    """

    name = "synthprof"
    operator_extra_links: list[Any] = [ExplorerLink()]  # noqa: RUF012
    listeners: list[Any] = [notes]  # noqa: RUF012
    fastapi_apps: list[dict[str, Any]] = [  # noqa: RUF012
        {
            "name": "synthprof explorer",
            "url_prefix": EXPLORER,
            "app": LazyApp("synthprof.orchestration.explorer.mounted:explorer"),
        }
    ]
    external_views: list[dict[str, Any]] = [  # noqa: RUF012
        {
            "name": "Profiles",
            "href": f"{explorer_path()}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "synthprof",
        },
        {
            "name": "Data set",
            "href": f"{explorer_path()}/?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "synthprof_run",
        },
    ]
