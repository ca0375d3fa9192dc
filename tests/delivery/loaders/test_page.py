"""The examples of the how-to page run where their engine is; those in `python` do in tests/test_docs.py."""

import os
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from doc_examples import ROOT, examples

from synthprof.delivery.loaders.job import load, open_target
from synthprof.delivery.loaders.order import LoadOrder
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.versions.version import open_version

PYTHON = Path(os.environ.get("SYNTHPROF_LOADERS") or ROOT / ".venv-loaders" / "bin" / "python")
PAGE = (ROOT / "docs" / "how-to" / "fill-a-database.md").read_text(encoding="utf-8")
pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `data/gamers`, as after `make run`."""
    folder = tmp_path_factory.mktemp("page")
    run_all(Request.from_params({"profiles": 2_000, "save_index": False}), folder / "data")
    return folder


@pytest.mark.skipif(not PYTHON.exists(), reason="no clients: `make loaders` installs them")
@pytest.mark.parametrize("text", [each.text for each in examples(PAGE, "py")])
def test_examples_of_embedded_engines_run(folder, text):
    variables = {"PYTHONPATH": str(ROOT), "SYNTHPROF_HOME": str(folder / "data")}
    done = subprocess.run(
        [str(PYTHON), "-c", text], cwd=folder, capture_output=True, text=True, env=os.environ | variables
    )
    assert done.returncode == 0 and done.stdout.count("7"), done.stderr


def test_the_example_of_postgresql_runs(folder, postgres_url):
    (example,) = examples(PAGE, "sql")
    order = LoadOrder.from_params({"into": "conn:x"}).model_copy(update={"into": postgres_url})
    assert load(folder / "data", order).index == "hnsw"
    target, _ = open_target(order, open_version(folder / "data", "gamers"))
    with closing(target):
        setting, query = example.text.split(";\n", 1)
        target._run(setting)
        assert len(target._all(query.strip().rstrip(";"))) == 5
