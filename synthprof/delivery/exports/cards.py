"""The cards that each export carries beside its data, so that it explains itself."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from synthprof.base.files import FileRecord
from synthprof.delivery.exports.format import Writing
from synthprof.report.cards.croissant import croissant
from synthprof.report.cards.data_package import data_package
from synthprof.report.cards.facts import shared_facts
from synthprof.report.cards.model import (
    CROISSANT,
    DATA_PACKAGE,
    PROFILES,
    README,
    Card,
    CardColumn,
    CardTable,
    Medium,
    card_column,
)
from synthprof.report.cards.readme import readme
from synthprof.report.cards.row_schema import row_schema
from synthprof.schemas.schema import ChildTable
from synthprof.schemas.tables import NUMBER, key_columns
from synthprof.store.outputs import OUTPUT, Output
from synthprof.versions.children import schema_of_children
from synthprof.versions.version import Version

VERSION = 1
"""Part of the key of each export: raise it when what is written here changes."""

ROW_SCHEMA = "schema.json"

PARQUET = Medium(
    "parquet", "application/vnd.apache.parquet", "application/x-parquet", hub=True, tabular=True, nan=True
)
JSON_LINES = Medium("ndjson", "application/x-ndjson", "application/jsonlines", hub=True, tabular=True)
CSV = Medium("csv", "text/csv", "text/csv", hub=True, tabular=True, typed=False)
ARROW = Medium("arrow", "application/vnd.apache.arrow.file", hub=True)

MEDIA: Mapping[str, tuple[str, Medium]] = {
    "jsonl": (".jsonl", JSON_LINES),
    "parquet": (".parquet", PARQUET),
    "huggingface": (".parquet", PARQUET),
    "csv": (".csv", CSV),
    "arrow": (".arrow", ARROW),
    "feather": (".feather", ARROW),
}
"""The suffix and the medium of formats whose data files are tables; others are told file by file."""

Render = Callable[[Card], str]


def write_cards(writing: Writing, output: Output) -> None:
    """Write the cards of an export by `writing.making.whole`, after its last step.

    output: its manifest, as yet without files; `writing.making.records()` has those. The same export gives
    the same bytes; this is called again where the work was cut short.
    """
    card = card_of(writing, output)
    for name, render in renders(card).items():
        with writing.making.whole(name) as path:
            path.write_text(render(card), encoding="utf-8")


def renders(card: Card) -> Mapping[str, Render]:
    """Return the cards that have something to say of a medium, by the names of their files.

    Croissant is left out where mlcroissant reads no records, the schema of a row where there are no tables.
    """
    found: dict[str, Render] = {README: readme, DATA_PACKAGE: data_package}
    if card.medium.croissant:
        found[CROISSANT] = croissant
    if card.medium.name:
        found[ROW_SCHEMA] = row_schema
    return found


def card_of(writing: Writing, output: Output) -> Card:
    """Return the facts of an export, whose data files are written."""
    version = writing.rows.version
    suffix, medium = MEDIA.get(output.name, ("", Medium()))
    own = {README, CROISSANT, DATA_PACKAGE, ROW_SCHEMA}
    files = tuple(file for file in writing.making.records() if file.path not in own)
    data = [file for file in files if suffix and file.path.endswith(suffix)]
    return Card(
        dataset=version.dataset,
        version=version.name,
        content=version.manifest.content,
        what=f"exported as {output.name}",
        manifest=OUTPUT,
        rows=version.rows,
        scores=version.scores,
        tables=(_profiles(writing, medium, data), *_children(version, medium, data)),
        files=files,
        medium=medium,
        **shared_facts(version.spec, version.bundle),
    )


def _profiles(writing: Writing, medium: Medium, data: Sequence[FileRecord]) -> CardTable:
    rows, version = writing.rows, writing.rows.version
    names = {table.name for table in version.schema.tables}
    columns = (
        _column(medium, card_column(each, version.schema.by_name.get(each.name))) for each in rows.schema
    )
    files = tuple(file for file in data if _table_of(file.path) not in names)
    doc = "The texts, by their number." if version.spec.collection else "The profiles, by their number."
    return CardTable(PROFILES, doc, tuple(columns), version.rows, files)


def _children(version: Version, medium: Medium, data: Sequence[FileRecord]) -> list[CardTable]:
    """Return the child tables that were exported, too."""
    found = []
    for table in version.schema.tables:
        if files := tuple(file for file in data if _table_of(file.path) == table.name):
            columns = (_child_column(each, table) for each in schema_of_children(version, table.name))
            rows, key = version.tables()[table.name], (table.key, NUMBER)
            children = tuple(_column(medium, each) for each in columns)
            found.append(CardTable(table.name, table.doc, children, rows, files, key))
    return found


def _child_column(field: pa.Field, table: ChildTable) -> CardColumn:
    declared = {column.name: column for column in table.columns}
    if field.name in declared:
        return card_column(field, declared[field.name])
    return CardColumn(field.name, field.type, dict(key_columns(table))[field.name], nullable=False, low=1)


def _column(medium: Medium, column: CardColumn) -> CardColumn:
    """Return the column as the medium has it: without types, lists and vectors are texts."""
    if medium.typed or not (column.is_list or column.is_vector):
        return column
    return CardColumn(column.name, pa.string(), column.doc, column.nullable)


def _table_of(path: str) -> str:
    """Return the name that a data file has without the number of its part.

    >>> _table_of("data/profiles-00003-of-00010.parquet")
    'profiles'
    """
    return re.sub(r"-\d+(-of-\d+)?$", "", Path(path).stem)
