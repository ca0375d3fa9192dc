"""A listener that writes on each run what came of it, where a list of runs shows it.

What was published, verified, exported, loaded or asked; of a run that failed, the message of its task.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.listeners import hookimpl

from synthprof.orchestration.tasks.addresses import explorer_link
from synthprof.orchestration.tasks.operator import NO_MESSAGE, PROBLEM
from synthprof.report.words import amount, duration, score_name

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

PUBLISHED, FAILED, VERIFIED = "Published **", "Failed at **", "Verified **"
EXPORTED, LOADED, ASKED = "Exported **", "Loaded **", "Queries for **"
MATCHED = "Near-identical pictures of **"
OURS = (PUBLISHED, FAILED, VERIFIED, EXPORTED, LOADED, ASKED, MATCHED)
"""First characters of our notes. A note that begins otherwise is a person's, and stays."""

PUBLISHING = {"StageOperator": "publish", "ReindexOperator": ""}
"""Operators of tasks that publish, and the end of the task's name where not all of that operator do."""

MAX_PROBLEM = 700
"""Characters of a message in a note; Airflow's table holds 1,000 with the rest."""

MOST_TOLD = 20
"""Values that are read for a note: more than there are formats."""

Values = Sequence[Mapping[str, Any]]
"""Values that tasks have returned, each about a version."""

SCORES = ("purity", "purity_by_chance", "silhouette", "recall_at_10")


@hookimpl
def on_dag_run_success(dag_run: "DagRun", msg: str) -> None:
    """Set the run's note to what was published or verified. Called in the transaction that ends the run."""
    link = explorer_link(dag_run.dag_id, dag_run.run_id)
    if published := _returned(dag_run, PUBLISHING):
        _write(dag_run, note(published[0], link, _seconds(dag_run)))
        return
    for operator, told in TOLD.items():
        if returned := _returned(dag_run, {operator: ""}):
            _write(dag_run, f"{told(returned)}. [Explore]({link})")
            return


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


def _verified(returned: Values) -> str:
    return f"{VERIFIED}{_of(returned)}: sound: {returned[0]['summary']}"


def _exported(returned: Values) -> str:
    formats = ", ".join(
        f"{each['format']} ({amount(each['bytes'])})"
        for each in sorted(returned, key=lambda each: each["format"])
    )
    return f"{EXPORTED}{_of(returned)}: {formats}"


def _loaded(returned: Values) -> str:
    (one, *_) = returned
    return (
        f"{LOADED}{_of(returned)}: {one['rows']:,} rows in {_plain(one['table'])} of {_plain(one['into'])}, "
        f"{one['compared']} of them compared"
    )


def _asked(returned: Values) -> str:
    (one, *_) = returned
    filters = one["filters"] - 1  # the first is none
    under = f" under {filters:,} {'filter' if filters == 1 else 'filters'}" if filters else ""
    return f"{ASKED}{_of(returned)}: {one['queries']:,}{under}, in workload `{one['workload']}`"


def _matched(returned: Values) -> str:
    (one, *_) = returned
    found = f"{one['pairs']:,} pairs in {one['groups']:,} groups, of {one['rows']:,} pictures"
    return f"{MATCHED}{one['dataset']}**: {found}"


def _of(returned: Values) -> str:
    """Return the data set, which closes the bold begin of a note, and the version."""
    return f"{returned[0]['dataset']}** version `{returned[0]['version']}`"


TOLD: Mapping[str, Callable[[Values], str]] = {
    "VerifyOperator": _verified,
    "LoadOperator": _loaded,
    "ExportOperator": _exported,
    "WorkloadOperator": _asked,
    "MatchOperator": _matched,
}
"""The function that tells of the values of an operator's tasks; of several operators, the first counts."""

WORKING = dict.fromkeys((*PUBLISHING, *TOLD, "RepairOperator"), "")
"""Operators of tasks whose failure is told."""


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


def _returned(dag_run: "DagRun", operators: Mapping[str, str]) -> Values:
    """Return what tasks of the operators have returned about versions; of other DAGs nothing."""
    tasks = _tasks(dag_run, operators)
    if not tasks:  # almost every run of other DAGs, which costs no query
        return []
    values = [value for _, value in _pushed(dag_run, tasks, "return_value")]
    return [value for value in values if isinstance(value, Mapping) and "version" in value]


def _failed_task(dag_run: "DagRun") -> tuple[str, str] | None:
    """Return the task of ours that failed, and its message; None for a run outside of a session.

    `dag.test()` gives such runs, which have no note.
    """
    from sqlalchemy.orm import object_session

    tasks = _tasks(dag_run, WORKING) if object_session(dag_run) else ()
    failed = {each.task_id for each in dag_run.task_instances if each.state == "failed"} & set(tasks)
    if not failed:
        return None
    for task, problem in _pushed(dag_run, sorted(failed), PROBLEM):
        return task, str(problem)
    return min(failed), NO_MESSAGE


def _pushed(dag_run: "DagRun", tasks: Sequence[str], key: str) -> list[tuple[str, Any]]:
    """Return the tasks that have pushed this key, each with the value; of a mapped task several."""
    from airflow.models.xcom import XComModel  # here, because the triggerer imports this module too
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:
        return []
    wanted = XComModel.get_many(
        run_id=dag_run.run_id, dag_ids=dag_run.dag_id, task_ids=tasks, key=key, limit=MOST_TOLD
    )
    with session.no_autoflush:
        found: Any = session.scalars(wanted).all()
    return [(each.task_id, XComModel.deserialize_value(each)) for each in found]


def _tasks(dag_run: "DagRun", operators: Mapping[str, str]) -> list[str]:
    """Return the ids of the tasks of these operators; in the scheduler the run has its serialized DAG."""
    dag = getattr(dag_run, "dag", None)
    tasks = dag.tasks if dag is not None else ()
    return [
        task.task_id
        for task in tasks
        if (end := operators.get(task.task_type)) is not None and task.task_id.endswith(end)
    ]
