"""Ours against the conventional way, stage by stage, at the same number of rows, in one call.

    python benchmarks/bench_stages.py                  100,000 rows, as many workers as the budget allows
    python benchmarks/bench_stages.py --rows 20000 --repeat 3

Each side runs in a process of its own, a child of this one, in turn with the others; with --repeat the median
counts. CPU seconds include child processes. Each stage is timed as one call, with all that it needs to begin,
its pool for one; the whole of ours is a call of its own, in which one stage goes on beside others. Starting
Python and importing are left out on both sides. Raw results go to benchmarks/results/.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from synthprof.system.startup import block_pandas

Result = TypeVar("Result")
Stages = dict[str, dict[str, float]]
"""Of each stage its rows, wall and cpu (seconds)."""

HERE = Path(__file__).parent
SIDES = ("conventional", "ours", "ours-stages", "ours-hashed", "ours-1-worker")
STAGES = ("generate", "ingest", "vectorize", "persist_blobs", "cluster", "export_index")
FEW = 20_000
"""Rows for what takes more than a millisecond each; rates are compared, not seconds."""


@dataclass(frozen=True)
class Settings:
    """Settings that all sides share."""

    rows: int
    workers: int
    seed: int


def main() -> None:
    """Run every side, print tables, write the raw results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=max(1, round(0.8 * len(os.sched_getaffinity(0)))))
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    settings = Settings(options.rows, options.workers, options.seed)
    if options.side:
        if options.side != "conventional":
            block_pandas()  # as the command line does
        print(json.dumps(SIDE[options.side](settings)))
        return
    load = os.getloadavg()
    runs = [{side: _child(side, settings) for side in SIDES} for _ in range(options.repeat)]
    figures = {side: _median([run[side] for run in runs]) for side in SIDES}
    found = ratios(settings, figures)
    _print(settings, figures, found)
    _write(options.results, settings, load, runs, found)


# --- the sides -------------------------------------------------------------------------------------------


def conventional_side(settings: Settings) -> Stages:
    """Every stage of the conventional way, in this process and its pools."""
    import conventional

    from synthprof.spec.sizing import automatic_k

    rows, workers, seed = settings.rows, settings.workers, settings.seed
    stages: Stages = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        timed = _Timer(stages, rows)
        frame = timed("generate", lambda: conventional.generate(rows, seed, workers))
        timed("ingest", lambda: conventional.ingest(frame, folder))
        vectors, embeddings = timed("vectorize", lambda: conventional.vectorize(frame, workers))
        timed("persist_blobs", lambda: conventional.persist_blobs(vectors, embeddings, folder))
        k = automatic_k(rows)
        _, centroids = timed("cluster", lambda: conventional.cluster(embeddings, k, 20, seed, folder))
        timed("export_index", lambda: conventional.export_index(embeddings, centroids, folder))
        stages["whole"] = _sum(stages, STAGES)
        timed("vectorize_tokens", lambda: conventional.vectorize(frame, workers, "tokens"))
        few = frame.head(FEW)
        timed.rows = len(few)
        timed("vectorize_tokens_anew", lambda: conventional.vectorize(few, workers, "tokens anew"))
    return stages


def our_side(settings: Settings) -> Stages:
    """All of synthprof without Airflow: `whole` is the call, publishing and pool included."""
    from synthprof.runner.run import run_all

    _import_stages()
    stages: Stages = {}
    with tempfile.TemporaryDirectory() as home:
        timed = _Timer(stages, settings.rows)
        run = timed("whole", lambda: run_all(_request(settings), Path(home)))
    return stages | {receipt.stage: _figures(receipt) for receipt in run.receipts}


def our_stages(
    wanted: tuple[str, ...], encoder: str = "catalogue", workers: int | None = None
) -> Callable[[Settings], Stages]:
    """Do the wanted stages one by one, as tasks of Airflow do them, with this encoder and so many workers.

    Each is one call: the other side too starts its pools anew for each.
    """

    def side(settings: Settings) -> Stages:
        from synthprof.runner.run import run_stage

        _import_stages()
        request = _request(settings, encoder, workers)
        stages: Stages = {}
        with tempfile.TemporaryDirectory() as home:
            timed = _Timer(stages, settings.rows)
            for stage in wanted:
                timed(stage, lambda stage=stage: run_stage(request, stage, None, Path(home)))
        return stages

    return side


