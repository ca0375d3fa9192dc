"""A schema learned from a table: read, measured, written, and compared with what is drawn from it."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.profiles.drawing import generate
from synthprof.schemas.draw_kinds.tabulated import Tabulated, table_of
from synthprof.schemas.schema import Archetype, Column, Schema
from synthprof.sources import whole
from synthprof.sources.learning.learn import MIN_COUNT, Learned, learn
from synthprof.sources.learning.survey import Categorical, Numeric
from synthprof.sources.learning.types import STATED
from synthprof.sources.learning.writing import draw_of, files_of, write_schema
from synthprof.spec.spec import BLOCK_ROWS

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

CLASSIFIER_ROWS = 10_000
"""Rows of each kind that the classifier gets at most."""

FOLDS = 3
SEED = 1

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class FromTable:
    """The request for a schema: what to read, where to write, and what to measure.

    source: a path or the address of a database. table: its name, where there are several. min_count: rows
    that must share a value. classifier: whether one is trained to tell drawn rows from real ones.
    """

    source: str
    folder: Path
    table: str = ""
    min_count: int = MIN_COUNT
    title: str = ""
    classifier: bool = False


@dataclass(frozen=True)
class SchemaFrom:
    """A schema that was written: its file, what was learned, and the classifier's area under the curve.

    auc: 0.5 where drawn rows cannot be told from real ones, 1 where they always can; None if not asked for.
    """

    file: Path
    learned: Learned
    auc: float | None


def schema_from(asked: FromTable, progress: Progress = lambda *_: None) -> SchemaFrom:
    """Learn a table and write the folder of its schema.

    Raises SpecError if the table cannot be read or learned, or the folder not be written; StageError where
    the reason may pass.
    """
    if asked.classifier:
        check_installed("learn", "sklearn")
    if asked.folder.is_dir() and any(asked.folder.iterdir()):  # before the table is read
        raise SpecError(f"folder={asked.folder} is not empty; name a new one")
    table = whole.table_of(asked.source, asked.table)
    learned = learn(table, asked.min_count, progress)
    auc = told_apart(table, learned) if asked.classifier else None
    return SchemaFrom(write_schema(learned, asked.folder, asked.title), learned, auc)


# --- rows that are drawn ---------------------------------------------------------------------------------


def drawn_rows(learned: Learned, rows: int, seed: int = SEED) -> pa.Table:
    """Return rows drawn from what was learned, with the columns that are told by cell.

    rows: up to whole blocks. Values are in the forms that a data set stores.
    """
    files = files_of(learned, "drawn")
    columns = []
    for place, coded in enumerate(learned.coded):
        cells, bands = table_of(list(csv.DictReader(io.StringIO(files[f"{coded.name}.csv"]))))
        told = draw_of(coded, learned.edges.get(place), learned.coded)
        draw = Tabulated.model_validate(told | {"file": None, "cells": cells, "bands": bands})
        columns.append(Column(coded.name, draw, None, "Learned."))
    schema = Schema("learned", tuple(columns), (Archetype("all", "All", 1.0, ()),))
    blocks = range(-(-rows // BLOCK_ROWS))
    batches = [
        generate(schema, seed, "en_US", 0.0, block, min(BLOCK_ROWS, rows - block * BLOCK_ROWS)).profiles
        for block in blocks
    ]
    return pa.Table.from_batches(batches).drop_columns("id")


# --- the classifier --------------------------------------------------------------------------------------


def told_apart(table: whole.Table, learned: Learned) -> float | None:
    """Return the area under the curve of a classifier that tells drawn rows from real ones.

    Gradient-boosted trees, as scikit-learn has them, in cross-validation of 3 folds on as many rows of both.
    None if no column was learned by cell.
    """
    if not learned.coded:
        return None
    real = _real_rows(table, learned)
    drawn = drawn_rows(learned, len(real[0]))
    made = [
        _as_numbers(column.plan, drawn.column(column.name).combine_chunks())
        for column in learned.columns
        if isinstance(column.plan, Numeric | Categorical)
    ]
    features = np.concatenate([np.stack(real, axis=1), np.stack(made, axis=1)])
    return _area(features, np.repeat([0, 1], len(real[0])))


def _real_rows(table: whole.Table, learned: Learned) -> list[npt.NDArray[np.float64]]:
    """Return the columns of real rows as numbers, every n-th row of the table."""
    every = max(1, learned.rows // CLASSIFIER_ROWS)
    plans = [(place, column.plan) for place, column in enumerate(learned.columns)]
    asked = [(place, plan) for place, plan in plans if isinstance(plan, Numeric | Categorical)]
    parts: list[list[npt.NDArray[np.float64]]] = [[] for _ in asked]
    for batch in table.batches():
        for part, (place, plan) in zip(parts, asked, strict=True):
            part.append(_as_numbers(plan, plan.type.values(batch.column(place)))[::every])
    return [np.concatenate(part) for part in parts]


def _as_numbers(plan: Numeric | Categorical, values: pa.Array) -> npt.NDArray[np.float64]:
    """Return numbers as they are, of dates and times days or microseconds, of categories their place.

    values: in their own type, or as they are stored. NaN stands for no value.
    """
    if isinstance(plan, Categorical) and plan.type.name == "text":
        values = pc.index_in(values, pa.array(plan.values)).fill_null(len(plan.values))
    elif pa.types.is_string(values.type):
        values = values.cast(
            pa.float64() if plan.type.name in ("decimal", "unsigned") else STATED[plan.type.name][1]
        )
    if pa.types.is_temporal(values.type):
        values = values.cast(pa.int32() if values.type.bit_width == 32 else pa.int64())
    found = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(found, np.float64)


def _area(features: npt.NDArray[np.float64], drawn: npt.NDArray[Any]) -> float:
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from threadpoolctl import threadpool_limits

    model: ClassifierMixin = HistGradientBoostingClassifier(random_state=SEED)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    with threadpool_limits(1):  # several threads wait for each other where cores are shared
        scores = cross_val_predict(model, features, drawn, cv=folds, method="predict_proba")[:, 1]
    return float(roc_auc_score(drawn, scores))
