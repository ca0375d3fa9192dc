"""Conditions on real columns: as many rows as asked for, and the same rows that a search finds."""

import datetime
import weakref
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthprof.base.errors import SpecError
from synthprof.delivery.workloads.conditions import (
    Part,
    as_condition,
    as_where,
    columns_of,
    mask,
    parts_of,
)
from synthprof.delivery.workloads.filters_axes import Axis, find_axes
from synthprof.delivery.workloads.filters_columns import KINDS, ColumnFilter, column_filters
from synthprof.delivery.workloads.filters_search import conditions
from synthprof.schemas.loader import collection_schema
from synthprof.schemas.schema import Schema
from synthprof.sources.carried import array_of, carried
from synthprof.stages.ingest import TABLE, table_statement
from synthprof.store.sqlite.database import filling, read
from synthprof.versions.filters import parse_conditions, where
from synthprof.versions.typed import typed

ROWS, BLOCK = 12_000, 4_000
SHARES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.001, 0.0001)
ASKED = [(kind, share) for share in SHARES for kind in KINDS]
DAY = datetime.date(2024, 1, 1)
MOMENT = datetime.datetime(2024, 1, 1)

KINDS_OF_COLUMNS = {
    "b": "bool",
    "i": "integer",
    "u": "unsigned",
    "f": "float",
    "d": "decimal(2)",
    "day": "date",
    "t": "time(3)",
    "ts": "timestamp(0)",
    "tz": "timestamptz(6)",
    "dur": "duration(3)",
    "tags": "list",
    "colour, or": "text",
    "note": "text",
}


