"""A listener that writes on each run what it has published, where a list of runs shows it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from synthprof.orchestration.tasks.addresses import explorer_link
from synthprof.report.words import score_name

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

BEGIN = "Published **"
"""First characters of our notes. A note that begins otherwise is a person's, and stays."""

PUBLISHING = {"StageOperator": "publish", "ReindexOperator": ""}
"""Operators of tasks that publish, and the end of the task's name where not all of that operator do."""

SCORES = ("adjusted_rand_index", "silhouette", "recall_at_10")


@hookimpl
def on_dag_run_success(dag_run: "DagRun", msg: str) -> None:
    """Set the run's note to what was published. Called in the transaction that ends the run."""
    published = _published(dag_run)
    if published is not None and (dag_run.note or BEGIN).startswith(BEGIN):
        dag_run.note = note(published, explorer_link(dag_run.dag_id, dag_run.run_id))


def note(published: Mapping[str, Any], link: str) -> str:
    """Return what publishing gave as one line of Markdown."""
    dataset = Path(published["path"]).parents[1].name
    found = {name: published["scores"].get(name) for name in SCORES}
    scores = "".join(f", {_called(name)} {score:.3f}" for name, score in found.items() if score is not None)
    rows = f"{published['rows']:,} {published.get('noun', 'profile')}s"
    return f"{BEGIN}{dataset}** version `{published['version']}`: {rows}{scores}. [Explore]({link})"


def _called(score: str) -> str:
    """Return the score's name as it stands within a sentence."""
    name = score_name(score)
    return name[0].lower() + name[1:]


def _published(dag_run: "DagRun") -> Mapping[str, Any] | None:
    """Return what a task of the run has returned that publishes, if its DAG has one of ours."""
    publishing = _publishing_tasks(dag_run)
    if not publishing:  # almost every run of other DAGs, which costs no query
        return None
    from airflow.models.xcom import XComModel  # here, because the triggerer imports this module too
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:
        return None
    wanted = XComModel.get_many(
        run_id=dag_run.run_id, dag_ids=dag_run.dag_id, task_ids=publishing, key="return_value", limit=1
    )
    with session.no_autoflush:
        found = session.scalars(wanted).first()
    value = None if found is None else XComModel.deserialize_value(found)
    return value if isinstance(value, Mapping) and "version" in value else None


def _publishing_tasks(dag_run: "DagRun") -> list[str]:
    """Return the ids of the tasks that publish; in the scheduler the run has its serialized DAG."""
    dag = getattr(dag_run, "dag", None)
    tasks = dag.tasks if dag is not None else ()
    return [
        task.task_id
        for task in tasks
        if (end := PUBLISHING.get(task.task_type)) is not None and task.task_id.endswith(end)
    ]
