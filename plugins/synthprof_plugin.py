"""Where Airflow finds the explorer: an app under /synthprof, an entry in the navigation, a tab on runs.

And where all who reach Airflow are administrators, only names of this machine lead to it.
"""

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin

from synthprof.orchestration.explorer.lazy import LazyApp
from synthprof.orchestration.tasks.addresses import explorer_path
from synthprof.orchestration.tasks.names import EXPLORER

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def known_hosts(app: "ASGIApp") -> "ASGIApp":
    """Airflow as it is, where it asks who its callers are; else for those who call it by its own names."""
    from airflow.configuration import conf

    from synthprof.explorer.server.middleware import only_local_hosts

    if not conf.getboolean("core", "simple_auth_manager_all_admins"):
        return app
    own = urlsplit(conf.get("api", "base_url", fallback="") or "").hostname
    return only_local_hosts(app, *([own] if own else []))


class SynthprofPlugin(AirflowPlugin):
    """Only the API server builds the app, at the first request; all other parts of Airflow import no more."""

    name = "synthprof"
    fastapi_apps: ClassVar[list[dict[str, Any]]] = [
        {
            "name": "synthprof explorer",
            "url_prefix": EXPLORER,
            "app": LazyApp("synthprof.orchestration.explorer.mounted:explorer"),
        }
    ]
    fastapi_root_middlewares: ClassVar[list[dict[str, Any]]] = [
        {"name": "synthprof hosts", "middleware": known_hosts}
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
