"""The data set card: Markdown with a YAML head, as the Hugging Face hub and `datasets` read it."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from synthprof.report.cards.model import COLLECTION, OWN_SCHEMA, Card, CardColumn, CardTable
from synthprof.report.words import SCORES

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)

MAX_SHOWN = 12
"""Values of a column that the card names; the others are counted."""


def readme(card: Card) -> str:
    """Return the card: what it is, its columns, how it was made, scores, sources and licence."""
    parts = (
        "\n".join(["---", *yaml_lines(_head(card)), "---"]),
        f"# {card.dataset}",
        _what(card),
        *(_columns(table) for table in card.tables),
        _made(card),
        _scores(card),
        _sources(card),
        f"## Licence\n\n{card.licence.statement}",
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def yaml_lines(value: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """Yield a mapping of texts, numbers, lists and mappings as YAML; texts are quoted as in JSON.

    >>> list(yaml_lines({"tags": ["a", "b"], "n": 1}))
    ['tags:', '- "a"', '- "b"', 'n: 1']
    """
    for name, each in value.items():
        if isinstance(each, Mapping):
            yield f"{indent}{name}:"
            yield from yaml_lines(each, f"{indent}  ")
        elif isinstance(each, list):
            yield f"{indent}{name}:"
            yield from _items(each, indent)
        else:
            yield f"{indent}{name}: {json.dumps(each, ensure_ascii=False)}"


def _items(items: Sequence[Any], indent: str) -> Iterator[str]:
    for item in items:
        if isinstance(item, Mapping):
            first, *rest = yaml_lines(item, f"{indent}  ")
            yield f"{indent}- {first.strip()}"
            yield from rest
        else:
            yield f"{indent}- {json.dumps(item, ensure_ascii=False)}"


def _head(card: Card) -> dict[str, Any]:
    found: dict[str, Any] = {"pretty_name": card.title}
    if card.language:
        found["language"] = [card.language.partition("-")[0]]
    found |= {
        "license": card.licence.hub,
        "tags": list(card.keywords),
        "size_categories": [next((name for limit, name in _SIZES if card.rows < limit), "n>1B")],
        "task_categories": ["feature-extraction"],
    }
    tables = [table for table in card.tables if table.files] if card.medium.hub else []
    if tables:
        found["configs"] = [_config(table, number == 0) for number, table in enumerate(tables)]
    if tables and card.medium.typed:
        found["dataset_info"] = [_info(table) for table in tables]
    return found


def _config(table: CardTable, default: bool) -> dict[str, Any]:
    files = [file.path for file in table.files]
    path = files[0] if len(files) == 1 else files
    return {
        "config_name": table.name,
        **({"default": True} if default else {}),
        "data_files": [{"split": "train", "path": path}],
    }


def _info(table: CardTable) -> dict[str, Any]:
    return {"config_name": table.name, "features": [_feature(column) for column in table.columns]}


def _feature(column: CardColumn) -> dict[str, Any]:
    kind = hub_type(column.item_type)
    if column.is_vector:
        return {"name": column.name, "list": kind, "length": column.type.list_size}
    return {"name": column.name, ("list" if column.is_list else "dtype"): kind}


def hub_type(kind: pa.DataType) -> str:
    """Return the name that `datasets` has for a type.

    >>> hub_type(pa.float32())
    'float32'
    """
    if pa.types.is_floating(kind):
        return f"float{kind.bit_width}"
    if pa.types.is_time(kind):
        return f"time{kind.bit_width}[{kind.unit}]"
    names = ((pa.types.is_boolean, "bool"), (pa.types.is_date32, "date32"))
    return next((name for is_kind, name in names if is_kind(kind)), str(kind))


def _what(card: Card) -> str:
    made_up = (
        "The rows are texts of a source, embedded and clustered."
        if card.licence is COLLECTION
        else "Nobody in it is real: each row was drawn at random from a schema with declared odds."
    )
    one = len(card.files) == 1
    files = f"The data file is `{card.files[0].path}`" if one else f"There are {len(card.files)} data files"
    sums = f"`{card.manifest}` has {'its' if one else 'their'} SHA-256."
    return f"{card.description} {made_up}\n\n{files}; {sums}"


def _columns(table: CardTable) -> str:
    rows = "" if table.rows is None else f" {table.rows:,} rows."
    lines = [
        f"## Table `{table.name}`",
        "",
        f"{table.doc}{rows}",
        "",
        "| column | type | null | meaning |",
        "|---|---|---|---|",
        *(
            f"| `{_cell(c.name)}` | {type_word(c)} | {'yes' if c.nullable else 'no'} | {_cell(_meaning(c))} |"
            for c in table.columns
        ),
    ]
    return "\n".join(lines)


def type_word(column: CardColumn) -> str:
    """Return the type of a column for people, as `list of string` or `32 x float`."""
    if column.is_vector:
        return f"{column.type.list_size} × {column.item_type}"
    return f"list of {column.item_type}" if column.is_list else str(column.type)


def _meaning(column: CardColumn) -> str:
    told = [column.doc] if column.doc else []
    if column.values:
        left = len(column.values) - MAX_SHOWN
        more = f" and {left} more" if left > 0 else ""
        told.append(f"Values: {', '.join(column.values[:MAX_SHOWN])}{more}.")
    elif not pa.types.is_boolean(column.type) and (column.low, column.high) != (None, None):
        told.append(_ends(column))
    return " ".join(told)


def _ends(column: CardColumn) -> str:
    what = " items" if column.is_list else ""
    if column.high is None:
        return f"At least {column.low}{what}."
    return f"At most {column.high}{what}." if column.low is None else f"{column.low} to {column.high}{what}."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _made(card: Card) -> str:
    rows = ((f"`{name}`", f"`{value}`") for name, value in card.spec.items() if value != "")
    lines = (
        f"Version `{card.version}` of the data set `{card.dataset}`, by the schema `{card.schema}`. "
        f"synthprof {card.release} wrote this card.",
        _two_columns("parameter", "value", rows),
    )
    return "## How it was made\n\n" + "\n\n".join(lines)


def _scores(card: Card) -> str:
    found = {name: value for name, value in card.scores.items() if isinstance(value, int | float)}
    if not found:
        return ""
    rows = (
        (f"`{name}`", f"{value:.4g}", SCORES[name][1] if name in SCORES else "")
        for name, value in found.items()
    )
    lines = ["| score | value | meaning |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "## Scores\n\n" + "\n".join(lines)


def _two_columns(left: str, right: str, rows: Iterable[tuple[str, str]]) -> str:
    lines = (f"| {name} | {_cell(value)} |" for name, value in rows)
    return "\n".join([f"| {left} | {right} |", "|---|---|", *lines])


def _sources(card: Card) -> str:
    if card.licence is COLLECTION:
        return ""
    where = "your schema" if card.licence is OWN_SCHEMA else f"the schema `{card.schema}` of synthprof"
    return (
        "## Sources of figures\n\n"
        f"Odds and values stand in the files of {where}. Where a figure was taken from a source, the "
        "meaning of its column or the line in those files names it; all other figures are estimates."
    )
