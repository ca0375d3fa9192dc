"""Detectors from PyPI on pairs of nights: frouros, evidently and river, each as its documentation uses it.

    DETECTORS/bin/python benchmarks/drift_detectors.py FOLDER

FOLDER has a folder for each pair, as `bench_drift.py` writes it. Prints a line of JSON for each: the columns
in which each detector sees a drift, and "embeddings" for a test of those.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
from frouros.callbacks import PermutationTestDistanceBased
from frouros.detectors.data_drift import MMD, PSI, ChiSquareTest, KSTest
from river import drift, tree

ALPHA = 0.01
"""Level of each test."""

INDEX = 0.1
"""Population stability index from which a column has moved slightly, by convention."""

EMBEDDED, PERMUTATIONS = 400, 200
"""Rows and permutations of MMD, whose time grows with their square."""


def of_columns(first: pd.DataFrame, later: pd.DataFrame) -> dict[str, list[str]]:
    """Return the columns that PSI, KS and chi-squared of frouros see."""
    found: dict[str, list[str]] = {"psi": [], "ks or chi-squared": []}
    for name in first:
        one, other = (each[name].dropna().to_numpy() for each in (first, later))
        numbers = np.issubdtype(one.dtype, np.number) and first[name].nunique() > 20
        codes = codes_of(one, other)
        detector = PSI(num_bins=10) if numbers else None
        if detector is not None:
            detector.fit(X=one.astype(float))
            index = detector.compare(X=other.astype(float))[0].distance
        else:
            index = index_of(*codes)
        if index > INDEX:
            found["psi"].append(name)
        test = KSTest() if numbers else ChiSquareTest()
        test.fit(X=one.astype(float) if numbers else codes[0])
        if test.compare(X=other.astype(float) if numbers else codes[1])[0].p_value < ALPHA:
            found["ks or chi-squared"].append(name)
    return found


def codes_of(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return values as numbers, the same in both; chi-squared wants each value in both, so rare ones join."""
    known, counts = np.unique(np.concatenate([one, other]).astype(str), return_counts=True)
    kept = known[counts >= 20]
    return tuple(
        np.where(np.isin(each.astype(str), kept), np.searchsorted(kept, each.astype(str)), len(kept))
        for each in (one, other)
    )  # type: ignore[return-value]


def index_of(one: np.ndarray, other: np.ndarray) -> float:
    """Return the population stability index of codes; frouros bins numbers, which codes are not."""
    size = int(max(one.max(), other.max())) + 1
    p, q = (np.maximum(np.bincount(each, minlength=size) / len(each), 1e-4) for each in (one, other))
    return float(((q - p) * np.log(q / p)).sum())


def within(first: pd.DataFrame, later: pd.DataFrame, given: str) -> list[str]:
    """Return the columns that chi-squared sees within the quarters or values of another column."""
    found = []
    groups = quarters(first[given], later[given])
    for name in (name for name in first if name != given and first[name].nunique() <= 20):
        least = 1.0
        for group in np.unique(groups[0]):
            parts = [
                each[name][of == group].to_numpy() for each, of in zip((first, later), groups, strict=True)
            ]
            if min(map(len, parts)) < 200:
                continue
            one, other = codes_of(*parts)
            test = ChiSquareTest()
            test.fit(X=one)
            least = min(least, float(test.compare(X=other)[0].p_value) * len(np.unique(groups[0])))
        if least < ALPHA:
            found.append(name)
    return found


def quarters(one: pd.Series, other: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the quarter that numbers lie in, or the code of values."""
    if one.nunique() > 20:
        edges = np.quantile(one, (0.25, 0.5, 0.75))
        return tuple(np.searchsorted(edges, each, "right") for each in (one, other))  # type: ignore[return-value]
    return codes_of(one.to_numpy(), other.to_numpy())


def by_evidently(first: pd.DataFrame, later: pd.DataFrame) -> list[str]:
    """Return the columns that evidently's preset of data drift sees, by its own choice of test."""
    numbers = [
        name for name in first if pd.api.types.is_numeric_dtype(first[name]) and first[name].nunique() > 20
    ]
    definition = DataDefinition(
        numerical_columns=numbers, categorical_columns=[name for name in first if name not in numbers]
    )
    sets = [
        Dataset.from_pandas(each.astype({n: str for n in each if n not in numbers}), definition)
        for each in (later, first)
    ]
    told = Report([DataDriftPreset()]).run(sets[0], sets[1]).dict()
    found = []
    for metric in told["metrics"]:
        config = metric.get("config", {})
        if "column" in config and "threshold" in config:
            p_value = "p_value" in str(config.get("method", "")) or "p_value" in metric.get("metric_name", "")
            value = float(metric["value"])
            if value < config["threshold"] if p_value else value >= config["threshold"]:
                found.append(config["column"])
    return found


def by_error(first: pd.DataFrame, later: pd.DataFrame, column: str, given: str) -> bool:
    """Return whether river's ADWIN sees the error of a model that learned a concept in half of night 0.

    The error is what the model lacks to certainty in the right answer.
    """
    half = len(first) // 2
    model, monitor = tree.HoeffdingTreeClassifier(grace_period=100), drift.ADWIN(delta=0.002)
    for x, y in zip(first[given][:half].tolist(), first[column][:half].astype(str), strict=True):
        model.learn_one({given: x}, y)
    seen = False
    for part, is_later in ((first[half:], False), (later, True)):
        for x, y in zip(part[given].tolist(), part[column].astype(str), strict=True):
            monitor.update(1.0 - model.predict_proba_one({given: x}).get(y, 0.0))
            seen = seen or (is_later and monitor.drift_detected)
    return seen


def of_embeddings(first: np.ndarray, later: np.ndarray) -> bool:
    """Return whether MMD of frouros with permutations sees a drift."""
    test = PermutationTestDistanceBased(
        num_permutations=PERMUTATIONS, random_state=1, num_jobs=1, name="permuted"
    )
    detector = MMD(callbacks=[test])
    detector.fit(X=first[:EMBEDDED].astype(float))
    _, logs = detector.compare(X=later[:EMBEDDED].astype(float))
    return bool(logs["permuted"]["p_value"] < ALPHA)


def seen_in(folder: Path) -> dict[str, Any]:
    """Return what each detector sees in a pair of nights."""
    told = json.loads((folder / "pair.json").read_text())
    first, later = (pd.read_parquet(folder / f"{night}.parquet") for night in ("first", "later"))
    for each in (first, later):
        for name in each.select_dtypes("category"):
            each[name] = each[name].astype(str)
    found: dict[str, Any] = of_columns(first, later)
    found["chi-squared within groups"] = within(first, later, told["given"])
    found["evidently"] = by_evidently(first, later)
    found["river: error of a model"] = (
        [told["concept"]] if by_error(first, later, told["concept"], told["given"]) else []
    )
    vectors = (np.load(folder / f"{night}.npy") for night in ("first", "later"))
    found["mmd"] = ["embeddings"] if of_embeddings(*vectors) else []
    return {**told, "columns": list(first), "seen": found}


if __name__ == "__main__":
    for place in sorted(Path(sys.argv[1]).iterdir()):
        print(json.dumps(seen_in(place)), flush=True)
