"""Values per CPU-second of every kind of draw, and how near correlated columns come to their target.

    python benchmarks/bench_draws.py > benchmarks/results/draws.txt

Each kind is drawn block by block in one process, tables made before; the best of three rounds counts. The
time is that of the sampler alone: no batch, no text.
"""

import platform
import time

import numpy as np
import pyarrow as pa

from synthprof.base.streams import stream
from synthprof.profiles.drawing import generate
from synthprof.profiles.samplers import sampler_of
from synthprof.profiles.samplers.sampler import Rows, Setting
from synthprof.schemas.correlations import Correlation
from synthprof.schemas.draw_kinds.counts import Poisson, Zipf
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.moments import Date, Time, Timestamp
from synthprof.schemas.draw_kinds.numbers import (
    Beta,
    Exponential,
    Gamma,
    LogNormal,
    Normal,
    Pareto,
    Uniform,
    UniformInteger,
)
from synthprof.schemas.draw_kinds.odds import Boolean, Histogram
from synthprof.schemas.schema import Archetype, Column, Schema
from synthprof.spec.spec import BLOCK_ROWS

BLOCKS = 30
YEARS = {"start": "2015-01-01", "end": "2024-12-31"}
HOURS = tuple(float(hour) for hour in range(24))

KINDS: dict[str, DrawModel] = {
    "uniform_integer": UniformInteger(low=1, high=100),
    "uniform": Uniform(low=0, high=1),
    "uniform, 2 decimals": Uniform(low=0, high=100, decimals=2),
    "normal": Normal(mean=0, stddev=1),
    "normal, cut, integer": Normal(mean=40, stddev=20, low=18, high=99, integer=True),
    "log_normal": LogNormal(mu=0, sigma=1),
    "exponential": Exponential(rate=1),
    "pareto": Pareto(shape=2, scale=1),
    "gamma": Gamma(shape=2.5, scale=1),
    "beta": Beta(alpha=2, beta=5),
    "poisson": Poisson(mean=9),
    "zipf, 1,000 ranks": Zipf(exponent=1, size=1_000),
    "histogram, 50 bins": Histogram(edges=tuple(range(51)), weights=(1.0,) * 50),
    "boolean": Boolean(share=0.3),
    "date": Date(**YEARS),
    "date, by month and weekday": Date(**YEARS, months=HOURS[1:13], weekdays=HOURS[1:8]),
    "time": Time(),
    "timestamp": Timestamp(**YEARS),
    "timestamp, hours, zone": Timestamp(**YEARS, hours=HOURS, zone="Europe/Berlin"),
}

TARGET = (
    (1.0, 0.7, -0.3, 0.1, 0.0, 0.5),
    (0.7, 1.0, -0.2, 0.2, 0.1, 0.4),
    (-0.3, -0.2, 1.0, 0.6, 0.3, -0.1),
    (0.1, 0.2, 0.6, 1.0, 0.4, 0.2),
    (0.0, 0.1, 0.3, 0.4, 1.0, -0.5),
    (0.5, 0.4, -0.1, 0.2, -0.5, 1.0),
)
SIX = ("normal", "log_normal", "gamma", "beta", "uniform", "exponential")


def main() -> None:
    """Print a line for each kind, then the correlations of a million rows."""
    print(f"{platform.processor() or platform.machine()}, NumPy {np.__version__}, PyArrow {pa.__version__}")
    print(f"{'kind':<28} {'table ms':>9} {'M values per CPU-second':>24}")
    for name, kind in KINDS.items():
        made, rate = _measure(kind)
        print(f"{name:<28} {made * 1e3:9.1f} {rate / 1e6:24.1f}")
    _correlated(1_000_000)


def _measure(kind: DrawModel) -> tuple[float, float]:
    column = Column("x", kind, None, "For a measurement.")
    schema = Schema("bench", (column,), (Archetype("all", "All", 1.0, ()),))
    begun = time.process_time()
    sampler = sampler_of(kind, Setting(schema, column, "pt_BR", 0.8, 1))
    made = time.process_time() - begun
    rounds = [_seconds(sampler) for _ in range(3)]
    return made, BLOCKS * BLOCK_ROWS / min(rounds)


def _seconds(sampler) -> float:
    begun = time.process_time()
    for block in range(BLOCKS):
        everyone = np.zeros(BLOCK_ROWS, dtype=np.uint8)
        sampler.draw(
            Rows(
                first=block * BLOCK_ROWS,
                count=BLOCK_ROWS,
                total=BLOCK_ROWS,
                archetypes=everyone,
                given=lambda _: pa.nulls(0),
                stream=lambda purpose, block=block: stream(1, "x", purpose, block),
            )
        )
    return time.process_time() - begun


def _correlated(rows: int) -> None:
    columns = tuple(Column(name, KINDS[name], None, "For a measurement.") for name in SIX)
    declared = (Correlation(columns=SIX, spearman=TARGET),)
    schema = Schema("bench", columns, (Archetype("all", "All", 1.0, ()),), correlations=declared)
    begun = time.process_time()
    batches = []
    for block in range(-(-rows // BLOCK_ROWS)):
        left = min(BLOCK_ROWS, rows - block * BLOCK_ROWS)
        batches.append(generate(schema, 1, "pt_BR", 0.8, block, left).profiles)
    seconds = time.process_time() - begun
    table = pa.Table.from_batches(batches)
    ranks = np.array([np.argsort(np.argsort(table[name].to_numpy())) for name in SIX])
    off = np.abs(np.corrcoef(ranks) - np.array(TARGET)).max()
    print(f"\n6 correlated columns, {rows:,} rows: {6 * rows / seconds / 1e6:.1f} M values per CPU-second")
    print(f"largest distance of a Spearman correlation from its target: {off:.4f}")


if __name__ == "__main__":
    main()
