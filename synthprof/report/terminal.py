"""Output for people on a terminal: lines, tables, facts, in one style and within its width."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.text import Text

from synthprof.base.text import plain
from synthprof.report.lines import (
    ASCII,
    cells,
    marks_of,
    padded,
    shortened,
    takes_colour,
    takes_movement,
    width_of,
    wrapped,
)

GAP = "  "
LEAST_CELL = 8
"""Columns of a cell that may be shortened, at least."""

NARROW_CELL, MANY_LINES = 40, 4
"""A value of more lines than that, each narrower than that, stands below its name."""

UNBOUNDED = 10_000
"""Columns of a line that no terminal bounds."""

PLAIN = str.maketrans({"–": "-", "−": "-", "·": "|", "…": "..."})
"""Signs that texts of ours hold, as ASCII."""

Span = str | tuple[str, str]
"""A piece of a line, or a piece and its style."""


@dataclass(frozen=True)
class Column:
    """A column of a table. Its cells stay whole, unless it may be shortened.

    drop: where lines are too narrow, the columns with the highest number are left out first; 0 always stays.
    least: others are left out before it is shortened below this width.
    """

    title: str
    right: bool = False
    drop: int = 0
    shorten: bool = False
    least: int = LEAST_CELL


class Terminal(Console):
    """Standard output, or another stream, for people. record: keep what is printed, for a copy in HTML."""

    def __init__(self, stream: TextIO | None = None, *, record: bool = False) -> None:
        stream = stream or sys.stdout
        self.columns = width_of(stream)
        self.marks = marks_of(stream)
        self.moves = takes_movement(stream)
        super().__init__(
            file=stream,
            record=record,
            width=self.columns or UNBOUNDED,
            force_terminal=self.moves,
            color_system="auto" if takes_colour(stream) else None,
            highlight=False,
            markup=False,
            emoji=False,
        )

    @property
    def encoding(self) -> str:
        """The encoding, by which Rich chooses the signs of its bars."""
        return "ascii" if self.marks is ASCII else "utf-8"

    def say(self, text: str = "", style: str = "", *, label: Span = "", indent: str = "") -> None:
        """Print a text in lines broken between words. label: what stands before it, as a mark."""
        name, colour = (label, "") if isinstance(label, str) else label
        lead = f"{name} " if name else ""
        lines = wrapped(lead + plain(text), self.columns, indent or " " * len(lead))
        first = Text.assemble((lines[0][: len(lead)], colour), (lines[0][len(lead) :], style))
        for line in (first, *(Text(each, style) for each in lines[1:])):
            self.put(line)

    def put(self, line: Text) -> None:
        """Print one line as it is."""
        if self.marks is ASCII:
            line.plain = line.plain.translate(PLAIN)
        if self.color_system is None:
            line = Text(line.plain)
        self.print(line, soft_wrap=True)

    def put_all(self, lines: Iterable[str]) -> None:
        """Print lines as they are."""
        for line in lines:
            self.put(Text(line))

    def table(self, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
        """Print a table; columns that do not fit are left out, and named below it."""
        rows = [[plain(cell) for cell in row] for row in rows]
        shown = _fitting(columns, rows, self.columns)
        widths = _widths(columns, rows, shown, self.columns)
        self.put(self._row(columns, [each.title for each in columns], shown, widths, "bold"))
        self.put(Text(self.marks.rule * (sum(widths) + len(GAP) * (len(shown) - 1)), "dim"))
        for row in rows:
            self.put(self._row(columns, row, shown, widths, ""))
        if left_out := [each.title for place, each in enumerate(columns) if place not in shown]:
            self.say(f"no room for: {', '.join(left_out)}", "dim")

    def _row(
        self,
        columns: Sequence[Column],
        row: Sequence[str],
        shown: Sequence[int],
        widths: Sequence[int],
        style: str,
    ) -> Text:
        found = (
            padded(shortened(row[place], width, self.marks), width, right=columns[place].right)
            for place, width in zip(shown, widths, strict=True)
        )
        return Text(GAP.join(found).rstrip(), style)

    def card(self, number: str, head: str, end: str, lines: Sequence[str]) -> None:
        """Print a head with its number before it and what must stay whole at its end, then lines below it."""
        room = UNBOUNDED if self.columns is None else self.columns
        left = room - len(number) - len(end) - 2 * len(GAP)
        head = shortened(plain(head), left, self.marks)
        if self.columns is not None:
            head = padded(head, left)
        self.put(Text.assemble((number, "cyan"), GAP, (head, "bold"), GAP, end))
        for line in lines:
            indent = " " * (len(number) + len(GAP))
            self.put(Text(indent + shortened(plain(line), room - len(indent), self.marks)))

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Print names and values beside each other; a value too wide for that stands below its name."""
        known = [(plain(name), plain(value)) for name, value in rows]
        width = max((cells(name) for name, _ in known), default=0)
        room = None if self.columns is None else self.columns - width - len(GAP)
        for name, value in known:
            if room is not None and _is_cramped(value, room):
                self.put(Text(name, "cyan"))
                self.put_all(wrapped(GAP + value, self.columns, GAP))
                continue
            first, *others = wrapped(value, room)
            self.put(
                Text.assemble((padded(name, width) + GAP, "cyan"), first) if first else Text(name, "cyan")
            )
            self.put_all(" " * (width + len(GAP)) + line for line in others)


def _is_cramped(value: str, room: int) -> bool:
    """Return whether a value would be broken within a word, or into many short lines."""
    return any(cells(word) > room for word in value.split()) or (
        room < NARROW_CELL and len(wrapped(value, room)) > MANY_LINES
    )


def _natural(columns: Sequence[Column], rows: Sequence[Sequence[str]], place: int) -> int:
    return max(cells(columns[place].title), *(cells(row[place]) for row in rows), 0)


def _fitting(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[int]:
    """Return the places of the columns that fit, at their least widths."""
    shown = list(range(len(columns)))

    def least(place: int) -> int:
        natural = _natural(columns, rows, place)
        return min(natural, columns[place].least) if columns[place].shorten else natural

    while width is not None and sum(map(least, shown)) + len(GAP) * (len(shown) - 1) > width:
        droppable = [place for place in shown if columns[place].drop]
        if not droppable:
            break
        shown.remove(max(droppable, key=lambda place: columns[place].drop))
    return shown


def _widths(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], shown: Sequence[int], width: int | None
) -> list[int]:
    widths = [_natural(columns, rows, place) for place in shown]
    over = 0 if width is None else sum(widths) + len(GAP) * (len(shown) - 1) - width
    for number, place in enumerate(shown):
        if columns[place].shorten and over > 0:
            taken = min(over, widths[number] - min(widths[number], LEAST_CELL))
            widths[number] -= taken
            over -= taken
    return widths
