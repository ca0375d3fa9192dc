"""Writes the tables of docs/reliability.md and its appendix from the raw results of `make faults`."""

import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"

PROMISES = {
    "A reader sees a whole version or none, and always the same one": ("publishes under four readers",),
    "A run that is killed goes on where it was, and ends with the same bytes": (
        "SIGKILL at a commit system call",
        "SIGKILL at a random moment, 200,000 profiles",
        "SIGKILL at a random moment, 36,000 profiles",
        "no process is left after a kill",
    ),
    "A power cut loses no published version, and publishes nothing damaged": (
        "power cut, ext4",
        "power cut, ext4 (data=writeback)",
    ),
    "Damage is found, and only what it touches is made again": (
        "damage to a file of a build",
        "flipped bit: found, only its file made anew",
        "truncated, missing, swapped or linked file",
    ),
    "A pipe, device, folder or link in the place of a file is told or mended, and nothing waits for it": (
        "a thing of another kind in a place of the store",
    ),
    "A disk that fails or fills up is told in one message, and costs nothing": (
        "EIO at a write",
        "EIO at an fsync",
        "ENOSPC at a write",
        "full disk",
        "small disk, then grown",
    ),
    "Too little memory is told before work, or work gets smaller; nothing is killed": (
        "RLIMIT_AS",
        "memory control group",
    ),
    "Runs at once do not disturb one another": (
        "another spec, other workers, a clock a day off between attempts",
        "eight runs at once",
    ),
    "In Airflow, a task can be cleared, killed or marked at any time": (
        "clears, kills and marks in a real scheduler",
        "time-outs in a real scheduler",
    ),
    "Hostile text stays text: in names, files, pages and on the command line": (
        "hostile strings as names",
        "hostile strings in a CSV",
        "hostile strings in a report",
        "hostile strings on the command line",
    ),
}
"""Each promise, and the faults that try it."""


@dataclass
class Trials:
    """All trials of one kind of fault."""

    tried: int = 0
    lost: int = 0
    reads: int = 0
    busy: int = 0
    told: int = 0
    finished: int = 0
    slowest: float = 0.0

    def add(self, result: dict) -> None:
        """Count one line of the raw results."""
        self.tried += result["tried"]
        self.lost += result["lost"]
        self.reads += result.get("reads", 0)
        self.busy += result.get("busy", 0)
        self.slowest = max(self.slowest, *result.get("seconds_to_end", ()), 0)
        if "status" in result:
            self.finished += result["status"] == 0
            self.told += result["status"] in (1, 2, 75)

    def details(self) -> str:
        """The other counts, in words."""
        if self.slowest:
            return f"processes gone after at most {self.slowest:.1f} s"
        named = {name: getattr(self, name) for name in ("told", "finished", "reads", "busy")}
        return ", ".join(f"{count:,} {name}" for name, count in named.items() if count)


def trials(lines: list[str]) -> dict[str, Trials]:
    """Return the trials of each kind of fault. Raises ValueError for one that tries no promise."""
    found: dict[str, Trials] = defaultdict(Trials)
    for line in lines:
        result = json.loads(line)
        found[result["fault"]].add(result)
    if homeless := set(found) - {fault for faults in PROMISES.values() for fault in faults}:
        raise ValueError(f"no promise names these faults: {sorted(homeless)}")
    return found


def promises(found: dict[str, Trials]) -> str:
    """Return a row per promise: how often it was tried, and how often it was broken."""
    rows = ["| promise | tried | broken |", "|---|---:|---:|"]
    for promise, faults in PROMISES.items():
        of = [found[fault] for fault in faults if fault in found]
        rows.append(f"| {promise} | {sum(t.tried for t in of):,} | {sum(t.lost for t in of):,} |")
    return "\n".join(rows)


def faults(found: dict[str, Trials]) -> str:
    """Return a row per kind of fault."""
    rows = ["| fault | tried | lost | of these |", "|---|---:|---:|---|"]
    for fault, of in sorted(found.items()):
        rows.append(f"| {fault} | {of.tried:,} | {of.lost:,} | {of.details()} |")
    return "\n".join(rows)


def put(page: Path, table: str) -> None:
    """Replace the table of a page."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def main() -> None:
    """Both pages hold the tables of the results in the file named."""
    found = trials(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
    put(DOCS / "reliability.md", promises(found))
    put(DOCS / "reliability-tests.md", faults(found))


if __name__ == "__main__":
    main()
