"""The finished version: checked, described in a report, and visible from here on."""

import datetime
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from synthprof.base.files import FileRecord, record, replacing
from synthprof.pipeline import BEFORE_PUBLISH, maker_of, version_of, wanted
from synthprof.profiles.coherence import counted
from synthprof.report.coherence import Coherence, coherence_of
from synthprof.report.page import load_template, render
from synthprof.schemas.bundle import SCHEMA_FILE, Bundle
from synthprof.spec.contents import (
    ARCHETYPES_FILE,
    AVATAR_TRUTH_FILE,
    AVATARS_FOLDER,
    DRIFT_FILE,
    DUPLICATES_FILE,
    NEAR_DUPLICATES,
    REPORT,
    table_file,
)
from synthprof.spec.spec import Spec
from synthprof.stages.context import Context, Outcome
from synthprof.stages.earlier import take_odds
from synthprof.stages.publish_cards import put_cards
from synthprof.stages.publish_checks import check_blocks, check_files, check_missing, check_tables
from synthprof.stages.publish_pictures import PICTURES, clusters_of, draw
from synthprof.stages.publish_report import report_of
from synthprof.store.array_files import save_array
from synthprof.store.blocks import ARCHETYPES, AVATARS
from synthprof.store.children import check_children
from synthprof.store.manifest import Manifest, content_digest
from synthprof.store.pruning import prune
from synthprof.store.publishing import publish
from synthprof.store.receipts import Receipt, read_receipts
from synthprof.store.schemas import drift_document

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ready:
    """A checked version, to be published: its manifest, the sealed files by their names, and the report.

    agrees: whether a manifest that was published before says the same as the build.
    """

    manifest: Manifest
    sources: dict[str, Path]
    texts: dict[str, str]
    example: Mapping[str, Any]
    agrees: bool = True


def prepare(spec: Spec, bundle: Bundle) -> None:
    """Have the shares that the report compares with."""
    take_odds(spec, bundle)


def run(context: Context) -> Outcome:
    """Publish the version and make it current; the receipt has its place, its rows and its scores."""
    checked = ready(context)
    manifest = checked.manifest
    _warn(manifest)
    folder = publish(context.store, manifest, checked.sources, checked.texts)
    put_cards(context.store, manifest.version, context.spec, context.bundle)
    _prune(context)
    details = {
        "version": manifest.version,
        "path": str(folder),
        "rows": manifest.rows,
        "noun": context.spec.row_word,
        "content": manifest.content,
        "scores": manifest.scores,
        "example": dict(checked.example),
    }
    return Outcome(context.spec.profiles, details=details)


def _warn(manifest: Manifest) -> None:
    """Say how many rules and margins do not hold, and the first of them; the version's pages have all."""
    coherence = Coherence.of(manifest.coherence)
    if coherence and (faults := coherence.faults):
        known = len(coherence.rules) + len(coherence.margins)
        logger.warning(
            "publish: %d of %d rules and margins do not hold, first %s", len(faults), known, faults[0]
        )


def _prune(context: Context) -> None:
    """Remove old versions; say which stay though they are old, and why."""
    pruned = prune(context.store, context.request.runtime.keep_versions)
    if pruned.removed:
        logger.info("publish: removed the old versions %s", ", ".join(pruned.removed))
    if pruned.read:
        logger.warning(
            "publish: kept the old versions %s, which are being read; the next run removes those that are "
            "not read then",
            ", ".join(pruned.read),
        )
    for name, reason in pruned.failed.items():
        logger.warning("publish: the old version %s could not be removed: %s", name, reason)


