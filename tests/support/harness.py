"""Runs the real pipeline in processes of its own, breaks it from outside, and looks at what can be seen."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from synthprof.store.manifest import MANIFEST, damaged, read_manifest
from synthprof.store.pointer import CURRENT
from synthprof.store.store import Store

DATASET = "faulty"
SMALL: dict[str, Any] = {
    "dataset": DATASET,
    "profiles": 36_000,
    "seed": 5,
    "clusters": 8,
    "kmeans_niter": 2,
    "dim_embedding": 32,
    "index": "flat",
}
"""Three blocks, the last one short, and little arithmetic: what is tested is what lies between."""

LARGE = SMALL | {"profiles": 200_000}

STRACE = shutil.which("strace")
needs_strace = pytest.mark.skipif(not STRACE, reason="strace is not installed")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


def cases(values: Sequence[Any], sample: int) -> list[Any]:
    """`sample` of the values, spread evenly, the first for `make test`; the others for `make faults`."""
    step = max(1, len(values) // max(1, sample))
    first, *more = range(step // 2, len(values), step)[:sample]

    def marks(number: int) -> Any:
        return () if number == first else pytest.mark.long if number in more else pytest.mark.faults_full

    return [
        pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=marks(number))
        for number, value in enumerate(values)
    ]


@dataclass(frozen=True)
class Ended:
    """The end of a run."""

    status: int
    output: str
    errors: str

    def is_clear(self) -> bool:
        """True if the failure is told in one message with a remedy, and no traceback."""
        told = re.search(r"^error: .+\nhint: .+", self.errors, re.MULTILINE)
        return self.status in (1, 2, 75) and bool(told) and "Traceback" not in self.errors


@dataclass(frozen=True)
class Subject:
    """A data root, and runs of one data set in it, or what another command makes."""

    home: Path
    params: dict[str, Any] = field(default_factory=lambda: dict(SMALL))
    verb: str = "run"

    def command(self, **params: Any) -> list[str]:
        words = ["-W", "ignore", "-m", "synthprof", self.verb]
        for name, value in (self.params | params).items():
            option = name.replace("_", "-")
            words += (
                [f"--{'' if value else 'no-'}{option}"]
                if isinstance(value, bool)
                else [f"--{option}", str(value)]
            )
        return [sys.executable, *words]

    def start(self, prefix: Sequence[str] = (), **params: Any) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*prefix, *self.command(**params)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"SYNTHPROF_HOME": str(self.home), "NO_COLOR": "1", "COLUMNS": "1000"},
            start_new_session=True,
        )

    def run(self, prefix: Sequence[str] = (), seconds: float = 240, **params: Any) -> Ended:
        process = self.start(prefix, **params)
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            kill(process)
            raise
        return Ended(process.returncode, output, errors)

    def finish(self, **params: Any) -> str:
        """The content digest of an undisturbed run that succeeds."""
        ended = self.run(**params)
        assert ended.status == 0, ended.errors
        assert not (wrong := self.wrong()), wrong
        return self.digest()

    def digest(self) -> str:
        return read_manifest(self.store.current()).content

    @property
    def store(self) -> Store:
        return Store(self.home, self.params["dataset"])

    def wrong(self) -> list[str]:
        """Faults that a reader could see: all that is not whole. An empty list is what every test wants."""
        folder, found = self.store.folder, []
        if (folder / CURRENT).is_symlink() and not (folder / CURRENT / MANIFEST).is_file():
            found.append("CURRENT points to no version")
        for version in folder.glob("versions/[!.]*"):
            if "." not in version.name:  # beside a version lie the files that tell of it
                found += [f"{version.name}: {each}" for each in _incomplete(version)]
        return found

    def leftovers(self) -> list[str]:
        """Temporary files that an ended run left behind."""
        return [str(path) for path in self.home.rglob(".tmp-*")]

    def clean(self) -> None:
        for name in (self.params["dataset"], ".embeddings"):
            shutil.rmtree(self.home / name, ignore_errors=True)


def _incomplete(version: Path) -> list[str]:
    try:
        files = read_manifest(version).files
    except Exception as error:
        return [f"no manifest: {error}"]
    unknown_files = {path.name for path in version.iterdir()} - {file.path for file in files} - {MANIFEST}
    return [f"{name} is damaged" for name in damaged(version, files)] + [
        f"{name} is stray" for name in unknown_files
    ]


def kill(process: "subprocess.Popen[str]") -> None:
    """The process is gone at once, by SIGKILL, and its workers with it, by what the product does."""
    process.kill()
    process.communicate()


def group_gone(process: "subprocess.Popen[str]", seconds: float = 5) -> bool:
    """True if no process of its session is left."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@dataclass
