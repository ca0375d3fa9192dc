"""Both readers of rows and vectors: the same answers to any question, and errors in words."""

import os
import pickle
import random
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import remove
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_schema
from synthprof.schemas.schema import Column, Schema
from synthprof.spec.contents import BLOB_PAGE_BYTES, EMBEDDINGS_DB, PERFIS, VETORES, PartKind, part_path
from synthprof.spec.request import Request
from synthprof.spec.spec import BLOCK_ROWS, Spec
from synthprof.stages.ingest import table_statement
from synthprof.store.columnar.matrices import write_matrix
from synthprof.store.columnar.table import table_schema, write_table
from synthprof.store.columnar.tables import PartTables
from synthprof.store.sqlite.blobs import append_blobs
from synthprof.store.sqlite.database import filling
from synthprof.store.sqlite.tables import SqliteTables
from synthprof.store.tables import Clause, Tables, tables_of
from synthprof.versions.filters import Condition, Filter, Named, NoneOf, OneOf, Operator, base_of, where

ROWS, DIM = BLOCK_ROWS + 1_500, 12
SCHEMAS = ("gamer_br", "patient")
REPAIR = "`synthprof repair` makes a damaged version whole"


@pytest.fixture(autouse=True, scope="module")
def small_parts() -> Iterator[None]:
    """Give each block a part of its own, so that small data has two."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("synthprof.spec.contents.PART_BLOCKS", 1)
        yield


def _spec(schema: str, store: str) -> Spec:
    order = {"profile_schema": schema, "profiles": ROWS, "dim_vector": DIM, "dim_embedding": DIM}
    return Request.from_params(order | {"dataset": "d", "store": store, "with_tables": "none"}).spec


def _vectors(kind: str) -> list[np.ndarray]:
    chance = np.random.default_rng(len(kind))
    return [chance.standard_normal((rows, DIM), np.float32) for rows in (BLOCK_ROWS, ROWS - BLOCK_ROWS)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same rows and vectors of each schema, as databases and as parts."""
    home = tmp_path_factory.mktemp("tables")
    for name in SCHEMAS:
        schema = replace(load_schema(name), tables=())
        blocks = [
            generate(schema, 3, "pt_BR", 0.8, block, rows).profiles
            for block, rows in enumerate((BLOCK_ROWS, ROWS - BLOCK_ROWS))
        ]
        _as_databases(home / name / "sqlite", schema, blocks)
        _as_parts(home / name / "parquet", schema, blocks)
    return home


def _as_databases(folder: Path, schema: Schema, blocks: list[pa.RecordBatch]) -> None:
    folder.mkdir(parents=True)
    with filling(folder / PERFIS) as database:
        database.execute(table_statement(schema))
        database.load("perfis", blocks[0].schema, blocks)
    for file, table, column in ((VETORES, "vetores", "vetor"), (EMBEDDINGS_DB, "embeddings", "embedding")):
        with filling(folder / file, BLOB_PAGE_BYTES) as database:
            database.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {column} BLOB)")
        append_blobs(folder / file, iter(_vectors(table)), lambda _: None)


def _as_parts(folder: Path, schema: Schema, blocks: list[pa.RecordBatch]) -> None:
    for kind in ("perfis", "vetores", "embeddings"):
        (folder / kind).mkdir(parents=True)
    for part, block in enumerate(blocks):
        write_table(folder / part_path("perfis", part), schema, [block])
    kinds: tuple[PartKind, ...] = ("vetores", "embeddings")
    for kind in kinds:
        for part, vectors in enumerate(_vectors(kind)):
            write_matrix(folder / part_path(kind, part), vectors.shape, [vectors])


@pytest.fixture(scope="module")
def both(home: Path) -> dict[str, tuple[Tables, Tables]]:
    """The reader of databases and that of parts, by schema."""
    return {
        name: tuple(tables_of(home / name / store, _spec(name, store)) for store in ("sqlite", "parquet"))
        for name in SCHEMAS
    }  # type: ignore[return-value]


@pytest.fixture
def damaged(home: Path, tmp_path: Path) -> PartTables:
    """A reader of a copy that a test may spoil."""
    shutil.copytree(home / "gamer_br" / "parquet", tmp_path / "version")
    return PartTables(tmp_path / "version", _spec("gamer_br", "parquet"))


def test_a_spec_has_the_reader_of_its_store(both: dict[str, tuple[Tables, Tables]]) -> None:
    assert [type(each) for each in both["gamer_br"]] == [SqliteTables, PartTables]


# --- conditions --------------------------------------------------------------------------------------------

