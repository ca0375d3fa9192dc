"""Streams of a workload, played by another program than ours, and answers by sorting all rows."""

from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray


def played(text: str, rows: int) -> dict[int, dict[int, int]]:
    """Rows to be found at each search, row by tag: the YAML, played by the rules of big-ann-benchmarks."""
    book = next(iter(yaml.safe_load(text).values()))
    found, there, number, most = {}, {}, 1, 0
    while number in book:
        entry = book[number]
        match entry["operation"]:
            case "insert":
                new = range(entry["start"], entry["end"])
                assert not there.keys() & set(new)
                there |= {tag: tag for tag in new}
            case "delete":
                for tag in range(entry["start"], entry["end"]):
                    del there[tag]
            case "replace":
                tags = range(entry["tags_start"], entry["tags_end"])
                ids = range(entry["ids_start"], entry["ids_end"])
                assert len(tags) == len(ids) > 0 and set(tags) <= there.keys()
                there |= dict(zip(tags, ids, strict=True))
            case "search":
                found[number] = dict(there)
        assert len(set(there.values())) == len(there) and max(there.values()) < rows
        most, number = max(most, len(there)), number + 1
    assert book["max_pts"] == most and book["gt_url"] == "none" and len(book) == number + 1
    return found


def nearest(queries: NDArray[np.float32], rows: NDArray[np.float32], k: int) -> NDArray[np.float64]:
    """The scores of the nearest rows, by sorting all."""
    products = queries.astype(np.float64) @ rows.T.astype(np.float64)
    return -np.sort(-products, axis=1)[:, :k]


def check_stream(folder: Path, rows: NDArray[np.float32], queries: NDArray[np.float32]) -> None:
    """Assert that each search's answers are the nearest of what can be found then, by its tags."""
    for number, there in played((folder / "runbook.yaml").read_text(), len(rows)).items():
        ids, scores = (
            np.load(folder / "truth" / f"step-{number:03}.{each}.npy") for each in ("ids", "scores")
        )
        found = queries.astype(np.float64)[:, None] * rows[[[there[tag - 1] for tag in row] for row in ids]]
        assert np.allclose(found.sum(axis=2), scores, atol=1e-5)
        assert np.allclose(nearest(queries, rows[list(there.values())], 100), scores, atol=1e-5)
