"""Schemas learned from the tables that PyPI packages ship, and how near they come.

    python -m venv SETS
    SETS/bin/pip install scikit-learn statsmodels palmerpenguins vega_datasets
    .venv/bin/python benchmarks/bench_learn.py SETS/bin/python > benchmarks/results/learned.txt

Errors are those of the schema's expected shares, exact: `one` of a single column over its cells, the
largest; `two` of a column and its parent in the tree, the largest, over so many bands of each; `others` of
the worst pair off the tree; `distance` the largest one of distribution functions (Kolmogorov and Smirnov),
within ranges too; `drawn` the largest error of one column in 200,000 rows that were drawn; `AUC` that of
boosted trees which tell drawn rows from real ones, 0.5 being chance. Sets of fewer than 100 rows are left
out, and so are columns of which nothing can be told.
"""

import argparse
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.sources.learning.coding import Coder
from synthprof.sources.learning.learn import Learned, learn
from synthprof.sources.learning.survey import Categorical, Numeric
from synthprof.sources.whole import Table, table_of
from synthprof.stages.learn import drawn_rows, told_apart

LEAST_ROWS = 100
DRAWN = 200_000

COLLECT = """
import sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
home = Path(sys.argv[1])
from sklearn import datasets
for name in ("iris", "wine", "breast_cancer", "diabetes", "linnerud", "digits"):
    more = {"scaled": False} if name == "diabetes" else {}
    found = getattr(datasets, "load_" + name)(as_frame=True, **more)
    frame = found.frame
    if name in ("iris", "wine", "breast_cancer"):
        frame["target"] = [str(found.target_names[each]) for each in frame["target"]]
    frame.to_csv(home / f"sklearn {name}.csv", index=False)
import pkgutil, importlib, statsmodels.datasets as sets
for each in pkgutil.iter_modules(sets.__path__):
    try:
        frame = importlib.import_module("statsmodels.datasets." + each.name).load_pandas().data
        frame.to_csv(home / f"statsmodels {each.name}.csv", index=False)
    except Exception:
        pass
import palmerpenguins
palmerpenguins.load_penguins().to_csv(home / "palmerpenguins.csv", index=False)
from vega_datasets import local_data
for name in ("cars", "airports", "seattle-weather", "stocks", "us-employment"):
    frame = local_data(name)
    frame.to_csv(home / f"vega {name}.csv", index=False)
"""

HEADS = (
    "set",
    "rows",
    "told/columns",
    "one",
    "two",
    "bands",
    "others",
    "distance",
    "drawn",
    "AUC",
    "seconds",
)
WIDTHS = (26, 7, 12, 7, 7, 6, 7, 8, 7, 6, 7)


def main() -> None:
    """Print a line for each set."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("python", help="that of an environment with the packages")
    options.add_argument("--no-auc", action="store_true")
    asked = options.parse_args()
    _line(HEADS)
    with tempfile.TemporaryDirectory() as home:
        subprocess.run([asked.python, "-c", COLLECT, home], check=True)
        for path in sorted(Path(home).glob("*.csv")):
            try:
                _measure(path, auc=not asked.no_auc)
            except SpecError as error:
                print(f"{path.stem:26} {error.fact.rpartition('csv')[2][:80]}", flush=True)


def _measure(path: Path, *, auc: bool) -> None:
    table = table_of(str(path))
    if sum(batch.num_rows for batch in table.batches()) < LEAST_ROWS:
        return
    began = time.perf_counter()
    learned = learn(table)
    seconds = time.perf_counter() - began
    near = learned.nearness
    tree = max((pair for pair in near.pairs if pair.on_tree), key=lambda pair: pair.error, default=None)
    distances = [each.distance for each in near.columns if each.distance is not None]
    area = told_apart(table, learned) if auc else None
    _line(
        (
            path.stem,
            f"{learned.rows:,}",
            f"{len(learned.coded)}/{len(learned.columns)}",
            f"{near.one_way:.4f}",
            f"{near.two_way:.4f}",
            "–" if tree is None else "x".join(map(str, tree.bands)),
            f"{near.worst_others[0].error:.4f}" if near.worst_others else "–",
            f"{max(distances):.4f}" if distances else "–",
            f"{_drawn_error(table, learned):.4f}",
            "–" if area is None else f"{area:.3f}",
            f"{seconds:.1f}",
        )
    )


def _drawn_error(table: Table, learned: Learned) -> float:
    """Return the largest error of one column of drawn rows, over the cells of the learned one."""
    rows = drawn_rows(learned, DRAWN)
    errors = [0.0]
    for column in learned.columns:
        if isinstance(column.plan, Numeric | Categorical) and column.place is not None:
            coded = learned.coded[column.place]
            coder = Coder(column.name, column.plan, learned.min_count)
            drawn = rows.column(column.name).combine_chunks()
            if column.plan.type.name == "bool":
                drawn = drawn.cast(pa.bool_())
            if column.plan.type.from_texts or pa.types.is_string(drawn.type):
                drawn = drawn.cast(pa.string())
            _, codes = coder.settled(
                np.bincount(_codes(table, learned, column.name, coder), minlength=coder.size)
            )
            values = coder.codes(drawn)
            found = np.bincount(codes[values][codes[values] >= 0], minlength=coded.size)
            if coded.other:  # the word for others stands for all of them
                found[len(coded.values) - 1] = drawn.to_pylist().count(coded.values[-1])
            errors.append(float(np.abs(found / DRAWN - coded.counts / learned.rows).sum()) / 2)
    return max(errors)


def _codes(table: Table, learned: Learned, name: str, coder: Coder) -> np.ndarray:
    place = [column.name for column in learned.columns].index(name)
    return np.concatenate([coder.codes(batch.column(place)) for batch in table.batches()])


def _line(cells: tuple[str, ...]) -> None:
    first, *others = zip(cells, WIDTHS, strict=True)
    print(f"{first[0]:{first[1]}}", *(f"{cell:>{width}}" for cell, width in others), flush=True)


if __name__ == "__main__":
    main()
