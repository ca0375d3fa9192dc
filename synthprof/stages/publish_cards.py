"""The cards of a published version, beside it: its files were the same before there were cards."""

import pyarrow as pa

from synthprof.base.files import FileRecord
from synthprof.report.cards.data_package import data_package
from synthprof.report.cards.facts import shared_facts
from synthprof.report.cards.model import DATA_PACKAGE, README, Card, CardColumn, CardTable, card_column
from synthprof.report.cards.readme import readme
from synthprof.report.cards.row_schema import row_schema
from synthprof.schemas.bundle import Bundle
from synthprof.schemas.schema import ChildTable, Column, Schema
from synthprof.schemas.tables import key_columns
from synthprof.spec.spec import Spec
from synthprof.store.beside import put_beside
from synthprof.store.manifest import MANIFEST, Manifest, read_manifest
from synthprof.store.schemas import schema_of
from synthprof.store.store import Store

ROW_SCHEMA = "row-schema.json"
"""Not `schema.json`, which is the schema by which a version was drawn."""

CARDS = (README, DATA_PACKAGE, ROW_SCHEMA)
"""Cards of a version. mlcroissant reads no SQLite, so Croissant is left to exports."""

_STORED = {"INTEGER": pa.int64(), "REAL": pa.float64(), "TEXT": pa.string()}


def put_cards(store: Store, version: str, spec: Spec, bundle: Bundle) -> None:
    """Write the cards beside a version, which is published. Raises StageError if its manifest is damaged."""
    folder = store.published(version)
    card = card_of(read_manifest(folder), spec, bundle)
    put_beside(folder, {README: readme(card), DATA_PACKAGE: data_package(card), ROW_SCHEMA: row_schema(card)})


def card_of(manifest: Manifest, spec: Spec, bundle: Bundle) -> Card:
    """Return the facts of a version: its tables in their stored forms, its files by paths from beside it."""
    schema, rows = schema_of(spec, bundle), manifest.table_rows
    return Card(
        dataset=manifest.dataset,
        version=manifest.version,
        content=manifest.content,
        what=f"as {'Parquet files' if spec.in_parts else 'SQLite databases'} and NumPy arrays",
        manifest=f"{manifest.version}/{MANIFEST}",
        rows=manifest.rows,
        scores=manifest.scores,
        tables=(_profiles(schema, manifest, spec), *(_child(table, rows) for table in schema.tables)),
        files=tuple(_beside(file, manifest.version) for file in manifest.files),
        **shared_facts(spec, bundle),
    )


def _beside(file: FileRecord, version: str) -> FileRecord:
    return file.model_copy(update={"path": f"{version}/{file.path}"})


def _profiles(schema: Schema, manifest: Manifest, spec: Spec) -> CardTable:
    key = CardColumn("id", pa.int64(), "Number of the row, from 1.", nullable=False, low=1)
    columns = (key, *map(_column, schema.columns))
    place = "in the Parquet files of `perfis/`" if spec.in_parts else "in `perfis.db`"
    return CardTable("perfis", f"The rows, by their number, {place}.", columns, manifest.rows)


def _child(table: ChildTable, rows: dict[str, int]) -> CardTable:
    keys = (CardColumn(name, pa.int64(), doc, nullable=False, low=1) for name, doc in key_columns(table))
    columns = (*keys, *map(_column, table.columns))
    return CardTable(table.name, f"{table.doc} In `{table.name}.db`.", columns, rows.get(table.name))


def _column(column: Column) -> CardColumn:
    """Return a column as SQLite holds it: lists are one text, whose items may be in any order."""
    field = pa.field(column.name, _STORED[column.sql_type])
    if column.kind == "list":
        return CardColumn(column.name, field.type, column.doc, column.may_lack)
    return card_column(field, column)
