"""The commands that hand a version on: `export`, `workload`, `load`, `measure`; and `match` and `score`."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from synthprof.cli.help import Command
from synthprof.cli.options import AsJson, takes_order, without_options
from synthprof.report.ending import print_json
from synthprof.system.environment import home_folder

if TYPE_CHECKING:
    from synthprof.delivery.exports.order import Order
    from synthprof.delivery.loaders.order import LoadOrder
    from synthprof.delivery.loaders.work import Loaded
    from synthprof.delivery.matching.match import Match
    from synthprof.delivery.matching.order import MatchOrder
    from synthprof.delivery.measuring.measured import Measured
    from synthprof.delivery.measuring.order import MeasureOrder
    from synthprof.delivery.scoring.order import ScoreOrder
    from synthprof.delivery.scoring.scores import Scores
    from synthprof.delivery.workloads.order import WorkloadOrder
    from synthprof.delivery.workloads.workload import Workload
    from synthprof.report.terminal import Terminal


def export(order: "Order", as_json: AsJson = False) -> None:
    """Write a version in a format that other programs read.

    The files appear whole in a folder beside the version. The same command goes on where it was cut short.
    """
    from synthprof.delivery.exports.finished import as_document, finished
    from synthprof.delivery.exports.job import export as write
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal
    from synthprof.report.words import amount, count

    terminal = Terminal()
    with unseen() if as_json else bars(terminal) as observe:
        made = finished(*write(home_folder(), order, observe))
    if as_json:
        print_json(as_document(made))
        return
    terminal.say(
        f"{count(made.rows)} rows, {amount(made.bytes)} in {made.folder}",
        label=(terminal.marks.good, "green"),
        indent="  ",
    )


def workload(order: "WorkloadOrder", as_json: AsJson = False) -> None:
    """Make queries for a version, of four kinds from easy to hard, with their exact nearest rows.

    The files appear whole in a folder beside the version. The same command goes on where it was cut short.
    """
    from synthprof.delivery.workloads.job import make_workload
    from synthprof.delivery.workloads.workload import told
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal

    terminal = Terminal()
    with unseen() if as_json else bars(terminal) as observe:
        made = make_workload(home_folder(), order, observe)
    if as_json:
        print_json(told(made))
    else:
        _tell_workload(terminal, made)


def _tell_workload(terminal: "Terminal", made: "Workload") -> None:
    from synthprof.report.terminal import Column
    from synthprof.report.words import amount, count
    from synthprof.versions.queries import classes_of

    output = made.output
    rows = [
        (name, count(each["queries"]), "–" if each["hardness"] is None else f"{each['hardness']:.3f}")
        for name, each in classes_of(made.queries).items()
    ]
    columns = (Column("class"), Column("queries", right=True), Column("mean hardness", right=True))
    terminal.table(columns, rows)
    for name, reason in output.details["left_out"].items():
        terminal.say(f"no queries {name}: {reason}", indent="  ")
    filters = f"{count(made.filters.num_rows - 1)} filters" if made.filters.num_rows > 1 else "no filters"
    terminal.say(
        f"{count(made.queries.num_rows)} queries, {filters}, by {', '.join(made.metrics)}, "
        f"{amount(output.bytes_total)}:",
        label=(terminal.marks.good, "green"),
        indent="  ",
    )
    terminal.say(str(made.folder), indent="  ")


def load(order: "LoadOrder", as_json: AsJson = False) -> None:
    """Load a version into a database or search engine, and compare what is there with the version.

    Each row is there once, however often the command is cut short: the same command goes on.
    """
    from synthprof.delivery.loaders.job import load as fill
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal

    terminal = Terminal()
    with unseen() if as_json else bars(terminal) as observe:
        loaded = fill(home_folder(), order, observe)
    if as_json:
        print_json(loaded.facts())
    else:
        _tell_loaded(terminal, loaded)


def _tell_loaded(terminal: "Terminal", loaded: "Loaded") -> None:
    from synthprof.report.words import count, duration, share

    if loaded.written:
        terminal.say(
            f"{count(loaded.written)} rows in {duration(loaded.seconds)}, "
            f"{loaded.rows_per_second:,.0f} rows/s: {share(loaded.limit_share)} of its own bulk limit",
            indent="  ",
        )
    if loaded.left_out:
        terminal.say(f"{count(loaded.left_out)} rows have no vector: left out", indent="  ")
    if loaded.index:
        terminal.say(f"index {loaded.index} in {duration(loaded.index_seconds)}", indent="  ")
    terminal.say(
        f"{count(loaded.rows)} rows in {loaded.table!r} of {loaded.into}, {loaded.compared} of them compared",
        label=(terminal.marks.good, "green"),
        indent="  ",
    )


def measure(order: "MeasureOrder", as_json: AsJson = False) -> None:
    """Measure recall and speed of a target on a workload, for each class of queries.

    Writes the points as JSON and the curves as a picture, beside the version.
    """
    from synthprof.delivery.measuring.job import measure as search
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal

    terminal = Terminal()
    with unseen() if as_json else bars(terminal) as observe:
        folder, measured = search(home_folder(), order, observe)
    if as_json:
        print_json({"folder": str(folder), **asdict(measured)})
    else:
        _tell_measured(terminal, measured, str(folder))


def _tell_measured(terminal: "Terminal", measured: "Measured", folder: str) -> None:
    from synthprof.report.terminal import Column

    names = ("filter", "queries", "effort", "clients", "recall", "QPS", "p50 ms", "p95 ms", "p99 ms")
    columns = [
        Column(name, right=place > 1, shorten=place < 2, drop=max(0, place - 6))
        for place, name in enumerate(names)
    ]
    rows = [
        (
            each.filter,
            each.queries,
            str(each.effort or "–"),
            str(each.clients),
            "–" if each.recall is None else f"{each.recall:.3f}",
            f"{each.qps:,.0f}",
            *(f"{took:.2f}" for took in (each.p50_ms, each.p95_ms, each.p99_ms)),
        )
        for each in measured.points
    ]
    terminal.table(columns, rows)
    for name in measured.skipped:
        terminal.say(f"{name}: {measured.target} cannot search under this filter", indent="  ")
    terminal.say(f"{measured.target}: {folder}", label=(terminal.marks.good, "green"), indent="  ")


def match(order: "MatchOrder", as_json: AsJson = False) -> None:
    """Find near-identical pictures of a folder, a table, tar files, or of a version's avatars.

    The pairs and groups, and a page that shows pairs side by side, appear whole in a folder of the data set.
    The same command goes on where it was cut short.
    """
    from synthprof.delivery.matching.job import match as find
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal

    terminal = Terminal()
    with unseen() if as_json else bars(terminal) as observe:
        found = find(home_folder(), order, observe)
    if as_json:
        print_json(found.facts())
    else:
        _tell_match(terminal, found)


def _tell_match(terminal: "Terminal", found: "Match") -> None:
    from synthprof.report.words import amount, count

    facts, scores = found.facts(), found.scores
    if facts["unread"]:
        terminal.say(
            f"{count(facts['unread'])} pictures cannot be read: pictures.parquet says why", indent="  "
        )
    if scores and None not in (scores["recall"], scores["precision"]):
        text = f"planted copies: recall {scores['recall']:.3f}, precision {scores['precision']:.3f}"
        terminal.say(text, indent="  ")
    if found.peak_bytes:
        text = f"memory: {amount(found.peak_bytes)} at most, {amount(found.planned_bytes)} planned"
        terminal.say(text, indent="  ")
    pairs, groups, pictures = (count(facts[name]) for name in ("pairs", "groups", "rows"))
    terminal.say(
        f"{pairs} pairs in {groups} groups, of {pictures} pictures:",
        label=(terminal.marks.good, "green"),
        indent="  ",
    )
    terminal.say(str(found.page), indent="  ")


def score(order: "ScoreOrder", as_json: AsJson = False) -> None:
    """Score the search of a data set of pictures that are avatars of another one.

    Captions and parts of them are searched for, and changed copies; what is found is compared with the truth.
    """
    from synthprof.delivery.scoring.job import score as ask
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal

    terminal = Terminal()
    with unseen() if as_json else bars(terminal) as observe:
        found = ask(home_folder(), order, observe)
    if as_json:
        print_json(found.facts())
    else:
        _tell_scores(terminal, found)


def _tell_scores(terminal: "Terminal", found: "Scores") -> None:
    from synthprof.report.terminal import Column
    from synthprof.report.words import count

    def figure(value: float | None) -> str:
        return "–" if value is None else f"{value:.3f}"

    rows = [
        (kind, count(each["questions"]), figure(each["recall_at_1"]), figure(each["recall_at_10"]))
        for kind, each in found.scores.items()
    ]
    names = ("questions", "recall@1", "recall@10")
    terminal.table((Column("asked by"), *(Column(name, right=True) for name in names)), rows)
    changes = found.scores["copy"]["by_change"].items()
    if changes:
        told = ", ".join(f"{change} {share:.3f}" for change, share in changes)
        terminal.say(f"recall@10 of copies by change: {told}", indent="  ")
    terminal.say(
        f"{count(found.output.rows)} avatars of {found.output.details['truth']['dataset']!r}:",
        label=(terminal.marks.good, "green"),
        indent="  ",
    )
    terminal.say(str(found.folder), indent="  ")


def verify_export(dataset: str, name: str, *, as_json: bool) -> None:
    """Compare the files of an export with their checksums, and tell what is wrong."""
    from synthprof.delivery.exports.finished import faults
    from synthprof.report.bars import bars, unseen
    from synthprof.report.terminal import Terminal
    from synthprof.report.words import count

    terminal = Terminal()
    with unseen() if as_json else bars(terminal) as observe:
        output, wrong = faults(
            home_folder(), dataset, name, lambda done, total: observe("verify", done, total, 0, "files")
        )
    remedy = f"remove the folder, then `synthprof export --dataset {dataset} --format {output.name}` again"
    if as_json:
        facts = {"dataset": dataset, "version": output.version, "export": name, "sound": not wrong}
        found = {"files": len(output.files), "findings": wrong, "remedy": remedy if wrong else None}
        print_json(facts | found)
    elif not wrong:
        label = (terminal.marks.good, "green")
        terminal.say(f"{name}: {count(len(output.files))} files as they were", label=label, indent="  ")
    else:
        for finding in wrong:
            terminal.say(finding, label=(terminal.marks.bad, "red"), indent="  ")
        terminal.say(remedy, label=("hint:", "cyan"), indent="  ")
    if wrong:
        raise typer.Exit(1)


def register(app: typer.Typer, chosen: str | None) -> None:
    """Add the commands to the command line, only the chosen one with its options; None gives all of them."""
    shaped = without_options(export)
    if chosen in (None, "export"):
        from synthprof.delivery.exports.order import Order
        from synthprof.delivery.exports.registry import TITLES

        shaped = takes_order(export, Order.schemas(), Order.from_params)
        formats = "\n\n".join(f"{name}: {title}." for name, title in TITLES.items())
        shaped.__doc__ = f"{shaped.__doc__}\n\nFormats:\n\n{formats}"
    app.command(cls=Command, epilog="synthprof export --dataset gamers --format parquet")(shaped)
    made = without_options(workload)
    if chosen in (None, "workload"):
        from synthprof.delivery.workloads.order import WorkloadOrder

        made = takes_order(workload, WorkloadOrder.schemas(), WorkloadOrder.from_params)
    app.command(cls=Command, epilog="synthprof workload --dataset gamers --queries 10000")(made)
    filled = without_options(load)
    if chosen in (None, "load"):
        from synthprof.delivery.loaders.order import LoadOrder
        from synthprof.delivery.loaders.registry import TITLES as TARGETS

        filled = takes_order(load, LoadOrder.schemas(), LoadOrder.from_params)
        targets = "\n\n".join(f"{url}: {title}." for url, title in TARGETS.items())
        filled.__doc__ = f"{filled.__doc__}\n\nTargets:\n\n{targets}"
    app.command(cls=Command, epilog="synthprof load --dataset gamers --into duckdb:gamers.duckdb")(filled)
    measured = without_options(measure)
    if chosen in (None, "measure"):
        from synthprof.delivery.measuring.order import MeasureOrder

        measured = takes_order(measure, MeasureOrder.schemas(), MeasureOrder.from_params)
    app.command(cls=Command, epilog="synthprof measure --dataset gamers --target faiss:hnsw")(measured)
    matched = without_options(match)
    if chosen in (None, "match"):
        from synthprof.delivery.matching.order import MatchOrder

        matched = takes_order(match, MatchOrder.schemas(), MatchOrder.from_params)
    app.command(cls=Command, epilog="synthprof match --dataset photos --pictures photos/")(matched)
    scored = without_options(score)
    if chosen in (None, "score"):
        from synthprof.delivery.scoring.order import ScoreOrder

        scored = takes_order(score, ScoreOrder.schemas(), ScoreOrder.from_params)
    app.command(cls=Command, epilog="synthprof score --dataset faces --truth drawn")(scored)
