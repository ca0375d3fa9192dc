"""The end of commands: the status, and what they tell."""

import json
import re
import sys
from pathlib import Path

import pytest

from synthprof.base.errors import Busy, SpecError, StageError
from synthprof.report.ending import ended
from synthprof.report.lines import ASCII, Marks, shortened, wrapped


def _failing(error: BaseException) -> int:
    raise error


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (SpecError("no; do"), 2, "refused"),
        (StageError("no; do"), 1, "failed"),
        (Busy("no; do"), 75, "busy"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (KeyError("x"), 1, "crashed"),
    ],
)
def test_a_failure_has_its_status_for_people_and_for_programs(capsys, error, status, kind) -> None:
    assert ended(lambda: _failing(error), as_json=False) == status
    told = capsys.readouterr()
    assert told.out == "" and type(error).__name__ not in told.err and "Traceback" not in told.err
    assert ended(lambda: _failing(error), as_json=True) == status
    told = capsys.readouterr()
    assert told.err == ""
    document = json.loads(told.out)["error"]
    assert (document["kind"], document["exit_status"]) == (kind, status)


def test_ctrl_c_is_told_in_one_line_with_what_goes_on(capsys) -> None:
    ended(lambda: _failing(KeyboardInterrupt()), as_json=False, again="the same command goes on")
    assert capsys.readouterr().err == "Interrupted; the same command goes on.\n"


def test_what_nobody_expected_is_one_line_and_a_file_with_the_traceback(capsys) -> None:
    assert ended(lambda: _failing(ZeroDivisionError("no\nway")), as_json=False) == 1
    error, hint = capsys.readouterr().err.splitlines()
    assert error == "error: an unexpected failure: no"
    path = Path(re.search(r"which is in (\S+)$", hint)[1])
    assert "ZeroDivisionError: no\nway" in path.read_text(encoding="utf-8")
    path.unlink()


def test_a_full_disk_hides_no_failure(capsys, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    assert ended(lambda: _failing(ZeroDivisionError("no")), as_json=False) == 1
    assert "the traceback could not be kept" in capsys.readouterr().err
    assert sys.exc_info() == (None, None, None)


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("a bb ccc", 4, ["a bb", "ccc"]),
        ("see /a/long/path now", 6, ["see", "/a/long/path", "now"]),
        ("  /a/long/path", 6, ["  /a/long/path"]),
        ("漢字漢字漢字", 4, ["漢字", "漢字", "漢字"]),
        ("a\nb", None, ["a", "b"]),
        ("", 10, [""]),
    ],
)
def test_lines_break_between_words_and_never_within_a_path(text, width, lines) -> None:
    assert wrapped(text, width) == lines


@pytest.mark.parametrize(
    ("text", "width", "marks", "cut"),
    [
        ("abcdef", 6, Marks(), "abcdef"),
        ("abcdefg", 6, Marks(), "abcde…"),
        ("abcdefg", 6, ASCII, "abc..."),
        ("漢字漢字", 6, Marks(), "漢字…"),
        ("a\n b", 6, Marks(), "a b"),
    ],
)
def test_a_text_that_is_cut_says_so(text, width, marks, cut) -> None:
    assert shortened(text, width, marks) == cut
