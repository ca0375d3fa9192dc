"""The commands `search`, `similar` and `build-index`."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from synthprof.base.errors import SpecError
from synthprof.base.values import as_text, in_json
from synthprof.cli.help import Command
from synthprof.cli.options import ID_HELP, INTEGER, AsJson, Dataset, VersionName, without_options
from synthprof.report.ending import print_json
from synthprof.spec.written import read_whole
from synthprof.system.environment import home_folder
from synthprof.system.startup import block_pandas

if TYPE_CHECKING:  # slow imports happen where they are needed
    from synthprof.versions.asked import Asked
    from synthprof.versions.published import Published
    from synthprof.versions.search import Hit
    from synthprof.versions.searcher import Query, Searcher

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is taken as a formula by spreadsheets (OWASP, "CSV injection")."""


class Format(StrEnum):
    """The form in which results are printed."""

    table = "table"
    json = "json"
    csv = "csv"


Count = Annotated[str, typer.Option("-k", "--k", metavar=INTEGER, help="Number of results, 1 to 1,000.")]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        help="Condition on a column, may be repeated: column=value, 'column>=30', 'column in a, b'.",
    ),
]
Exact = Annotated[bool, typer.Option("--exact", help="Compare every row instead of asking the index.")]
Output = Annotated[
    Format,
    typer.Option(
        "--format", metavar="FORM", help="Form of the results: table (a card each), csv, or json as --json."
    ),
]


def search(
    text: Annotated[
        str,
        typer.Argument(metavar="TEXT", help="What is sought, in a language of the schema."),
    ],
    dataset: Dataset = "gamers",
    version: VersionName = None,
    k: Count = "10",
    where: Where = None,
    exact: Exact = False,
    output: Output = Format.table,
    as_json: AsJson = False,
) -> None:
    """Find the profiles, texts or pictures that a text asks for, those most like it first.

    What it states are conditions; how it was read is told, then the results with the attributes that agree.
    """
    from synthprof.versions.search import search_text

    with _open(dataset, version) as searcher:
        found = search_text(searcher, text, _query(searcher, k, where, exact))
        _print(found.hits, Format.json if as_json else output, searcher.version, found.asked)


def similar(
    profile_id: Annotated[str | None, typer.Argument(metavar="[ID]", help=ID_HELP)] = None,
    dataset: Dataset = "gamers",
    version: VersionName = None,
    k: Count = "10",
    where: Where = None,
    exact: Exact = False,
    image: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A picture, in place of an id, where the rows are pictures."),
    ] = None,
    output: Output = Format.table,
    as_json: AsJson = False,
) -> None:
    """Find the profiles, texts or pictures that are most like another one.

    With the attributes that they have in common.
    """
    from synthprof.versions.search import search_picture, search_similar

    if (profile_id is None) == (image is None):
        raise SpecError("name the id of a row, or a picture by --image; one of the two")
    with _open(dataset, version) as searcher:
        query = _query(searcher, k, where, exact)
        if image is not None:
            hits = search_picture(searcher, image.expanduser(), query)
        else:
            hits = search_similar(searcher, searcher.version.number_of(str(profile_id)), query)
        _print(hits, Format.json if as_json else output, searcher.version)


