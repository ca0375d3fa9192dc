"""Results of a match: tables of pictures and of pairs, a page, and scores by planted copies."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from synthprof.delivery.matching.match import PAIRS, PICTURES, TRUTH, scores_of
from synthprof.delivery.matching.page import page_of
from synthprof.similarity.pictures.groups import groups_of
from synthprof.versions.matches import PAIRS_PAGE, PAIRS_TABLE, PICTURES_TABLE, SCORES

if TYPE_CHECKING:
    from synthprof.delivery.matching.job import Work

PROBLEMS_FILE = "problems.jsonl"

Records = npt.NDArray[Any]


def tell(work: "Work", found: Records, facts: Records) -> None:
    """Write the tables, the page and, where the truth is known, the scores.

    found: the pairs by number. facts: what is known of each picture.
    """
    pairs = _pairs(work, found)
    pictures = _pictures(work, pairs, facts)
    _write(work, PICTURES_TABLE, pictures)
    _write(work, PAIRS_TABLE, _named(work, pairs))
    truth = _truth(work.place.truth)
    if truth is not None:
        _write(work, TRUTH, truth)
        with work.making.whole(SCORES) as path:
            text = json.dumps(scores_of(_named(work, pairs), truth), indent=1) + "\n"
            path.write_text(text, encoding="utf-8")
    with work.making.whole(PAIRS_PAGE) as path:
        path.write_text(page_of(work.place, _named(work, pairs), pictures, truth), encoding="utf-8")


def _pairs(work: "Work", found: Records) -> dict[str, npt.NDArray[Any]]:
    """Return all pairs by number, sorted: those that were checked, and copies of the same bytes."""
    originals = work.survey.originals()
    copies = np.flatnonzero(originals != np.arange(len(originals)))
    by = np.where(found["by_hash"], "hash", "features")
    columns = {
        "one": np.concatenate([found["one"], originals[copies]]).astype(np.int64),
        "other": np.concatenate([found["other"], copies]).astype(np.int64),
        "score": np.concatenate([found["score"], np.ones(len(copies))]),
        "inliers": np.concatenate([found["inliers"], np.zeros(len(copies))]).astype(np.int64),
        "found_by": np.concatenate([by, np.full(len(copies), "bytes")]).astype(object),
    }
    order = np.lexsort((columns["other"], columns["one"]))
    return {name: values[order] for name, values in columns.items()}


def _named(work: "Work", pairs: dict[str, npt.NDArray[Any]]) -> pa.Table:
    ids = pa.array(work.survey.ids, pa.string())
    names = [ids.take(pa.array(pairs[side])) for side in ("one", "other")]
    rest = [pa.array(pairs[name]) for name in ("score", "inliers", "found_by")]
    return pa.table([*names, *rest], PAIRS.names).cast(PAIRS)


def _pictures(work: "Work", pairs: dict[str, npt.NDArray[Any]], facts: Records) -> pa.Table:
    originals = work.survey.originals()
    groups = groups_of(work.pictures, pairs["one"], pairs["other"])
    facts = facts[originals]  # copies were not decoded
    seen = facts["seen"] == 1
    if collected := work.place.collected:  # what was decoded are thumbnails
        sizes = collected.table(columns=["largura", "altura"])
        facts["width"], facts["height"] = (sizes[name].to_numpy() for name in ("largura", "altura"))
    path = work.making.folder / PROBLEMS_FILE
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    reasons = {line["number"]: line["reason"] for line in map(json.loads, lines)}
    problems = [reasons.get(int(original)) for original in originals]
    columns = [
        pa.array(work.survey.ids, pa.string()),
        pa.array(facts["width"].astype(np.int64), mask=~seen),
        pa.array(facts["height"].astype(np.int64), mask=~seen),
        pa.array(facts["features"].astype(np.int64), mask=~seen),
        pa.array(groups, mask=groups < 0),
        pa.array(problems, pa.string()),
    ]
    return pa.table(columns, PICTURES.names).cast(PICTURES)


def _truth(path: Path | None) -> pa.Table | None:
    """Return the planted copies: `one`, `other` and `change`; None where nothing is known."""
    if path is None:
        return None
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        rows = reader.read_all().select(["copy_of", "picture", "change"])
    return rows.filter(rows["change"].is_valid()).rename_columns(["one", "other", "change"]).combine_chunks()


def _write(work: "Work", name: str, table: pa.Table) -> None:
    with work.making.whole(name) as path:
        pq.write_table(table, path, compression="zstd")
