"""The account of a data set on a terminal."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.text import Text

from synthprof.report.coherence import Coherence, cell_texts, in_one_line, in_words, percent, ranked
from synthprof.report.difficulty import REAL_TEXTS, figure_value, figures_of, without_figures
from synthprof.report.drift import in_words as drift_in_words
from synthprof.report.drift import rows_of
from synthprof.report.duplicates import error_cells
from synthprof.report.duplicates import in_one_line as duplicates_line
from synthprof.report.lines import command_lines
from synthprof.report.model import Report
from synthprof.report.terminal import Column, Terminal
from synthprof.report.words import (
    card_of,
    count,
    duration,
    score_name,
    score_value,
    stage_cells,
    table_in_words,
)
from synthprof.spec.drift_labels import Labels

STAGES = (
    Column("stage"),
    Column("rows", right=True),
    Column("time", right=True),
    Column("rows/s", right=True, drop=2),
    Column("peak memory", right=True, drop=1),
)

MOST = 5
"""Rules and margins that the end of a run names; the report has all."""

RULES = (
    Column("rule above its ceiling", shorten=True),
    Column("share", right=True),
    Column("ceiling", right=True, drop=1),
)

ERRORS = (
    Column("error"),
    Column("columns", shorten=True),
    Column("asked", right=True),
    Column("happened", right=True),
)

MARGINS = (
    Column("margin", shorten=True),
    Column("farthest from it", shorten=True),
    Column("asked", right=True),
    Column("drawn", right=True),
    Column("99 % interval", right=True, drop=1),
)


def print_summary(terminal: Terminal, report: Report, path: Path | str) -> None:
    """Print the stages, the scores, an example and the place of the result."""
    terminal.say()
    terminal.say(f"{report.dataset}: {count(report.rows)} {report.row_word}s", "bold")
    terminal.say()
    stages = [(row.stage, *stage_cells(row)) for row in report.stages]
    terminal.table(STAGES, [*stages, ("whole run", "", duration(report.seconds), "", "")])
    terminal.say()
    terminal.say("Quality", "bold")
    scores = without_figures(report.scores)
    terminal.facts((score_name(name), score_value(name, value)) for name, value in scores.items())
    terminal.say()
    if report.coherence:
        print_coherence(terminal, report.coherence, MOST)
    if report.duplicates:
        terminal.say("Second records", "bold")
        terminal.say(duplicates_line(report.duplicates))
        terminal.table(ERRORS, error_cells(report.duplicates))
        terminal.say()
    if report.drift:
        _print_drift(terminal, report.drift)
    if figures := figures_of(report.scores):
        terminal.say("How hard these vectors are for an index", "bold")
        real = (Column(each.name, right=True, drop=place) for place, each in enumerate(REAL_TEXTS, start=1))
        rows = [(each.title, *map(figure_value, (each.value, *each.real))) for each in figures]
        terminal.table((Column("figure", shorten=True, least=40), Column("here", right=True), *real), rows)
        terminal.say()
    if report.tables:
        terminal.say("Child tables", "bold")
        terminal.facts((table.name, table_in_words(table, report.row_word)) for table in report.tables)
        terminal.say()
    _print_card(terminal, report)
    terminal.say()
    terminal.facts([("result", str(path))])


def print_next(terminal: Terminal, report: Report, path: Path | str, look: str) -> None:
    """Print what may be done with a version now. look: the command that shows it in a browser."""
    query = "a few words" if report.spec.get("collection") else (*report.view.examples, "a few words")[0]
    named = "" if report.dataset == "gamers" else f" --dataset {report.dataset}"
    steps = (
        ("search it", f'{command()} search "{query}"{named}'),
        ("look at it in a browser", look),
        ("read its report", f"{path}/report.html"),
    )
    terminal.say()
    terminal.say("Next", "bold")
    for what, how in steps:
        terminal.put(Text(what, "cyan"))
        terminal.put_all(command_lines(how, terminal.columns, "  "))


def command() -> str:
    """Return the command `synthprof` as it can be typed here: its path where the shell would not find it."""
    import shutil

    there = Path(sys.executable).with_name("synthprof")
    if shutil.which("synthprof") or not there.is_file():
        return "synthprof"
    return str(there.relative_to(Path.cwd())) if there.is_relative_to(Path.cwd()) else str(there)


def as_document(report: Report, path: Path | str) -> dict[str, Any]:
    """Return what `print_summary` prints, without the example, as values of JSON."""
    return {
        "dataset": report.dataset,
        "version": report.version,
        "path": str(path),
        "rows": report.rows,
        "scores": dict(report.scores),
        "coherence": report.coherence.told() if report.coherence else None,
        **({"duplicates": report.duplicates.told()} if report.duplicates else {}),
        **({"drift": report.drift.as_document()} if report.drift else {}),
        "seconds": round(report.seconds, 3),
        **({"tables": {table.name: table.rows for table in report.tables}} if report.tables else {}),
        "stages": [
            {
                "stage": row.stage,
                "rows": row.rows,
                "seconds": round(row.seconds, 3),
                "peak_memory_mib": round(row.peak_memory_mib, 1),
                "bytes_written": row.bytes_written,
            }
            for row in report.stages
        ],
    }


def _print_drift(terminal: Terminal, labels: Labels) -> None:
    """Print what drifted, and the columns that moved farthest."""
    terminal.say("Drift since the first night", "bold")
    for line in drift_in_words(labels):
        terminal.say(line)
    if rows := rows_of(labels):
        numbers = (Column("PSI", right=True), Column("total variation", right=True, drop=1))
        terminal.table((Column("what", shorten=True), Column("why", shorten=True), *numbers), rows[:MOST])
    terminal.say()


def print_coherence(terminal: Terminal, coherence: Coherence, most: int | None = None) -> None:
    """Print how many rows are coherent, then the rules and margins that do not hold, `most` of each."""
    terminal.say(f"Coherence: {in_one_line(coherence)}" if coherence.rules else "Margins", "bold")
    if above := [rule for rule in coherence.rules if rule.above]:
        rows = [(rule.name, percent(rule.share), percent(rule.ceiling)) for rule in ranked(above)[:most]]
        terminal.table(RULES, rows)
    if outside := [margin for margin in coherence.margins if not margin.holds]:
        cells = [(margin.name, *cell_texts(margin.worst)) for margin in outside[:most]]
        terminal.table(MARGINS, cells)
    for line in in_words(coherence):
        terminal.say(line)
    terminal.say()


def _print_card(terminal: Terminal, report: Report) -> None:
    card = card_of(report)
    dot = f" {terminal.marks.dot} "
    terminal.say("An example", "bold")
    terminal.put(Text(""))
    terminal.say(dot.join([str(card["name"]), *card["line"]]))
    terminal.say(_cluster(card, report.row_word), "dim")
    terminal.say()
    if card["description"]:
        terminal.say(card["description"])
        terminal.say()
    terminal.facts([*((name, ", ".join(items)) for name, items in card["lists"]), *card["fields"]])


def _cluster(card: Mapping[str, Any], row_word: str) -> str:
    size = f" of {card['cluster_size']} {row_word}s" if card["cluster_size"] else ""
    return f"cluster {card['cluster']}{size}"