def _import_stages() -> None:
    """Import what the stages need, as the other side has imported all it needs."""
    import synthprof.encoders.catalogue
    import synthprof.encoders.hashed  # noqa: F401
    from synthprof.pipeline import STAGES as OURS

    for each in OURS:
        each.run  # noqa: B018


VECTORS = ("setup", "generate", "vectorize")
SIDE: dict[str, Callable[[Settings], Stages]] = {
    "conventional": conventional_side,
    "ours": our_side,
    "ours-stages": our_stages(("setup", *STAGES, "publish")),
    "ours-hashed": our_stages(VECTORS, "hashed"),
    "ours-1-worker": our_stages(VECTORS, workers=1),
}


def _request(settings: Settings, encoder: str = "catalogue", workers: int | None = None) -> Any:
    from synthprof.spec.request import Request

    return Request.from_params(
        {
            "profiles": settings.rows,
            "seed": settings.seed,
            "encoder": encoder,
            "workers": workers or settings.workers,
        }
    )


def _figures(receipt: Any) -> dict[str, float]:
    return {"rows": receipt.rows, "wall": receipt.seconds, "cpu": receipt.cpu_seconds}


class _Timer:
    """Runs a step and notes its wall and CPU seconds, children included."""

    def __init__(self, stages: Stages, rows: int) -> None:
        self.stages, self.rows = stages, rows

    def __call__(self, name: str, work: Callable[[], Result]) -> Result:
        began, cpu_began = time.perf_counter(), _cpu_seconds()
        result = work()
        wall, cpu = time.perf_counter() - began, _cpu_seconds() - cpu_began
        self.stages[name] = {"rows": self.rows, "wall": wall, "cpu": cpu}
        return result


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _sum(stages: Stages, names: tuple[str, ...]) -> dict[str, float]:
    return {
        "rows": stages[names[0]]["rows"],
        **{key: sum(stages[name][key] for name in names) for key in ("wall", "cpu")},
    }


