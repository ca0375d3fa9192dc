"""Record linkage by foreign tools, for bench_duplicates.py, in an environment of their own.

    python -m venv /tmp/link
    /tmp/link/bin/pip install splink==5.0.0 recordlinkage==0.16 duckdb==2.0.1 pandas==2.3.3 pyarrow
    /tmp/link/bin/python benchmarks/link_records.py ROWS.parquet TOOL

ROWS.parquet has `id`, the columns to compare and `person`, the truth; its metadata says
which columns are texts or digits. Texts are standardised first, as these tools ask for: in lower case and
without accents.
Prints one line of JSON: F1 by the best threshold, and by the tool's own.
"""

import json
import logging
import sys
import time
from itertools import combinations

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

MOST_PAIRS = 500_000
"""Pairs that a rule of blocking may give."""


def main(path: str, tool: str) -> None:
    """Link the rows of a file, and print how well."""
    table = pq.read_table(path)
    kinds = json.loads(table.schema.metadata[b"kinds"])
    rows = table.to_pandas()
    person = rows["person"].to_numpy()
    for name, kind in kinds.items():
        if kind == "text":
            rows[name] = standard(rows[name])
    text = next(name for name, kind in kinds.items() if kind == "text")
    words = rows[text].str.split(" ")
    rows["first_word"], rows["last_word"], rows["begin"] = words.str[0], words.str[-1], rows[text].str[:3]
    began = time.process_time()
    pairs, weights, own = TOOLS[tool](rows, kinds, rules(rows, text, kinds))
    print(
        json.dumps(scores(pairs, weights, own, person) | {"seconds": round(time.process_time() - began, 1)})
    )


def standard(texts: pd.Series) -> pd.Series:
    """Return texts in lower case, without accents and signs between words."""
    plain = texts.str.normalize("NFD").str.replace(r"[\u0300-\u036f]", "", regex=True).str.lower()
    return plain.str.replace(r"[\s._,-]+", " ", regex=True).str.strip()


def rules(rows: pd.DataFrame, text: str, kinds: dict[str, str]) -> list[tuple[str, ...]]:
    """Return the columns that a pair must have alike to be looked at, a tuple for each rule.

    Numbers and dates have parts of their own: a wrong digit leaves the others.
    """
    parts = [text, "first_word", "last_word", "begin"]
    for name in (name for name in kinds if name != text):
        parts.append(name)
        if kinds[name] == "digits":
            rows[f"{name}_begin"] = rows[name].str[: max(1, int(rows[name].str.len().max()) // 2 - 1)]
            rows[f"{name}_end"] = rows[name].str[-5:].where(rows[name].str.len() > 5)
            parts += [f"{name}_begin", f"{name}_end"]
    found: list[tuple[str, ...]] = []
    for size in (1, 2, 3):
        for chosen in combinations(parts, size):
            if any(set(rule) <= set(chosen) for rule in found):
                continue
            counts = rows.dropna(subset=list(chosen)).groupby(list(chosen)).size().to_numpy(dtype=float)
            if (counts * (counts - 1) / 2).sum() <= MOST_PAIRS:
                found.append(chosen)
    return found


def by_splink(
    rows: pd.DataFrame, kinds: dict[str, str], blocking: list[tuple[str, ...]], labels: bool = False
) -> tuple:
    """Link with Splink in DuckDB: odds by expectation and maximisation, without truth unless labels."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as library
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logging.disable(logging.WARNING)

    def comparison(name: str, kind: str) -> object:
        found = [levels.NullLevel(name), levels.ExactMatchLevel(name, term_frequency_adjustments=True)]
        found += [levels.DamerauLevenshteinLevel(name, 1)] if kind else []
        found += [levels.JaroWinklerLevel(name, each) for each in (0.92, 0.8)] if kind == "text" else []
        return library.CustomComparison(
            comparison_levels=[*found, levels.ElseLevel()], output_column_name=name
        )

    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        comparisons=[comparison(*each) for each in kinds.items()],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in blocking],
    )
    linker = Linker(DuckDBAPI().register(rows), settings)
    training = linker.training
    text, *others = kinds
    training.estimate_probability_two_random_records_match([block_on(text, others[0])], recall=0.6)
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    if labels:
        training.estimate_m_from_label_column("person")
    for rule in () if labels else ((text,), ("last_word", others[0]), tuple(others[:2])):
        training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    found = linker.inference.predict(threshold_match_weight=-10).as_pandas_dataframe()
    return found[["id_l", "id_r"]].to_numpy(), found["match_weight"].to_numpy(), 0.0


def by_splink_with_labels(
    rows: pd.DataFrame, kinds: dict[str, str], blocking: list[tuple[str, ...]]
) -> tuple:
    """Link with Splink, the odds among matches counted by the truth."""
    return by_splink(rows, kinds, blocking, labels=True)


def by_recordlinkage(rows: pd.DataFrame, kinds: dict[str, str], blocking: list[tuple[str, ...]]) -> tuple:
    """Link with recordlinkage: a logistic regression on similarities, learned of half of the people."""
    import recordlinkage

    person = rows.set_index("id")["person"]
    frame, index = rows.set_index("id"), recordlinkage.Index()
    for rule in blocking:
        index.block(list(rule))
    compare = recordlinkage.Compare()
    for name, kind in kinds.items():
        if kind:
            method = "jarowinkler" if kind == "text" else "damerau_levenshtein"
            compare.string(name, name, method=method, label=f"{name} near")
        compare.exact(name, name, label=name)
    features = compare.compute(index.index(frame), frame).fillna(0.5)
    one, other = (person.loc[features.index.get_level_values(level)].to_numpy() for level in (0, 1))
    known = one % 2 == 0
    classifier = recordlinkage.LogisticRegressionClassifier()
    classifier.fit(features[known], features.index[known & (one == other)])
    odds = classifier.prob(features).to_numpy()
    weights = np.log2(np.clip(odds, 1e-12, 1) / np.clip(1 - odds, 1e-12, 1))
    return np.array(features.index.to_list()), weights, 0.0


def scores(pairs: np.ndarray, weights: np.ndarray, own: float, person: np.ndarray) -> dict[str, float]:
    """Return F1, precision and recall of all pairs by the best threshold, and F1 by the tool's own."""
    order = np.argsort(-weights, kind="stable")
    right = person[pairs[order, 0] - 1] == person[pairs[order, 1] - 1]
    counts = np.unique(person, return_counts=True)[1]
    matches = int((counts * (counts - 1) // 2).sum())
    found = np.arange(1, len(order) + 1)
    whole = np.append(np.diff(weights[order]) != 0, True)
    f1 = np.where(whole, 2 * np.cumsum(right) / (found + matches), 0)
    best, above = int(f1.argmax()), weights[order] > own
    return {
        "f1": round(float(f1[best]), 4),
        "precision": round(float(right[: best + 1].mean()), 4),
        "recall": round(float(right[: best + 1].sum() / matches), 4),
        "own_f1": round(float(2 * right[above].sum() / (above.sum() + matches)), 4),
        "reached": round(float(right.sum() / matches), 4),
        "pairs": len(order),
    }


TOOLS = {
    "splink": by_splink,
    "splink_labels": by_splink_with_labels,
    "recordlinkage": by_recordlinkage,
}


if __name__ == "__main__":
    main(*sys.argv[1:])
