"""Large runs beside smaller ones: time, memory and disk of everything, and a cold search on the result.

    python benchmarks/bench_large.py                              1, 3 and 10 million profiles
    python benchmarks/bench_large.py --rows 100000 300000
    python benchmarks/bench_large.py --rows 1000000 10000000 --clusters 1000    work in proportion to rows

By default a data set has about as many clusters as the square root of its rows, and each row is compared with
all of them: ten times the rows is more than ten times the work. With --clusters all sizes have the same.

While `synthprof run` is at work, the proportional set sizes of all its processes and the files of its data
root are summed every half second; a file with several links counts once. A cold search is the command as a
user gives it, after the system was told to forget the files of the version. Raw results:
benchmarks/results/large.json, or large_clusters.json with --clusters.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from synthprof.base.units import MIB
from synthprof.system.memory import own_memory

RESULTS = Path(__file__).parent / "results" / "large.json"
EQUAL_CLUSTERS = RESULTS.with_name("large_clusters.json")
SYNTHPROF = [sys.executable, "-m", "synthprof"]
PAUSE_SECONDS = 0.5
TEXT = "joga RPG de madrugada no PC"


def main() -> None:
    """Run each size, print the figures and their growth, keep them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 3_000_000, 10_000_000])
    parser.add_argument("--clusters", type=int, default=0, help="in each size; 0: by its rows")
    parser.add_argument("--results", type=Path)
    options = parser.parse_args()
    found = []
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as home:
            found.append(_measured(Path(home), rows, options.clusters))
        print(json.dumps(found[-1], indent=1), flush=True)
    few, many = found[0], found[-1]
    times = many["rows"] / few["rows"]
    for what in ("wall", "cpu"):
        print(f"{what}: {many[what] / few[what] / times:.2f} of {times:g} times the smaller run")
    facts = {"cores": os.cpu_count(), "load_average": os.getloadavg(), "runs": found}
    results = options.results or (EQUAL_CLUSTERS if options.clusters else RESULTS)
    results.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _measured(home: Path, rows: int, clusters: int) -> dict[str, Any]:
    environment = os.environ | {"SYNTHPROF_HOME": str(home)}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [*SYNTHPROF, "run", "--profiles", str(rows), "--clusters", str(clusters)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    memory = disk = 0
    while process.poll() is None:
        memory, disk = max(memory, _memory(process.pid)), max(disk, _disk(home))
        time.sleep(PAUSE_SECONDS)
    if process.returncode:
        raise SystemExit(f"the run ended with status {process.returncode}")
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    folder = next(home.glob("*/versions/*/MANIFEST.json")).parent
    published = _disk(folder)
    return {
        "rows": rows,
        "clusters": _clusters(folder),
        "wall": round(wall, 1),
        "cpu": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "peak_mib": round(memory / MIB),
        "published_mib": round(published / MIB),
        "disk_mib": round(disk / MIB),
        "disk_over_published": round(disk / published, 2),
        "left_mib": round(_disk(home) / MIB),
        "files": sum(1 for path in folder.rglob("*") if path.is_file()),
        "stages": _stages(home, folder),
        "cold_search": [_cold_search(folder, environment) for _ in range(3)],
    }


def _memory(pid: int) -> int:
    """Return the proportional set sizes of a process and of all that it has started, in bytes."""
    try:
        return own_memory(psutil.Process(pid))
    except psutil.Error:
        return 0


def _disk(folder: Path) -> int:
    """Return the bytes that the files below a folder take on the disk; links to one file count once."""
    return sum({(one.st_dev, one.st_ino): one.st_blocks * 512 for one in _files(folder)}.values())


def _files(folder: Path) -> Iterator[os.stat_result]:
    for where, _, names in os.walk(folder):
        for name in names:
            try:
                yield Path(where, name).lstat()
            except FileNotFoundError:  # removed since it was listed
                continue


def _clusters(folder: Path) -> int:
    receipts = json.loads((folder / "MANIFEST.json").read_bytes())["stages"]
    return next(int(each["details"]["clusters"]) for each in receipts if each["stage"] == "cluster")


def _stages(home: Path, folder: Path) -> dict[str, dict[str, float]]:
    """Return the seconds and CPU seconds of each stage, and the most memory of one of its processes."""
    receipts = json.loads((folder / "MANIFEST.json").read_bytes())["stages"]
    receipts += [json.loads(path.read_bytes()) for path in home.glob("*/build/*/publish-*/receipt.json")]
    found: dict[str, dict[str, float]] = {}
    for receipt in receipts:
        sums = found.setdefault(receipt["stage"], {"seconds": 0.0, "cpu": 0.0, "process_mib": 0.0})
        sums["seconds"] = round(sums["seconds"] + receipt["seconds"], 2)
        sums["cpu"] = round(sums["cpu"] + receipt["cpu_seconds"], 2)
        sums["process_mib"] = max(sums["process_mib"], round(receipt["peak_memory"] / MIB, 1))
    return found


def _cold_search(folder: Path, environment: dict[str, str]) -> dict[str, float]:
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*SYNTHPROF, "search", TEXT], env=environment, stdout=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": round(wall, 2), "cpu": round(cpu, 2)}


if __name__ == "__main__":
    main()
