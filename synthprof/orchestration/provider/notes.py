"""A listener that writes on each run what came of it, where a list of runs shows it.

What was published or verified; of a run that failed, the message of the task that did.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from synthprof.orchestration.tasks.addresses import explorer_link
from synthprof.orchestration.tasks.operator import NO_MESSAGE, PROBLEM
from synthprof.report.words import duration, score_name

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

PUBLISHED, FAILED, VERIFIED = "Published **", "Failed at **", "Verified **"
OURS = (PUBLISHED, FAILED, VERIFIED)
"""First characters of our notes. A note that begins otherwise is a person's, and stays."""

PUBLISHING = {"StageOperator": "publish", "ReindexOperator": ""}
"""Operators of tasks that publish, and the end of the task's name where not all of that operator do."""

VERIFYING = {"VerifyOperator": ""}
WORKING = dict.fromkeys(("StageOperator", "ReindexOperator", "VerifyOperator", "RepairOperator"), "")

MAX_PROBLEM = 700
"""Characters of a message in a note; Airflow's table holds 1,000 with the rest."""

SCORES = ("purity", "purity_by_chance", "silhouette", "recall_at_10")


@hookimpl
def on_dag_run_success(dag_run: "DagRun", msg: str) -> None:
    """Set the run's note to what was published or verified. Called in the transaction that ends the run."""
    link = explorer_link(dag_run.dag_id, dag_run.run_id)
    if (published := _returned(dag_run, PUBLISHING)) is not None:
        _write(dag_run, note(published, link, _seconds(dag_run)))
    elif (verified := _returned(dag_run, VERIFYING)) is not None:
        _write(dag_run, verified_note(verified, link))


@hookimpl
def on_dag_run_failed(dag_run: "DagRun", msg: str) -> None:
    """Set the run's note to the message of the task that failed, which says what helps."""
    failed = _failed_task(dag_run)
    if failed is not None:
        _write(dag_run, failed_note(*failed, explorer_link(dag_run.dag_id, dag_run.run_id)))


@hookimpl
def on_dag_run_running(dag_run: "DagRun", msg: str) -> None:
    """Remove the note of a failure: what failed was cleared, and runs again."""
    if (dag_run.note or "").startswith(FAILED):
        dag_run.note = None


def _write(dag_run: "DagRun", text: str) -> None:
    if not dag_run.note or dag_run.note.startswith(OURS):
        dag_run.note = text


def _seconds(dag_run: "DagRun") -> float | None:
    if dag_run.start_date is None or dag_run.end_date is None:
        return None
    return (dag_run.end_date - dag_run.start_date).total_seconds()


def failed_note(task: str, problem: str, link: str) -> str:
    """Return the message of a failed task as one line of Markdown."""
    text = " ".join(problem.split())
    if len(text) > MAX_PROBLEM:
        text = f"{text[:MAX_PROBLEM]}…"
    return f"{FAILED}{task}**: {_plain(text)}. [Explore]({link})"


def verified_note(verified: Mapping[str, Any], link: str) -> str:
    """Return what a verification gave as one line of Markdown."""
    return (
        f"{VERIFIED}{verified['dataset']}** version `{verified['version']}`: sound: {verified['summary']}. "
        f"[Explore]({link})"
    )


def _plain(text: str) -> str:
    """Return the text so that Markdown makes no link or tag of it."""
    return text.replace("](", "]\\(").replace("<", "\\<")


def note(published: Mapping[str, Any], link: str, seconds: float | None = None) -> str:
    """Return what publishing gave as one line of Markdown; seconds: of the whole run, by the clock."""
    dataset = Path(published["path"]).parents[1].name
    found = {name: published["scores"].get(name) for name in SCORES}
    scores = "".join(f", {_called(name)} {score:.3f}" for name, score in found.items() if score is not None)
    rows = f"{published['rows']:,} {published.get('noun', 'profile')}s"
    took = "" if seconds is None else f", in {duration(seconds)}"
    return f"{PUBLISHED}{dataset}** version `{published['version']}`: {rows}{scores}{took}. [Explore]({link})"


def _called(score: str) -> str:
    """Return the score's name as it stands within a sentence."""
    name = score_name(score)
    return name[0].lower() + name[1:]


def _returned(dag_run: "DagRun", operators: Mapping[str, str]) -> Mapping[str, Any] | None:
    """Return what a task of one of the operators has returned about a version, if the DAG has one."""
    tasks = _tasks(dag_run, operators)
    if not tasks:  # almost every run of other DAGs, which costs no query
        return None
    found = _pushed(dag_run, tasks, "return_value")
    return found[1] if found and isinstance(found[1], Mapping) and "version" in found[1] else None


def _failed_task(dag_run: "DagRun") -> tuple[str, str] | None:
    """Return the task of ours that failed, and its message; None for a run outside of a session.

    `dag.test()` gives such runs, which have no note.
    """
    from sqlalchemy.orm import object_session

    tasks = _tasks(dag_run, WORKING) if object_session(dag_run) else ()
    failed = {each.task_id for each in dag_run.task_instances if each.state == "failed"} & set(tasks)
    if not failed:
        return None
    found = _pushed(dag_run, sorted(failed), PROBLEM)
    if found is not None:
        return found[0], str(found[1])
    return min(failed), NO_MESSAGE


def _pushed(dag_run: "DagRun", tasks: Sequence[str], key: str) -> tuple[str, Any] | None:
    """Return a task that has pushed this key, and the value; None if none of them has."""
    from airflow.models.xcom import XComModel  # here, because the triggerer imports this module too
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:
        return None
    wanted = XComModel.get_many(
        run_id=dag_run.run_id, dag_ids=dag_run.dag_id, task_ids=tasks, key=key, limit=1
    )
    with session.no_autoflush:
        found: Any = session.scalars(wanted).first()
    return None if found is None else (found.task_id, XComModel.deserialize_value(found))


def _tasks(dag_run: "DagRun", operators: Mapping[str, str]) -> list[str]:
    """Return the ids of the tasks of these operators; in the scheduler the run has its serialized DAG."""
    dag = getattr(dag_run, "dag", None)
    tasks = dag.tasks if dag is not None else ()
    return [
        task.task_id
        for task in tasks
        if (end := operators.get(task.task_type)) is not None and task.task_id.endswith(end)
    ]
