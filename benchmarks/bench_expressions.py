"""The rate at which columns are computed and written from other columns, and lack values.

    .venv/bin/python benchmarks/bench_expressions.py > benchmarks/results/expressions.txt

Rates are rows per second of CPU time of one process, the median of several rounds over whole blocks whose
other columns are drawn before; drawing those is left out.
"""

import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from synthprof.base.streams import stream
from synthprof.profiles.drawing import drawn
from synthprof.profiles.nulls import missing_rows
from synthprof.profiles.samplers import sampler_of
from synthprof.profiles.samplers.sampler import Rows, Setting
from synthprof.schemas.draw_kinds.expressions import Expression
from synthprof.schemas.draw_kinds.lists import Listed
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.draw_kinds.numbers import UniformInteger
from synthprof.schemas.draw_kinds.places import Follows, Latitude, Place
from synthprof.schemas.draw_kinds.templates import Template
from synthprof.schemas.draws import Chance, Choice
from synthprof.schemas.nulls import Nulls
from synthprof.schemas.schema import Archetype, Column, Schema
from synthprof.spec.spec import BLOCK_ROWS

ROUNDS, BLOCKS = 7, 40

FIRSTS = tuple(f"First{number}" for number in range(800))

PLACE = Place(
    value="city",
    columns=("city", "state", "lat"),
    rows=tuple((f"City{n}", f"S{n % 50}", f"{n % 60}.5") for n in range(10_000)),
)

MEASURED: dict[str, DrawModel] = {
    "template of 3 columns": Template(text="{first} {last} <{email}>"),
    "template, 2 decimals and a date": Template(text="{price:,.2f} on {day:%d.%m.%Y}"),
    "expression of 5 operations": Expression(expression="(a + b) * 2 - a / (b + 1)", type="float"),
    "expression of 5, integers": Expression(expression="if(a > b, a - b, b * 3 % 7)", type="integer"),
    "expression of 5, conditions": Expression(
        expression="first in ('First1', 'First7') or member and not a < 10", type="bool"
    ),
    "expression of a date's parts": Expression(
        expression="year(day) * 100 + month(day) + weekday(day)", type="integer"
    ),
    "place, of 10,000 rows": PLACE,
    "latitude around it": Latitude(of="city", latitude="lat", spread_km=5),
    "state of it": Follows(of="city", value="state"),
    "list of 1 to 4 of 50 items": Listed(items={f"i{n}": 1 + n for n in range(50)}, sizes=(4, 3, 2, 1)),
    "expression of texts": Expression(expression="concat(lower(first), '.', a)", type="text"),
}


def main() -> None:
    """Print the rates."""
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, pyarrow {pa.__version__}")
    print("\nrows per CPU-second")
    rows = _rows()
    for name, draw in MEASURED.items():
        column = Column("x", draw, None, "Measured.")
        sampler = sampler_of(draw, Setting(SCHEMA, column, "pt_BR", 0.8, 1))
        print(f"{name:32} {rate(lambda sampler=sampler: sampler.draw(rows)):14,.0f}")
    for name, nulls in NULLS.items():
        print(f"{name:32} {rate(lambda nulls=nulls: missing_rows(nulls, rows)):14,.0f}")


def rate(work: Callable[[], object]) -> float:
    """Return the median of rows per CPU-second."""
    found = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(BLOCKS):
            work()
        found.append(BLOCKS * BLOCK_ROWS / (time.process_time() - began))
    return statistics.median(found)


SCHEMA = Schema(
    "bench",
    (
        Column("a", UniformInteger(low=0, high=100), None, "A."),
        Column("b", UniformInteger(low=0, high=100), None, "B."),
        Column("price", Expression(expression="a * b / 100", type="float"), None, "Price."),
        Column("day", Expression(expression="date('2020-01-01') + a * b", type="date"), None, "Day."),
        Column("member", Chance(0.5), None, "Member."),
        Column("first", Choice(FIRSTS, (1.0,) * len(FIRSTS)), None, "First."),
        Column("last", Choice(FIRSTS, (1.0,) * len(FIRSTS)), None, "Last."),
        Column("city", PLACE, None, "City."),
        Column("email", Template(text="{first}.{a}@example.com"), None, "E-mail."),
    ),
    (Archetype("all", "All", 1.0, ()),),
)

NULLS = {
    "nulls, one share": Nulls(share=0.02),
    "nulls given a category": Nulls(share=0.02, given={"first": {"First1": 0.5}}),
    "nulls given a number": Nulls(share=0.02, given={"a": {"50": 0.5}}),
}


def _rows() -> Rows:
    """Return a block whose columns are drawn."""
    block = drawn(SCHEMA, 1, "pt_BR", 0.8, 0, BLOCK_ROWS)
    return Rows(
        first=0,
        count=BLOCK_ROWS,
        total=BLOCK_ROWS,
        archetypes=block.archetypes,
        given=lambda of: block.in_own_type(SCHEMA.column(of)),
        stream=lambda purpose: stream(1, "x", purpose, 0),
        missing=block.missing,
    )


if __name__ == "__main__":
    main()
