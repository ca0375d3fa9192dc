"""The end of a command: what it tells of a failure, to people or to programs, and its exit status."""

import json
import sys
from collections.abc import Callable
from typing import Any

from synthprof.base.errors import SynthprofError, first_line
from synthprof.base.text import plain
from synthprof.report.lines import told

INTERRUPTED = 130
"""The shell's exit status for Ctrl-C."""

CRASHED = 1


def ended(act: Callable[[], int | None], *, as_json: bool, again: str = "") -> int:
    """Do the work of a command and return its exit status; a failure is told once, without a traceback.

    as_json: tell it as a JSON document on standard output. again: what to say after Ctrl-C, beside that.
    """
    try:
        return act() or 0
    except SynthprofError as error:
        _tell(error.kind, error.fact, error.remedy, error.exit_code, as_json=as_json)
        return error.exit_code
    except KeyboardInterrupt:
        if as_json:
            _tell("interrupted", "interrupted by Ctrl-C", again, INTERRUPTED, as_json=True)
        else:
            _say(f"Interrupted{f'; {again}' if again else ''}.")
        return INTERRUPTED
    except Exception as error:
        _tell("crashed", f"an unexpected failure: {_words(error)}", _kept(error), CRASHED, as_json=as_json)
        return CRASHED


def print_json(document: Any) -> None:  # noqa: ANN401
    """Write a JSON document on standard output, in UTF-8 whatever a terminal takes."""
    text = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    sys.stdout.flush()
    raw = getattr(sys.stdout, "buffer", None)
    if raw is None:
        sys.stdout.write(text)
    else:
        raw.write(text.encode("utf-8", "replace"))
    sys.stdout.flush()


def tell_hint(text: str) -> None:
    """Tell a person on standard error what to do."""
    _say(told("hint", text, sys.stderr, "36"))


def _tell(kind: str, fact: str, remedy: str, status: int, *, as_json: bool) -> None:
    if as_json:
        error = {"kind": kind, "message": plain(fact), "hint": plain(remedy) or None, "exit_status": status}
        print_json({"error": error})
        return
    _say(told("error", fact, sys.stderr, "31"))
    if remedy:
        tell_hint(remedy)


def _words(error: Exception) -> str:
    return first_line(error).strip() or type(error).__name__


def _kept(error: Exception) -> str:
    """Write the traceback to a file of its own; return a sentence that names it."""
    import tempfile  # slow, and seldom needed
    import traceback

    lines = "".join(traceback.format_exception(error))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="synthprof-", suffix=".log", delete=False, encoding="utf-8", errors="replace"
        ) as file:
            file.write(lines)
    except OSError:
        return "the traceback could not be kept, as there is no room for it; make room, then run it again"
    return f"report it with its traceback, which is in {file.name}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