def _child(side: str, settings: Settings) -> Stages:
    print(f"{side} …", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--side", side]
    for name, value in vars(settings).items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _median(runs: list[Stages]) -> Stages:
    return {
        stage: {key: statistics.median(run[stage][key] for run in runs) for key in runs[0][stage]}
        for stage in runs[0]
    }


# --- what comes of it ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ratio:
    """One line of the issue's table: how many times better than the other side, and how many it shall be."""

    what: str
    value: float
    target: float | None


def ratios(settings: Settings, figures: dict[str, Stages]) -> list[Ratio]:
    """Return the ratios that this benchmark can give."""
    theirs, ours = figures["conventional"], figures["ours-stages"]
    one, call = figures["ours-1-worker"], figures["ours"]

    def whole(vectorize: str, *, clustering: bool) -> float:
        """Return how many times faster all of it is; vectorize: the way that the other side embeds."""
        slow = theirs["whole"]["wall"] - theirs["vectorize"]["wall"]
        slow += theirs[vectorize]["wall"] * settings.rows / theirs[vectorize]["rows"]
        fast = call["whole"]["wall"]
        if clustering:
            return slow / fast
        return (slow - theirs["cluster"]["wall"]) / (fast - call["cluster"]["wall"])

    def both(stages: Stages) -> float:
        return stages["generate"]["wall"] + stages["vectorize"]["wall"]

    def faster(names: tuple[str, str], side: str = "ours-stages") -> float:
        """Return how many times the rows per CPU-second."""
        slow, fast = theirs[names[0]], figures[side][names[1]]
        return (fast["rows"] / fast["cpu"]) / (slow["rows"] / slow["cpu"])

    return [
        Ratio("generate, per CPU-second", faster(("generate", "generate")), 25),
        Ratio("generate and vectorize, all workers against 1, wall", both(one) / both(ours), 1.7),
        Ratio("vectorize + embed, per CPU-second", faster(("vectorize", "vectorize")), 100),
        Ratio("  both with token vectors", faster(("vectorize_tokens", "vectorize")), None),
        Ratio("  the same, none remembered", faster(("vectorize_tokens_anew", "vectorize")), None),
        Ratio("  both with a Gaussian per profile", faster(("vectorize", "vectorize"), "ours-hashed"), None),
        Ratio(
            'ingest against to_sql(method="multi"), wall',
            theirs["ingest"]["wall"] / ours["ingest"]["wall"],
            4,
        ),
        Ratio(
            "BLOBs against executemany on WAL, wall",
            theirs["persist_blobs"]["wall"] / ours["persist_blobs"]["wall"],
            4,
        ),
        Ratio("the whole, wall", whole("vectorize", clustering=True), 12),
        Ratio("  both with token vectors", whole("vectorize_tokens", clustering=True), None),
        Ratio("  the same, none remembered", whole("vectorize_tokens_anew", clustering=True), None),
        Ratio("the whole without clustering, wall", whole("vectorize", clustering=False), 30),
        Ratio("  both with token vectors", whole("vectorize_tokens", clustering=False), None),
        Ratio("  the same, none remembered", whole("vectorize_tokens_anew", clustering=False), None),
        Ratio("the whole, per CPU-second", theirs["whole"]["cpu"] / call["whole"]["cpu"], None),
    ]


def _print(settings: Settings, figures: dict[str, Stages], found: list[Ratio]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=110)
    table = Table(title=f"{settings.rows:,} rows, {settings.workers} workers", title_justify="left")
    table.add_column("stage")
    for side in ("conventional", "ours"):
        for what in ("wall s", "CPU s", "rows/CPU-s"):
            table.add_column(f"{side}\n{what}", justify="right")
    for name in (*STAGES, "setup", "publish", "whole"):
        side = "ours" if name == "whole" else "ours-stages"
        table.add_row(name, *_cells(figures["conventional"].get(name)), *_cells(figures[side].get(name)))
    table.add_row("vectorize, tokens", *_cells(figures["conventional"]["vectorize_tokens"]))
    table.add_row("  none remembered", *_cells(figures["conventional"]["vectorize_tokens_anew"]))
    table.add_row("vectorize, hashed", "", "", "", *_cells(figures["ours-hashed"]["vectorize"]))
    console.print(table)
    goals = Table(title="ours against the conventional way", title_justify="left")
    for name in ("figure", "times", "target", ""):
        goals.add_column(name, justify="left" if name == "figure" else "right")
    for ratio in found:
        met = "" if ratio.target is None else ("met" if ratio.value >= ratio.target else "missed")
        goals.add_row(
            ratio.what, f"{ratio.value:,.2f}", "" if ratio.target is None else f"{ratio.target:g}", met
        )
    console.print(goals)


def _cells(figures: dict[str, float] | None) -> tuple[str, str, str]:
    if figures is None:
        return "", "", ""
    rate = f"{figures['rows'] / figures['cpu']:,.0f}" if figures["rows"] and figures["cpu"] else ""
    return f"{figures['wall']:,.2f}", f"{figures['cpu']:,.2f}", rate


def _write(
    folder: Path,
    settings: Settings,
    load: tuple[float, ...],
    runs: list[dict[str, Stages]],
    found: list[Ratio],
) -> None:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, cwd=HERE
    )
    packages = ("numpy", "pandas", "pyarrow", "faiss-cpu", "faker")
    facts = {
        "settings": vars(settings),
        "commit": commit.stdout.strip(),
        "machine": {
            "cores": len(os.sched_getaffinity(0)),
            "processor": _processor(),
            "load_average": {"before": load, "after": os.getloadavg()},
            "python": platform.python_version(),
            **{name: version(name) for name in packages},
        },
        "ratios": [vars(ratio) for ratio in found],
        "runs": runs,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"bench_stages_{settings.rows}.json"
    path.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(path)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


if __name__ == "__main__":
    main()
