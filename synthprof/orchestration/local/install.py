"""pip, told in few lines: how far it is, and on a failure what it said last.

`make` runs this file by its path, before anything is installed: it needs nothing but Python.
"""

import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

EVERY = 30
"""Packages between two lines."""

LAST = 15
"""Lines of pip's that are shown if it fails."""


def install(arguments: Sequence[str], log: Path) -> int:
    """Run `pip install` with the arguments; return its exit status. All that it says is kept in the log."""
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar=off"]
    last: deque[str] = deque(maxlen=LAST)
    fetched = 0
    with (
        log.open("w", encoding="utf-8") as kept,
        subprocess.Popen(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as pip,
    ):
        for line in pip.stdout or ():
            kept.write(line)
            last.append(line)
            fetched += line.startswith("Collecting ")
            if line.startswith("Collecting ") and fetched % EVERY == 0:
                _say(f"      {fetched} packages are fetched")
            if line.startswith("Installing collected ") and fetched > 1:
                _say(f"      all {fetched} packages are fetched; now they are unpacked")
    if pip.returncode:
        _say("".join(last).rstrip())
        _say(f"error: pip ended with status {pip.returncode}, as above")
        _say(f"hint: {log} has all that it said; mend that, then run the same command again")
    return pip.returncode


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(install(sys.argv[1:], Path(sys.prefix) / "install.log"))
    except KeyboardInterrupt:
        _say("Interrupted; the same command begins anew.")
        sys.exit(130)
