"""Anything, in any order: a reader sees a complete version or none, and a spec has one digest."""

import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import ClassVar

import pytest
from harness import DATASET, SMALL, Subject, kill
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from synthprof.runner.repair import repair
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.store.pruning import prune
from synthprof.versions.verify import verify
from synthprof.versions.version import open_version

SPECS = ({"seed": 1}, {"seed": 2}, {"seed": 1, "dim_embedding": 16})
specs = st.sampled_from(range(len(SPECS)))


class DataRoot(RuleBasedStateMachine):
    """One data root under everything that people, crashes and disks do to it."""

    digests: ClassVar[dict[int, str]] = {}  # of all examples: the same spec, the same digest

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp(prefix="synthprof-state-"))
        self.subject = Subject(self.home, SMALL | {"profiles": 17_000, "clusters": 4})
        self.corrupted: set[str] = set()
        self.published: dict[str, int] = {}

    def _request(self, spec: int, **more: object) -> Request:
        return Request.from_params(self.subject.params | SPECS[spec] | more)

    @rule(spec=specs, workers=st.sampled_from([1, 2, 3]), force=st.booleans())
    def run_it(self, spec: int, workers: int, force: bool) -> None:
        done = run_all(self._request(spec, workers=workers, force=force), self.home).published
        assert self.digests.setdefault(spec, done["content"]) == done["content"]
        self.published[done["version"]] = spec
        self._forget_pruned()
        assert self.subject.store.current().name == done["version"]

    @rule(spec=specs, seconds=st.floats(0.3, 3.0))
    def kill_it(self, spec: int, seconds: float) -> None:
        process = self.subject.start(**SPECS[spec])
        time.sleep(seconds)
        kill(process)
        self._forget_pruned()

    @rule(stage=st.sampled_from(["generate", "ingest", "vectorize", "persist_blobs", "cluster", "publish"]))
    def clear_a_stage(self, stage: str) -> None:
        for receipt in self.home.glob(f"*/build/*/{stage}-*/receipt*.json"):
            receipt.unlink()

    @precondition(lambda self: self._sound_current())
    @rule(place=st.floats(0, 0.999), bit=st.integers(0, 7), pick=st.integers(0, 100))
    def corrupt(self, place: float, bit: int, pick: int) -> None:
        folder = self.subject.store.current()
        names = sorted(path for path in folder.iterdir() if path.suffix in (".db", ".npy", ".faiss", ".html"))
        path = names[pick % len(names)]
        data = bytearray(path.read_bytes())
        data[int(place * len(data))] ^= 1 << bit
        with path.open("r+b") as file:
            file.write(data)
        self.corrupted.add(folder.name)
        assert verify(open_version(self.home, DATASET), 0, lambda *_: None).damaged == (path.name,)

    @precondition(lambda self: self.corrupted)
    @rule()
    def repair_all(self) -> None:
        for name in sorted(self.corrupted):
            repair(self.home, DATASET, name)
            assert verify(open_version(self.home, DATASET, name), 1, lambda *_: None).sound
        self.corrupted.clear()

    @precondition(lambda self: self._sound_current())
    @rule(number=st.integers(1, 17_000))
    def read(self, number: int) -> None:
        assert open_version(self.home, DATASET).profile(number)["nome"]

    @rule(keep=st.integers(1, 3))
    def prune(self, keep: int) -> None:
        if self.subject.store.folder.exists():
            prune(self.subject.store, keep)
            self._forget_pruned()

    @invariant()
    def a_reader_sees_a_complete_version_or_none(self) -> None:
        wrong = [each for each in self.subject.wrong() if each.partition(":")[0] not in self.corrupted]
        assert not wrong

    def _sound_current(self) -> bool:
        store = self.subject.store
        return store.versions() != [] and not self.corrupted

    def _forget_pruned(self) -> None:
        there = {path.name for path in self.subject.store.versions()}
        self.corrupted &= there

    def teardown(self) -> None:
        if not self.corrupted:
            self.run_it(0, 2, False)
        shutil.rmtree(self.home, ignore_errors=True)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    ("examples", "steps"),
    [
        (1, 6),
        pytest.param(2, 8, marks=pytest.mark.long),
        pytest.param(40, 20, marks=pytest.mark.faults_full),
    ],
)
def test_any_order_of_events_leaves_complete_versions_with_the_same_digests(
    examples: int, steps: int
) -> None:
    random.seed(0)
    run_state_machine_as_test(
        DataRoot,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
