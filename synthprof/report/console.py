"""The account of a data set on a terminal."""

from pathlib import Path
from typing import TYPE_CHECKING

from synthprof.base.text import plain
from synthprof.report.model import Report
from synthprof.report.words import card_of, count, duration, score_name, score_value, stage_cells

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def print_summary(console: "Console", report: Report, path: Path | str) -> None:
    """Print the stages, the scores, an example and the place of the result."""
    from rich import box
    from rich.columns import Columns
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    title = Text.assemble((plain(report.dataset), "bold"), f"  {count(report.rows)} {report.row_word}s")
    stages = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    stages.add_column("stage", style="cyan", no_wrap=True)
    for name in ("rows", "time", "rows/s", "peak memory"):
        stages.add_column(name, justify="right", no_wrap=True)
    for row in report.stages:
        stages.add_row(Text(plain(row.stage)), *stage_cells(row))
    stages.add_section()
    stages.add_row(Text("whole run", style="default"), "", duration(report.seconds))
    scores = Table(title="quality", title_justify="left", box=box.SIMPLE_HEAD, show_header=False)
    scores.add_column(style="cyan")
    scores.add_column(justify="right")
    for name, value in report.scores.items():
        scores.add_row(Text(score_name(name)), Text(score_value(name, value)))
    console.print()
    console.print(Columns([stages, scores], padding=(0, 3)))
    console.print(Panel(_card_text(report), title="an example", title_align="left", padding=(0, 1)))
    console.print(Text.assemble(("result  ", "cyan"), (plain(str(path)), "bold")), soft_wrap=True)


def _card_text(report: Report) -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    card = card_of(report)
    head = Text.assemble((card["name"], "bold"), "  " + " · ".join(card["line"]))
    size = f" of {card['cluster_size']} {report.row_word}s" if card["cluster_size"] else ""
    cluster = Text.assemble((f"cluster {card['cluster']}", "green"), (size, "dim"))
    fields = Table.grid(padding=(0, 2))
    fields.add_column(style="cyan", no_wrap=True)
    fields.add_column(overflow="fold")
    for name, items in card["lists"]:
        fields.add_row(Text(name), Text(", ".join(items)))
    for name, value in card["fields"]:
        fields.add_row(Text(plain(name)), Text(value))
    words = Text(card["description"] or "", style="italic")
    return Group(head, cluster, Text(), words, Text(), fields)
