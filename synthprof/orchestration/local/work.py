"""One run of a DAG in this process, by `dag.test()`: seen on the console as it goes, and in the UI later."""

import importlib.util
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from synthprof.base.errors import SpecError
from synthprof.orchestration.local.console import Display, print_result
from synthprof.orchestration.local.home import PROJECT, Home
from synthprof.orchestration.tasks.names import GENERATE_DAG
from synthprof.report.terminal import Terminal

RUN_LOG = "logs/runs.log"
"""The file of Airflow's log lines between tasks."""


class _TaskInstance(Protocol):
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int


def run(home: Home, params: dict[str, Any]) -> int:
    """Run the DAG that generates; return 0, or the exit status for its failure.

    Needs the environment of the home.
    """
    terminal = Terminal()
    terminal.say(f"Making data set {params['dataset']} by the DAG {GENERATE_DAG}; Airflow starts first")
    with TaskLogs(home.path) as logs, Display(terminal) as display:
        _log_to(logs)
        home.migrate()
        state = str(_generate().test(run_conf=params).state)
    if state == "success":
        print_result(terminal, display.values["publish"], display.receipts)
        return 0
    terminal.say(f"The run failed. Its logs are in {home.path / 'logs'}")
    return 2 if isinstance(display.error, SpecError) else 1


class TaskLogs:
    """A stream for log lines that writes a task's where the UI looks for them, the rest to runs.log."""

    def __init__(self, home: Path) -> None:
        self._logs = home / "logs"
        self._files: dict[Path, BinaryIO] = {}

    def __enter__(self) -> "TaskLogs":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}

    def write(self, line: bytes) -> int:
        """Write the line to the log file of the task at work."""
        path = self._path()
        if path not in self._files:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files[path] = path.open("ab")
        return self._files[path].write(line)

    def flush(self) -> None:
        """Flush all files."""
        for file in self._files.values():
            file.flush()

    def _path(self) -> Path:
        """Return the log file of the task at work, by Airflow's template for the names of such files."""
        from airflow.sdk import get_current_context

        try:
            task = cast("_TaskInstance", get_current_context()["ti"])
        except RuntimeError:
            return self._logs.parent / RUN_LOG
        folder = self._logs / f"dag_id={task.dag_id}" / f"run_id={task.run_id}" / f"task_id={task.task_id}"
        if task.map_index is not None and task.map_index >= 0:
            folder /= f"map_index={task.map_index}"
        return folder / f"attempt={task.try_number}.log"


def _log_to(logs: TaskLogs) -> None:
    """Everything that Airflow logs goes there as JSON lines, as in tasks under a scheduler."""
    from airflow.sdk.log import configure_logging

    configure_logging(json_output=True, output=cast("BinaryIO", logs), cache_logger_on_first_use=False)


def _generate() -> Any:  # noqa: ANN401
    """Return the DAG that generates from our DAG file, which must lie in Airflow's folder of DAGs."""
    path = PROJECT / "dags" / "synthprof_dags.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate
