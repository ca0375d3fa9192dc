"""What has come of a run, written on the run itself, where a list of runs shows it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from synthprof.orchestration.tasks.addresses import explorer_link
from synthprof.orchestration.tasks.names import dag_id
from synthprof.report.words import score_name

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

BEGIN = "Published **"
"""How our notes begin: a note that begins otherwise is a person's, and stays."""

PUBLISHING = ("publish", "reindex")
"""The tasks that publish, each the only such one of its DAG."""

SCORES = ("adjusted_rand_index", "silhouette", "recall_at_10")


@hookimpl
def on_dag_run_success(dag_run: "DagRun", msg: str) -> None:
    """The run's note tells what was published. Called in the transaction that ends the run."""
    published = _published(dag_run)
    if published is not None and (dag_run.note or BEGIN).startswith(BEGIN):
        dag_run.note = note(published, explorer_link(dag_run.dag_id, dag_run.run_id))


def note(published: Mapping[str, Any], link: str) -> str:
    """What publishing gave as one line of Markdown."""
    dataset = Path(published["path"]).parents[1].name
    found = {name: published["scores"].get(name) for name in SCORES}
    scores = "".join(f", {_called(name)} {score:.3f}" for name, score in found.items() if score is not None)
    rows = f"{published['rows']:,} {published.get('noun', 'profile')}s"
    return f"{BEGIN}{dataset}** version `{published['version']}`: {rows}{scores}. [Explore]({link})"


def _called(score: str) -> str:
    """The score's name within a sentence."""
    name = score_name(score)
    return name[0].lower() + name[1:]


def _published(dag_run: "DagRun") -> Mapping[str, Any] | None:
    """What the publishing task of the run has returned, if the run is of one of our DAGs."""
    from airflow.models.xcom import XComModel  # here, because tasks import this module too
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None or not dag_run.dag_id.startswith(dag_id("")):
        return None
    wanted = XComModel.get_many(
        run_id=dag_run.run_id, dag_ids=dag_run.dag_id, task_ids=PUBLISHING, key="return_value", limit=1
    )
    with session.no_autoflush:
        found = session.scalars(wanted).first()
    value = None if found is None else XComModel.deserialize_value(found)
    return value if isinstance(value, Mapping) and "version" in value else None