class Kills:
    """Runs killed at random moments, one after the other, over the same data root."""

    subject: Subject
    reference: str
    chance: random.Random
    seconds: float
    survived: int = 0
    lost: list[str] = field(default_factory=list)

    def many(self, wanted: int) -> None:
        """So many kills, and a run to the end after the last; each end is compared with the reference."""
        pending = 0
        while self.survived + pending < wanted:
            process = self.subject.start(workers=self.chance.choice((1, 2, 3)))
            try:
                process.communicate(timeout=self.chance.uniform(0.3, self.seconds))
            except subprocess.TimeoutExpired:
                kill(process)
                pending += 1
                self.lost += self.subject.wrong()
                continue
            self._compare(process.returncode == 0)
            self.survived, pending = self.survived + pending, 0
        self._compare(self.subject.run().status == 0)
        self.survived += pending

    def _compare(self, succeeded: bool) -> None:
        if not succeeded or self.subject.digest() != self.reference or self.subject.wrong():
            self.lost.append(f"after {self.survived} kills: not the reference")
        self.subject.clean()


def tracing(call: str, action: str, number: int) -> list[str]:
    """The words before a command that make its N-th such call, counted per process, fail or kill it."""
    assert STRACE
    inject = f"inject={call}:{action}:when={number}"
    return [STRACE, "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject]


def calls_made(subject: Subject, calls: Sequence[str], log: Path) -> dict[str, int]:
    """For each of the system calls, how often the process that makes most of them makes it in a whole run."""
    assert STRACE
    prefix = [STRACE, "-f", "-qq", "-o", str(log), "-e", f"trace={','.join(calls)}"]
    assert subject.run(prefix).status == 0
    counts: Counter[tuple[str, str]] = Counter()
    for line in log.read_text(errors="replace").splitlines():
        if found := re.match(r"(\d+) +(\w+)\(", line):
            counts[found[2], found[1]] += 1
    return {call: max((n for (c, _), n in counts.items() if c == call), default=0) for call in calls}


@contextmanager
def mounted(*options: str, source: str, at: Path) -> Iterator[Path]:
    """A file system is mounted at the folder. Skips the test where that is not allowed."""
    at.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *options, source, str(at)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    try:
        yield at
    finally:
        for _ in range(50):
            if subprocess.run(["umount", str(at)], capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        else:
            subprocess.run(["umount", "-l", str(at)], capture_output=True)


@contextmanager
def stopped(process: "subprocess.Popen[str]") -> Iterator[None]:
    """The process and all of its group stand still, if they have not ended."""
    try:
        stop_all(process)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGCONT)


def stop_all(process: "subprocess.Popen[str]") -> None:
    """As `stopped`, for good."""
    with suppress(ProcessLookupError, psutil.NoSuchProcess):
        os.killpg(process.pid, signal.SIGSTOP)
        one = psutil.Process(process.pid)
        for each in (one, *one.children(recursive=True)):
            while each.is_running() and each.status() not in (psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE):
                time.sleep(0.01)


def note(fault: str, tried: int, lost: Sequence[str], **facts: Any) -> None:
    """One raw result, for the tables of docs/reliability.md, where SYNTHPROF_FAULTS_RESULTS says."""
    if path := os.environ.get("SYNTHPROF_FAULTS_RESULTS"):
        line = {
            "fault": fault,
            "tried": tried,
            "lost": len(lost),
            "what": [each[:300] for each in lost[:3]],
            **facts,
        }
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=True) + "\n")
    assert not lost, [each[:300] for each in lost[:3]]
