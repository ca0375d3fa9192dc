"""The output of each command on a terminal and in a pipe: JSON on standard output.

python consoles.py FOLDER CASES: makes a data root in the folder, then runs each case in a child of its own,
forked when everything slow is loaded. A case is [name, words, how, columns, variables]; how: "tty", "pipe"
(both streams apart) or "closed" (a pipe whose reader has gone). Printed are [status, output, errors] of each.
"""

import contextlib
import fcntl
import io
import json
import os
import shutil
import signal
import sqlite3
import struct
import sys
import termios
from pathlib import Path
from typing import Any

from warmed import warm

from synthprof.cli import main

ROWS = 2_000
TEXT = "A long line about {} and bread, so long that no card has room for all of it, number {}"


def make(folder: Path) -> None:
    """A data root: `gamers`, the collection `notes`, and `broken`, with a file and a manifest damaged."""
    os.environ["SYNTHPROF_HOME"] = str(folder / "home")
    with contextlib.closing(sqlite3.connect(folder / "notes.db")) as database, database:
        database.execute("CREATE TABLE notes (key TEXT, body TEXT)")
        rows = ((f"note-{i}", TEXT.format(("rain", "music")[i % 2], i)) for i in range(60))
        database.executemany("INSERT INTO notes VALUES (?, ?)", rows)
    embed = [
        "embed",
        f"--source={folder / 'notes.db'}",
        "--id-column=key",
        "--text-column=body",
        "--clusters=1",
    ]
    for words in (["run", f"--profiles={ROWS}", "--clusters=8"], [*embed, "--dataset=notes"]):
        status, _, errors = run(words, "pipe", 0, {})
        assert status == 0, errors
    shutil.copytree(folder / "home" / "gamers", folder / "home" / "broken", symlinks=True)
    damaged = folder / "home" / "broken" / "CURRENT" / "report.html"
    damaged.unlink()
    damaged.write_bytes(b"not a report")


def run(words: list[str], how: str, columns: int, variables: dict[str, str]) -> tuple[int, str, str]:
    """Run the command line in a child; return its status, and what it wrote to its two streams."""
    if how == "tty":
        shown, ours = os.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        said, theirs = os.pipe()
    else:
        (shown, ours), (said, theirs) = os.pipe(), os.pipe()
    if how == "closed":
        os.close(shown)
    child = os.fork()
    if not child:
        os.dup2(ours, 1)
        os.dup2(ours if how == "tty" else theirs, 2)
        os.environ.pop("COLUMNS", None)
        os.environ |= ({"COLUMNS": str(columns)} if columns and how != "tty" else {}) | variables
        _begin(words)
    os.close(ours)
    os.close(theirs)
    out, err = ("" if how == "closed" else _all(shown)), _all(said)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), out, err


def _begin(words: list[str]) -> None:
    status = 99
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for name, number in (("stdout", 1), ("stderr", 2)):
            stream = io.TextIOWrapper(io.FileIO(number, "w", closefd=False), _encoding(), write_through=True)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
        sys.argv = ["synthprof", *words]
        main.main()
    except SystemExit as end:
        status = int(end.code or 0)
        sys.stdout.flush()
    finally:
        os._exit(status)


def _encoding() -> str:
    return os.environ.get("PYTHONIOENCODING", "utf-8")


def _all(stream: int) -> str:
    found = b""
    with contextlib.suppress(OSError):  # a terminal whose other end is closed
        while part := os.read(stream, 1 << 16):
            found += part
    os.close(stream)
    return found.decode()


def answers(folder: Path, cases: list[list[Any]]) -> dict[str, list[Any]]:
    """The result of each case, by its name."""
    warm()
    make(folder)
    found = {}
    for name, words, how, columns, variables in cases:
        words = [word.replace("{folder}", str(folder)) for word in words]
        found[name] = list(run(words, how, columns, variables))
    return found


if __name__ == "__main__":
    print(json.dumps(answers(Path(sys.argv[1]), json.loads(sys.argv[2]))))
