"""A learned table as the folder of a schema: schema.toml, and a file of cells for each column."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from synthprof.base.errors import SpecError
from synthprof.schemas.draw_kinds.tabulated import ALWAYS, EQUAL, FROM, NULL
from synthprof.sources.learning.bands import size
from synthprof.sources.learning.coding import Coded
from synthprof.sources.learning.fitting import Edge
from synthprof.sources.learning.learn import Learned, LearnedColumn
from synthprof.sources.learning.survey import Key, Omitted

SCHEMA = "schema.toml"

JOINT_DIGITS = 3
"""Digits of a joint weight: with more, who knows the way of fitting could tell one row from none."""


def write_schema(learned: Learned, folder: Path, title: str = "") -> Path:
    """Write the schema into a folder that is empty or not there; return its schema.toml.

    Raises SpecError if the folder has files, cannot be written, or if no column was learned.
    """
    files = files_of(learned, title or folder.name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SpecError(f"folder={folder} is not empty; name a new one")
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise SpecError(
            f"folder={folder} cannot be written ({error.strerror}); name a folder that can"
        ) from None
    return folder / SCHEMA


def files_of(learned: Learned, title: str) -> dict[str, str]:
    """Return the text of each file by its name. Raises SpecError if no column was learned."""
    import tomli_w

    told = [column for column in learned.columns if not isinstance(column.plan, Omitted)]
    if not told:
        why = "; ".join(f"{column.source}: {column.plan.why}" for column in learned.columns[:3])  # type: ignore[union-attr]
        raise SpecError(
            f"source={learned.source} has no column that can be learned ({why}); name another table"
        )
    files = {}
    columns = []
    for column in told:
        entry: dict[str, Any] = {"name": column.name, "doc": _doc(column, learned)}
        if isinstance(column.plan, Key):
            entry |= _key(column.name, column.plan)
        elif column.place is not None:
            coded, edge = learned.coded[column.place], learned.edges.get(column.place)
            files[f"{column.name}.csv"] = _cells(coded, edge, learned.coded)
            entry |= draw_of(coded, edge, learned.coded)
        columns.append(entry)
    document = {"title": _one_line(title), "row": "row", "column": columns}
    return {SCHEMA: _head(learned) + tomli_w.dumps(document), **files}


def _head(learned: Learned) -> str:
    lines = [
        f"Learned by `synthprof schema from` from {learned.rows:,} rows. Every value and range in these",
        f"files is that of {learned.min_count} rows or more, and so is every joint count; no row is kept.",
    ]
    omitted = [
        f"Not learned: {_one_line(column.source)}, as {column.plan.why}."
        for column in learned.columns
        if isinstance(column.plan, Omitted)
    ]
    return "".join(f"# {line}\n" for line in [*lines, *omitted]) + "\n"


def _doc(column: LearnedColumn, learned: Learned) -> str:
    source = _one_line(column.source)
    named = "" if source == column.name else f" of `{source}`"
    if isinstance(column.plan, Key):
        return f"Key{named}: each row has a value of its own; those of the source are not kept."
    assert column.place is not None
    coded, edge = learned.coded[column.place], learned.edges.get(column.place)
    what = f"{coded.size - coded.nullable} {'values or ranges' if coded.is_number else 'values'}"
    by = f", given {learned.coded[edge.parent].name}" if edge else ""
    return f"Learned{named}: {what}{by}."


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f\s]+", " ", text).strip()[:80]


def _key(name: str, key: Key) -> dict[str, Any]:
    if key.numbers:
        return {"draw": "sequence"}
    if key.uuid:
        return {"draw": "uuid"}
    prefix = re.sub(r"[\x00-\x1f\x7f]", "", key.prefix)[:40] or ("" if key.width else f"{name[:30]}-")
    width = {"width": key.width} if key.width else {}
    return {"draw": "sequence", "prefix": prefix, **width}


def draw_of(column: Coded, edge: Edge | None, columns: Sequence[Coded]) -> dict[str, Any]:
    """Return the keys of a column's draw in schema.toml."""
    grid = column.grid
    found: dict[str, Any] = {"draw": "tabulated", "type": grid.kind}
    if grid.digits:
        found["digits"] = grid.digits
    if grid.is_time and grid.kind != "date":
        found["every"] = grid.every
    if edge is not None:
        found["by"] = columns[edge.parent].name
    return found | {"file": f"{column.name}.csv"}


def _cells(column: Coded, edge: Edge | None, columns: Sequence[Coded]) -> str:
    """Return the file of a column: a row for each cell, a column of weights for each band of its parent."""
    names = [[column.grid.text(span.low), _high(column, place)] for place, span in enumerate(column.spans)]
    names += [[value, ""] for value in column.values]
    names += [["", ""]] if column.nullable else []
    heads, weights = [ALWAYS], [column.counts.astype(np.float64)]
    if edge is not None:
        parent = columns[edge.parent]
        within = column.counts / np.bincount(edge.bands, column.counts, size(edge.bands))[edge.bands]
        for band, head in _heads(parent, edge):
            if edge.fitted[band].sum() > 0:
                heads.append(head)
                weights.append(edge.fitted[band][edge.bands] * within)
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(["low", "high", *heads])
    for place, name in enumerate(names):
        whole, *by_band = (float(each[place]) for each in weights)
        out.writerow([*name, f"{whole:.0f}", *(f"{each:.{JOINT_DIGITS}g}" for each in by_band)])
    return text.getvalue()


def _high(column: Coded, place: int) -> str:
    span = column.spans[place]
    return "" if span.high == span.low else column.grid.text(span.high)


def _heads(parent: Coded, edge: Edge) -> list[tuple[int, str]]:
    """Return the bands of a parent and the heading of each; the rest of many values goes without."""
    bands = edge.parent_bands
    found = []
    if parent.is_number:
        firsts = [int(np.argmax(bands == band)) for band in range(size(bands))]
        numbers = [band for band, first in enumerate(firsts) if first < len(parent.spans)]
        found = [(band, FROM + parent.grid.text(parent.spans[firsts[band]].low)) for band in numbers]
    else:
        alone = np.bincount(bands[: len(parent.values)], minlength=size(bands)) == 1
        found = [
            (int(band), EQUAL + value)
            for value, band in zip(parent.values, bands, strict=False)
            if alone[band]
        ]
    return found + ([(int(bands[-1]), NULL)] if parent.nullable else [])
