"""The head of a version's report as a fragment of HTML, for notebooks."""

import html
from collections.abc import Mapping, Sequence

from synthprof.base.text import plain
from synthprof.report.difficulty import without_figures
from synthprof.report.words import score_name, score_value

_CARD = "display:inline-block;margin:0 1.5em .5em 0;vertical-align:top"


def head(
    dataset: str,
    version: str,
    facts: Sequence[tuple[str, str]],
    scores: Mapping[str, float | int | str | None],
) -> str:
    """Return the name of the version, its facts and its scores; every text is escaped, there is no script."""
    found = without_figures(scores).items()
    cells = [*facts, *((score_name(name), score_value(name, value)) for name, value in found)]
    cards = "".join(
        f'<div style="{_CARD}"><div style="font-size:1.2em;font-weight:600">{_text(value)}</div>'
        f'<div style="opacity:.7;font-size:.85em">{_text(name)}</div></div>'
        for name, value in cells
    )
    return (
        f'<div><div style="font-size:1.4em;font-weight:650">{_text(dataset)}</div>'
        f'<div style="opacity:.7;margin-bottom:.6em">version <code>{_text(version)}</code></div>{cards}</div>'
    )


def _text(value: str) -> str:
    return html.escape(plain(value))