def build_index(
    dataset: Dataset = "gamers",
    version: VersionName = None,
    index: Annotated[
        str | None,
        typer.Option(
            metavar="KIND", help="Kind of index: auto (default), flat, ivf_flat, ivf_sq8, ivf_pq, hnsw."
        ),
    ] = None,
    index_memory_mib: Annotated[
        str | None,
        typer.Option(metavar=INTEGER, help="Memory the index may take, in MiB; 4,096 unless given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Publish a version with another index, as a new version.

    Rows and embeddings stay as they are.
    """
    from synthprof.cli.making import shown, tell_result
    from synthprof.report.terminal import Terminal
    from synthprof.runner.reindex import build_index as build
    from synthprof.spec.request import read_params
    from synthprof.spec.spec import Spec
    from synthprof.versions.version import open_version

    terminal = Terminal()
    found = open_version(home_folder(), dataset, version)
    default = Spec()
    given = {} if index_memory_mib is None else {"index_memory_mib": index_memory_mib}
    memory = read_params(given).get("index_memory_mib", default.index_memory_mib)
    with shown(terminal, as_json=as_json) as observe:
        done = build(home_folder(), found, index or default.index, memory, observe)
    tell_result(terminal, dataset, done, as_json=as_json)


COMMANDS: tuple[tuple[Callable[..., None], str, str], ...] = (
    (search, "search", 'synthprof search "joga RPG de madrugada" --dataset gamers -k 10'),
    (similar, "similar", "synthprof similar 42 --dataset gamers -k 5"),
    (build_index, "build-index", "synthprof build-index --dataset gamers --index ivf_sq8"),
)


def register(app: typer.Typer, chosen: str | None) -> None:
    """Add the commands to the command line, only the chosen one with its options; None gives all of them."""
    for command, name, example in COMMANDS:
        shaped = command if chosen in (None, name) else without_options(command)
        app.command(name, cls=Command, epilog=example)(shaped)


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


def _print(hits: "Sequence[Hit]", output: Format, version: "Published", asked: "Asked | None" = None) -> None:
    match output:
        case Format.table:
            _print_cards(hits, version, asked)
        case Format.json:
            found = [document | _counts(version, document["id"]) for document in documents(hits)]
            print_json({"read": asdict(asked), "results": found} if asked else found)
        case Format.csv:
            if asked:
                typer.echo(asked, err=True)
            typer.echo(as_csv(hits).encode(), nl=False)  # for programs: UTF-8, whatever a terminal takes


def _print_cards(hits: "Sequence[Hit]", version: "Published", asked: "Asked | None") -> None:
    """Print how a text was read, and lines for each result.

    They say who it is and how near, what agrees, its child rows, its text if any.
    """
    from synthprof.report.terminal import Terminal
    from synthprof.report.words import head_of

    terminal, view = Terminal(), version.bundle.view
    if asked:
        terminal.say(str(asked))
    if not hits:
        terminal.say("Nothing meets the conditions.")
    for hit in hits:
        name, line, text = head_of(view, hit.profile)
        head = f" {terminal.marks.dot} ".join([name, *line])
        number = "" if version.spec.collection else f"id {hit.id}"
        if version.spec.pictures:
            lines: tuple[str, ...] = (_picture_in_words(hit.profile),)
        else:
            lines = (_reasons(hit), *_rows_in_words(version, hit.id), *([text] if text else []))
        terminal.card(f"{hit.rank:>2}", head, f"{number}  {hit.similarity:.3f}", lines)


def _picture_in_words(row: "Mapping[str, Any]") -> str:
    """Return format, size and date of a picture."""
    taken = f", taken {as_text(row['tirada_em'])}" if row["tirada_em"] else ""
    return f"{row['formato']}, {row['largura']} x {row['altura']} pixels{taken}"


def _counts(version: "Published", parent: int) -> dict[str, Any]:
    """Return how many rows a result has in child tables, as part of its document; mostly nothing."""
    from synthprof.versions.children import counts_of

    found = counts_of(version, parent)
    return {"tables": found} if found else {}


def _rows_in_words(version: "Published", parent: int) -> list[str]:
    from synthprof.report.words import count
    from synthprof.versions.children import counts_of

    found = counts_of(version, parent).items()
    return [", ".join(f"{name}: {count(number)} rows" for name, number in found)] if found else []


def _reasons(hit: "Hit") -> str:
    """`column: value, value` for each column that agrees."""
    by_column: dict[str, list[str]] = {}
    for reason in hit.reasons:
        by_column.setdefault(reason.column, []).append(reason.value)
    return (
        "; ".join(f"{column}: {', '.join(values)}" for column, values in by_column.items())
        or "nothing agrees"
    )


def documents(hits: "Sequence[Hit]") -> list[dict[str, Any]]:
    """Return the hits as values of JSON."""
    return [_document(hit) for hit in hits]


def _document(hit: "Hit") -> dict[str, Any]:
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
