"""The share of the first ten results of a search that are what was asked for.

    python benchmarks/queries.py --home data --gamer-br gamers
    python benchmarks/queries.py        100,000 gamers and 20,000 customers and patients, made for it

benchmarks/queries/ holds texts with their truth: a predicate over the columns of a row. In it J[x] stands for
a favourite game, P[x] a platform, E[x] a style, M[x] a kind of music, L[x] a language, I[x] an interest, A[x]
an allergy, G[x] for a game of a genre, CAP for a state's capital. Nothing of synthprof reads these
predicates: SQLite does, and the genres are read from games.csv here.

A query counts by the share of its first ten results that fit; of queries that fewer than ten rows fit, those
rows are what can be found. Files with `held_out` were written before anything was tuned. Also measured: CPU
time of this process for each search.
Raw results go to benchmarks/results/queries.json.
"""

import argparse
import csv
import json
import platform
import re
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.versions.search import search_text
from synthprof.versions.searcher import Query, Searcher, open_searcher
from synthprof.versions.version import open_version

HERE = Path(__file__).parent
SCHEMAS = {"gamer_br": 100_000, "customer_us": 20_000, "patient": 20_000}
SEED, K = 7, 10
LISTS = {
    **{
        "J": "jogos_favoritos",
        "P": "plataformas_possuidas",
        "E": "estilos_preferidos",
        "M": "interesses_musicais",
    },
    **{"L": "idiomas", "I": "interests", "A": "allergien"},
}


def main() -> None:
    """Make the data sets that are not given, ask all queries, print and write what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, help="a data root with data sets; made anew where none is given")
    for schema in SCHEMAS:
        parser.add_argument(f"--{schema.replace('_', '-')}", help=f"a data set of {schema} in it")
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--misses", action="store_true", help="print the queries that were not met, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        home = options.home or Path(scratch)
        found = dict(measured(home, {schema: getattr(options, schema) for schema in SCHEMAS}, options.misses))
    found["machine"] = f"{platform.machine()}, Python {platform.python_version()}"
    options.results.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found, indent=1, ensure_ascii=False)
    (options.results / "queries.json").write_text(text + "\n")


def measured(home: Path, datasets: dict[str, str | None], misses: bool) -> Iterator[tuple[str, Any]]:
    """Yield the results of each file of queries."""
    for schema, rows in SCHEMAS.items():
        dataset = datasets[schema] or (made(home, schema, rows) if not any(datasets.values()) else None)
        for path in sorted((HERE / "queries").glob(f"{schema}*.tsv")) if dataset else ():
            searcher = open_searcher(open_version(home, dataset))
            result = ask_all(searcher, read_queries(path))
            print(f"{path.stem}: {result['rows']:,} rows, {result['fit']:.1%} of the first ten fit")
            for kind, share in result["kinds"].items():
                print(f"  {kind:14} {share:.1%}")
            print("  CPU per search, ms:", result["cpu_ms"])
            for each in result["queries"] if misses else ():
                if each["fit"] < each["wanted"]:
                    print(f"  {each['fit']}/{each['wanted']}  {each['text']}  ->  {each['read']}")
            yield path.stem, result


def made(home: Path, schema: str, rows: int) -> str:
    """Make a data set and return its name."""
    name = f"queries-{schema.replace('_', '-')}"
    run_all(
        Request.from_params({"dataset": name, "profiles": rows, "seed": SEED, "profile_schema": schema}), home
    )
    return name


def read_queries(path: Path) -> list[dict[str, str]]:
    """Return the queries of a file: kind, text and truth."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def ask_all(searcher: Searcher, queries: list[dict[str, str]]) -> dict[str, Any]:
    """Return how many results fit, of each query and in all by kind, and what a search costs."""
    connection = opened(searcher.version.folder / "perfis.db")
    search_text(searcher, queries[0]["text"])  # the index and the words are read once
    asked = [ask(searcher, connection, query) for query in queries]
    kinds = {}
    for kind in dict.fromkeys(query["kind"] for query in queries):
        of = [each["fit"] / each["wanted"] for each in asked if each["kind"] == kind and each["wanted"]]
        kinds[kind] = round(sum(of) / len(of), 4) if of else None
    shares = [each["fit"] / each["wanted"] for each in asked if each["wanted"]]
    costs = sorted(each["cpu_ms"] for each in asked)
    return {
        "rows": searcher.version.manifest.rows,
        "fit": sum(shares) / len(shares),
        "kinds": kinds,
        "cpu_ms": {
            "median": costs[len(costs) // 2],
            "p95": costs[int(0.95 * len(costs))],
            "most": costs[-1],
        },
        "queries": asked,
    }


def ask(searcher: Searcher, connection: sqlite3.Connection, query: dict[str, str]) -> dict[str, Any]:
    """Return what one query found."""
    truth = predicate(query["truth"])
    there = connection.execute(f"SELECT count(*) FROM perfis WHERE {truth}").fetchone()[0]
    began = time.process_time()
    try:
        answer = search_text(searcher, query["text"], Query(k=K))
        ids, read = [hit.id for hit in answer.hits], str(answer.asked)
    except SpecError as error:
        ids, read = [], str(error)
    spent = round(1e3 * (time.process_time() - began), 2)
    marks = ",".join("?" * len(ids))
    fit = connection.execute(
        f"SELECT count(*) FROM perfis WHERE id IN ({marks}) AND ({truth})", ids
    ).fetchone()[0]
    return {**query, "rows": there, "wanted": min(K, there), "fit": fit, "cpu_ms": spent, "read": read}


def opened(path: Path) -> sqlite3.Connection:
    """Return a connection that knows the functions of the predicates."""
    connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    genres = {row["jogo"]: row["genero"] for row in table("games.csv")}
    capitals = {("DF", "Brasília")} | {first for _, first in sorted(_first_towns().items())}

    def has(items: str | None, item: str) -> bool:
        return item in (items or "").split(", ")

    connection.create_function("has", 2, has)
    connection.create_function(
        "genre", 2, lambda games, genre: any(genres.get(game) == genre for game in games.split(", "))
    )
    connection.create_function("capital", 2, lambda town, state: (state, town) in capitals)
    return connection


def predicate(truth: str) -> str:
    """Return a predicate as SQL."""
    for letter, column in LISTS.items():
        truth = re.sub(
            rf"\b{letter}\[(.*?)\]", lambda found, c=column: f"has({c}, {_quoted(found[1])})", truth
        )
    truth = re.sub(r"\bG\[(.*?)\]", lambda found: f"genre(jogos_favoritos, {_quoted(found[1])})", truth)
    return re.sub(r"\bCAP\b", "capital(cidade, estado)", truth)


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a file of gamer_br."""
    lines = (HERE.parent / "synthprof/schemas/gamer_br" / name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _first_towns() -> dict[str, tuple[str, str]]:
    """Return the largest town of each state; it is the capital but in two states."""
    found: dict[str, tuple[str, str]] = {}
    most: dict[str, int] = {}
    for row in table("cities.csv"):
        if int(row["populacao"]) > most.get(row["uf"], 0):
            most[row["uf"]] = int(row["populacao"])
            found[row["uf"]] = (row["uf"], row["cidade"])
    return found | {"ES": ("ES", "Vitória"), "SC": ("SC", "Florianópolis")}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    main()
