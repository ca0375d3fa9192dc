"""Runs of the DAGs of stages: begun, cleared, and what they have published."""

import json

from place import Place

from synthprof.orchestration.local.rest import Airflow
from synthprof.pipeline import STAGES
from synthprof.store.store import Store

GENERATE, EMBED, NIGHTS = "synthprof_generate", "synthprof_embed", "synthprof_nights"

NAMES = [each.name for each in STAGES]


def published(place: Place, dataset: str) -> dict:
    return json.loads((Store(place.data, dataset).current() / "MANIFEST.json").read_text())


def start(rest: Airflow, **params) -> str:
    answer = rest.trigger(GENERATE, params)
    assert answer.status_code == 200, answer.text
    return answer.json()["dag_run_id"]


def failed_of(run: str) -> dict:
    """The request that clears the failed tasks of a run and all after them."""
    return {"dag_run_id": run, "only_failed": True, "include_downstream": True, "dry_run": False}
