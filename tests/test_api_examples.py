"""The examples of the Python API, run as they stand in `examples/`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from everyday import everyday

EXAMPLES = Path(__file__).parents[1] / "examples"
WORDS = {
    "make_and_search.py": (["2000"], "of 'gamers': 2,000 profiles> in"),
    "recall_of_an_index.py": (["2000"], "Recall@10 of HNSW over 2,000 embeddings: "),
    "search_own_texts.py": ([], "raid.txt: Raid de RPG de madrugada"),
}


@pytest.mark.parametrize("name", everyday(list(WORDS)))
def test_example_runs(name: str, tmp_path: Path) -> None:
    words, told = WORDS[name]
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=os.environ | {"SYNTHPROF_HOME": str(tmp_path)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert told in done.stdout


def test_examples_use_public_names_alone() -> None:
    for path in EXAMPLES.glob("*.py"):
        if path.name in WORDS:
            assert "synthprof." in path.read_text() and "from synthprof" not in path.read_text()
