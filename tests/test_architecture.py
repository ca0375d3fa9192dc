"""Imports go one way; light modules stay light; modules stay small enough to read in a sitting."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "synthprof"

LAYERS = (
    {"kernels", "errors", "startup", "environment", "arrays", "limits"},
    {"draws"},
    {"schema", "locales", "params"},
    {"spec"},
    {"streams", "resources", "files", "sqlite_pages", "contents", "faiss_threads"},
    {"telemetry", "parallel", "workers", "batches", "refusals", "sizing"},
    {"profiles", "meter"},
    {"pipeline", "cluster"},
    {"generate", "vectorize", "encoders", "index", "recall", "scores", "projection", "overview", "report"},
    {"receipts", "block_files", "database", "blob_pages", "index_pages", "answers"},
    {"manifest", "background", "build"},
    {"store", "footprint"},
    {"plan", "summary", "explore", "filters", "embedding", "collection"},
    {"verify_index"},
    {"verify", "search"},
    {"stages"},
    {"run"},
    {"repair", "reindex", "child_main"},
    {"upkeep"},
    {"cli", "cli_search", "orchestration", "web"},
)
"""A module may import from its own layer where EXCEPTIONS say so, and from those above it in this list."""

SAME_LAYER = {
    ("resources", "files"), ("parallel", "resources"), ("parallel", "workers"), ("telemetry", "resources"),
    ("cli", "run"), ("cli", "cli_search"), ("cli", "web"), ("web", "orchestration"), ("explore", "store"),
    ("index_pages", "database"),
}  # fmt: skip

HEAVY = ("numpy", "pandas", "pyarrow", "faiss", "scipy", "sklearn", "faker", "plotly")


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        found |= {name.split(".")[1] for name in names if name.startswith("synthprof.") and "." in name}
    return found


def _modules() -> list[tuple[str, Path]]:
    return [
        (path.relative_to(PACKAGE).parts[0].removesuffix(".py"), path)
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != PACKAGE / "__init__.py"
    ]


def _layer(module: str) -> int:
    return next(number for number, names in enumerate(LAYERS) if module in names)


@pytest.mark.parametrize(("module", "path"), _modules(), ids=lambda value: str(value))
def test_imports_go_one_way(module: str, path: Path) -> None:
    for imported in _imports(path) - {module, "__version__"}:
        below = _layer(imported) < _layer(module)
        assert below or (module, imported) in SAME_LAYER, f"{path.name} must not import {imported}"


def test_every_layer_names_modules_that_exist() -> None:
    there = {module for module, _ in _modules()}
    assert {name for names in LAYERS for name in names} - there <= {"web"}


@pytest.mark.parametrize(
    "module", ["synthprof.spec", "synthprof.pipeline", "synthprof.schema", "synthprof.errors"]
)
def test_what_the_dag_file_imports_is_light(module: str) -> None:
    script = f"import {module}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not set(HEAVY) & {name.split(".")[0] for name in loaded.split()}


def test_no_stage_brings_in_pandas_or_scikit_learn() -> None:
    """They cost half a second and more of CPU time in each of a run's ten processes."""
    names = ("generate", "ingest", "vectorize", "persist_blobs", "cluster", "export_index", "publish")
    script = f"import sys, {', '.join(f'synthprof.stages.{name}' for name in names)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert not {"pandas", "sklearn"} & {name.split(".")[0] for name in loaded.split()}


def test_a_model_on_this_machine_brings_in_no_client_of_a_service() -> None:
    script = "import sys, synthprof.stages.embed, synthprof.encoders.model; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert "httpx" not in loaded.split()


PURE = (
    *("generate", "vectorize", "streams", "cluster", "scores", "recall", "faiss_threads", "sizing"),
    *("projection", "overview", "encoders/catalogue", "encoders/hashed", "encoders/tokens", "encoders/exact"),
)
OUTSIDE = {"os", "io", "pathlib", "shutil", "subprocess", "tempfile", "sqlite3", "adbc_driver_sqlite"} | {
    *("time", "datetime", "random", "secrets", "socket", "urllib", "http", "httpx"),
}


@pytest.mark.parametrize("name", PURE)
def test_compute_touches_neither_clock_nor_disk_nor_environment_nor_network(name: str) -> None:
    imported = {
        (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for node in ast.walk(ast.parse((PACKAGE / f"{name}.py").read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert not imported & OUTSIDE