ORDERED: tuple[Operator, ...] = ("=", "!=", "<", "<=", ">", ">=", "in")
UNORDERED: tuple[Operator, ...] = ("=", "!=", "in")


class Asker:
    """Makes conditions on a schema, of values that its rows have and of some that they have not."""

    def __init__(self, tables: Tables, schema: Schema) -> None:
        rows = tables.rows(ids=range(1, 400)).to_pylist()
        self.known = {column.name: self._values(column, rows) for column in schema.columns}
        self.columns = schema.columns
        self.named = [column for column in schema.columns if column.kind in ("name", "text")]

    def _values(self, column: Column, rows: list[dict[str, Any]]) -> list[Any]:
        found = [row[column.name] for row in rows if row[column.name] is not None]
        if column.kind == "list":
            found = [item for text in found for item in text.split(", ")]
        return sorted(set(found)) or [""]

    def condition(self, chance: random.Random) -> Condition:
        column = chance.choice(self.columns)
        ordered = column.sql_type != "TEXT" or column.kind in ("decimal", "duration", "date")
        sign = chance.choice(ORDERED if ordered else UNORDERED)
        if sign == "in":
            return Condition(column, sign, tuple(self._value(chance, column) for _ in range(3)))
        value = self._value(chance, column)
        return Condition(column, "=" if value is None and sign not in ("=", "!=") else sign, value)

    def _value(self, chance: random.Random, column: Column) -> Any:
        value = chance.choice(self.known[column.name])
        if chance.random() < 0.1:
            return None
        if isinstance(value, str):
            if column.kind in ("decimal", "duration"):
                return value.rstrip("0").rstrip(".") if "." in value else value
            return chance.choice((value, value, value, value[:-1], f"{value}'"))
        return value + chance.choice((0, 0, 1, -1))

    def words(self, chance: random.Random) -> Named:
        column = chance.choice(self.named)
        words = str(chance.choice(self.known[column.name])).split(" ")
        first = chance.randrange(len(words))
        some = tuple(map(_folded, words[first : first + chance.choice((1, 2, 3))]))
        return Named(column, some[:: chance.choice((1, 2))] or some, chance.random() < 0.5)

    def filter(self, chance: random.Random, depth: int = 2) -> Filter:
        kind = chance.random()
        if depth and kind < 0.35:
            several = OneOf if kind < 0.2 else NoneOf
            ways = (
                tuple(self.filter(chance, depth - 1) for _ in range(chance.choice((1, 1, 2))))
                for _ in range(chance.choice((1, 2, 3)))
            )
            return several(tuple(ways))
        return self.words(chance) if self.named and kind < 0.5 else self.condition(chance)


def _folded(word: str) -> str:
    return "".join(base_of(letter) for letter in word if letter.isalpha()) or "a"


@pytest.fixture(scope="module")
def askers(both: dict[str, tuple[Tables, Tables]]) -> dict[str, Asker]:
    schemas = {name: replace(load_schema(name), tables=()) for name in SCHEMAS}
    return {name: Asker(both[name][0], schemas[name]) for name in SCHEMAS}


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(schema=st.sampled_from(SCHEMAS), seed=st.integers(0, 2**32), count=st.sampled_from((1, 1, 2, 3)))
def test_both_find_the_same_rows_for_any_condition(
    both: dict[str, tuple[Tables, Tables]], askers: dict[str, Asker], schema: str, seed: int, count: int
) -> None:
    chance = random.Random(seed)
    filters = [askers[schema].filter(chance) for _ in range(count)]
    found = [each.ids(where(filters, each.dialect)) for each in both[schema]]
    assert np.array_equal(*found), filters
    among = np.unique(np.random.default_rng(seed).integers(1, ROWS + 1, 300))
    some = [each.ids(where(filters, each.dialect), among, 5) for each in both[schema]]
    assert np.array_equal(*some) and np.array_equal(some[0], np.intersect1d(found[0], among)[:5])


def test_the_conditions_above_meet_some_rows_and_not_all(
    both: dict[str, tuple[Tables, Tables]], askers: dict[str, Asker]
) -> None:
    for schema in SCHEMAS:
        tables, chance = both[schema][1], random.Random(1)
        clauses = [where([askers[schema].filter(chance)], tables.dialect) for _ in range(60)]
        sizes = [len(tables.ids(clause)) for clause in clauses]
        assert sum(0 < size < ROWS for size in sizes) > 30, sizes


NAMES = (
    *("José Ávila", "JOSE  avila", "Jose-Avila", "Jose da Avila", "Josea vila", "Avila José", ""),
    *("Jose\nAvila", "Jose d\na Avila", "José Avila.", "x José Avila y"),
)


