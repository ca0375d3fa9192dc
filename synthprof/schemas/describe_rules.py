"""The description of the rules and margins of a schema in Markdown."""

from collections.abc import Iterable, Iterator, Sequence

from synthprof.schemas.rules import Margin
from synthprof.schemas.schema import Schema

MAX_CELLS = 40
"""Shares of a margin that are listed; the others are counted."""


def describe_rules(schema: Schema) -> list[str]:
    """Return the rules and margins of a schema, and rules of its child tables, as lines of Markdown."""
    rules = [("", rule) for rule in schema.rules]
    rules += [(f"`{table.name}`: ", rule) for table in schema.tables for rule in table.rules]
    lines: list[str] = []
    if rules:
        lines += [
            "## Rules",
            "",
            "Rows that meet a condition contradict themselves; `ceiling` is the share that may.",
            "",
        ]
        cells = (
            (f"{of}{rule.name}", rule.doc, f"`{rule.condition}`", f"{rule.ceiling:g}") for of, rule in rules
        )
        lines += [*_table(("rule", "meaning", "condition", "ceiling"), cells), ""]
    if schema.margins:
        lines += [
            "## Margins",
            "",
            "Shares that the rows must meet, within the interval of 99 % of samples.",
            "",
        ]
        lines += [*_table(("margin", "by", "shares", "source"), _margins(schema.margins)), ""]
    return lines


def _margins(margins: Iterable[Margin]) -> Iterator[Sequence[str]]:
    for margin in margins:
        by = " × ".join(f"`{axis.expression}`" for axis in margin.axes)
        of = "; ".join(filter(None, (margin.population, f"where `{margin.where}`" if margin.where else "")))
        yield margin.name, by, _shares(margin), f"{margin.source}{f' ({of})' if of else ''}"


def _shares(margin: Margin) -> str:
    firsts = [f"{cell.label}, " for cell in margin.axes[0].cells] if len(margin.axes) == 2 else [""]
    found = [
        f"{first}{cell.label} {100 * share:.4g} %"
        for first, row in zip(firsts, margin.shares, strict=True)
        for cell, share in zip(margin.axes[-1].cells, row, strict=True)
        if share is not None
    ]
    more = len(found) - MAX_CELLS
    return "; ".join(found[:MAX_CELLS]) + (f" and {more} more" if more > 0 else "")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
