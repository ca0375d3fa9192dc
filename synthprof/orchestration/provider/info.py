"""Provider metadata, which Airflow reads through the entry point `apache_airflow_provider`."""

from importlib.metadata import version
from typing import Any

INTEGRATION = "synthprof"
CONNECTION_TYPE = "synthprof_embeddings"
_PROVIDER = "synthprof.orchestration.provider"
_HOOK = f"{_PROVIDER}.hooks.EmbeddingsHook"

CONNECTION_FORM = {
    "hidden-fields": ["schema", "login", "port", "extra"],
    "relabeling": {"host": "Service URL", "password": "Key"},
    "placeholders": {
        "host": "https://embeddings.example.com/v1",
        "password": "sent as a bearer token; empty where the service asks for none",
    },
}
"""Standard fields that the form of the connection type hides, and labels and examples of the others."""


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description in the form of Airflow's `provider_info.schema.json`."""
    return {
        "package-name": "synthprof",
        "name": "synthprof",
        "description": "Large synthetic profile data sets with embeddings, clusters and a search index.",
        "versions": [version("synthprof")],
        "integrations": [{"integration-name": INTEGRATION, "tags": ["software"]}],
        "operators": [_modules("operators", "delivery", "dags")],
        "sensors": [_modules("sensors")],
        "triggers": [_modules("triggers")],
        "hooks": [_modules("hooks")],
        "connection-types": [
            {
                "connection-type": CONNECTION_TYPE,
                "hook-class-name": _HOOK,
                "hook-name": "synthprof embedding service",
                "ui-field-behaviour": CONNECTION_FORM,
            }
        ],
    }


def _modules(*names: str) -> dict[str, Any]:
    return {"integration-name": INTEGRATION, "python-modules": [f"{_PROVIDER}.{name}" for name in names]}
