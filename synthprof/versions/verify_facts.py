"""Verification of what a manifest says of its version: facts that follow from the files, and scores.

Seconds, memory and moments are measured once and cannot be proven; nothing else is taken on trust.
"""

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.pipeline import stage
from synthprof.profiles.coherence import counted, counts
from synthprof.profiles.second_records.origins import first_records
from synthprof.report.coherence import Coherence, coherence_of
from synthprof.report.counted_duplicates import SAMPLED_BLOCKS, counted_duplicates
from synthprof.schemas.bundle import SCHEMA_FILE
from synthprof.similarity.difficulty import difficulty, sample_rows
from synthprof.similarity.nearest_centroid import assign
from synthprof.similarity.recall import QUERIES, effort, exact_neighbours, measured
from synthprof.similarity.scores import SILHOUETTE_ROWS, agreement, silhouette
from synthprof.spec.contents import (
    ARCHETYPES_FILE,
    CENTROIDS,
    CLUSTERS,
    DRIFT_FILE,
    DUPLICATES_FILE,
    INDEX,
    MAP,
    OVERVIEW,
    REPORT,
)
from synthprof.spec.spec import BLOCK_ROWS
from synthprof.store.manifest import content_digest, is_close
from synthprof.store.schemas import drift_document
from synthprof.versions.duplicates import read_duplicates
from synthprof.versions.published import Published, stored
from synthprof.versions.tables import clusters
from synthprof.versions.verify_blocks import embeddings_of, ids_of_block, is_whole, one_batch


