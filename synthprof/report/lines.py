"""Lines of text as a terminal, a pipe or a file takes them: their width, their marks, where they break.

It loads nothing slow, so that a refusal can be told when nothing else works.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TextIO
from unicodedata import combining, east_asian_width

from synthprof.base.text import plain

USUAL_COLUMNS = 80
LEAST_COLUMNS = 20
HELP_COLUMNS = 100
"""Width of a page of help at most: longer lines are hard to read."""


@dataclass(frozen=True)
class Marks:
    """The signs that we draw ourselves; data is shown as it is."""

    good: str = "✓"
    bad: str = "✗"
    rule: str = "─"
    cut: str = "…"
    none: str = "–"
    dot: str = "·"


ASCII = Marks(good="ok", bad="x", rule="-", cut="...", none="-", dot="|")


def width_of(stream: TextIO) -> int | None:
    """Return the columns that a line may take: COLUMNS if that is set, else those of the terminal.

    A pipe or a file bounds nothing: None.
    """
    with suppress(ValueError):
        if (given := int(os.environ.get("COLUMNS", ""))) > 0:
            return max(given, LEAST_COLUMNS)
    if not _is_terminal(stream):
        return None
    with suppress(OSError, ValueError):
        return max(os.get_terminal_size(stream.fileno()).columns or USUAL_COLUMNS, LEAST_COLUMNS)
    return USUAL_COLUMNS


def takes_movement(stream: TextIO) -> bool:
    """Return whether the stream is a terminal on which bars can be drawn over and over."""
    return _is_terminal(stream) and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def takes_colour(stream: TextIO) -> bool:
    """Return whether the stream is a terminal that shows colours, whose user wants them (no-color.org)."""
    return takes_movement(stream) and not os.environ.get("NO_COLOR")


def marks_of(stream: TextIO) -> Marks:
    """Return the marks that the stream shows: only ASCII where its encoding or the locale has no others.

    Python writes UTF-8 in the locale C, too; the terminal of its user need not take it.
    """
    chosen = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "")
    utf8 = (getattr(stream, "encoding", None) or "utf-8").lower().replace("-", "").startswith("utf8")
    return Marks() if utf8 and chosen not in ("C", "POSIX") else ASCII


def cells(text: str) -> int:
    """Return the columns that a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text)


def padded(text: str, width: int, *, right: bool = False) -> str:
    """Return the text with blanks up to the width."""
    blanks = " " * max(0, width - cells(text))
    return blanks + text if right else text + blanks


def shortened(text: str, width: int, marks: Marks) -> str:
    """Return the text on one line, cut to the width with a mark at its end if it is longer."""
    text = " ".join(text.split())
    if cells(text) <= width:
        return text
    room, kept = width - cells(marks.cut), ""
    for each in text:
        if cells(kept + each) > room:
            break
        kept += each
    return kept.rstrip() + marks.cut


def wrapped(text: str, width: int | None, indent: str = "") -> list[str]:
    """Return the text as lines of at most the width, broken between words; all but the first are indented.

    A word that is longer, as a path or a digest, stays whole, so that it can be copied; only text of wide
    letters, which are written without blanks, is broken within.
    """
    text = text.expandtabs(1)
    if width is None:
        return text.splitlines() or [""]
    return [line for part in text.splitlines() or [""] for line in _filled(part, width, indent)]


def command_lines(command: str, width: int | None, indent: str = "") -> list[str]:
    """Return a command of the shell as lines that can be copied: a backslash ends all but the last."""
    lines = wrapped(indent + command, None if width is None else width - 2, indent + "  ")
    return [*(f"{line} \\" for line in lines[:-1]), lines[-1]]


def _filled(text: str, width: int, indent: str) -> Iterator[str]:
    words = text.lstrip(" ")
    line, empty = text[: len(text) - len(words)], True
    for word in (piece for each in words.split(" ") for piece in _pieces(each, width - len(indent))):
        if not empty and cells(line) + 1 + cells(word) > width:
            yield line.rstrip()
            line, empty = indent, True
        if word or not empty:  # blanks between words are kept, as those of a table are
            line, empty = (line + word if empty else f"{line} {word}"), False
    yield line.rstrip()


def _pieces(word: str, width: int) -> Sequence[str]:
    if cells(word) <= width or not any(east_asian_width(each) in "WF" for each in word):
        return (word,)
    half = max(1, width // 2)
    return [word[start : start + half] for start in range(0, len(word), half)]


def told(label: str, text: str, stream: TextIO, colour: str = "") -> str:
    """Return `label: text` wrapped for the stream; colour: an ANSI number for the label, as "31" for red."""
    lines = wrapped(f"{label}: {plain(text)}", width_of(stream), "  ")
    if colour and takes_colour(stream):
        lines[0] = f"\x1b[{colour}m{label}:\x1b[0m{lines[0][len(label) + 1 :]}"
    return "\n".join(lines)


def _is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False
