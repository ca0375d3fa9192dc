"""Classes of queries by hardness: relative contrast, and the recall of indexes at fixed effort.

    python benchmarks/bench_workload.py [--rows 100000] [--queries 10000] [--home data --dataset gamers]

Makes a version of `gamer_br` in a temporary folder, unless a home is given, and a workload. Recall at 10 and
at 100 of each class by HNSW (32 links, efConstruction 40) for some efSearch, and by inverted lists (about
√rows, trained by FAISS) for some nprobe; both hold whole vectors, so that only effort loses neighbours. CPU
seconds of queries and truth beside it, 0 for a workload that was there. Writes results/workload.json, and
docs/images/workload-hardness.svg from it.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from synthprof.delivery.workloads.job import make_workload  # first: it chooses the kernels

import faiss  # isort: skip
import numpy as np  # isort: skip

from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.delivery.workloads.workload import Workload
from synthprof.runner.run import run_all
from synthprof.spec.request import Request
from synthprof.versions.version import open_version

HERE = Path(__file__).parent
ORDER = ("near_copy", "in_distribution", "hard", "text")
EFFORTS = {"HNSW efSearch": (16, 32, 64, 128), "IVF nprobe": (1, 4, 16, 64)}
COLOURS = {"near_copy": "#2b7a3d", "in_distribution": "#2563a8", "hard": "#c2700a", "text": "#8b3a8f"}


def main() -> None:
    """Make what is missing, measure, print and write the results and the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--dataset", default="gamers")
    parser.add_argument("--results", type=Path, default=HERE / "results" / "workload.json")
    parser.add_argument("--picture", type=Path, default=HERE.parent / "docs/images/workload-hardness.svg")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = given.home or Path(folder)
        if given.home is None:
            params = {"dataset": given.dataset, "profiles": given.rows, "index": "flat"}
            run_all(Request.from_params(params), home)
        began = time.process_time()
        made = make_workload(home, WorkloadOrder(dataset=given.dataset, queries=given.queries))
        seconds = time.process_time() - began
        found = {"rows": made.rows, "queries": given.queries, "cpu_seconds": round(seconds, 2)}
        found |= measured(made, open_version(home, given.dataset).embeddings())
    given.results.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    given.picture.write_text(picture(found), encoding="utf-8")
    print(json.dumps(found))


def measured(made: Workload, rows: Any) -> dict[str, Any]:
    """Return the quantiles of contrast, and the recall at each effort, of each class."""
    classes = np.array(made.queries.column("class").to_pylist())
    hardness = made.queries.column("hardness").to_numpy()
    shares = np.linspace(0.05, 0.95, 19)
    contrast = {
        name: {
            "mean": round(float(hardness[classes == name].mean()), 4),
            "quantiles": [round(float(each), 4) for each in np.quantile(hardness[classes == name], shares)],
        }
        for name in ORDER
    }
    return {"contrast": contrast, "recall": recalls(made, rows, classes)}


def recalls(made: Workload, rows: Any, classes: Any) -> dict[str, Any]:
    """Return the recall at 10 and at 100 of each index, effort and class."""
    true = np.array(made.truth("cosine").ids) - 1
    graph = faiss.IndexHNSWFlat(made.dim, 32)
    graph.add(rows)
    lists = faiss.IndexIVFFlat(faiss.IndexFlatL2(made.dim), made.dim, round(len(rows) ** 0.5))
    lists.train(rows)
    lists.add(rows)
    found: dict[str, Any] = {}
    for (title, efforts), index in zip(EFFORTS.items(), (graph, lists), strict=True):
        found[title] = {}
        for effort in efforts:
            if index is graph:
                graph.hnsw.efSearch = effort
            else:
                lists.nprobe = effort
            _, ids = index.search(made.vectors, 100)
            found[title][effort] = {
                name: {str(k): recall(ids[classes == name], true[classes == name], k) for k in (10, 100)}
                for name in ORDER
            }
    return found


def recall(found: Any, true: Any, k: int) -> float:
    """Return the share of the k true neighbours that are among the first k found."""
    hits = sum(len(np.intersect1d(one[:k], other[:k])) for one, other in zip(found, true, strict=True))
    return round(hits / (k * len(true)), 4)


def picture(found: dict[str, Any]) -> str:
    """Return an SVG: the spread of contrast by class, and recall at 10 against effort for both indexes."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 340" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="960" height="340" fill="white"/>',
        *_spread(found["contrast"]),
    ]
    for place, (title, efforts) in enumerate(found["recall"].items()):
        parts += _curves(title, efforts, 390 + 290 * place)
    names = " · ".join(ORDER)
    parts.append(f'<text x="20" y="328" fill="#444">{found["rows"]:,} rows of gamer_br, {names}</text></svg>')
    return "\n".join(parts) + "\n"


def _spread(contrast: dict[str, Any]) -> list[str]:
    most = max(each["quantiles"][-1] for each in contrast.values())
    low, wide = 1.0, 215.0

    def across(value: float) -> float:
        return 120 + wide * (value - low) / (most - low)

    parts = ['<text x="20" y="24" font-weight="bold">Relative contrast at k = 100 (right: easier)</text>']
    for place, (name, each) in enumerate(contrast.items()):
        y, quantiles = 60 + 52 * place, each["quantiles"]
        parts.append(f'<text x="20" y="{y + 4}" fill="{COLOURS[name]}">{name}</text>')
        for first, last, height in ((0, 18, 8), (4, 14, 20)):  # 5 to 95 %, 25 to 75 %
            x, end = across(quantiles[first]), across(quantiles[last])
            parts.append(
                f'<rect x="{x:.1f}" y="{y - height / 2}" width="{end - x:.1f}" height="{height}" '
                f'fill="{COLOURS[name]}" fill-opacity="0.45"/>'
            )
        x = across(quantiles[9])
        parts.append(f'<path d="M{x:.1f} {y - 13}v26" stroke="{COLOURS[name]}" stroke-width="3"/>')
    for value in np.arange(low, most, 0.25):
        x = across(float(value))
        parts.append(f'<path d="M{x:.1f} 262v6" stroke="#888"/>')
        parts.append(f'<text x="{x:.1f}" y="282" text-anchor="middle" fill="#444">{value:.2f}</text>')
    parts.append('<text x="20" y="304" fill="#444">bars: 5-95 % and 25-75 %; line: median</text>')
    return parts


def _curves(title: str, efforts: dict[Any, Any], left: float) -> list[str]:
    width, top, height = 220.0, 50.0, 212.0
    parts = [f'<text x="{left - 20}" y="24" font-weight="bold">Recall at 10, {title}</text>']
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = top + height * (1 - share)
        parts.append(f'<path d="M{left} {y:.1f}h{width}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end" fill="#444">{share:.2f}</text>')
    steps = [left + 10 + (width - 20) * place / (len(efforts) - 1) for place in range(len(efforts))]
    for x, effort in zip(steps, efforts, strict=True):
        parts.append(f'<text x="{x:.1f}" y="282" text-anchor="middle" fill="#444">{effort}</text>')
    for name in ORDER:
        heights = [top + height * (1 - each[name]["10"]) for each in efforts.values()]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(steps, heights, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[name]}"/>'
            for x, y in zip(steps, heights, strict=True)
        ]
    return parts


if __name__ == "__main__":
    main()
