"""Facts of a finished match, read from its files alone. Light but for Arrow."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from synthprof.base.kinds import read_bytes

PICTURES_TABLE, PAIRS_TABLE, SCORES = "pictures.parquet", "pairs.parquet", "scores.json"

PAIRS_PAGE = "pairs.html"


def read_match(folder: Path) -> dict[str, Any]:
    """Return `pairs` and `groups`, and `recall` and `precision` of planted copies, None where none are known.

    Raises OSError, ValueError, KeyError or ArrowException for damaged files.
    """
    groups = pq.read_table(folder / PICTURES_TABLE, columns=["group"])["group"].drop_null()
    path = folder / SCORES
    scores = json.loads(read_bytes(path)) if path.exists() else {"recall": None, "precision": None}
    return {
        "pairs": pq.read_metadata(folder / PAIRS_TABLE).num_rows,
        "groups": len(groups.unique()),
        "recall": scores["recall"],
        "precision": scores["precision"],
    }
