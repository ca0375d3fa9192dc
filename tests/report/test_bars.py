"""Progress as a terminal shows it."""

import io
import re

import pytest

from synthprof.report.bars import bars
from synthprof.report.terminal import Terminal


class _Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("width", [40, 60, 70, 80, 200])
def test_a_bar_fits_and_follows_what_is_counted(width, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    screen = _Screen()
    with bars(Terminal(screen)) as observe:
        observe("persist_blobs", 0, 0)
        observe("persist_blobs", 7, 20, 0, "passes")
        observe("persist_blobs", 1_000_000, 10_000_000)
        observe("persist_blobs", 10_000_000, 10_000_000)
    text = re.sub(r"\x1b\[[\d;]*m|\x1b\[\?25.", "", screen.getvalue())
    frames = re.split(r"\r?\n|\r|\x1b\[2K|\x1b\[1A", text)
    assert all(len(frame) <= width for frame in frames) and "…" not in text
    last = next(frame for frame in reversed(frames) if "persist_blobs" in frame)
    assert ("10,000,000 of 10,000,000" in last) == (width >= 68) and ("100 %" in last) == (width < 68)


def test_nothing_is_drawn_for_a_command_that_does_nothing(monkeypatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = _Screen()
    with bars(Terminal(screen)):
        pass
    assert screen.getvalue() == ""
