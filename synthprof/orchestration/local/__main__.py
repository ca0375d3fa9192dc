"""Airflow on this machine: `python -m synthprof.orchestration.local run|ui|airflow`, with embedded defaults.

This process stays light and only starts, watches and ends others, so that a signal always finds it ready.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence

from synthprof.base.errors import SpecError
from synthprof.orchestration.local.home import HOST, SAFE_PATH, Home
from synthprof.report.ending import ended
from synthprof.spec.params import check_names
from synthprof.spec.request import Request, params_schema
from synthprof.spec.sizing import check_sizes
from synthprof.spec.written import read_whole
from synthprof.system.environment import HOME, home_folder
from synthprof.system.refusals import clear_errors
from synthprof.system.startup import check_machine, show_what_can_be_shown


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return 0, 2 where the caller must change something, 1 or 75 otherwise."""
    show_what_can_be_shown()
    arguments = _parser().parse_args(argv)
    return ended(lambda: _act(arguments), as_json=False)


def _act(arguments: argparse.Namespace) -> int:
    check_machine()
    with clear_errors("SYNTHPROF_AIRFLOW_HOME"):
        return int(arguments.act(arguments))


def _run(arguments: argparse.Namespace) -> int:
    given = dict(map(_given, arguments.params))
    check_names(given, params_schema())
    every = Request.from_params(given).params
    check_sizes(every)
    params = {name: every[name] for name in params_schema()}
    home = Home.default()
    with home.used(by="run") as use:
        from synthprof.orchestration.local import runs
        from synthprof.orchestration.local.rest import Airflow

        if use == "ui":
            with Airflow(Home.of_ui().url) as airflow:
                return runs.through_ui(airflow, params)
        return runs.here(params, _environment(home))


def _ui(arguments: argparse.Namespace) -> int:
    from synthprof.orchestration.local import ui
    from synthprof.report.terminal import Terminal

    home = Home.default(read_whole("port", arguments.port))
    ui.serve(home, Terminal(), _environment(home))
    return 0


def _migrate(_: argparse.Namespace) -> int:
    Home.default().migrate()
    return 0


def _work(arguments: argparse.Namespace) -> int:
    from synthprof.orchestration.local import work

    return work.run(Home.default(), json.loads(arguments.params))


def _airflow(arguments: argparse.Namespace) -> int:
    os.execve(
        sys.executable,
        [sys.executable, *SAFE_PATH, "-m", "airflow", *arguments.rest],
        _environment(Home.of_ui()),
    )


def _environment(home: Home) -> dict[str, str]:
    foreign = {name for name in os.environ if name.startswith("AIRFLOW__") or name == "AIRFLOW_CONFIG"}
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return kept | {HOME: str(home_folder())} | _past_a_proxy(kept) | home.environment()


def _past_a_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Bypass proxies for this machine and what the caller lists: Airflow's parts talk by HTTP."""
    listed = environment.get("no_proxy") or environment.get("NO_PROXY")
    direct = listed if listed == "*" else ",".join(filter(None, [listed, HOST, "localhost"]))
    return {"no_proxy": direct, "NO_PROXY": direct}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m synthprof.orchestration.local", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="make a data set through the DAG")
    run.add_argument(
        "params", nargs="*", metavar="NAME[=VALUE]", help="value from the environment if not given"
    )
    run.set_defaults(act=_run)
    ui = commands.add_parser("ui", help="start Airflow with its UI until Ctrl-C")
    ui.add_argument("--port", default="8080")
    ui.set_defaults(act=_ui)
    airflow = commands.add_parser("airflow", help="Airflow's own command in our environment")
    airflow.add_argument("rest", nargs=argparse.REMAINDER)
    airflow.set_defaults(act=_airflow)
    commands.add_parser("migrate").set_defaults(act=_migrate)
    work = commands.add_parser("work")
    work.add_argument("params")
    work.set_defaults(act=_work)
    return parser


def _given(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals and name not in os.environ:
        raise SpecError(f"{name} has no value; write {name}=...")
    return name.lower(), value if equals else os.environ[name]


if __name__ == "__main__":
    sys.exit(main())
