"""The CPU time of a run by function: samples of every process, by the innermost function of Python.

    python benchmarks/profile_run.py --rows 500000 > benchmarks/results/profile.txt

py-spy looks a hundred times a second at what is at work; a thread that waits does not count. Of each function
its share of all samples, native code that it calls included, and the stage it was in.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

STAGE_FILES = "(synthprof/stages/"
NO_STAGE = "threads"
"""The work of threads for k-means and searches: nothing on their stack says for which stage."""

WAITING = ("threading.py", "thread.py", "selectors.py", "connection.py")
"""Files whose functions only wait, which py-spy cannot always see."""

LINES = 40


def main() -> None:
    """Run, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=500_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as name:
        raw = Path(name, "raw.txt")
        command = [
            "py-spy",
            "record",
            "--subprocesses",
            "--function",
            "--format",
            "raw",
            "--output",
            str(raw),
        ]
        run = [sys.executable, "-m", "synthprof", "run", "--profiles", str(rows)]
        subprocess.run(
            [Path(sys.executable).with_name(command[0]), *command[1:], "--", *run],
            env=os.environ | {"SYNTHPROF_HOME": name},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        samples = [_sample(line) for line in raw.read_text(encoding="utf-8").splitlines()]
    _print(rows, [sample for sample in samples if not sample[1].endswith(WAITING)])


def _sample(line: str) -> tuple[str, str, int]:
    """Return the stage, the innermost frame and the number of samples of one stack."""
    stack, count = line.rsplit(" ", 1)
    frames = stack.split(";")
    stages = [frame.split(STAGE_FILES)[1].split(".py")[0] for frame in frames if STAGE_FILES in frame]
    return stages[0] if stages else NO_STAGE, _short(frames[-1]), int(count)


def _short(frame: str) -> str:
    """Return the frame without the folders of its file."""
    name, _, place = frame.partition(" (")
    if name.startswith("process "):  # the command of one that was seen without a frame
        return "no frame"
    return f"{name[:60]} in {Path(place.rstrip(')')).name.split(':')[0]}"


def _print(rows: int, samples: list[tuple[str, str, int]]) -> None:
    every = sum(count for _, _, count in samples)
    stages: Counter[str] = Counter()
    frames: Counter[tuple[str, str]] = Counter()
    for stage, frame, count in samples:
        stages[stage] += count
        frames[stage, frame] += count
    print(f"{rows:,} rows, {every:,} samples\n")
    for stage, count in stages.most_common():
        print(f"{count / every:7.1%}  {stage}")
    print()
    for (stage, frame), count in frames.most_common(LINES):
        print(f"{count / every:7.1%}  {stage:14} {frame}")


if __name__ == "__main__":
    main()
