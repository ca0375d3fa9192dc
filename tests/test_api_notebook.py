"""The Python API in a real notebook's kernel: bars while it works, and values that show themselves."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def run_cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A function that runs a cell and gives the messages of its output, in order."""
    kernel = KernelManager()
    assert kernel.kernel_spec is not None
    kernel.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.start_kernel(cwd=str(tmp_path_factory.mktemp("notebook")))
    client = kernel.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)

    def run(code: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        reply = client.execute_interactive(code, timeout=120, output_hook=found.append, allow_stdin=False)
        assert reply["content"]["status"] == "ok", reply["content"]
        return [each for each in found if each["msg_type"] not in ("status", "execute_input")]

    yield run
    client.stop_channels()
    kernel.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


def _html(messages: list[dict[str, Any]], kind: str) -> list[str]:
    return [each["content"]["data"].get("text/html", "") for each in messages if each["msg_type"] == kind]


def test_a_run_shows_bars_and_its_version_the_head_of_the_report(run_cell: Any, home: Path) -> None:
    shown = run_cell(
        "import numpy, synthprof\n"
        f"v = synthprof.run('gamers', home={str(home)!r}, profiles=30_000, clusters=8, kmeans_niter=2)\n"
        "v"
    )
    assert [each for each in shown if each["msg_type"] == "stream"] == []
    assert len(_html(shown, "display_data")) == 1
    pictures = _html(shown, "update_display_data")
    assert len(pictures) > 1
    for stage in ("generate", "vectorize", "publish", "30,000 of 30,000"):
        assert stage in pictures[-1]
    (head,) = _html(shown, "execute_result")
    assert "gamers" in head and "30,000" in head and "Purity" in head


def test_hits_show_themselves_and_a_given_observer_hears_instead_of_bars(run_cell: Any) -> None:
    (hits,) = _html(run_cell("v.search('joga RPG de madrugada', k=3)"), "execute_result")
    assert hits.startswith("<p>read as ") and "</p><table>" in hits and hits.count("<tr>") == 4
    shown = run_cell(
        "seen = []\nsynthprof.verify(v, on_progress=lambda *told: seen.append(told)).sound, len(seen) > 0"
    )
    assert [each["msg_type"] for each in shown] == ["execute_result"]
    assert shown[0]["content"]["data"]["text/plain"] == "(True, True)"


@pytest.mark.long
def test_an_interrupted_cell_ends_the_run_and_the_next_one_goes_on(run_cell: Any, tmp_path: Path) -> None:
    shown = run_cell(
        "import _thread, psutil, synthprof\n"
        "def stop(stage, done, total, failed):\n"
        "    if stage == 'vectorize' and done: _thread.interrupt_main()\n"
        f"made = dict(home={str(tmp_path)!r}, profiles=60_000, clusters=4, kmeans_niter=1)\n"
        "try: synthprof.run('x', on_progress=stop, **made)\n"
        "except KeyboardInterrupt: print('interrupted', psutil.Process().children())\n"
        "print(synthprof.run('x', on_progress=lambda *told: None, **made).rows)"
    )
    text = "".join(each["content"]["text"] for each in shown if each["msg_type"] == "stream")
    assert text == "interrupted []\n60000\n"


def test_the_notebook_of_the_examples_runs(run_cell: Any, home: Path) -> None:
    notebook = json.loads((EXAMPLES / "notebook.ipynb").read_text(encoding="utf-8"))
    run_cell(f"import os; os.environ['SYNTHPROF_HOME'] = {str(home)!r}")
    for cell in (each for each in notebook["cells"] if each["cell_type"] == "code"):
        shown = run_cell(cell["source"])
        assert shown[-1]["msg_type"] == "execute_result"
    assert shown[-1]["content"]["data"]["text/plain"] == "((10000, 128), dtype('float32'), (10000,))"
