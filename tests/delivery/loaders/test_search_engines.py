"""Elasticsearch and OpenSearch by their clients, against a server that answers as they document.

There is no real server: none comes as a package. Clients are those of `make loaders`.
"""

import os
import subprocess
from pathlib import Path

import pytest
from search_engine import SearchEngine, search_engine
from small import DATASET

ROOT = Path(__file__).parents[3]
PYTHON = Path(os.environ.get("SYNTHPROF_LOADERS") or ROOT / ".venv-loaders" / "bin" / "python")

LOADING = """
import sys
from pathlib import Path
from synthprof.base.errors import SynthprofError
from synthprof.delivery.loaders import bulk
from synthprof.delivery.loaders.job import load
from synthprof.delivery.loaders.order import LoadOrder
bulk.FIRST_PAUSE_SECONDS = 0.01
home, dataset, url = sys.argv[1:]
order = LoadOrder.from_params({"dataset": dataset, "into": "conn:x"}).model_copy(update={"into": url})
try:
    print(load(Path(home), order).rows)
except SynthprofError as error:
    print(f"{type(error).__name__}: {error}")
"""

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not PYTHON.exists(), reason="no clients: `make loaders` installs them"),
]


@pytest.fixture(params=["elasticsearch", "opensearch"])
def engine(request):
    with search_engine(request.param) as found:
        yield found


def run(*arguments: str) -> str:
    done = subprocess.run(
        [str(PYTHON), *arguments], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    return done.stdout.strip() or done.stderr


def load(home: Path, engine: SearchEngine, url: str = "") -> str:
    return run("-c", LOADING, str(home), DATASET, url or engine.url)


def test_the_contract(home, engine):
    assert run(str(ROOT / "tests/support/target_contract.py"), str(home), DATASET, engine.url) == "held"
    assert set(engine.mappings) == {DATASET}


def test_what_the_server_has_no_room_for_is_sent_again_and_nothing_else(home, engine):
    engine.faults.busy_requests, engine.faults.busy_rows = 2, 25
    assert load(home, engine) == "60"
    assert sorted(map(int, engine.documents[DATASET])) == list(range(1, 61))
    assert engine.seen["POST _bulk"] == 4


def test_a_server_that_never_has_room_is_told_of_and_the_same_call_goes_on(home, engine):
    engine.faults.busy_requests = 8
    told = load(home, engine)
    assert (
        told.startswith("StageError: ") and "had no room for 60 rows after 8 attempts (429); run it" in told
    )
    assert load(home, engine) == "60"


def test_a_refused_row_a_full_disk_and_a_wrong_password_are_told_with_remedies(home, engine):
    engine.faults.wrong_row = "7"
    assert "refuses row 7 (400): strict_dynamic_mapping_exception" in load(home, engine)
    engine.faults.wrong_row, engine.faults.full = "", True
    assert "; free some space on the server's disk, and lift the block of the index" in load(home, engine)
    engine.faults.full, engine.faults.password = False, "right"
    told = load(home, engine, engine.url.replace("://", "://ana:wr%40ng@"))
    assert "ana:***@127.0.0.1" in told and "check user and password" in told and "wr" + "@ng" not in told
    assert load(home, engine, engine.url.replace("://", "://ana:right@")) == "60"
