"""Stages as multiples of the machine's floor, beside those that were committed last.

    make bench-quick                      200,000 rows, the least of three runs, within three minutes
    python benchmarks/quick.py --write    the same, and keep it as the file to compare with

Seconds differ from machine to machine, multiples of the floor (floor.py) hardly: a stage's CPU seconds are
divided by those of the whole floor, measured in the same call. The file of the last commit that has one is
read from git, so that a change which was kept by mistake is still seen. A stage has moved if its multiple is
a sixth higher or lower: runs of the same code on a busy machine differ by a tenth.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from floor import floor_of, run_once, stages_of

RESULTS = "benchmarks/results/quick.json"
ROOT = Path(__file__).parent.parent
MOVED = 1 / 6
Multiples = dict[str, float]


def main() -> int:
    """Measure, print the table, and return 1 if a stage got slower."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--write", action="store_true", help=f"keep the result as {RESULTS}")
    options = parser.parse_args()
    now = measured(options.rows, options.runs)
    before = committed()
    slower = _print(now, before)
    if options.write:
        (ROOT / RESULTS).write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
    return 1 if slower and not options.write else 0


def measured(rows: int, runs: int) -> dict[str, Any]:
    """Return the least of some runs: each stage's, the rest's and the whole's multiple of the floor."""
    found: Multiples = {}
    least = float("inf")
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as name:
            run = run_once(Path(name), rows)
            folder = next(Path(name).glob("*/versions/*/MANIFEST.json")).parent
            manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
            seconds = stages_of(manifest)
            seconds |= {"the rest": run["cpu"] - sum(seconds.values()), "the whole": run["cpu"]}
            least = min(least, sum(dict(floor_of(Path(name), folder, manifest)).values()))
        found = {name: min(value, found.get(name, value)) for name, value in seconds.items()}
    multiples = {name: round(value / least, 3) for name, value in found.items()}
    return {"rows": rows, "floor_seconds": round(least, 2), "multiples": multiples}


def committed() -> dict[str, Any]:
    """Return what the last commit kept; empty where there is none."""
    command = ["git", "-C", str(ROOT), "show", f"HEAD:{RESULTS}"]
    done = subprocess.run(command, capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def _print(now: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """Print a line for each stage, and return those that got slower."""
    if before and before["rows"] != now["rows"]:
        print(f"the committed file has {before['rows']:,} rows, not {now['rows']:,}: nothing to compare")
        before = {}
    then, slower = before.get("multiples", {}), []
    print(f"{now['rows']:,} rows; the floor takes {now['floor_seconds']} CPU-s here\n")
    print(f"  {'':16}{'x floor':>9}{'before':>9}{'ratio':>8}")
    for name, value in sorted(now["multiples"].items(), key=lambda each: -each[1]):
        if name not in then:
            print(f"  {name:16}{value:9.2f}{'-':>9}{'-':>8}")
            continue
        ratio = value / then[name] if then[name] else float("inf")
        matters = abs(value - then[name]) > 0.01 * now["multiples"]["the whole"]
        word = ""
        if matters and abs(ratio - 1) > MOVED:
            word = "  slower" if ratio > 1 else "  faster"
            slower += [name] if ratio > 1 else []
        print(f"  {name:16}{value:9.2f}{then[name]:9.2f}{ratio:8.2f}{word}")
    print(f"\nmoved: {', '.join(slower)} got slower" if slower else "\nno stage got slower")
    return slower


if __name__ == "__main__":
    sys.exit(main())
