r"""Detectors of drift: what they see between nights of each kind of drift, and between nights without one.

    python -m venv DETECTORS
    DETECTORS/bin/pip install river==0.23.0 evidently==0.7.23 frouros==0.9.0
    .venv/bin/python benchmarks/bench_drift.py DETECTORS/bin/python --schemas customer_us \
        > benchmarks/results/drift.txt
    .venv/bin/python benchmarks/bench_drift.py DETECTORS/bin/python --schemas gamer_br --none 2 --each 1 \
        --strengths 0.5 >> benchmarks/results/drift.txt

Night 0 and the later night have other seeds. For each detector and kind: the share of pairs in which it sees
the column that drifted, and the share of columns that neither drifted nor follow in which it says so, too.
The level of tests is 1 %.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.encoders.encoder import encoder_of
from synthprof.profiles.drawing import generate
from synthprof.schemas.loader import load_bundle
from synthprof.schemas.schema import Schema
from synthprof.spec.drift import KINDS
from synthprof.spec.spec import Spec
from synthprof.store.schemas import drift_of, schema_of

ROWS, EMBEDDED = 8_000, 400

SCHEMAS = {
    "customer_us": (
        *("age", "sex", "state", "household", "pets", "tier", "device", "payment", "price_sense"),
        "income",
    ),
    "gamer_br": (
        *("idade", "sexo", "estado", "disponibilidade", "interacao_desejada", "objetivo_principal"),
        *("nivel_competitivo", "estilo_comunicacao", "usa_microfone", "anos_experiencia"),
    ),
}
"""Schemas and the columns that detectors see."""

STRENGTHS = (0.2, 0.5, 1.0)

CONCEPT = {"customer_us": ("household", "age"), "gamer_br": ("disponibilidade", "idade")}
"""The column whose concept drifts, and the one that it depends on."""


def pairs(none: int, each: int, strengths: Sequence[float]) -> Iterator[tuple[str, float, int]]:
    """Yield kind, strength and first seed of each pair of nights; kind "" for nights without drift."""
    yield from (("", 0.0, 100 + 2 * number) for number in range(none))
    for kind in KINDS:
        for strength in strengths:
            yield from ((kind, strength, 500 + 2 * number) for number in range(each))


def write_pair(folder: Path, schema: str, kind: str, strength: float, seed: int) -> None:
    """Write two nights and what is known of them."""
    folder.mkdir(parents=True)
    bundle = load_bundle(schema)
    common = {"profile_schema": schema, "profiles": ROWS, "dim_embedding": 64}
    specs = {
        "first": Spec(**common, seed=seed),
        "later": Spec(**common, seed=seed + 1, drift=kind, drift_strength=strength, drift_night=1),
    }
    for night, spec in specs.items():
        rows = rows_of(schema_of(spec, bundle), spec)
        pq.write_table(pa.table(rows.select(SCHEMAS[schema])), folder / f"{night}.parquet")
        np.save(folder / f"{night}.npy", encoder_of(spec, bundle).encode(rows.slice(0, EMBEDDED)))
    labels = drift_of(specs["later"], bundle)
    told = {each.column: each for each in labels.columns} if labels else {}
    column, given = CONCEPT[schema]
    facts = {
        "schema": schema,
        "kind": kind or "none",
        "strength": strength,
        "concept": column,
        "given": given,
        "drifted": [name for name, each in told.items() if each.drifted],
        "follows": [name for name, each in told.items() if each.follows],
        "psi": {name: each.psi for name, each in told.items() if each.drifted},
    }
    (folder / "pair.json").write_text(json.dumps(facts))


def rows_of(schema: Schema, spec: Spec) -> pa.RecordBatch:
    """Return the profiles of a spec, which fit into a block."""
    return generate(schema, spec.seed, spec.locale, spec.separation, 0, spec.profiles).profiles


def print_table(found: list[dict[str, Any]]) -> None:
    """Print the share of pairs in which each detector sees what drifted, and its false alarms."""
    detectors = list(found[0]["seen"])
    print(f"{'kind':14}{'strength':>9}{'pairs':>6}  " + "".join(f"{name:>28}" for name in detectors))
    groups: dict[tuple[str, float], list[dict[str, Any]]] = defaultdict(list)
    for each in found:
        groups[each["kind"], each["strength"]].append(each)
    for (kind, strength), members in groups.items():
        cells = [cell_of(kind, members, name) for name in detectors]
        print(f"{kind:14}{strength:9.1f}{len(members):6}  " + "".join(f"{cell:>28}" for cell in cells))


def cell_of(kind: str, members: list[dict[str, Any]], detector: str) -> str:
    """Return "seen of all, false alarms of all" of a detector for pairs of one kind."""
    wanted = [right_of(kind, each) for each in members]
    hits = sum(bool(set(each["seen"][detector]) & want) for each, want in zip(members, wanted, strict=True))
    false = all_of = 0
    for each, want in zip(members, wanted, strict=True):
        able = {"embeddings"} if detector == "mmd" else set(each["columns"])
        if detector.startswith("river"):
            able = {each["concept"]}
        able -= want | set(each["drifted"]) | set(each["follows"])
        if detector == "chi-squared within groups":
            able -= {each["given"]}
        if detector == "mmd" and kind != "none":
            able = set()  # embeddings are made of all columns, so they follow
        false += len(set(each["seen"][detector]) & able)
        all_of += len(able)
    seen = "–" if kind == "none" else f"{hits}/{len(members)}"
    return f"{seen} false {false}/{all_of}"


def right_of(kind: str, pair: dict[str, Any]) -> set[str]:
    """Return what a detector ought to see; of a prior any column that follows."""
    match kind:
        case "prior":
            return set(pair["follows"])
        case "rotation":
            return {"embeddings"}
    return set(pair["drifted"])


def main() -> None:
    """Make the pairs, ask the detectors and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("detectors", help="a Python that has the detectors")
    parser.add_argument("--none", type=int, default=10, help="pairs without drift of each schema")
    parser.add_argument("--each", type=int, default=2, help="pairs of each kind and strength")
    parser.add_argument("--strengths", type=float, nargs="+", default=STRENGTHS)
    parser.add_argument("--schemas", nargs="+", default=list(SCHEMAS), choices=list(SCHEMAS))
    given = parser.parse_args()
    print("ROWS", ROWS, "of each night;", "seen/pairs false alarms/columns that neither drift nor follow")
    for schema in given.schemas:
        with tempfile.TemporaryDirectory() as home:
            begun = time.process_time()
            for number, (kind, strength, seed) in enumerate(pairs(given.none, given.each, given.strengths)):
                write_pair(Path(home) / f"{number:03}", schema, kind, strength, seed)
            made = time.process_time() - begun
            script = Path(__file__).with_name("drift_detectors.py")
            done = subprocess.run(
                [given.detectors, "-W", "ignore", str(script), home],
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
        found = [json.loads(line) for line in done.stdout.splitlines()]
        print(f"\n{schema} ({len(found)} pairs, made in {made:.0f} CPU-seconds)")
        print_table(found)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
