"""The price of a start: a small run, a search and their parts, over the bare import of the libraries.

    python benchmarks/bench_start.py > benchmarks/results/start.txt

Each line is a process that is started anew, in turn with the others, so that a busy machine slows all of them
alike; the middle of some rounds. CPU seconds are those of the process and its children.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

BARE = "import numpy, pyarrow, faiss"
PREPARED = "from synthprof.system import startup; startup.spare_time(); startup.block_pandas()"
LOAD = "from synthprof.pipeline import STAGES; import synthprof.runner.run; [each.run for each in STAGES]"
STAGES = f"{PREPARED}; {LOAD}"
SCHEMA = "from synthprof.schemas.loader import load_bundle; bundle = load_bundle('gamer_br')"
PREPARE = "from synthprof.stages.generate import prepare; from synthprof.spec.spec import Spec"
TABLES = f"{PREPARE}; prepare(Spec(), bundle)"


def main() -> None:
    """Print a line for each process: wall and CPU seconds, and both over the bare imports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--profiles", type=int, default=1_000)
    options = parser.parse_args()
    run = ("-m", "synthprof", "run", "--profiles", str(options.profiles))
    commands = {
        "bare: numpy, pyarrow, faiss": ("-c", BARE),
        "synthprof --help": ("-m", "synthprof", "--help"),
        "all modules of the stages": ("-c", STAGES),
        "and the schema": ("-c", f"{STAGES}; {SCHEMA}"),
        "and the tables of its draws": ("-c", f"{STAGES}; {SCHEMA}; {TABLES}"),
        f"synthprof run --profiles {options.profiles}": run,
        "the same, nothing kept before": run,
        "synthprof search": ("-m", "synthprof", "search", "joga RPG de madrugada no PC"),
    }
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as home:
        _seconds(run, cache, home)
        rounds = [
            {
                name: _seconds(
                    command, "" if "nothing kept" in name else cache, home if "search" in name else ""
                )
                for name, command in commands.items()
            }
            for _ in range(options.repeat)
        ]
    bare = next(iter(commands))
    print(f"{'':34} {'wall s':>8} {'CPU s':>8} {'over bare: wall':>16} {'CPU':>6}")
    for name in commands:
        middle = [statistics.median(each[name][i] for each in rounds) for i in (0, 1)]
        over = [statistics.median(each[name][i] / each[bare][i] for each in rounds) for i in (0, 1)]
        print(f"{name:34} {middle[0]:8.2f} {middle[1]:8.2f} {over[0]:16.1f} {over[1]:6.1f}")


def _seconds(arguments: Sequence[str], cache: str, home: str = "") -> tuple[float, float]:
    """Return the wall and CPU seconds of a Python with these arguments, this cache and this data root.

    home: empty for a data root of its own.
    """
    with tempfile.TemporaryDirectory() as own:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        before, began = _children(), time.perf_counter()
        subprocess.run(
            [sys.executable, *arguments],
            env={**environment, "SYNTHPROF_HOME": home or own, "SYNTHPROF_CACHE": cache},
            cwd=Path(__file__).parent.parent,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - began, _children() - before


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
