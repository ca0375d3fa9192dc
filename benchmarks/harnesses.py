"""Exports read by the programs that they are for: VectorDBBench, datasets, mlcroissant, h5py, FAISS.

Run it by a Python that has them, which need not have synthprof:

    pip install vectordb-bench datasets mlcroissant h5py faiss-cpu
    python benchmarks/harnesses.py ~/data/gamers/exports

Prints a line of JSON for each export: what read it, how many rows or queries, and the recall of a flat
search over what was read, against the answers that were read. Anything but 1.0 is a fault.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

K = 100
TOLERANCE = 1e-5


def recall(
    base: np.ndarray, queries: np.ndarray, wanted: np.ndarray, among: np.ndarray | None = None
) -> float:
    """Return the recall of a flat search by inner product; rows as near as the last wanted count alike."""
    import faiss

    rows = np.arange(len(base)) if among is None else among
    index = faiss.IndexFlatIP(base.shape[1])
    index.add(np.ascontiguousarray(base[rows], np.float32))
    k = wanted.shape[1]
    scores, places = index.search(np.ascontiguousarray(queries, np.float32), k)
    found = rows[places]
    last = np.einsum("qd,qd->q", queries, base[wanted[:, -1]])
    right = [
        sum(place in truth or score >= least - TOLERANCE for place, score in zip(one, ones, strict=True))
        for one, ones, truth, least in zip(found, scores, map(set, wanted.tolist()), last, strict=True)
    ]
    return float(np.minimum(right, k).mean() / k)


def vectordbbench(folder: Path) -> Iterator[dict[str, Any]]:
    """Read a custom data set as VectorDBBench does: its case, its loader, its filter, its recall."""
    from vectordb_bench import config
    from vectordb_bench.backend.cases import PerformanceCustomDataset
    from vectordb_bench.metric import calc_recall

    config.DATASET_LOCAL_DIR = str(folder.parent)
    for told in json.loads((folder / "custom_case.json").read_text()):
        share = next(map(float, told["dataset_config"].get("label_percentages", [])), None)
        case = PerformanceCustomDataset(**told, label_percentage=share, use_filter=share is not None)
        manager = case.dataset
        manager.prepare(filters=case.filters, k=K)
        base = np.concatenate([np.stack(part["emb"].to_numpy()) for part in manager])
        queries = np.array(manager.test_data, np.float32)
        truth = [list(row)[:K] for row in manager.gt_data.iter_rows()]
        among = None
        if share is not None:
            among = np.flatnonzero(manager.scalar_labels["labels"].to_numpy() == case.filters.label_value)
        yield {
            "case": told["name"],
            "queries": len(queries),
            "flat": recall(base, queries, np.array(truth), among),
            "its_recall_of_the_truth": float(np.mean([calc_recall(K, ids, ids) for ids in truth])),
        }


def hdf5(folder: Path) -> Iterator[dict[str, Any]]:
    """Read HDF5 as ann-benchmarks does: `train`, `test`, `neighbors`, `distances`."""
    import h5py

    for path in folder.glob("*.hdf5"):
        with h5py.File(path, "r") as file:
            train, test, wanted = file["train"][:], file["test"][:], file["neighbors"][:]
            least = file["distances"][:, K - 1]
            distance = file.attrs["distance"]
        cosines = np.einsum("qd,qd->q", test, train[wanted[:, K - 1]])
        told = 1 - cosines if distance == "angular" else np.sqrt(np.maximum(2 - 2 * cosines, 0))
        yield {
            "file": path.name,
            "queries": len(test),
            "flat": recall(train, test, wanted, None),
            "distances_off_by": float(np.abs(told - least).max()),
        }


def fvecs(folder: Path) -> Iterator[dict[str, Any]]:
    """Read texmex files as FAISS' own readers do."""
    from faiss.contrib.vecs_io import fvecs_read

    for path in sorted(folder.glob("*.fvecs")):
        found = fvecs_read(str(path))
        norms = np.linalg.norm(found, axis=1)
        yield {"file": path.name, "rows": len(found), "dim": found.shape[1], "norm": float(norms.mean())}


def huggingface(folder: Path) -> Iterator[dict[str, Any]]:
    """Open the folder by `datasets.load_dataset`, which reads the head of its card."""
    from datasets import get_dataset_config_names, load_dataset

    for name in get_dataset_config_names(str(folder)):
        found = load_dataset(str(folder), name)
        for split, rows in found.items():
            yield {"config": name, "split": split, "rows": len(rows), "columns": len(rows.column_names)}


def croissant(folder: Path) -> Iterator[dict[str, Any]]:
    """Validate croissant.json and read records by mlcroissant."""
    import mlcroissant

    described = mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))
    for each in described.metadata.record_sets:
        records = iter(described.records(record_set=each.id))
        first = next(records)
        yield {
            "record_set": each.id,
            "fields": len(first),
            "errors": len(described.metadata.ctx.issues.errors),
        }


READERS: dict[str, tuple[str, Callable[[Path], Iterator[dict[str, Any]]]]] = {
    "vectordbbench": ("vectordb-bench", vectordbbench),
    "hdf5": ("h5py", hdf5),
    "fvecs": ("faiss-cpu", fvecs),
    "huggingface": ("datasets", huggingface),
    "parquet": ("mlcroissant", croissant),
}
"""The program that reads the exports of each format, and what it does."""


def main() -> None:
    """Read every export in the folder that a program of others is for."""
    os.environ.setdefault("HF_DATASETS_OFFLINE", "1")
    for folder in sorted(Path(sys.argv[1]).expanduser().glob("*-*")):
        form = folder.name.rpartition("-")[0]
        if form in READERS:
            package, read = READERS[form]
            for facts in read(folder):
                print(json.dumps({"format": form, "read_by": f"{package} {version(package)}", **facts}))


if __name__ == "__main__":
    main()
