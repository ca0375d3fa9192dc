"""Rows of two nights, and the tests of statistics that look for a drift between them."""

import functools

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import chi2_contingency, ks_2samp

from synthprof.profiles.drawing import generate
from synthprof.profiles.drift.labels import psi
from synthprof.profiles.drift.nights import night_of
from synthprof.profiles.drift.sampling import part_of
from synthprof.profiles.odds import normalised
from synthprof.schemas.loader import load_bundle
from synthprof.schemas.schema import Schema
from synthprof.spec.drift import parse_drift

SEPARATION = 0.8


@functools.cache
def schema_at(schema: str, drift: str = "", strength: float = 0.5) -> Schema:
    """The schema of a night with these drifts; that of the first night without any."""
    drifts = tuple((each, strength) for each in parse_drift(drift or "prior"))
    night = night_of(load_bundle(schema).schema, SEPARATION, drifts)
    return night.schema if drift else night.first


@functools.lru_cache(maxsize=24)
def rows_at(schema: Schema, columns: tuple[str, ...], seed: int) -> pa.RecordBatch:
    """A block of rows with these columns and, as `archetype`, the archetype behind each."""
    made = generate(part_of(schema, columns), seed, "pt_BR", SEPARATION, 0)
    kept = made.profiles.select([*columns])
    return kept.append_column("archetype", pa.array(made.archetypes))


def table_of(one: pa.Array, other: pa.Array) -> npt.NDArray[np.int64]:
    """Return the counts of each value in two samples, (2, values)."""
    texts = [each.cast(pa.string()) for each in (one, other)]
    known = pc.unique(pa.concat_arrays(texts)).sort()
    counts = [np.bincount(pc.index_in(each, known).to_numpy(), minlength=len(known)) for each in texts]
    return np.array(counts)


def chance_of(one: pa.Array, other: pa.Array) -> float:
    """p-value of two samples being of one distribution: by KS for numbers, else by chi-squared."""
    counted = table_of(one, other)
    if counted.shape[1] > 30 and pa.types.is_integer(one.type):
        return float(ks_2samp(one.to_numpy(), other.to_numpy()).pvalue)
    common = counted[:, counted.sum(axis=0) >= 20]
    rare = (counted.sum(axis=1) - common.sum(axis=1))[:, None]
    common = np.hstack([common, rare]) if rare.all() else common
    return float(chi2_contingency(common).pvalue) if common.shape[1] > 1 else 1.0


def psi_of(one: pa.Array, other: pa.Array) -> float:
    """The population stability index of two samples, by value or by deciles of the first one."""
    if pa.types.is_integer(one.type):
        edges = np.unique(np.quantile(one.to_numpy(), np.arange(1, 10) / 10))
        one, other = (pa.array(np.searchsorted(edges, each.to_numpy(), "right")) for each in (one, other))
    first, later = table_of(one, other).astype(np.float64)
    return psi(normalised(first), normalised(later))


def chance_given(one: pa.RecordBatch, other: pa.RecordBatch, column: str, given: str) -> float:
    """Smallest p-value of a column within the values, or quarters, of another one, times their number."""
    groups = [_groups(each.column(given), one.column(given)) for each in (one, other)]
    found = [
        chance_of(
            *(
                each.column(column).filter(pa.array(of == group))
                for each, of in zip((one, other), groups, strict=True)
            )
        )
        for group in np.unique(groups[0])
        if all((of == group).sum() >= 200 for of in groups)
    ]
    return min(found) * len(found)


def _groups(values: pa.Array, of: pa.Array) -> npt.NDArray[np.intp]:
    if pa.types.is_integer(values.type) and len(pc.unique(of)) > 16:
        return np.searchsorted(np.quantile(of.to_numpy(), (0.25, 0.5, 0.75)), values.to_numpy(), "right")
    known = pc.unique(of.cast(pa.string())).sort()
    return pc.index_in(values.cast(pa.string()), known).fill_null(-1).to_numpy().astype(np.intp)


def mmd_chance(one: np.ndarray, other: np.ndarray, seed: int, rounds: int = 200) -> float:
    """p-value of the maximum mean discrepancy between two samples, by permutation.

    Gaussian kernel of the median distance (A. Gretton et al., "A Kernel Two-Sample Test", JMLR 13, 2012).
    """
    both = np.concatenate([one, other]).astype(np.float64)
    squares = np.maximum(2.0 - 2.0 * both @ both.T, 0.0)
    kernel = np.exp(-squares / np.median(squares[np.triu_indices(len(both), 1)]))
    signs = np.where(np.arange(len(both)) < len(one), 1.0 / len(one), -1.0 / len(other))
    draws = np.random.default_rng(seed)
    shuffled = [signs, *(draws.permutation(signs) for _ in range(rounds))]
    found = np.array([each @ kernel @ each for each in shuffled])
    return float((found >= found[0]).mean())
