"""Memory of a match beside its plan: of drawn avatars, and of an index of random features.

    python benchmarks/bench_match_memory.py --home HOME --real DATASET --simulated PICTURES:FEATURES

Each measurement is a process of its own. The peak is the largest resident set of the whole process tree, with
pages of libraries that other processes share. A data set is matched by `synthprof match`, as anybody does.
Simulated are the files that looking leaves, and then the real search of the last step. The number of lists
changes the time to fill them, and hardly their bytes, so that 1,000 stand for all.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil

from synthprof.delivery.matching.plan import plan_match
from synthprof.system.machine import default_workers

MIB = 1 << 20
LISTS = 1_000


class Kept:
    """The folder of a match in the making, without its checkpoints."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def append(self, name: str, data: bytes) -> None:
        """Add to a file."""
        with (self.folder / name).open("ab") as file:
            file.write(data)

    def step(self, *, checkpoint: bool) -> None:
        """Keep nothing."""


def simulate(pictures: int, features: int) -> None:
    """Search among random features as the job does, and print the peak of memory in bytes."""
    from synthprof.delivery.matching import steps
    from synthprof.delivery.matching.looks import FACTS, FACTS_FILE, FEATURES_FILE, VIEWS_FILE
    from synthprof.similarity.pictures.local import FEATURE
    from synthprof.sources.pictures import source  # noqa: F401  what a match has loaded
    from synthprof.system.memory import peak_memory

    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as place:
        kept = Kept(Path(place))
        facts = np.zeros(pictures, FACTS)
        facts["features"], facts["seen"] = features, 1
        kept.append(FACTS_FILE, facts.tobytes())
        kept.append(VIEWS_FILE, b"")
        for first in range(0, pictures, 256):
            size = (min(256, pictures - first) * features, FEATURE.itemsize)
            kept.append(FEATURES_FILE, random.integers(0, 256, size).astype(np.uint8).tobytes())
        plan = plan_match(pictures, 1 << 40, default_workers(), features)
        if plan.lists:
            plan = replace(plan, lists=min(plan.lists, LISTS))
        work = SimpleNamespace(
            making=kept, pictures=pictures, plan=plan, threads=default_workers(),
            observe=lambda *_: None, place=SimpleNamespace(order=SimpleNamespace(seed=1)),
        )  # fmt: skip
        steps._search(work, -(-pictures // steps.STEP_PICTURES) - 1)  # type: ignore[arg-type]
    print(peak_memory())


def watched(words: list[str], **environment: str) -> tuple[int, str]:
    """Run a command; return the largest sum of the resident sets of its processes, and what it printed."""
    with tempfile.TemporaryFile("w+") as out:
        process = psutil.Popen(words, stdout=out, env=os.environ | environment)
        peak = 0
        while process.poll() is None:
            try:
                tree = (process, *process.children(recursive=True))
                peak = max(peak, sum(each.memory_info().rss for each in tree))
            except psutil.NoSuchProcess:
                continue
            time.sleep(0.1)
        if process.returncode:
            raise SystemExit(process.returncode)
        out.seek(0)
        return peak, out.read()


def told(what: str, pictures: int, features: int, peak: int) -> None:
    """Print a line."""
    plan = plan_match(pictures, 1 << 40, default_workers(), features)
    print(
        f"{what:10} {pictures:8,} pictures of {features:3} features: peak {peak / MIB:6,.0f} MiB, "
        f"plan {plan.bytes / MIB:6,.0f} MiB, {plan.bytes / peak:.2f} of the peak",
        flush=True,
    )


def main() -> None:
    """Print a line for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", default="")
    parser.add_argument("--real", nargs="*", default=[])
    parser.add_argument("--features", type=int, nargs="*", default=[0])
    parser.add_argument(
        "--simulated", nargs="*", default=["2000:300", "20000:200", "60000:150", "116000:100"]
    )
    parser.add_argument("--one", default="")
    options = parser.parse_args()
    if options.one:
        simulate(*map(int, options.one.split(":")))
        return
    for each in options.simulated:
        _, said = watched([sys.executable, __file__, "--one", each])
        told("simulated", *map(int, each.split(":")), int(said))
    for dataset in options.real:
        for features in options.features:
            words = ["-m", "synthprof", "match", "--dataset", dataset, "--json", "--features", str(features)]
            peak, said = watched([sys.executable, *words], SYNTHPROF_HOME=options.home)
            made = json.loads(said)
            told(dataset, made["rows"], made["options"]["features"], peak)


if __name__ == "__main__":
    main()
