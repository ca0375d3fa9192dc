"""The components that fork readers of our DAG files have loaded what these need."""

import subprocess
import sys
from pathlib import Path

from place import make_place

from synthprof.orchestration.local.home import PROJECT

SCRIPT = """
import runpy, sys
from synthprof.orchestration.local import forking

forking.load()
before = set(sys.modules)
for path in sys.argv[1:]:
    runpy.run_path(path)
print(*sorted(name for name in set(sys.modules) - before if name.startswith("synthprof")))
"""


def test_our_dag_files_load_none_of_our_modules_once_these_are_loaded(tmp_path: Path) -> None:
    place = make_place(tmp_path)
    files = map(str, sorted((PROJECT / "dags").glob("*.py")))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *files], env=place.environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[-2] == ""