def ready(context: Context, published: Manifest | None = None) -> Ready:
    """Return everything to publish, checked; with the report of the manifest `published`, if it is given.

    Raises StageError if a file is damaged, a block breaks a rule of its schema or rows are missing.
    """
    receipts = _receipts(context)
    if published is None:
        check_missing(context, receipts)
    proven = check_files(context, [each for each in receipts if each.stage == "cluster"])()
    clusters = clusters_of(context)
    sources = _sources(context)
    sums = check_blocks(context, receipts, clusters, sources)
    coherence = coherence_of(counted(context.schema, sums.coherence))
    checked = check_files(context, [each for each in receipts if each.stage != "cluster"])
    numbered = check_tables(context, sources)
    load_template()
    context.step(0, 0, "points placed on the map")
    pictures = draw(context, clusters, sums.traits)
    proven |= checked()
    numbered()
    if context.spec.in_parts:
        from synthprof.stages.parts import check_parts  # only who has Parquet pays for it

        check_parts(context)
    for table in context.schema.tables:
        check_children(sources[table_file(table.name).name], table, context.spec.profiles)
    sources |= pictures.paths
    files = tuple(
        (proven.get(path) or record(path, path.parent)).for_others(name) for name, path in sources.items()
    )
    manifest = fresh = _manifest(context, files, receipts, coherence)
    if published is not None:
        known = tuple(file for file in published.files if file.path not in (REPORT, SCHEMA_FILE))
        manifest = published.model_copy(update={"files": known, "seal": ""})
    report = report_of(context, manifest, sums.traits, sources, pictures)
    agrees = published is None or fresh.agrees(published)
    texts = {REPORT: render(report)}
    if context.spec.schema_digest:
        texts[SCHEMA_FILE] = context.bundle.text
    return Ready(manifest, sources, texts, report.example, agrees)


def _manifest(
    context: Context, files: tuple[FileRecord, ...], receipts: tuple[Receipt, ...], coherence: Coherence
) -> Manifest:
    scores = {
        name: score for receipt in receipts for name, score in receipt.details.get("scores", {}).items()
    }
    return Manifest(
        format=1,
        dataset=context.store.dataset,
        version=version_of(context.spec),
        published_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        spec=context.spec.described(),
        rows=context.spec.profiles,
        content=content_digest(file for file in files if file.path not in PICTURES),
        files=files,
        scores=scores,
        coherence=coherence.as_document(),
        duplicates=_duplicates(context),
        drift=drift_document(context.spec, context.bundle),
        stages=receipts,
    )


def _duplicates(context: Context) -> dict[str, Any]:
    """Return what the manifest tells of second records; empty where there are none."""
    if not context.schema.duplicates:
        return {}
    from synthprof.stages.publish_duplicates import duplicates_of  # only who has some pays for them

    return duplicates_of(context)


def holds(context: Context) -> bool:
    """Return whether the version still exists, by names and sizes, and is the current one."""
    return context.store.stands(version_of(context.spec))


def _receipts(context: Context) -> tuple[Receipt, ...]:
    """Return the receipts of the earlier stages, in order. Raise StageError if one has not ended."""
    return tuple(
        receipt
        for each in wanted(context.spec, BEFORE_PUBLISH)
        for receipt in read_receipts(context.folder(each.name), context.spec.blocks)
    )


def _sources(context: Context) -> dict[str, Path]:
    """Return the sealed files by their names in the version; a vacuumed database replaces the original."""
    spec = context.spec
    found = {
        file.name: context.folder("vacuum" if spec.vacuum and file.table else maker_of(file.name).name)
        / (file.made_as or file.name)
        for file in context.published_files
    }
    if not spec.collection:
        found[ARCHETYPES_FILE] = _truth(context, ARCHETYPES_FILE, context.blocks.matrices(ARCHETYPES))
    if spec.copies:
        from synthprof.encoders.near_copies import origins

        copied = (origins(spec, block) for block in range(spec.blocks))
        found[NEAR_DUPLICATES] = _truth(context, NEAR_DUPLICATES, copied)
    if spec.avatars:
        from synthprof.stages.avatars import write_truth

        shards = (context.blocks.path(AVATARS, block) for block in range(spec.blocks))
        found |= {f"{AVATARS_FOLDER}/{path.name}": path for path in shards}
        path = context.folder() / AVATAR_TRUTH_FILE
        found[AVATAR_TRUTH_FILE] = write_truth(context.blocks, path)
    if context.schema.duplicates:
        from synthprof.stages.publish_duplicates import put_duplicates

        found[DUPLICATES_FILE] = put_duplicates(context)
    if spec.drift:
        found[DRIFT_FILE] = context.folder() / DRIFT_FILE
        with replacing(found[DRIFT_FILE]) as temporary:
            text = json.dumps(drift_document(spec, context.bundle), indent=1, ensure_ascii=False)
            temporary.write_text(f"{text}\n", encoding="utf-8")
    return found


def _truth(context: Context, name: str, blocks: Iterable[np.ndarray]) -> Path:
    """Write what is known of each row, beside the data, and return the path."""
    path = context.folder() / name
    with replacing(path) as temporary:
        save_array(temporary, np.concatenate(list(blocks)))
    return path
