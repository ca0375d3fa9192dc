"""The commands `search`, `similar` and `build-index`."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthprof.base.text import plain
from synthprof.base.values import as_text, in_json
from synthprof.cli.options import ID_HELP, INTEGER, Dataset, VersionName
from synthprof.cli.show import print_table
from synthprof.spec.written import read_whole
from synthprof.system.environment import home_folder
from synthprof.system.startup import block_pandas

if TYPE_CHECKING:  # slow imports happen where they are needed
    from synthprof.spec.spec import Spec
    from synthprof.versions.search import Hit
    from synthprof.versions.searcher import Query, Searcher

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is taken as a formula by spreadsheets (OWASP, "CSV injection")."""

MAX_SHOWN = 60
"""Characters of a collection's text in the table."""


class Format(StrEnum):
    """The form in which results are printed."""

    table = "table"
    json = "json"
    csv = "csv"


Count = Annotated[str, typer.Option("-k", "--k", metavar=INTEGER, help="Number of results, 1 to 1,000.")]
Where = Annotated[
    list[str] | None,
    typer.Option(help="Condition on a column, may be repeated: estado=SP, 'idade>=30', 'estado in SP, RJ'."),
]
Exact = Annotated[bool, typer.Option("--exact", help="Compare every row instead of asking the index.")]
Output = Annotated[Format, typer.Option("--format", help="How to print the results.")]


def search(
    text: Annotated[
        str, typer.Argument(help="What the results should be like; for catalogue in Portuguese.")
    ],
    dataset: Dataset = "gamers",
    version: VersionName = None,
    k: Count = "10",
    where: Where = None,
    exact: Exact = False,
    output: Output = Format.table,
) -> None:
    """Find the profiles, or texts, that are most like a text.

    With the attributes that agree.
    """
    from synthprof.versions.search import search_text

    with _open(dataset, version) as searcher:
        _print(search_text(searcher, text, _query(searcher, k, where, exact)), output, searcher.version.spec)


def similar(
    profile_id: Annotated[str, typer.Argument(metavar="ID", help=ID_HELP)],
    dataset: Dataset = "gamers",
    version: VersionName = None,
    k: Count = "10",
    where: Where = None,
    exact: Exact = False,
    output: Output = Format.table,
) -> None:
    """Find the profiles, or texts, that are most like another one.

    With the attributes that they have in common.
    """
    from synthprof.versions.search import search_similar

    with _open(dataset, version) as searcher:
        number = searcher.version.number_of(profile_id)
        _print(
            search_similar(searcher, number, _query(searcher, k, where, exact)),
            output,
            searcher.version.spec,
        )


def build_index(
    dataset: Dataset = "gamers",
    version: VersionName = None,
    index: Annotated[
        str | None, typer.Option(help="Kind of index: auto (default), flat, ivf_flat, ivf_sq8, ivf_pq, hnsw.")
    ] = None,
    index_memory_mib: Annotated[
        str | None,
        typer.Option(metavar=INTEGER, help="Memory the index may take, in MiB; 4,096 unless given."),
    ] = None,
) -> None:
    """Publish a version with another index, as a new version.

    Rows and embeddings stay as they are.
    """
    from rich.console import Console
    from rich.text import Text

    from synthprof.runner.reindex import build_index as build
    from synthprof.spec.request import read_params
    from synthprof.spec.spec import Spec
    from synthprof.versions.version import open_version

    found = open_version(home_folder(), dataset, version)
    default = Spec()
    given = {} if index_memory_mib is None else {"index_memory_mib": index_memory_mib}
    memory = read_params(given).get("index_memory_mib", default.index_memory_mib)
    details = build(home_folder(), found, index or default.index, memory).published
    Console().print(
        f"{dataset} {details['version']} is published: Recall@10 {details['scores']['recall_at_10']:.3f}",
        Text(details["path"]),
        soft_wrap=True,
    )


COMMANDS: tuple[tuple[Callable[..., None], str, str], ...] = (
    (search, "search", 'synthprof search "joga RPG de madrugada no PC" --dataset gamers -k 10'),
    (similar, "similar", "synthprof similar 42 --dataset gamers --where estado=SP"),
    (build_index, "build-index", "synthprof build-index --dataset gamers --index ivf_sq8"),
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    for command, name, example in COMMANDS:
        app.command(name, epilog=f"Example: {example}")(command)


def as_json(hits: "Sequence[Hit]") -> str:
    """Return the results as a JSON list."""
    return json.dumps([_plain(hit) for hit in hits], ensure_ascii=False, indent=1)


def as_csv(hits: "Sequence[Hit]") -> str:
    """Return the results as CSV with a heading; no cell of text can be taken for a formula."""
    target = io.StringIO()
    writer = csv.writer(target)
    columns = [name for name in hits[0].profile if name != "id"] if hits else []
    writer.writerow(["rank", "id", "similarity", "reasons", *columns])
    for hit in hits:
        values = [hit.profile[name] for name in columns]
        reasons = "; ".join(map(str, hit.reasons))
        writer.writerow([hit.rank, hit.id, _rounded(hit), *map(_guarded, [reasons, *values])])
    return target.getvalue()


def _open(dataset: str, version: str | None) -> "Searcher":
    block_pandas()
    from synthprof.system.machine import default_workers
    from synthprof.versions.searcher import open_searcher
    from synthprof.versions.version import open_version

    return open_searcher(open_version(home_folder(), dataset, version), default_workers())


def _query(searcher: "Searcher", k: str, where: list[str] | None, exact: bool) -> "Query":
    return searcher.query(read_whole("k", k), where or (), exact)


def _print(hits: "Sequence[Hit]", output: Format, spec: "Spec") -> None:
    if output is Format.table:
        from synthprof.versions.search import short_columns

        _print_table(hits, short_columns(spec))
    else:
        text = as_json(hits) + "\n" if output is Format.json else as_csv(hits)
        typer.echo(text.encode(), nl=False)  # for programs: UTF-8, whatever a terminal takes


def _print_table(hits: "Sequence[Hit]", columns: "Sequence[str]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not hits:
        Console().print("Nothing meets the conditions.")
        return
    table = Table(box=box.SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for title in ("", "id", "similarity", *columns, "agrees"):
        table.add_column(title)
    for hit in hits:
        shown = [Text(_short(plain(as_text(hit.profile[name])))) for name in columns]
        table.add_row(str(hit.rank), str(hit.id), f"{hit.similarity:.3f}", *shown, Text(plain(_reasons(hit))))
    print_table(table)


def _short(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def _reasons(hit: "Hit") -> str:
    """`column: value, value` for each column that agrees."""
    by_column: dict[str, list[str]] = {}
    for reason in hit.reasons:
        by_column.setdefault(reason.column, []).append(reason.value)
    return "; ".join(f"{column}: {', '.join(values)}" for column, values in by_column.items()) or "–"


def _plain(hit: "Hit") -> dict[str, Any]:
    reasons = [{"column": reason.column, "value": reason.value} for reason in hit.reasons]
    return {
        "rank": hit.rank,
        "id": hit.id,
        "similarity": _rounded(hit),
        "reasons": reasons,
        "profile": in_json(hit.profile),
    }


def _rounded(hit: "Hit") -> float:
    return round(hit.similarity, 6)


def _guarded(value: Any) -> Any:  # noqa: ANN401
    if value is None or (isinstance(value, int | float | Decimal) and not isinstance(value, bool)):
        return value
    value = as_text(value)
    return f"'{value}" if value.startswith(FORMULA_STARTS) else value