def fact_faults(version: Published, intact: set[str], index: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield a sentence for each fact of the manifest that the files, or its other facts, contradict.

    intact: names of the files whose checksums are right. index: the open index as it was published, or None.
    """
    manifest = version.manifest
    described = [file for file in manifest.files if file.path not in (OVERVIEW, MAP, REPORT, SCHEMA_FILE)]
    if manifest.content != content_digest(described):
        yield "MANIFEST.json has another content than its files"
    if manifest.scores != _told(version, "scores"):
        yield "MANIFEST.json has other scores than its stages"
    yield from _stage_faults(version)
    if is_whole(version, "embeddings", intact):
        missing = len(stored(version).missing())
        if missing != manifest.rejected:
            yield f"{missing} rows have no embedding, MANIFEST.json says {manifest.rejected}"
    if CENTROIDS in intact and len(_centroids(version)) != _detail(version, "cluster", "clusters"):
        yield "MANIFEST.json has another number of clusters than there are centroids"
    if index is not None:
        target, name, _ = effort(index)
        if name and getattr(target, name) != _detail(version, "export_index", "effort"):
            yield f"MANIFEST.json has another {name} than {INDEX}"


def score_faults(version: Published, intact: set[str], index: Any, every_row: bool) -> Iterator[str]:  # noqa: ANN401
    """Yield a sentence for each score that is another when it is computed again.

    every_row: compute the scores that take a look at all embeddings, too.
    """
    if CENTROIDS not in intact or not is_whole(version, "embeddings", intact):
        return
    centroids, told = _centroids(version), version.manifest.scores
    if centroids.ndim != 2 or centroids.shape[1] != version.spec.dim_embedding:
        return  # told by the check of the clusters
    for name, score in _scores(version, centroids, intact, index, every_row).items():
        if not is_close(told.get(name), score):
            yield f"MANIFEST.json says {name} {told.get(name)}, the files give {score}"


def _scores(
    version: Published,
    centroids: Matrix,
    intact: set[str],
    index: Any,  # noqa: ANN401
    every_row: bool,
) -> dict[str, float | int | None]:
    """Return the scores, computed again."""
    found: dict[str, float | int | None] = {}
    found["silhouette"] = silhouette(_first_rows(version), centroids)
    whole = not version.manifest.rejected  # the placeholders of missing rows were scored, too
    if whole and version.schema.archetypes and {CLUSTERS, ARCHETYPES_FILE} <= intact:
        found |= _agreement(version)
    if every_row:
        found["inertia"] = _inertia(version, centroids)
    if whole and (every_row or not version.spec.collection):
        found |= _difficulty(version)
    if every_row and whole and index is not None:
        found["recall_at_10"] = _recall(version, index)
    return found


def coherence_faults(version: Published, intact: set[str]) -> Iterator[str]:
    """Yield a sentence if rules and margins of the profiles count other rows than the manifest says."""
    if not is_whole(version, "perfis", intact):
        return
    told = Coherence.of(version.manifest.coherence) or Coherence(0, 0)
    own = dataclasses.replace(told, rules=tuple(rule for rule in told.rules if not rule.table))
    schema, spec = dataclasses.replace(version.schema, tables=()), version.spec
    found: Any = np.zeros(0, np.int64)
    for block in range(spec.blocks if schema.rules or schema.margins else 0):
        rows = stored(version).rows(ids=ids_of_block(spec, block))
        only = None
        if schema.duplicates:
            only = first_records(spec.seed, schema.duplicates.share, block, spec.block_rows(block))
        made = counts(schema, one_batch(rows), only=only)
        found = made if block == 0 else found + made
    if own != coherence_of(counted(schema, found.tolist())):
        yield "MANIFEST.json says other counts of rules or margins than the rows give"


def duplicate_faults(version: Published, intact: set[str]) -> Iterator[str]:
    """Yield a sentence if the truth and the rows say another thing of second records than the manifest."""
    spec, told = version.spec, version.manifest.duplicates
    if (
        not version.schema.duplicates
        or DUPLICATES_FILE not in intact
        or not is_whole(version, "perfis", intact)
    ):
        return
    blocks = range(min(spec.blocks, SAMPLED_BLOCKS))
    sample = [one_batch(stored(version).rows(ids=ids_of_block(spec, block))) for block in blocks]
    truth = read_duplicates(version.folder / DUPLICATES_FILE).to_batches()
    if counted_duplicates(version.schema, version.manifest.rows, truth, sample).as_document() != told:
        yield "MANIFEST.json says another thing of second records than the truth and the rows"


def drift_faults(version: Published, intact: set[str]) -> Iterator[str]:
    """Yield a sentence where the labels of a drift are others than the spec and the schema give."""
    labels = drift_document(version.spec, version.bundle)
    if version.manifest.drift != labels:
        yield "MANIFEST.json says another drift than the spec gives"
    if DRIFT_FILE in intact and json.loads((version.folder / DRIFT_FILE).read_text("utf-8")) != labels:
        yield f"{DRIFT_FILE} says another drift than the spec gives"


def _stage_faults(version: Published) -> Iterator[str]:
    manifest, digest = version.manifest, version.spec.digest
    files = {file.path: file for file in manifest.files}
    rows: dict[str, int] = {}
    for each in manifest.stages:
        rows[each.stage] = rows.get(each.stage, 0) + each.rows
        if each.spec != digest:
            yield f"stage {each.stage} in MANIFEST.json is of other parameters"
        if version.spec.vacuum and each.stage != "vacuum":
            continue  # its databases are not those that are published
        published = [file.for_others(file.path) for file in each.files if file.path in files]
        if other := [file.path for file in published if files[file.path] != file]:
            yield f"stage {each.stage} in MANIFEST.json made another {', '.join(other)}"
    wrong = {name for name, done in rows.items() if done != (0 if name == "setup" else manifest.rows)}
    yield from (f"stage {name} in MANIFEST.json has {rows[name]} rows" for name in sorted(wrong))


def _told(version: Published, detail: str) -> dict[str, Any]:
    """Return the details of that name of all stages, as one."""
    found: dict[str, Any] = {}
    for each in version.manifest.stages:
        found |= dict(each.details.get(detail) or {})
    return found


def told_rows(version: Published, table: str) -> int:
    """Return the number of rows of a child table that the manifest tells of."""
    return int(version.manifest.tables.get(table, {}).get("rows", 0))


def _detail(version: Published, name: str, detail: str) -> Any:  # noqa: ANN401
    found = (each.details.get(detail) for each in version.manifest.stages if each.stage == stage(name).name)
    return next(found, None)


def _centroids(version: Published) -> Matrix:
    found: Matrix = np.load(version.folder / CENTROIDS, allow_pickle=False)
    return found


def _first_rows(version: Published) -> Matrix:
    return embeddings_of(version, range(1, min(SILHOUETTE_ROWS, version.manifest.rows) + 1))[0]


def _difficulty(version: Published) -> dict[str, float | int | None]:
    """Return those figures of difficulty that the manifest has: all, or none where it is older than they."""
    told = version.manifest.scores
    return {name: figure for name, figure in difficulty(_sample(version)).items() if name in told}


def _sample(version: Published) -> Matrix:
    """Return the embeddings that difficulty is measured on."""
    rows, found = sample_rows(version.spec), list[Matrix]()
    for block in np.unique(rows // BLOCK_ROWS).tolist():
        embeddings, _ = embeddings_of(version, ids_of_block(version.spec, block))
        found.append(embeddings[rows[rows // BLOCK_ROWS == block] - block * BLOCK_ROWS])
    return np.concatenate(found)


def _blocks(version: Published) -> Iterator[Matrix]:
    spec = version.spec
    return (embeddings_of(version, ids_of_block(spec, block))[0] for block in range(spec.blocks))


def _inertia(version: Published, centroids: Matrix) -> float:
    return sum(assign(embeddings, centroids)[1] for embeddings in _blocks(version))


def _agreement(version: Published) -> dict[str, float]:
    archetypes = np.load(version.folder / ARCHETYPES_FILE, allow_pickle=False)
    return agreement(clusters(version), archetypes)


def _recall(version: Published, index: Any) -> float:  # noqa: ANN401
    queries = embeddings_of(version, range(1, min(QUERIES, version.spec.block_rows(0)) + 1))[0]
    exact, _ = exact_neighbours(queries, _blocks(version))
    return measured(index, queries, exact)
