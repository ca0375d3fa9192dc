"""The public functions: a keyword call in, a version, a plan, hits or a verdict out.

`import synthprof` hands them on. What makes or checks data works in a process of its own, so that the same
parameters give the same bytes whatever the calling program has loaded (docs/adr/0026); what reads works here.
All of it may be called from any thread.

`home` is the data root of each: SYNTHPROF_HOME unless given, else `data` in the current folder.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from synthprof.base.columns import written_name
from synthprof.delivery.exports.order import Options, Order
from synthprof.delivery.matching.order import MatchKeywords, MatchOrder
from synthprof.delivery.scoring.order import ScoreKeywords, ScoreOrder
from synthprof.delivery.workloads.order import WorkloadKeywords, WorkloadOrder
from synthprof.runner.apart import run_apart
from synthprof.runner.plan import Plan
from synthprof.runner.plan import plan as plan_of
from synthprof.runner.request import Keywords, request_of
from synthprof.system.environment import home_folder
from synthprof.system.events import Observer
from synthprof.versions.inventory import stores
from synthprof.versions.version import Version, open_folder, open_version

if TYPE_CHECKING:  # loaded by the first call that needs them
    from synthprof.delivery.exports.finished import Export
    from synthprof.delivery.loaders.work import Loaded
    from synthprof.delivery.matching.match import Match
    from synthprof.delivery.measuring.measured import Measured
    from synthprof.delivery.scoring.scores import Scores
    from synthprof.delivery.workloads.workload import Workload
    from synthprof.runner.schema_from import SchemaFrom
    from synthprof.versions.hits import Hits
    from synthprof.versions.tables import Where
    from synthprof.versions.verify import Verdict

Home = str | os.PathLike[str] | None
_DELIVERY = "synthprof.delivery.child"
"""The module whose tasks hand a version on."""

OnProgress = Callable[[str, int, int, int], None]


def run(
    dataset: str, *, home: Home = None, on_progress: OnProgress | None = None, **params: Unpack[Keywords]
) -> Version:
    """Make a data set and return its version; what is published or half done already is not made again.

    params: the parameters of `synthprof run` or, with `source`, of `synthprof embed`. on_progress: called
    with a stage, the rows done, all rows (0 where that is not known) and the rows that failed, some ten times
    a second; a stage that first does something else, as k-means its iterations, counts that until then.
    Without it a notebook shows bars. Log lines go to the logger `synthprof`.
    Raises SpecError if the request cannot be met, Busy if another process makes the same version, StageError
    if a stage fails; the same call goes on from there.

    >>> v = synthprof.run("demo", profiles=1_000, seed=7)
    >>> v.rows, v.spec.seed
    (1000, 7)
    """
    given = {"dataset": dataset, **_plain(params)}
    request_of(given)  # refused here, in words about what was given, before anything starts
    folder = home_folder(home)
    with _observed(on_progress) as observe:
        published = run_apart("run", given, folder, observe)
    return open_version(folder, dataset, published["version"])


def plan(dataset: str = "gamers", *, home: Home = None, **params: Unpack[Keywords]) -> Plan:
    """Return what a run would take on this machine: blocks, shards, workers, memory, disk, kind of index.

    Nothing is made; of a collection the source is read once. Memory and disk are bytes for each stage, by
    measured estimates. Raises SpecError, naming value, rule and remedy, for what cannot be met.

    >>> planned = synthprof.plan(profiles=100_000)
    >>> planned.blocks, planned.clusters
    (7, 316)
    """
    return plan_of(request_of({"dataset": dataset, **_plain(params)}), home_folder(home))


def open(
    dataset_or_path: str | os.PathLike[str], version: str | None = None, *, home: Home = None
) -> Version:
    """Open a published version by the name of its data set, or by its folder; the current one unless named.

    A text with a slash, and what is no text, is a path: the folder of a version or of a data set.
    Raises SpecError naming those there are, StageError if its manifest is damaged.

    >>> synthprof.open("gamers").rows
    2000
    >>> synthprof.open(synthprof.open("gamers").folder).dataset
    'gamers'
    """
    if not isinstance(dataset_or_path, str) or os.sep in dataset_or_path:
        return open_folder(Path(dataset_or_path), version)
    return open_version(home_folder(home), dataset_or_path, version)


def schema_from(
    source: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    table: str = "",
    min_count: int = 20,
    title: str = "",
    classifier: bool = False,
    on_progress: Callable[[str, int], None] | None = None,
) -> "SchemaFrom":
    r"""Learn a table, and write a schema that gives rows like its own into a new folder.

    source: a file in any format that `synthprof embed` reads, a folder of parts, or the address of a
    database; table: its name there. min_count: rows that must share a value or range for it to be told; a
    joint count needs half as many. classifier: train one to tell drawn rows from real ones (needs
    scikit-learn). on_progress: called with what is counted, and the rows so far.
    Raises SpecError if the table cannot be read or learned, or the folder is not empty.

    >>> from pathlib import Path
    >>> _ = Path("shops.csv").write_text("town,size\n" + "Faro,1\nPorto,2\n" * 50)
    >>> found = synthprof.schema_from("shops.csv", "shops")
    >>> found.file.name, found.learned.rows, found.learned.nearness.one_way
    ('schema.toml', 100, 0.0)
    """
    from synthprof.runner.schema_from import FromTable
    from synthprof.runner.schema_from import schema_from as learned

    asked = FromTable(os.fspath(source), Path(folder), table, min_count, title, classifier)
    return learned(asked, on_progress or (lambda *_: None))


def load(
    dataset: str,
    into: str,
    *,
    version: str | None = None,
    home: Home = None,
    columns: Sequence[str] = (),
    space: Literal["embedding", "vector"] = "embedding",
    workload: str = "",
    metric: Literal["cosine", "dot", "l2"] = "cosine",
    index: bool = True,
    replace: bool = False,
    on_progress: OnProgress | None = None,
) -> "Loaded":
    """Load a version into a database or search engine; return what is there now. The same call goes on.

    into: the target's URL, which may have a password here, or `conn:NAME`. columns: those to load beside id
    and vector; all unless given. space: which vectors. workload: key of one whose planted labels and tenants
    are loaded, too. metric: for index and searches. index: make an index of the vectors, where the target
    leaves the choice. replace: remove the table first if it holds other rows. on_progress: as for `run`.
    Raises SpecError for what the caller can mend, StageError if the target fails; no message has a password.

    >>> loaded = synthprof.load("gamers", "duckdb:gamers.duckdb", columns=["cluster_id"])
    >>> loaded.rows, loaded.table
    (2000, 'gamers')
    """
    from synthprof.delivery.loaders.job import load as fill
    from synthprof.delivery.loaders.order import LoadOrder

    params = {
        "dataset": dataset,
        "version": version,
        "columns": ",".join(map(written_name, columns)),
        "space": space,
        "workload": workload,
        "metric": metric,
        "index": index,
        "replace": replace,
    }
    order = LoadOrder.from_params(params | {"into": "conn:target"}).model_copy(update={"into": into})
    with _observed(on_progress) as observe:
        return fill(home_folder(home), order, observe)


def measure(
    dataset: str,
    target: str,
    *,
    version: str | None = None,
    home: Home = None,
    columns: Sequence[str] = (),
    workload: str = "",
    metric: Literal["cosine", "dot", "l2"] = "cosine",
    k: int = 10,
    clients: Sequence[int] = (1, 2, 4),
    seconds: int = 3,
    warm_up: int = 50,
    filters: str = "none",
    on_progress: OnProgress | None = None,
) -> "Measured":
    """Measure recall and speed of a target on a workload of a version, for each class of queries.

    target: the URL that `load` has filled, or an index that is built here: faiss:flat, faiss:ivf, faiss:hnsw,
    hnswlib, usearch. columns: those that `load` was given, where that was from another data root. workload:
    its key, where the version has several. k: neighbours to ask for. clients: how many search at once, one
    point for each number. seconds: of each point. warm_up: searches of each client before the clock starts.
    filters: names with commas between them, all, or none. on_progress: as for `run`.
    Raises SpecError for an unknown target, workload or filter, StageError if the target fails.

    >>> made = synthprof.workload("gamers", queries=40)
    >>> found = synthprof.measure("gamers", "faiss:flat", clients=[1], seconds=1)
    >>> found.points[0].queries, found.points[0].recall
    ('all', 1.0)
    """
    from synthprof.delivery.measuring.job import measure as search
    from synthprof.delivery.measuring.order import MeasureOrder

    params = {
        "dataset": dataset,
        "version": version,
        "columns": ",".join(map(written_name, columns)),
        "workload": workload,
        "metric": metric,
        "k": k,
        "clients": ",".join(map(str, clients)),
        "seconds": seconds,
        "warm_up": warm_up,
        "filters": filters,
    }
    order = MeasureOrder.from_params(params).model_copy(update={"target": target})
    with _observed(on_progress) as observe:
        return search(home_folder(home), order, observe)[1]


def datasets(home: Home = None) -> dict[str, tuple[str, ...]]:
    """Return the names of the published versions of each data set, oldest first.

    >>> {name: len(versions) for name, versions in synthprof.datasets().items()}
    {'gamers': 1}
    """
    found = {store.dataset: store.versions() for store in stores(home_folder(home))}
    return {name: tuple(folder.name for folder in folders) for name, folders in found.items() if folders}


def search(
    dataset: str,
    text: str,
    k: int = 10,
    where: "Where" = (),
    *,
    version: str | None = None,
    home: Home = None,
    exact: bool = False,
) -> "Hits":
    """Find the k rows of a data set that are most like a text; see `Version.search`, which keeps the index.

    >>> text = synthprof.open("gamers").bundle.view.examples[0]
    >>> len(synthprof.search("gamers", text, k=5))
    5
    """
    return open_version(home_folder(home), dataset, version).search(text, k, where, exact=exact)


def similar(
    dataset: str,
    row: int | str,
    k: int = 10,
    where: "Where" = (),
    *,
    version: str | None = None,
    home: Home = None,
    exact: bool = False,
) -> "Hits":
    """Find the k rows of a data set that are most like another one; see `Version.similar`.

    >>> 42 in [hit.id for hit in synthprof.similar("gamers", 42, k=5)]
    False
    """
    return open_version(home_folder(home), dataset, version).similar(row, k, where, exact=exact)


def verify(
    dataset: str | os.PathLike[str] | Version,
    version: str | None = None,
    *,
    home: Home = None,
    blocks: int | Literal["few", "all"] = "few",
    on_progress: OnProgress | None = None,
) -> "Verdict":
    """Check every file of a version against its checksum, and blocks of rows by making them again.

    dataset: as for `open`, or an open version. blocks: how many to make again; "few" is 4. The verdict has
    `sound`, `findings` (what is wrong, in words) and `remedy`. on_progress: as for `run`.

    >>> synthprof.verify("gamers").sound
    True
    """
    from synthprof.versions.verify import Verdict

    found = dataset if isinstance(dataset, Version) else open(dataset, version, home=home)
    params = {"folder": str(found.folder), "blocks": blocks}
    with _observed(on_progress) as observe:
        told = run_apart("verify", params, home_folder(home), observe)
    lists = {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
    return Verdict(**{each.name: told[each.name] for each in fields(Verdict)} | lists)


def workload(
    dataset: str,
    *,
    home: Home = None,
    on_progress: OnProgress | None = None,
    **params: Unpack[WorkloadKeywords],
) -> "Workload":
    """Make queries for a version, of four classes from easy to hard, with their exact answers.

    params: the parameters of `synthprof workload`, as `version`, `seed`, `queries`, `mix`, `space` and
    `metrics`. A finished workload is not made again. on_progress: as for `run`.
    Raises SpecError for what the version cannot have, Busy if another process makes the same workload,
    StageError for a damaged version; the same call goes on from there.

    >>> made = synthprof.workload("gamers", queries=20, seed=3)
    >>> made.queries.num_rows, made.vectors.shape, made.truth("cosine").ids.shape
    (20, (20, 128), (20, 100))
    """
    from synthprof.delivery.workloads.workload import open_workload

    given = {"dataset": dataset, **params}
    WorkloadOrder.from_params(given)  # refused here, before anything starts
    with _observed(on_progress) as observe:
        told = run_apart("workload", given, home_folder(home), observe, _DELIVERY)
    return open_workload(Path(told["folder"]))


def match(
    dataset: str,
    *,
    home: Home = None,
    on_progress: OnProgress | None = None,
    **params: Unpack[MatchKeywords],
) -> "Match":
    """Find the near-identical pictures of a folder, a table or tar files, or of a version's avatars.

    dataset: whose avatars are matched, or in whose folder the match lies. params: the parameters of
    `synthprof match`, as `pictures`, `features` and `min_score`. A finished match is not made again.
    on_progress: as for `run`.
    Raises SpecError for pictures that cannot be read or do not fit the memory, Busy if another process makes
    the same match; the same call goes on where it was cut short.

        made = synthprof.match("photos", pictures="photos/")
        made.pairs.to_pylist(), made.pictures, made.scores, made.page
    """
    from synthprof.delivery.matching.match import open_match

    given = {"dataset": dataset, **params}
    MatchOrder.from_params(given)  # refused here, before anything starts
    with _observed(on_progress) as observe:
        told = run_apart("match", given, home_folder(home), observe, _DELIVERY)
    return open_match(Path(told["folder"]))


def score(
    dataset: str,
    *,
    home: Home = None,
    on_progress: OnProgress | None = None,
    **params: Unpack[ScoreKeywords],
) -> "Scores":
    """Score the search of a data set of pictures that are avatars of another one.

    params: the parameters of `synthprof score`; `truth`, the data set with the avatars, is needed. A finished
    score is not made again. on_progress: as for `run`.
    Raises SpecError for a version without pictures, or whose pictures are no avatars of the truth, Busy if
    another process makes the same score, StageError for a damaged version.

        made = synthprof.score("faces", truth="drawn")
        made.scores["caption"]["recall_at_10"], made.questions.to_pylist()
    """
    from synthprof.delivery.scoring.scores import open_scores

    given = {"dataset": dataset, **params}
    ScoreOrder.from_params(given)  # refused here, before anything starts
    with _observed(on_progress) as observe:
        told = run_apart("score", given, home_folder(home), observe, _DELIVERY)
    return open_scores(Path(told["folder"]))


def export(
    dataset: str | os.PathLike[str] | Version,
    format: str = "parquet",
    *,
    version: str | None = None,
    home: Home = None,
    on_progress: OnProgress | None = None,
    **options: Unpack[Options],
) -> "Export":
    """Write a version in a format that other programs read; what is written already is not written again.

    dataset: as for `open`, or an open version; the export lies beside its versions. format: one of those that
    docs/exports.md lists. options: `columns` (a text with commas, or a list), `space`, `metric`, `workload`,
    `correlation`. on_progress: as for `run`.
    Raises SpecError for an unknown format, column or version, Busy if another process makes the same export,
    StageError for a damaged version; the same call goes on where it was cut short.

    >>> made = synthprof.export("gamers", "csv", columns=["id", "cluster_id"])
    >>> (made.folder / "rows.csv").read_text().splitlines()[0]
    'id,cluster_id'
    """
    from synthprof.delivery.exports.finished import Export

    found = dataset if isinstance(dataset, Version) else open(dataset, version, home=home)
    parent = found.folder.parent.parent
    order = Order.from_params({"dataset": parent.name, "version": found.name, "format": format, **options})
    with _observed(on_progress) as observe:
        told = run_apart("export", order.model_dump(), parent.parent, observe, _DELIVERY)
    folder = Path(told.pop("folder"))
    return Export(folder=folder, **told | {"files": tuple(folder / name for name in told["files"])})


def _plain(params: Keywords) -> dict[str, Any]:
    """Return the parameters as JSON has them; a path is a text."""
    return {name: os.fspath(each) if isinstance(each, os.PathLike) else each for name, each in params.items()}


@contextmanager
def _observed(on_progress: OnProgress | None) -> Iterator[Observer]:
    """Yield what hears of progress: what the caller gave, else bars in a notebook, else nobody."""
    if on_progress is None and _in_notebook():
        from synthprof.report.bars import notebook_bars

        with notebook_bars() as bars:
            yield bars
    elif on_progress is None:
        yield lambda *_: None
    else:
        yield lambda stage, done, total, failed=0, _="rows": on_progress(stage, done, total, failed)


def _in_notebook() -> bool:
    """Return whether a notebook's kernel runs this; a kernel has loaded its own module long before."""
    kernel = sys.modules.get("ipykernel.zmqshell")
    return kernel is not None and kernel.ZMQInteractiveShell.initialized()
