"""Where Airflow finds the explorer: an app under /synthprof, an entry in the navigation, a tab on runs."""

from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

from synthprof.orchestration.addresses import explorer_path
from synthprof.orchestration.names import EXPLORER
from synthprof.web.lazy import LazyApp


class SynthprofPlugin(AirflowPlugin):
    """Only the API server builds the app, at the first request; all other parts of Airflow import no more."""

    name = "synthprof"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [
        {
            "name": "synthprof explorer",
            "url_prefix": EXPLORER,
            "app": LazyApp("synthprof.web.mounted:explorer"),
        }
    ]
    external_views: ClassVar[list[dict[str, Any]]] = [
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
