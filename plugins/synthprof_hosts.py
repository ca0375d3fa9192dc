"""The plugin of the Airflow that `make ui` starts: without a login, only names of this machine lead to it.

What every Airflow gets (explorer, links, notes) comes with the package, by its entry point.
"""

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from starlette.types import ASGIApp


def known_hosts(app: "ASGIApp") -> "ASGIApp":
    """Return Airflow as it is where its callers sign in, else only for those who call it by its own names."""
    from airflow.configuration import conf

    from synthprof.explorer.server.middleware import only_local_hosts

    if not conf.getboolean("core", "simple_auth_manager_all_admins"):
        return app
    own = urlsplit(conf.get("api", "base_url", fallback="") or "")
    return only_local_hosts(app, *([own.hostname] if own.hostname else []), hosts=[own.netloc])


class SynthprofHosts(AirflowPlugin):
    """A middleware around all of Airflow, against DNS rebinding and requests of other sites."""

    name = "synthprof_hosts"
    fastapi_root_middlewares: ClassVar[list[dict[str, Any]]] = [
        {"name": "synthprof hosts", "middleware": known_hosts}
    ]
