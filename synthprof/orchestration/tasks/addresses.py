"""Addresses of pages on the host of Airflow's UI, which may lie below a path (`[api] base_url`)."""

from urllib.parse import quote, urlencode, urlsplit

from airflow.sdk.configuration import conf

from synthprof.orchestration.tasks.names import EXPLORER


def root_path() -> str:
    """Return the path of Airflow's UI without a slash at its end; empty if it has the host for itself."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")


def public_host() -> str:
    """Return the host of Airflow's UI as browsers name it, with its port; empty if that is not set."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").netloc


def explorer_path() -> str:
    """Return the path of the explorer."""
    return f"{root_path()}{EXPLORER}"


def explorer_link(dag: str, run: str) -> str:
    """Return the path of the explorer's page about the data set that the run makes."""
    return f"{explorer_path()}/?{urlencode({'dag_id': dag, 'run_id': run})}"


def run_page(dag: str, run: str) -> str:
    """Return the path of Airflow's own page about the run."""
    return f"{root_path()}/dags/{quote(dag, safe='')}/runs/{quote(run, safe='')}"
