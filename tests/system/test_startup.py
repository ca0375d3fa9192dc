"""The start and the end of synthprof's own processes."""

import os
import subprocess
import sys

import pytest

from synthprof.base.errors import SpecError
from synthprof.system import startup


def test_a_process_that_leaves_has_said_everything_and_takes_nothing_apart() -> None:
    done = _python(
        "import atexit, logging, sys",
        "from synthprof.system.startup import leave",
        "atexit.register(print, 'taken apart')",
        "logging.basicConfig(stream=sys.stderr, format='%(message)s')",
        "print('out', end='')",
        "logging.warning('logged')",
        "print('err', end='', file=sys.stderr)",
        "leave(3)",
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "out", "logged\nerr")


def test_arrow_does_without_pandas_which_can_be_imported_all_the_same() -> None:
    done = _python(
        "import sys",
        "from synthprof.system.startup import block_pandas",
        "block_pandas()",
        "import pyarrow as pa",
        "pa.table({'a': [1, 2]}).column('a').to_pylist()",
        "print('pandas' in sys.modules)",
        "import pandas",
        "print(pandas.DataFrame({'a': [1, 2]}).a.sum())",
    )
    assert done.stdout.split() == ["False", "3"], done.stderr


@pytest.mark.parametrize("given, threads", [(None, "1"), ("2", "2")])
def test_products_of_numpy_have_one_thread_unless_the_environment_says_otherwise(
    given: str | None, threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if given:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", given)
    done = _python(
        "from synthprof.system.startup import spare_time",
        "spare_time()",
        "import numpy",
        "from threadpoolctl import threadpool_info",
        "print(*{each['num_threads'] for each in threadpool_info() if each['user_api'] == 'blas'})",
    )
    assert done.stdout.split() == [threads], done.stderr


@pytest.mark.parametrize("module", ["cli.main", "runner.child", "runner.child_run"])
def test_processes_load_numpy_after_they_have_prepared_for_it(module: str) -> None:
    done = _python("import sys", f"import synthprof.{module}", "print('numpy' in sys.modules)")
    assert done.stdout.split() == ["False"], done.stderr


def _python(*lines: str) -> subprocess.CompletedProcess[str]:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.run(command, env=buffered, capture_output=True, text=True, check=False)


def test_another_system_than_linux_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    startup.check_machine()
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    with pytest.raises(SpecError, match="this is Darwin, synthprof needs Linux; use a virtual machine or"):
        startup.check_machine()