@pytest.mark.parametrize(("close", "ids"), [(True, [1, 3, 11]), (False, [1, 2, 3, 4, 9, 11])])
@pytest.mark.parametrize("store", ["sqlite", "parquet"])
def test_words_are_found_whatever_their_accents(
    tmp_path: Path, store: str, close: bool, ids: list[int]
) -> None:
    schema, rows = load_schema("gamer_br"), len(NAMES)
    block = generate(schema, 3, "pt_BR", 0.8, 0, rows).profiles.set_column(1, "nome", pa.array(NAMES))
    (_as_databases if store == "sqlite" else _as_parts)(tmp_path / store, schema, [block])
    tables = tables_of(tmp_path / store, _spec("gamer_br", store).model_copy(update={"profiles": rows}))
    words = Named(schema.column("nome"), ("jose", "avila"), close)
    assert tables.ids(where([words], tables.dialect)).tolist() == ids


# --- rows and vectors --------------------------------------------------------------------------------------

EDGES = (
    range(1, 2),
    range(BLOCK_ROWS - 3, BLOCK_ROWS + 5),
    range(BLOCK_ROWS + 1, ROWS + 1),
    np.array([1, BLOCK_ROWS, BLOCK_ROWS + 1, ROWS]),
    np.array([ROWS]),
    np.zeros(0, np.int64),
    np.arange(1, 4_000, 3),
)
"""Ids within a part, over its edge, at both ends, none, and more than are asked for at once."""


@pytest.mark.parametrize("ids", EDGES, ids=lambda ids: f"{len(ids)} ids")
@pytest.mark.parametrize("schema", SCHEMAS)
def test_both_give_the_same_rows(
    both: dict[str, tuple[Tables, Tables]], schema: str, ids: range | np.ndarray
) -> None:
    one, other = (each.rows(ids=ids) for each in both[schema])
    assert other.schema == table_schema(replace(load_schema(schema), tables=()))
    assert one.column_names == other.column_names
    assert one.to_pylist() == other.to_pylist()
    assert [row["id"] for row in one.to_pylist()] == list(ids)


def test_both_give_the_same_columns_and_all_rows(both: dict[str, tuple[Tables, Tables]]) -> None:
    one, other = (each.rows(["idade", "id"], Clause("idade < ?", (30,))) for each in both["gamer_br"])
    assert one.equals(other) and one.column_names == ["idade", "id"]
    assert 0 < one.num_rows < ROWS


@pytest.mark.parametrize("ids", EDGES, ids=lambda ids: f"{len(ids)} ids")
def test_both_give_the_same_vectors(both: dict[str, tuple[Tables, Tables]], ids: range | np.ndarray) -> None:
    for table in ("vetores", "embeddings"):
        one, other = (each.matrix(table, ids) for each in both["gamer_br"])
        known = np.concatenate(_vectors(table))[np.asarray(ids, np.int64) - 1]
        assert one.dtype == other.dtype == np.float32
        assert one.tobytes() == other.tobytes() == known.tobytes()
    assert [len(each.missing()) for each in both["gamer_br"]] == [0, 0]


def test_a_block_of_a_part_is_mapped_and_not_copied(both: dict[str, tuple[Tables, Tables]]) -> None:
    found = both["gamer_br"][1].matrix("embeddings", range(5, 3_000))
    assert not found.flags.owndata and not found.flags.writeable


def test_both_name_the_files_of_a_table(both: dict[str, tuple[Tables, Tables]]) -> None:
    one, other = both["gamer_br"]
    assert one.files("perfis") == (one.file_of("perfis", 1),) == ("perfis.db",)
    assert other.files("embeddings") == ("embeddings/embeddings-00000.npy", "embeddings/embeddings-00001.npy")
    assert other.file_of("perfis", 1) == "perfis/perfis-00001.parquet"


# --- damage ------------------------------------------------------------------------------------------------


def _ask_all(tables: PartTables) -> None:
    tables.rows(ids=range(1, 6))
    tables.rows(ids=np.array([5, BLOCK_ROWS + 5]))
    tables.ids(Clause("idade > ?", (30,)))
    tables.matrix("embeddings", range(1, ROWS + 1))
    for table in ("perfis", "vetores", "embeddings"):
        tables.check(table)


