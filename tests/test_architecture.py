"""The layout of `synthprof/`: floors, light modules, pure modules, and versions that nobody writes to."""

import ast
import functools
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "synthprof"

FLOORS = (
    {"base"},
    {"system", "spec", "schemas"},
    {"profiles", "sources", "encoders", "similarity", "pipeline"},
    {"store", "report"},
    {"stages", "versions"},
    {"runner", "explorer", "delivery"},
    {"orchestration", "cli", "api"},
)
"""A wing imports from floors before its own in this list, never from its own floor or a later one."""

USES_SYSTEM = {"encoders/encoder.py", "encoders/slow"}
"""Below the floor of `runner` only `stages` and these import `system`: the service's variables, threads."""

TOP = {"__init__", "__main__"}

LIGHT = (
    *("synthprof", "synthprof.spec.request", "synthprof.schemas.schema", "synthprof.pipeline"),
    *("synthprof.orchestration.provider.dags", "synthprof.orchestration.provider.operators"),
    "synthprof.orchestration.provider.delivery",
    *("synthprof.orchestration.provider.plugin", "synthprof.orchestration.provider.sensors"),
    "synthprof.explorer.server.app",
    "synthprof.explorer.server.serve",
)
HEAVY = {"numpy", "pandas", "pyarrow", "faiss", "scipy", "sklearn", "faker", "plotly"}

PURE = (
    *("base/streams.py", "base/arrays.py", "base/units.py", "profiles", "report/overview.py", "similarity"),
    *("encoders/hashed.py", "encoders/hashes.py", "encoders/exact.py", "encoders/catalogue"),
)
OUTSIDE = {"os", "io", "pathlib", "shutil", "subprocess", "tempfile", "sqlite3", "adbc_driver_sqlite"} | {
    *("time", "datetime", "random", "secrets", "socket", "urllib", "http", "httpx"),
}
TOUCHES = {
    **{
        f"similarity/{name}.py": {"pathlib"}
        for name in ("index", "inverted_file", "list_filling", "list_proofs")
    },
    "encoders/catalogue": {"pathlib"},
}
"""FAISS writes an index to a path; `catalogue` reads the files of its schema."""

WRITING = re.compile(
    r"\.(write_text|write_bytes|mkdir|unlink|rename|replace_with|touch|rmdir|symlink_to)\(|\brmtree\(|replacing\("
    r"|open\([^)]*[\"'](w|a|x)"
)


def _python_files(place: Path) -> list[Path]:
    return [place] if place.suffix == ".py" else sorted(place.rglob("*.py"))


@functools.cache
def _imported(path: Path) -> set[str]:
    """The dotted names that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def _wing(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _wings_imported(path: Path) -> set[str]:
    parts = (name.split(".") for name in _imported(path))
    known = set().union(*FLOORS)
    return {each[1] for each in parts if each[0] == "synthprof" and len(each) > 1 and each[1] in known}


def _floor(wing: str) -> int:
    return next(number for number, wings in enumerate(FLOORS) if wing in wings)


FILES = [path for path in _python_files(PACKAGE) if _wing(path) not in TOP]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down_only(path: Path) -> None:
    wing = _wing(path)
    for imported in _wings_imported(path) - {wing}:
        assert _floor(imported) < _floor(wing), f"{path.relative_to(PACKAGE)} must not import {imported}"
        if imported == "system" and wing != "stages" and _floor(wing) < _floor("runner"):
            allowed = any(str(path.relative_to(PACKAGE)).startswith(name) for name in USES_SYSTEM)
            assert allowed, f"{path.relative_to(PACKAGE)} must not import system"


def test_a_newcomer_learns_few_wings() -> None:
    pairs = {(_wing(path), other) for path in FILES for other in _wings_imported(path) - {_wing(path)}}
    assert len(FLOORS) <= 7
    assert len(pairs) <= 97, sorted(pairs)
    assert {path.stem for path in PACKAGE.glob("*.py")} <= {*TOP, "api", "pipeline"}
    assert {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()} == set().union(
        *FLOORS
    ) - {"api", "pipeline"}


def test_light_modules_load_nothing_heavy() -> None:
    """All of them in one process; each in its own only to find the one that does."""
    if HEAVY & _loaded_by(f"import {', '.join(LIGHT)}"):
        found = {module: HEAVY & _loaded_by(f"import {module}") for module in LIGHT}
        raise AssertionError({module: heavy for module, heavy in found.items() if heavy})


def test_no_stage_brings_in_pandas_or_scikit_learn() -> None:
    """They cost half a second and more of CPU time in each of a run's ten processes."""
    names = ("generate", "ingest", "vectorize", "persist_blobs", "cluster", "export_index", "publish")
    modules = ", ".join(f"synthprof.stages.{name}" for name in names)
    assert not {"pandas", "sklearn"} & _loaded_by(f"import {modules}")


def test_a_model_on_this_machine_brings_in_no_client_of_a_service() -> None:
    assert "httpx" not in _loaded_by("import synthprof.stages.embed, synthprof.encoders.slow.model")


def _loaded_by(statement: str) -> set[str]:
    script = f"{statement}; import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    return {name.split(".")[0] for name in loaded.split()}


@pytest.mark.parametrize("place", PURE)
def test_compute_touches_neither_clock_nor_disk_nor_environment_nor_network(place: str) -> None:
    for path in _python_files(PACKAGE / place):
        name = str(path.relative_to(PACKAGE))
        touched = {module.split(".")[0] for module in _imported(path)} & OUTSIDE
        assert not touched - TOUCHES.get(place if place in TOUCHES else name, set()), (
            f"{name} must not import {sorted(touched)}"
        )


@pytest.mark.parametrize("path", _python_files(PACKAGE / "versions"), ids=lambda path: path.name)
def test_published_versions_are_only_read(path: Path) -> None:
    assert not WRITING.search(path.read_text()), f"{path.name} writes files"
