"""All public names against `public_names.txt`, so that a review sees whichever comes, changes or goes.

Names stay: who goes by one of them must find it in every later release. A change that is meant is written by
`python tests/test_public_names.py`, and told in CHANGELOG.md.
"""

import dataclasses
import importlib
import inspect
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

import synthprof
from synthprof.cli.reference import every_command
from synthprof.explorer.server.access import TokenAccess
from synthprof.explorer.server.app import make_app as make_explorer
from synthprof.spec.request import params_schema

ROOT = Path(__file__).parents[1]
LISTED = Path(__file__).with_name("public_names.txt")

READ_DAGS = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
assert not bag.import_errors, bag.import_errors
print("FOUND" + json.dumps({name: sorted(dag.params) for name, dag in bag.dags.items()}))
"""


def _python() -> Iterator[str]:
    for name in synthprof.__all__:
        found = getattr(synthprof, name)
        if inspect.isfunction(found):
            yield f"{name}({', '.join(_arguments(found))})"
            continue
        yield name
        known = (
            {field.name for field in dataclasses.fields(found)} if dataclasses.is_dataclass(found) else set()
        )
        for member in sorted(known | set(dir(found)) - set(dir(Exception)) - set(dir(tuple))):
            if not member.startswith("_"):
                each = inspect.getattr_static(found, member, None)
                arguments = f"({', '.join(_arguments(each)[1:])})" if inspect.isfunction(each) else ""
                yield f"{name}.{member}{arguments}"


def _arguments(function: Callable[..., object]) -> list[str]:
    stars = {inspect.Parameter.VAR_KEYWORD: "**", inspect.Parameter.KEYWORD_ONLY: "*, "}
    found, seen = [], False
    for each in inspect.signature(function).parameters.values():
        mark = stars.get(each.kind, "")
        keyword_only = each.kind is inspect.Parameter.KEYWORD_ONLY
        found.append(f"{'' if keyword_only and seen else mark}{each.name}")
        seen = seen or keyword_only
    return found


def _commands() -> Iterator[str]:
    for name, command in every_command().items():
        yield name
        yield from sorted(f"{name} {'/'.join([*each.opts, *each.secondary_opts])}" for each in command.params)


def _parameters() -> Iterator[str]:
    for kind in ("generate", "embed"):
        for name, schema in params_schema(kind).items():
            yield f"{kind} {name}: {schema['type']} = {json.dumps(schema['default'])}"


def _dags() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [sys.executable, "-c", READ_DAGS, str(ROOT / "dags")],
            capture_output=True,
            text=True,
            env=os.environ | {"AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
        )
    assert done.returncode == 0, done.stderr
    for name, params in sorted(json.loads(done.stdout.partition("FOUND")[2]).items()):
        yield name
        yield from (f"{name} {param}" for param in params)


def _provider() -> Iterator[str]:
    for module in ("dags", "delivery", "operators", "sensors", "triggers", "hooks"):
        name = f"synthprof.orchestration.provider.{module}"
        for found in vars(importlib.import_module(name)).values():
            if getattr(found, "__module__", "") == name and not found.__name__.startswith("_"):
                function = vars(found).get("__init__", found) if inspect.isclass(found) else found
                arguments = _arguments(function) if inspect.isfunction(function) else []
                own = arguments[1:] if inspect.isclass(found) else arguments
                yield f"{module}.{found.__name__}({', '.join(own)})"


def _http() -> Iterator[str]:
    for path, operations in make_explorer(Path("data"), TokenAccess(None)).openapi()["paths"].items():
        for method, operation in operations.items():
            names = sorted(each["name"] for each in operation.get("parameters", ()))
            yield f"{method.upper()} {path} {' '.join(names)}".strip()


def _package() -> Iterator[str]:
    yield from (f"extra {name}" for name in metadata.metadata("synthprof").get_all("Provides-Extra"))
    found = sorted(metadata.distribution("synthprof").entry_points, key=lambda each: (each.group, each.name))
    yield from (f"entry point {each.group} {each.name}" for each in found)


SECTIONS = {
    "Python": _python,
    "commands": _commands,
    "parameters": _parameters,
    "DAGs": _dags,
    "Airflow provider": _provider,
    "HTTP API": _http,
    "package": _package,
}


def _listed() -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    for line in LISTED.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            lines = sections[line[2:]] = []
        elif line:
            lines.append(line)
    return sections


@pytest.mark.parametrize("section", SECTIONS)
def test_public_names_are_those_that_are_listed(section: str) -> None:
    assert list(SECTIONS[section]()) == _listed()[section]


def main() -> None:
    """Write the names of today's code."""
    parts = ["\n".join([f"# {name}", "", *lines()]) for name, lines in SECTIONS.items()]
    LISTED.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
