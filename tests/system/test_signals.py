"""The end of processes that were started in a terminal."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import textwrap
import time
from pathlib import Path

import pytest
from place import hear_ctrl_c, until

SCRIPT = textwrap.dedent("""
    import pathlib, sys, time
    from synthprof.orchestration.local.processes import Interrupted, interrupted_by_signals
    log = pathlib.Path(sys.argv[1])
    try:
        with interrupted_by_signals():
            log.write_text("begun")
            time.sleep(20)
            log.write_text("never asked")
    except Interrupted as asked:
        time.sleep(0.5)  # what ends others takes its time
        log.write_text(f"ended by {asked}")
""")


@pytest.fixture
def script(tmp_path: Path) -> tuple[list[str], Path]:
    """A command that writes down how it ended, and where it does."""
    path, log = tmp_path / "script.py", tmp_path / "log"
    path.write_text(SCRIPT)
    log.touch()
    return [sys.executable, str(path), str(log)], log


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_does_not_cut_short_what_the_first_began(
    script: tuple[list[str], Path], asked: signal.Signals
) -> None:
    command, log = script
    with subprocess.Popen(command, preexec_fn=hear_ctrl_c) as process:
        until(lambda: log.read_text() == "begun", 10, "the beginning")
        for _ in range(3):
            process.send_signal(asked)
            time.sleep(0.1)
    assert log.read_text() == f"ended by {asked.name}"


def test_what_nohup_starts_outlives_its_terminal(script: tuple[list[str], Path]) -> None:
    command, log = script
    with subprocess.Popen(
        command, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    ) as process:
        until(lambda: log.read_text() == "begun", 10, "the beginning")
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        assert process.poll() is None
        process.terminate()
    assert log.read_text() == "ended by SIGTERM"


def test_what_make_starts_ends_with_its_terminal(script: tuple[list[str], Path], tmp_path: Path) -> None:
    """The kernel tells `make` alone, which then waits."""
    command, log = script
    (tmp_path / "Makefile").write_text(f"all:\n\t@{' '.join(command)}\n")
    terminal, its_end = pty.openpty()
    with subprocess.Popen(
        ["make", "-C", str(tmp_path)],
        **dict.fromkeys(("stdin", "stdout", "stderr"), its_end),
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ):
        os.close(its_end)
        try:
            until(lambda: log.read_text() == "begun", 10, "the beginning")
        finally:
            os.close(terminal)
        until(lambda: log.read_text() == "ended by SIGHUP", 10, "the end")
