"""Tasks of a real scheduler cleared, killed, marked failed, timed out at any moment: the same result."""

import random
import time
from collections.abc import Callable, Iterator

import pytest
from harness import note
from interventions import SECONDS_PER_STAGE, TASKS, Trial
from place import Place, until

from synthprof.orchestration.local.rest import Airflow

GENERATE, TIMED = "synthprof_generate", "synthprof_timed"

DATASET_FILE = f"""\
schedule = "0 0 1 1 *"
seconds_per_stage = {SECONDS_PER_STAGE}
"""

UNWANTED = ("clear", "clear with what follows", "mark failed")
KILLS = ("SIGKILL of a stage", "SIGKILL of a worker", "SIGKILL of a task")

Begin = Callable[[random.Random, str], Trial]


@pytest.fixture(scope="module")
def rest(airflow: Place) -> Iterator[Airflow]:
    with Airflow(airflow.home.url) as client:
        yield client


@pytest.fixture
def begin(airflow: Place, rest: Airflow) -> Begin:
    def begin(chance: random.Random, dataset: str, dag: str = GENERATE) -> Trial:
        trial = Trial(airflow, rest, chance, dag, dataset)
        trial.start()
        return trial

    return begin


@pytest.fixture(scope="module")
def timed(airflow: Place, rest: Airflow) -> Iterator[str]:
    """A DAG whose tasks may take only so long; its schedule is the first of January."""
    (airflow.datasets / "timed.toml").write_text(DATASET_FILE)
    until(lambda: rest.call("GET", f"/dags/{TIMED}").is_success, 180, "the DAG of a new file")
    rest.call("PATCH", f"/dags/{TIMED}", {"is_paused": False}).raise_for_status()
    yield TIMED
    rest.call("PATCH", f"/dags/{TIMED}", {"is_paused": True}).raise_for_status()
    (airflow.datasets / "timed.toml").unlink()


@pytest.mark.cluster  # takes a minute and a half: not for `make test`
@pytest.mark.timeout(1800)
def test_killed_marked_failed_and_cleared_in_one_run(reference, begin: Begin) -> None:
    trial = begin(random.Random(0), "retried")
    done = [
        trial.do("SIGKILL of a stage", "generate"),
        trial.do("mark failed", "vectorize", hangs=True),
    ]
    trial.finish()
    done.append(trial.clear_any("cluster", downstream=True))
    trial.finish()
    trial.compare(reference.digest, seconds=60)  # how fast in truth is for a quiet machine to say
    note("clears, kills and marks in a real scheduler", len(done), trial.lost, done=done)


@pytest.mark.faults_full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(12))
def test_whatever_is_done_to_a_task_the_result_is_the_same(reference, begin: Begin, seed: int) -> None:
    """To one at work, which may hang by then; to any a little later; to any of the ended run."""
    chance = random.Random(seed)
    trial = begin(chance, f"retried_{seed}")
    kind = (*UNWANTED, *KILLS)[seed % 6]
    done = [trial.do(kind, chance.choice(TASKS), hangs=kind in UNWANTED and seed >= 6)]
    time.sleep(chance.uniform(0, 3))
    done.append(trial.clear_any(chance.choice(TASKS), downstream=chance.random() < 0.5))
    trial.finish()
    done.append(trial.clear_any(chance.choice(TASKS), downstream=chance.random() < 0.5))
    trial.finish()
    trial.compare(reference.digest)
    seconds = [round(each, 2) for each in trial.seconds]
    note(
        "clears, kills and marks in a real scheduler",
        len(done),
        trial.lost,
        done=done,
        seconds_to_end=seconds,
    )


@pytest.mark.faults_full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(4))
def test_a_stage_that_hangs_is_ended_by_its_time_out(reference, begin: Begin, timed: str, seed: int) -> None:
    chance = random.Random(seed)
    trial = begin(chance, f"timed_{seed}", timed)
    done = [trial.do("time-out", chance.choice(TASKS))]
    trial.finish()
    trial.compare(reference.digest)
    seconds = [round(each, 2) for each in trial.seconds]
    note("time-outs in a real scheduler", 1, trial.lost, done=done, seconds_to_end=seconds)
