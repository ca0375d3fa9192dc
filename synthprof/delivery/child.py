"""Jobs that hand a version on, as an Airflow task starts them: `python -m synthprof.delivery.child TASK`."""

from typing import Any

from synthprof.delivery.exports.finished import as_document, finished
from synthprof.delivery.exports.job import export
from synthprof.delivery.exports.order import Order
from synthprof.delivery.loaders.job import load
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.delivery.matching.order import MatchOrder
from synthprof.delivery.scoring.order import ScoreOrder
from synthprof.delivery.workloads.job import make_workload
from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.delivery.workloads.workload import told
from synthprof.system.child import Task, task_main
from synthprof.system.environment import home_folder
from synthprof.system.events import Observer
from synthprof.system.startup import leave


def export_version(params: dict[str, Any], observe: Observer) -> dict[str, Any]:
    """Export a version in one format; return where it lies and what it is."""
    return as_document(finished(*export(home_folder(), Order.from_params(params), observe)))


def workload(params: dict[str, Any], observe: Observer) -> dict[str, Any]:
    """Make a workload; return its key and folder, and the queries of each class with their mean hardness."""
    made = make_workload(home_folder(), WorkloadOrder.from_params(params), observe)
    return told(made)


def load_version(params: dict[str, Any], observe: Observer) -> dict[str, Any]:
    """Load a version into a database or search engine; return what `synthprof.Loaded` has."""
    return load(home_folder(), LoadOrder.from_params(params), observe).facts()


def match_pictures(params: dict[str, Any], observe: Observer) -> dict[str, Any]:
    """Find near-identical pictures; return where the match lies and what was found."""
    from synthprof.delivery.matching.job import match  # which needs Pillow and OpenCV

    return match(home_folder(), MatchOrder.from_params(params), observe).facts()


def score_search(params: dict[str, Any], observe: Observer) -> dict[str, Any]:
    """Score a search for pictures; return where the score lies and what it says."""
    from synthprof.delivery.scoring.job import score  # which needs FAISS

    return score(home_folder(), ScoreOrder.from_params(params), observe).facts()


TASKS: dict[str, Task] = {
    "export": export_version,
    "workload": workload,
    "load": load_version,
    "match": match_pictures,
    "score": score_search,
}


if __name__ == "__main__":
    leave(task_main(TASKS, "synthprof.delivery.child"))
