"""The queries of a workload: four classes, each with its hardness, in an order without pattern."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.streams import stream
from synthprof.delivery.rows import as_lists
from synthprof.delivery.workloads.files import CLASSES, queries_schema
from synthprof.delivery.workloads.order import WorkloadOrder
from synthprof.delivery.workloads.queries_contrast import Sample, contrasts, sample_ids
from synthprof.delivery.workloads.queries_rows import (
    Pool,
    differing,
    few_of,
    fresh_rows,
    half_of,
    mixed,
    other_group,
    stored_rows,
    units_of,
)
from synthprof.delivery.workloads.queries_space import Space, measure_of
from synthprof.delivery.workloads.queries_texts import (
    changed_texts,
    mixed_texts,
    plain_texts,
    texts_of_texts,
)

CANDIDATES, SLOW_CANDIDATES = 4, 2
"""Candidates for each hard query and each near copy, of which one is chosen by its contrast: of encoders that
take their time, fewer."""

POOL_ROWS = 4_096
"""Rows that others are mixed with, at least, where there are as many."""


@dataclass(frozen=True, eq=False)
class Made:
    """Queries of one class, or candidates.

    vectors: (n, dim). origins: (n,). texts: where texts are embedded.
    """

    vectors: Matrix
    origins: Ids | None
    texts: Sequence[str] | None = None

    def take(self, places: npt.NDArray[np.intp]) -> "Made":
        """Return some of them, by their places."""
        origins = None if self.origins is None else self.origins[places]
        texts = None if self.texts is None else [self.texts[place] for place in places.tolist()]
        return Made(self.vectors[places], origins, texts)


class Drawing:
    """The queries of one order, drawn from the rows of a version and those after it."""

    def __init__(self, space: Space, order: WorkloadOrder, counts: dict[str, int]) -> None:
        self.space, self.version, self.seed = space, space.version, order.seed
        self.counts = counts
        self.per_query = CANDIDATES if space.encoder is None or space.encoder.fast else SLOW_CANDIDATES
        angular = order.space == "vector" and measure_of(order) == "cosine"
        rows = space.stored(np.unique(sample_ids(self.version.rows, order.seed)))
        self.sample = Sample.of(rows, self.version.rows, angular)

    @functools.cached_property
    def fresh(self) -> Pool:
        """Rows that the generator would draw next."""
        least = max(self.counts.get("in_distribution", 0), self.counts.get("text", 0), POOL_ROWS)
        return fresh_rows(self.version, least, self.seed)

    @functools.cached_property
    def units(self) -> tuple[tuple[str, ...], ...]:
        """The columns that are changed or mixed, with those that follow from them."""
        return units_of(self.space)

    def in_distribution(self, count: int) -> Made:
        """Rows after the last one of the version."""
        rows = self.fresh.take(np.arange(count))
        return self._encoded(rows, self.fresh.ids[:count])

    def hard(self, count: int) -> Made:
        """Mixtures of rows of two archetypes, else of two clusters: of each few, that of least contrast."""
        version, tried = self.version, count * self.per_query
        generated = not version.spec.collection and bool(version.schema.archetypes)
        pool = self.fresh if generated else stored_rows(self.space, max(tried, POOL_ROWS), self.seed, "hard")
        draw = stream(self.seed, "workload.hard", "rows")
        ones = (draw.uniform(tried) * len(pool.ids)).astype(np.intp)
        others = other_group(pool.groups, ones, draw.uniform(tried))
        rows, more = pool.take(ones), pool.take(others)
        if column := self.space.text_column:
            texts = mixed_texts(_texts(rows, column), _texts(more, column))
            made = self._of_texts(texts, pool.ids[ones])
        else:
            taken = half_of(differing(rows, more, self.units), self.seed)
            made = self._encoded(_without_noise(mixed(rows, more, self.units, taken)), pool.ids[ones])
        return self._chosen(made, count, np.argmin)

    def near_copy(self, count: int) -> Made:
        """Rows of the version with one to three columns of another: of each few, that of most contrast."""
        tried = count * self.per_query
        pool = stored_rows(self.space, max(tried, POOL_ROWS), self.seed, "near_copy")
        places = np.arange(tried) % len(pool.ids)
        draw = stream(self.seed, "workload.near_copy", "rows")
        others = (draw.uniform(tried) * len(pool.ids)).astype(np.intp)
        rows, more = pool.take(places), pool.take(others)
        if column := self.space.text_column:
            texts = changed_texts(_texts(rows, column), _texts(more, column), self.seed)
            made = self._of_texts(texts, pool.ids[places])
            same = np.array(texts) == np.array(_texts(rows, column))
        else:
            taken = few_of(differing(rows, more, self.units), self.seed)
            made = self._encoded(mixed(rows, more, self.units, taken), pool.ids[places])
            same = ~taken.any(axis=1)
        return self._chosen(made, count, np.argmax, same)

    def text(self, count: int) -> Made:
        """Texts in plain language; of one that says nothing to a fast encoder, its wishes alone."""
        if self.version.spec.collection:
            pool = stored_rows(self.space, max(2 * count, POOL_ROWS), self.seed, "text")
            texts = _texts(pool.rows, self.space.text_column)
            places = np.arange(2 * count) % len(texts)
            found = [texts[place] for place in places.tolist()]
            return self._said(texts_of_texts(found[:count], found[count:], self.seed))
        texts, wishes = plain_texts(self.version.bundle, self.fresh.take(np.arange(count)), self.seed)
        made = self._said(texts)
        if self.space.encoder is not None and self.space.encoder.fast:
            silent = np.flatnonzero((made.vectors == self.space.texts([""])[0]).all(axis=1)).tolist()
            if silent:
                for place in silent:
                    texts[place] = wishes[place]
                made.vectors[silent] = self.space.texts([wishes[place] for place in silent])
        return made

    def _said(self, texts: Sequence[str]) -> Made:
        return Made(self.space.texts(texts), None, texts)

    def _of_texts(self, texts: Sequence[str], origins: Ids) -> Made:
        return Made(self.space.texts(texts), origins, texts)

    def _encoded(self, rows: pa.RecordBatch, origins: Ids) -> Made:
        column = self.space.text_column
        return Made(self.space.rows(rows), origins, _texts(rows, column) if column else None)

    def _chosen(
        self,
        made: Made,
        count: int,
        best: Callable[..., npt.NDArray[np.intp]],
        never: npt.NDArray[np.bool_] | None = None,
    ) -> Made:
        """Return one of each few candidates by its contrast; one that may `never` be, only if all may not."""
        found = self.sample.contrasts(made.vectors)
        if never is not None:
            found[never] = -1
        found = found.reshape(self.per_query, count)
        return made.take(best(found, axis=0) * count + np.arange(count))


def draw_queries(
    space: Space, order: WorkloadOrder, counts: dict[str, int]
) -> tuple[pa.Table, npt.NDArray[np.float64]]:
    """Return the queries, and the mean distance of each to the rows; hardness only if no truth will tell it.

    counts: queries of each class. Returns a table as `queries.parquet` has it, and (queries,) float64.
    """
    drawing = Drawing(space, order, counts)
    draws = {
        "in_distribution": drawing.in_distribution,
        "hard": drawing.hard,
        "near_copy": drawing.near_copy,
        "text": drawing.text,
    }
    made = {name: draws[name](count) for name, count in counts.items()}
    vectors = np.concatenate([each.vectors for each in made.values()])
    total = len(vectors)
    mixed_up = np.argsort(stream(order.seed, "workload", "order").words(total), kind="stable")
    vectors = np.ascontiguousarray(vectors[mixed_up])
    means = drawing.sample.means(vectors)
    nears = np.zeros(total) if measure_of(order) else drawing.sample.nears(vectors)
    codes = np.repeat([CLASSES.index(name) for name in made], [len(each.vectors) for each in made.values()])
    places = pa.array(mixed_up)
    columns = [
        pa.array(np.arange(total, dtype=np.int32)),
        pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)[mixed_up]), list(CLASSES)),
        hardness_of(means, nears),
        pa.concat_arrays([_origins(each) for each in made.values()]).take(places),
        pa.concat_arrays([_said_by(each) for each in made.values()]).take(places),
        as_lists(vectors),
    ]
    return pa.Table.from_arrays(columns, schema=queries_schema(space.dim)), means


def hardness_of(means: npt.NDArray[np.float64], nears: npt.NDArray[np.float64]) -> pa.Array:
    """Return the relative contrasts, float32; null where the 100th neighbour is no farther than the query."""
    found = contrasts(means, nears)
    return pa.array(found.astype(np.float32), mask=~np.isfinite(found))


def _origins(made: Made) -> pa.Array:
    if made.origins is None:
        return pa.nulls(len(made.vectors), pa.int64())
    return pa.array(made.origins, pa.int64())


def _said_by(made: Made) -> pa.Array:
    if made.texts is None:
        return pa.nulls(len(made.vectors), pa.string())
    return pa.array(made.texts, pa.string())


def _without_noise(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows without their ids, by which they get noise: the mixture alone shall make a query hard."""
    return rows.select([name for name in rows.schema.names if name != "id"])


def _texts(rows: pa.RecordBatch, column: str) -> list[str]:
    return [text or "" for text in rows.column(column).to_pylist()]
