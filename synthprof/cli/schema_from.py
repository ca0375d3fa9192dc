"""The command `schema from`: a schema learned from a table."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from synthprof.cli.options import INTEGER, AsJson
from synthprof.report.ending import print_json
from synthprof.spec.written import read_whole
from synthprof.system.environment import schemas_folder

if TYPE_CHECKING:
    from synthprof.stages.learn import SchemaFrom

MIN_COUNT, MOST_COUNT = 20, 1_000_000


def schema_from(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="CSV, Parquet, Arrow, SQLite, Excel, JSON, DuckDB, a folder or a database."
        ),
    ],
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="New folder; that of the file's name among the schemas unless given.",
        ),
    ] = None,
    table: Annotated[str, typer.Option(metavar="NAME", help="Table or sheet, where there are several.")] = "",
    min_count: Annotated[
        str,
        typer.Option(
            metavar=INTEGER, help=f"Rows that must share a value for it to be told, from 2 to {MOST_COUNT:,}."
        ),
    ] = str(MIN_COUNT),
    title: Annotated[str, typer.Option(metavar="TEXT", help="Title of the schema.")] = "",
    classifier: Annotated[
        bool,
        typer.Option(
            "--classifier", help="Train a classifier to tell drawn rows from real ones, with scikit-learn."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Learn a schema from a table: types, values with their shares, and a tree of dependence.

    No value of fewer than 20 rows, no extreme, no free text and no row comes into the schema.
    The schema is a folder of files that you can read and change.
    """
    from synthprof.runner.schema_from import schema_from as learned
    from synthprof.stages.learn import FromTable
    from synthprof.stages.learn_account import document

    place = folder or schemas_folder() / _name_of(source)
    count = read_whole("min_count", min_count, 2, MOST_COUNT)
    asked = FromTable(source, place, table, count, title, classifier)
    if as_json:
        print_json(document(learned(asked)))
        return
    _print(learned(asked))


def _name_of(source: str) -> str:
    """Return the name of a schema: that of the file without its endings."""
    name = Path(source.rpartition("://")[2]).name.split(".")[0]
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:63] or "learned"


def _shown(folder: Path) -> str:
    """Return how a command names the schema of a folder."""
    return folder.name if folder.parent == schemas_folder() else str(folder)


def _print(found: "SchemaFrom") -> None:
    from synthprof.report.terminal import Column, Terminal
    from synthprof.stages.learn_account import HEADS, rows, sentences

    terminal = Terminal()
    learned = found.learned
    terminal.say(f"{learned.source}: {learned.said}, {learned.rows:,} rows")
    terminal.say()
    name, kind, values, given, error, nulls = HEADS
    columns = (
        Column(name, shorten=True),
        Column(kind),
        Column(values, right=True),
        Column(given, shorten=True),
        Column(error, right=True),
        Column(nulls, right=True, drop=1),
    )
    terminal.table(columns, rows(found))
    terminal.say()
    for sentence in sentences(found):
        terminal.say(sentence)
    terminal.say()
    terminal.say(f"{found.file.parent}", label=(terminal.marks.good, "green"))
    terminal.say(f"Look at it with: synthprof schema show {_shown(found.file.parent)}")