@pytest.mark.parametrize("kind", ["perfis", "embeddings"])
@pytest.mark.parametrize("harm", ["missing", "empty", "half", "text", "folder", "fifo"])
def test_a_damaged_part_is_told_in_words(damaged: PartTables, kind: PartKind, harm: str) -> None:
    _ask_all(damaged)
    path = damaged.folder / part_path(kind, 0)
    content = path.read_bytes()
    remove(path)
    spoilt = {"empty": b"", "half": content[: len(content) // 2], "text": b"no part" * 99}
    if harm in spoilt:
        path.write_bytes(spoilt[harm])
    elif harm == "folder":
        path.mkdir()
    elif harm == "fifo":
        os.mkfifo(path)
    questions = {
        "perfis": (
            lambda: damaged.rows(ids=range(1, 6)),
            lambda: damaged.ids(Clause("idade > ?", (30,))),
            lambda: damaged.rows(ids=np.array([5, BLOCK_ROWS + 5])),
        ),
        "embeddings": (lambda: damaged.matrix("embeddings", range(3, 5)), damaged.missing),
    }
    for ask in questions[str(kind)]:
        with pytest.raises(StageError) as told:
            ask()
        assert str(path) in str(told.value) and told.value.remedy == REPAIR
    with pytest.raises((StageError, SpecError), match=path.name):
        damaged.check(kind)
    damaged.rows(ids=range(BLOCK_ROWS + 1, BLOCK_ROWS + 3))
    damaged.matrix("embeddings", range(BLOCK_ROWS + 1, BLOCK_ROWS + 3))


def test_flipped_bytes_are_an_error_or_other_values_and_never_a_crash(damaged: PartTables) -> None:
    path = damaged.folder / part_path("perfis", 0)
    content, told = path.read_bytes(), 0
    places = np.linspace(4, len(content) - 9, 60).astype(int).tolist()
    for place in (*places, *range(len(content) - 400, len(content) - 8, 7)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            damaged.rows(ids=range(1, BLOCK_ROWS + 1))
        except StageError as error:
            assert str(path) in str(error)
            told += 1
    assert told > 30


@pytest.mark.parametrize("array", [np.zeros((3, DIM), "<f4"), np.zeros((BLOCK_ROWS, DIM), "<f8")])
def test_a_part_of_other_numbers_is_told_in_words(damaged: PartTables, array: np.ndarray) -> None:
    np.save(damaged.folder / part_path("vetores", 0), array)
    with pytest.raises(StageError, match=rf"does not hold {DIM} numbers for each of {BLOCK_ROWS} rows"):
        damaged.matrix("vetores", range(1, 3))
    with pytest.raises(StageError):
        damaged.check("vetores")


# --- the connection ----------------------------------------------------------------------------------------


def test_a_text_that_is_no_unicode_is_refused_by_both(both: dict[str, tuple[Tables, Tables]]) -> None:
    for tables in both["gamer_br"]:
        with pytest.raises(SpecError, match="is not UTF-8"):
            tables.ids(Clause("nome = ?", ("\udcff",)))


def test_a_question_reads_no_other_file(both: dict[str, tuple[Tables, Tables]], tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    tables = both["gamer_br"][1]
    with pytest.raises(StageError, match=r"Permission Error|permission"):
        tables.ids(Clause(f"id IN (SELECT a FROM read_csv('{tmp_path / 'secret.csv'}'))", ()))
    with pytest.raises(duckdb.Error, match="locked"):
        tables._duck._connection().execute("SET enable_external_access = true")  # type: ignore[attr-defined]


def test_threads_share_a_reader(both: dict[str, tuple[Tables, Tables]]) -> None:
    tables = both["gamer_br"][1]
    ids = [range(first, first + 50) for first in range(1, 1_000, 50)]
    known = [tables.rows(ids=some) for some in ids]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda some: tables.rows(ids=some), ids))
    assert all(one.equals(other) for one, other in zip(known, found, strict=True))


def test_a_reader_can_be_sent_to_a_process_and_works_in_one_that_was_forked(
    both: dict[str, tuple[Tables, Tables]],
) -> None:
    tables = both["gamer_br"][1]
    known = tables.rows(ids=range(7, 9))
    assert pickle.loads(pickle.dumps(tables)).rows(ids=range(7, 9)).equals(known)
    child = os.fork()
    if not child:
        os._exit(0 if tables.rows(ids=range(7, 9)).equals(known) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_without_the_package_a_reader_says_what_to_install(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthprof.base.extras.is_installed", lambda package: package != "duckdb")
    with pytest.raises(SpecError, match=r'duckdb is not installed; pip install "synthprof\[parquet\]"'):
        tables_of(home / "gamer_br" / "parquet", _spec("gamer_br", "parquet"))
