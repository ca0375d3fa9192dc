"""Work in progress as people see it: every stage at once, in steps, at its rate by the clock."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from synthprof.base.units import MIB
from synthprof.pipeline import STAGES
from synthprof.runner.check import check
from synthprof.runner.repair import repair
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.stages.cluster import ITERATIONS
from synthprof.stages.import_rows import resolve_source
from synthprof.stages.summary import stage_rows
from synthprof.store.receipts import Receipt
from synthprof.store.state import Work
from synthprof.store.store import Store
from synthprof.store.verdicts import kept_verdict
from synthprof.system.events import ProgressEvents, ProgressMade, ReceiptWritten, read
from synthprof.versions.progress import StageProgress
from synthprof.versions.unfinished import builds_of
from synthprof.versions.version import open_version

ROWS = 20_000
PARAMS = {"dataset": "seen", "profiles": ROWS, "clusters": 20, "vacuum": True, "workers": 1}


@dataclass
class Seen:
    """A run as its observer and, at the same moments, those who look at the build have seen it."""

    home: Path
    told: list[tuple] = field(default_factory=list)
    looked: dict[str, list[StageProgress]] = field(default_factory=dict)

    def __call__(self, stage: str, *progress) -> None:
        self.told.append((stage, *progress))
        for build in builds_of(Store(self.home, "seen")):
            found = next(each for each in build.stages if each.stage == stage)
            self.looked.setdefault(stage, []).append(found)

    def of(self, stage: str) -> list[tuple]:
        return [told for name, *told in self.told if name == stage]


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> Seen:
    found = Seen(tmp_path_factory.mktemp("seen"))
    run_all(Request.from_params(PARAMS), found.home, found)
    return found


@pytest.mark.parametrize(
    "stage", [each.name for each in STAGES if not (each.name == "setup" or each.of_lists)]
)
def test_every_stage_tells_its_begin_and_then_more(seen: Seen, stage: str) -> None:
    first, *more = seen.of(stage)
    assert first[:2] == [0, ROWS]
    assert more
    assert {each.state for each in seen.looked[stage]} == {"running"}


def test_k_means_tells_its_iterations_while_it_trains(seen: Seen) -> None:
    done = [told[0] for told in seen.of("cluster") if told[3:] == [ITERATIONS]]
    assert done[:4] == [0, 1, 2, 3]
    steps = [each.step for each in seen.looked["cluster"] if each.step]
    assert steps and {(step.total, step.unit) for step in steps} == {(20, ITERATIONS)}


def test_ingest_is_seen_to_grow_before_its_end(seen: Seen) -> None:
    assert any(0 < each.rows_done <= ROWS for each in seen.looked["ingest"] if each.step is None)


def test_a_reader_learns_rate_and_time_left_of_the_present_step() -> None:
    work = Work(began=100, since=150, first=1_000, done=3_000, total=5_000)
    assert work.rate(170) == 100
    assert Work(began=100, since=150).rate(150) == 0
    later = work.counted(1, 20, 0, ITERATIONS, 180)
    assert (later.began, later.since, later.first) == (100, 180, 1)


def _receipt(stage: str, began: float | None, seconds: float, rows: int) -> Receipt:
    facts = {"version": 1, "spec": "", "shard": None, "rejected": 0, "cpu_seconds": 1, "peak_memory": MIB}
    return Receipt(stage=stage, began=began, seconds=seconds, rows=rows, files=(), details={}, pid=1, **facts)


def test_shards_beside_each_other_have_the_rate_of_the_clock() -> None:
    shards = [_receipt("generate", 1_000 + part, 10, 65_000) for part in (0, 0.5)]
    (row,) = stage_rows(shards)
    assert row.seconds == pytest.approx(10.5)
    assert row.rows_per_second == pytest.approx(130_000 / 10.5)
    old = [_receipt("generate", None, 10, 65_000) for _ in range(2)]
    assert stage_rows(old)[0].seconds == 20


def test_a_receipt_of_an_earlier_release_is_written_as_it_was() -> None:
    assert "began" not in _receipt("generate", None, 1, 1).model_dump_json()
    assert json.loads(_receipt("generate", 5.5, 1, 1).model_dump_json())["began"] == 5.5


def test_a_stage_that_still_stood_says_when_it_was_made(seen: Seen) -> None:
    command = [sys.executable, "-m", "synthprof.runner.child", "ingest", "--params", json.dumps(PARAMS)]
    environment = os.environ | {"SYNTHPROF_HOME": str(seen.home)}
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    (event,) = (each for each in map(read, output.splitlines()) if isinstance(each, ReceiptWritten))
    assert event.line.startswith("ingest: kept: made at 20")
    assert " s, 20,000 rows" in event.line
    assert event.facts["kept"]


def test_verify_tells_each_file_and_block_and_its_verdict_is_kept(seen: Seen) -> None:
    version, told = open_version(seen.home, "seen"), []
    check(version, 1, lambda *progress: told.append(progress))
    steps = len(version.manifest.files) + 3
    assert [each[1:3] for each in dict.fromkeys(told)] == [(done, steps) for done in range(steps + 1)]
    kept = kept_verdict(version.folder, version.manifest)
    assert kept and kept.sound
    other = version.manifest.model_copy(update={"published_at": "2020-01-01T00:00:00+00:00"})
    assert kept_verdict(version.folder, other) is None


def test_repair_tells_what_it_compares_and_forgets_the_verdict(seen: Seen) -> None:
    version, told = open_version(seen.home, "seen"), []
    damaged = version.folder / "centroids.npy"
    before = damaged.read_bytes()
    damaged.unlink()
    damaged.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
    check(version, 1)
    kept = kept_verdict(version.folder, version.manifest)
    assert kept and not kept.sound and "centroids.npy" in kept.findings[0]
    repair(seen.home, "seen", observe=lambda *progress: told.append(progress))
    assert {"repair", "publish"} <= {each[0] for each in told}
    assert damaged.read_bytes() == before
    assert kept_verdict(version.folder, version.manifest) is None


def test_a_source_tells_the_rows_that_are_read(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text(f"texto {number}")
    told: list[tuple] = []
    request = Request.from_params({"dataset": "texts", "source": str(tmp_path)})
    resolve_source(request, tmp_path / "home", lambda *progress: told.append(progress))
    assert told == [(0, 0, 0, "rows read"), (3, 0, 0, "rows read")]


def test_progress_of_several_stages_names_the_stage(capsys) -> None:
    events = ProgressEvents()
    events("generate", 1, 10)
    events("cluster", 1, 20, 0, ITERATIONS)
    found = [read(line) for line in capsys.readouterr().out.splitlines()]
    assert [each.stage for each in found if isinstance(each, ProgressMade)] == ["generate", "cluster"]
