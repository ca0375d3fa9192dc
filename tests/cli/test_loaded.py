"""The modules that a command loads: what it has no use for, every start would pay."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from synthprof.cli.main import PARTS, make_app

SCRIPT = """
import os, sys
from synthprof.cli import main

def leave(status):
    print(*sys.modules, file=sys.__stderr__, flush=True)
    os._exit(status)

main.leave = leave
main.main()
"""

FOREIGN = {"pandas", "sklearn", "scipy", "httpx", "airflow", "PIL", "duckdb", "jsonschema", "faker"}
"""Libraries that neither a run nor a search of built-in profiles needs."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a published data set, and what the commands that made and searched it kept."""
    folder = tmp_path_factory.mktemp("loaded")
    assert "synthprof.schemas.reading" in _loaded_by(folder, "run", "--profiles", "300")
    assert "rapidfuzz" in _loaded_by(folder, "search", "joga RPG de madrugda")
    return folder


def test_a_run_loads_nothing_for_parts_pictures_and_second_records(folder: Path) -> None:
    loaded = _loaded_by(folder, "run", "--profiles", "301")
    assert not loaded & FOREIGN
    assert not loaded & {"pyarrow.parquet", "pyarrow.fs", "ssl", "rapidfuzz", "snowballstemmer", "tomllib"}
    assert not loaded & {f"synthprof.cli.{part}" for part in PARTS if part != "making"}
    stages = {"avatars", "parts", "publish_duplicates", "pictures", "thumbnails", "embed", "import_rows"}
    assert not loaded & {f"synthprof.stages.{name}" for name in stages}
    assert not _below(loaded, "profiles.avatars", "store.columnar", "versions.search", "schemas.compiling")
    assert not loaded & {"synthprof.profiles.second_records.columns", "synthprof.schemas.reading"}


def test_a_search_loads_nothing_of_what_makes_data_sets(folder: Path) -> None:
    loaded = _loaded_by(folder, "search", "joga RPG de madrugada no PC")
    assert not loaded & FOREIGN
    assert not loaded & {"jinja2", "rapidfuzz", "snowballstemmer", "pyarrow.parquet", "ssl", "html"}
    assert not loaded & {f"synthprof.cli.{part}" for part in PARTS if part != "search"}
    assert not _below(loaded, "pipeline", "stages", "runner", "profiles", "schemas.compiling")


def test_each_command_lies_in_the_module_that_is_loaded_for_it() -> None:
    for part, names in PARTS.items():
        for name in names:
            app = make_app([name])
            own = [each.name or each.callback.__name__ for each in app.registered_commands]
            groups = [each.name for each in app.registered_groups]
            assert [each.replace("_", "-") for each in (*own, *groups)] == [name], part
    whole = make_app()
    assert len(whole.registered_commands) + len(whole.registered_groups) == sum(map(len, PARTS.values()))


def _below(loaded: set[str], *names: str) -> list[str]:
    return [each for each in loaded if each.startswith(tuple(f"synthprof.{name}" for name in names))]


def _loaded_by(folder: Path, *words: str) -> set[str]:
    """Return the modules that are there when a command has ended, with what it kept of earlier ones."""
    places = {"SYNTHPROF_HOME": str(folder / "home"), "SYNTHPROF_CACHE": str(folder / "cache")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], env=os.environ | places, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())