def _values(generator: np.random.Generator) -> dict[str, list[object]]:
    """Skewed, sorted, few and many different values; every eleventh row has none."""
    wide = generator.integers(0, 10**9, ROWS)
    few = generator.zipf(1.5, ROWS).clip(0, 60)
    words = [f'it\'s "{n}"' for n in range(61)]
    found = {
        "b": [bool(n % 3) for n in few],
        "i": few.tolist(),
        "u": [int(n) + 2**62 for n in wide],
        "f": np.sort(generator.normal(size=ROWS)).tolist(),
        "d": [Decimal(int(n) % 100_000) / 100 for n in wide],
        "day": [DAY + datetime.timedelta(int(n) % 900) for n in wide],
        "t": [datetime.time(int(n) % 24, int(n) % 60, 5, 250_000) for n in wide],
        "ts": [MOMENT + datetime.timedelta(seconds=n) for n in range(ROWS)],
        "tz": [
            (MOMENT + datetime.timedelta(seconds=int(n), microseconds=7)).replace(tzinfo=datetime.UTC)
            for n in wide
        ],
        "dur": [datetime.timedelta(milliseconds=int(n) % 10**6 - 500_000) for n in wide],
        "tags": [[words[n], words[n], words[n // 2]] for n in few],
        "colour, or": [words[n] for n in few],
        "note": [f"text {n // 2}" for n in range(ROWS)],
    }
    return {
        name: [None if row % 11 == 0 else each for row, each in enumerate(of)] for name, of in found.items()
    }


@pytest.fixture(scope="module")
def schema() -> Schema:
    return collection_schema(",".join(f'"{name}":{kind}' for name, kind in KINDS_OF_COLUMNS.items()))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, schema: Schema) -> Path:
    values = _values(np.random.default_rng(1))
    arrays = {"id": pa.array(range(1, ROWS + 1)), "chave": pa.array([f"k{n}" for n in range(ROWS)])}
    arrays |= {"descricao": pa.array(["x"] * ROWS)}
    arrays |= {name: carried(name, KINDS_OF_COLUMNS[name], array_of(of)) for name, of in values.items()}
    rows = pa.RecordBatch.from_pydict(arrays)
    path = tmp_path_factory.mktemp("filters") / "perfis.db"
    with filling(path) as database:
        database.execute(table_statement(schema))
        database.load(TABLE, rows.schema, [rows])
    return path


@pytest.fixture(scope="module")
def batches(path: Path, schema: Schema) -> list[pa.RecordBatch]:
    found = []
    for first in range(1, ROWS + 1, BLOCK):
        query = "SELECT * FROM perfis WHERE id BETWEEN ? AND ? ORDER BY id"
        rows = read(path, query, (first, first + BLOCK - 1)).combine_chunks().to_batches()[0]
        columns = {name: typed(schema.value_kind(name), rows.column(name)) for name in KINDS_OF_COLUMNS}
        found.append(pa.RecordBatch.from_pydict(columns))
    return found


@pytest.fixture(scope="module")
def found(batches: list[pa.RecordBatch], schema: Schema) -> list[ColumnFilter | None]:
    return column_filters(batches, schema, ROWS, ASKED)


def test_every_selectivity_is_met_by_each_kind(found: list[ColumnFilter | None]) -> None:
    for (kind, share), each in zip(ASKED, found, strict=True):
        assert each is not None and each.kind == kind, (kind, share)
        assert abs(each.rows - share * ROWS) <= max(0.02 * share * ROWS, 1), each
    assert {name for each in found if each for name in columns_of(each.condition)} >= {"i", "f", "ts", "tags"}


def test_the_rows_counted_are_the_rows_that_meet_it_and_that_a_search_finds(
    found: list[ColumnFilter | None], batches: list[pa.RecordBatch], schema: Schema, path: Path
) -> None:
    for each in filter(None, found):
        met = np.concatenate([mask(each.condition, batch, schema) for batch in batches])
        assert met.sum() == each.rows
        if all(len(text) <= 200 for text in as_where(each.condition)):
            clause = where(parse_conditions(schema, as_where(each.condition)))
            ids = read(path, f"SELECT id FROM perfis WHERE {clause.sql} ORDER BY id", clause.parameters)
            assert ids.column("id").to_pylist() == (np.flatnonzero(met) + 1).tolist(), each.condition


def test_the_same_rows_give_the_same_conditions(batches: list[pa.RecordBatch], schema: Schema) -> None:
    first, again = (column_filters(batches[:1], schema, BLOCK, ASKED[::4]) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("name", [name for name in KINDS_OF_COLUMNS])
def test_a_condition_on_any_kind_of_column_is_what_a_search_takes(
    name: str, batches: list[pa.RecordBatch], schema: Schema, path: Path
) -> None:
    values = batches[0].column(name)
    axis = next(
        axis
        for axis in _axes(batches, schema)
        if axis.column == name and (axis.kind == "line" or not pa.types.is_temporal(values.type))
    )
    numbers = [0, len(axis.values) // 2, len(axis.values) - 1]
    ops = {"line": (">=", "<", "="), "items": ("contains",), "values": ("=",)}[axis.kind]
    for op in ops:
        for number in numbers:
            condition = as_condition([Part(name, op, axis.value(number))])
            clause = where(parse_conditions(schema, as_where(condition)))
            rows = read(path, f"SELECT id FROM perfis WHERE {clause.sql}", clause.parameters).num_rows
            assert sum(int(mask(condition, batch, schema).sum()) for batch in batches) == rows, condition


def _axes(batches: list[pa.RecordBatch], schema: Schema) -> list[Axis]:
    from synthprof.delivery.workloads.filters_axes import find_axes

    return find_axes(batches, schema)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.integers(1, 200), st.booleans())
def test_counts_foretell_the_rows_of_any_condition(counts: list[int], wanted: int, line: bool) -> None:
    values = pa.array(range(10, 10 + len(counts)))
    array = pa.array(np.repeat(values.to_numpy(), counts))
    axis = Axis("x", "line" if line else "values", values, values.to_numpy())
    for each in conditions(axis, axis.counts(array), wanted):
        rows = int(mask(as_condition(each.parts), pa.record_batch({"x": array})).sum())
        assert rows == each.rows > 0
        if each.form == "range":
            total = np.concatenate([[0], np.cumsum(counts)])
            every = np.abs(total[None, :] - total[:, None])
            nearest = np.abs(every[(every > 0) & (every < total[-1])] - wanted).min(initial=10**6)
            assert abs(rows - wanted) == nearest


def test_no_block_is_held_once_its_values_are_known() -> None:
    blocks: list[weakref.ref[np.ndarray]] = []

    def rows() -> Iterator[pa.RecordBatch]:
        for first in range(0, 80_000, 16_000):
            assert sum(block() is not None for block in blocks) <= 2  # the last ones may still have names
            numbers = np.arange(first, first + 16_000)
            blocks.append(weakref.ref(numbers))
            yield pa.record_batch({"x": pa.array(numbers)})

    (axis,) = find_axes(rows(), collection_schema("x:integer"))
    assert axis.size > 60_000


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"and":[{"column":"x","op":"like","value":1}]}'])
def test_a_malformed_condition_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="correct it"):
        parts_of(text)


def test_a_condition_on_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(SpecError, match="names 'y', which is not among x"):
        mask('{"and":[{"column":"y","op":"=","value":1}]}', pa.record_batch({"x": [1]}))
