"""The idle cores of a run by phase, also on a machine where others are at work.

    python benchmarks/timeline.py --rows 1000000 >> benchmarks/results/timeline.txt

Ten times a second the scheduler's account of each thread of the run is read (/proc/PID/task/TID/schedstat):
how long it was at work and how long it waited for a core. Both together are what it wanted. Where the run's
threads want less than the two cores that it may use, cores would be idle though nobody else were there. So
each tenth of a second tells how long its work would take alone: its CPU time over the cores that it wants,
and the time in which it wants none. A phase is named by the stages that are at work in it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import psutil

CORES = 2
PAUSE_SECONDS = 0.1
OUTSIDE = "start and end"


@dataclass
class Phase:
    """Sums over a phase, in seconds. alone: on a machine of CORES without others, by the account above."""

    cpu: float = 0.0
    alone: float = 0.0
    wall: float = 0.0

    def add(self, wall: float, cpu: float, waited: float) -> None:
        """Add what was measured of a moment."""
        wanted = (cpu + waited) / wall
        self.wall += wall
        self.cpu += cpu
        self.alone += cpu / min(CORES, max(1.0, wanted)) + max(0.0, 1 - wanted) * wall


@dataclass
class Watch:
    """The account of a process and of all that it has started."""

    pid: int
    known: dict[str, tuple[int, int]] = field(default_factory=dict)

    def taken(self) -> tuple[float, float]:
        """Return the seconds at work and waiting for a core since the last call, over all threads."""
        cpu = waited = 0
        for path in self._threads():
            try:
                at_work, waiting, _ = map(int, (path / "schedstat").read_text().split())
            except OSError:  # it has ended
                continue
            before = self.known.get(str(path), (0, 0))
            self.known[str(path)] = at_work, waiting
            cpu, waited = cpu + at_work - before[0], waited + waiting - before[1]
        return cpu / 1e9, waited / 1e9

    def _threads(self) -> list[Path]:
        try:
            process = psutil.Process(self.pid)
            pids = [self.pid, *(each.pid for each in process.children(recursive=True))]
            return [path for pid in pids for path in Path(f"/proc/{pid}/task").glob("*")]
        except (psutil.Error, OSError):
            return []


def main() -> None:
    """Run, print a line for each phase in the order of the run, and one for all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=300_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        moments = _watched(Path(name), rows)
        spans = _spans(Path(name))
    phases: dict[str, Phase] = defaultdict(Phase)
    for at, wall, cpu, waited in moments:
        names = [stage for stage, began, ended in spans if began <= at < ended]
        phases[" + ".join(names) or OUTSIDE].add(wall, cpu, waited)
    print(f"\n{rows:,} rows, load average {os.getloadavg()[0]:.0f}")
    print(f"{'phase':32}{'CPU s':>8}{'alone s':>9}{'idle core-s':>13}{'wall s':>8}")
    every = Phase(*(sum(getattr(each, of) for each in phases.values()) for of in ("cpu", "alone", "wall")))
    for phase, each in [*phases.items(), ("all", every)]:
        idle = CORES * each.alone - each.cpu
        print(f"{phase:32}{each.cpu:8.2f}{each.alone:9.2f}{idle:13.2f}{each.wall:8.1f}")


def _watched(home: Path, rows: int) -> list[tuple[float, float, float, float]]:
    """Run it; return moments: the time of its middle, its length, and seconds at work and waiting in it."""
    environment = os.environ | {"SYNTHPROF_HOME": str(home), "TMPDIR": str(home)}  # slots of its own, too
    command = [sys.executable, "-m", "synthprof", "run", "--profiles", str(rows), "--workers", str(CORES)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watch, found, before = Watch(process.pid), [], time.time()
    while process.poll() is None:
        time.sleep(PAUSE_SECONDS)
        now = time.time()
        found.append(((before + now) / 2, now - before, *watch.taken()))
        before = now
    if process.returncode:
        raise SystemExit(f"the run ended with status {process.returncode}")
    return found


def _spans(home: Path) -> list[tuple[str, float, float]]:
    """Return the name, the beginning and the end of each receipt of the run."""
    manifest = next(home.glob("*/versions/*/MANIFEST.json"))
    receipts = json.loads(manifest.read_bytes())["stages"]
    receipts += [json.loads(path.read_bytes()) for path in home.glob("*/build/*/publish-*/receipt.json")]
    return [(each["stage"], each["began"], each["began"] + each["seconds"]) for each in receipts]


if __name__ == "__main__":
    main()
