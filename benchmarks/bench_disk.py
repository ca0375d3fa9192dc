"""The disk that a run takes at most, beside what it publishes.

    python benchmarks/bench_disk.py --rows 300000 > benchmarks/results/disk.txt
    python benchmarks/bench_disk.py --rows 300000 -- --vacuum

The files under the data root are added up ten times a second while a run goes on; a file with several links
counts once, by its length. What comes after `--` goes to `synthprof run`.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from synthprof.base.units import MIB
from synthprof.store.manifest import MANIFEST

SECONDS = 0.1


def main() -> None:
    """Run, print the peak, what is published and what is left."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("more", nargs="*", help="further options of `synthprof run`")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "synthprof", "run", "--profiles", str(options.rows), *options.more]
        process = subprocess.Popen(
            command,
            env=os.environ | {"SYNTHPROF_HOME": name},
            stdout=subprocess.DEVNULL,
        )
        peak = _Peak(Path(name))
        while process.poll() is None:
            peak.look()
            time.sleep(SECONDS)
        if process.returncode:
            raise SystemExit(process.returncode)
        peak.print(options.rows, options.more)


class _Peak:
    """The most that the files of a folder have taken so far, by the folder that they were in."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._most: dict[str, int] = {}
        self._total = 0

    def look(self) -> None:
        """Add up the files at this moment."""
        found = sizes(self._home)
        if sum(found.values()) > self._total:
            self._total, self._most = sum(found.values()), found

    def print(self, rows: int, more: list[str]) -> None:
        """Print the table."""
        self.look()
        version = next(self._home.glob(f"*/versions/[!.]*/{MANIFEST}")).parent
        published = sum(sizes(version).values())
        left = sum(sizes(self._home).values())
        print(f"{rows:,} rows {' '.join(more)}".rstrip())
        print(f"{published / MIB:10,.0f} MiB published")
        print(f"{self._total / MIB:10,.0f} MiB at most, {self._total / published:.2f} times that")
        print(f"{left / MIB:10,.0f} MiB at the end, {left / published:.2f} times that")
        print("at most:")
        for name, size in sorted(self._most.items(), key=lambda each: -each[1])[:12]:
            print(f"{size / MIB:10,.1f} MiB  {size / published:5.2f}  {name}")


def sizes(home: Path) -> dict[str, int]:
    """Return the bytes below a folder, each file once, by stage and kind of file."""
    found: dict[str, int] = {}
    known: set[int] = set()
    for folder, _, names in os.walk(home):
        for name in names:
            path = Path(folder, name)
            with suppress(FileNotFoundError):
                file = path.lstat()
                if file.st_ino not in known:
                    known.add(file.st_ino)
                    what = f"{path.parent.name.partition('-')[0]}/{_kind(name)}"
                    found[what] = found.get(what, 0) + file.st_size
    return found


def _kind(name: str) -> str:
    """Return a file's name without the number of its block, or what it will be called."""
    if name.startswith(".tmp-"):
        name = name.split("-", 3)[3]
    return name.partition("-")[0] if name.rpartition("-")[2][:5].isdigit() else name


if __name__ == "__main__":
    main()
