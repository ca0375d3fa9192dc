"""The finished version: checked, described in a report, and visible from here on."""

import dataclasses
import datetime
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from synthprof.contents import (
    ARCHETYPES_FILE,
    CLUSTERS,
    NORM_TOLERANCE,
    PERFIS,
    REPORT,
    files_of,
)
from synthprof.database import check_ids
from synthprof.errors import StageError
from synthprof.files import FileRecord, is_so, record, replacing
from synthprof.manifest import Manifest, content_digest
from synthprof.overview import by_column, count
from synthprof.pipeline import STAGES, stage, version_of
from synthprof.profiles import KEY, TEXT, schema_of
from synthprof.profiles.checks import check
from synthprof.profiles.shares import expected_shares
from synthprof.receipts import Receipt, read_receipts
from synthprof.report import MapPoints, Marginal, Report
from synthprof.report.page import load_template, render
from synthprof.resources import cpu_slot
from synthprof.spec import BLOCK_ROWS, Spec
from synthprof.stages.context import ARCHETYPES, EMBEDDINGS, Blocks, Context, Outcome, save_array
from synthprof.stages.pictures import (
    PICTURES,
    Clusters,
    Pictures,
    clusters_of,
    draw,
    labels_file,
    labels_of,
)
from synthprof.summary import Facts, summary

logger = logging.getLogger(__name__)

MAP_POINTS = 4_000
"""Points on the report's map."""

MOST_SHOWN = 300
"""Characters of a collection's text on the map."""


@dataclass(frozen=True)
class Ready:
    """A checked version, to be published: its manifest, the sealed files by their names, and the report."""

    manifest: Manifest
    sources: dict[str, Path]
    texts: dict[str, str]
    example: Mapping[str, Any]


def run(context: Context) -> Outcome:
    """The version is published and current; the receipt tells where it lies, its rows and its scores."""
    checked = ready(context)
    manifest = checked.manifest
    folder = context.store.publish(manifest, checked.sources, checked.texts)
    if gone := context.store.prune(context.request.runtime.keep_versions):
        logger.info("publish: removed the old versions %s", ", ".join(gone))
    details = {
        "version": manifest.version,
        "path": str(folder),
        "rows": manifest.rows,
        "noun": context.spec.noun,
        "content": manifest.content,
        "scores": manifest.scores,
        "example": dict(checked.example),
    }
    return Outcome(context.spec.profiles, details=details)


def ready(context: Context, published: Manifest | None = None) -> Ready:
    """Everything to publish, checked; with the report that belongs to `published`, if that is given.

    Raises StageError if a file is damaged, a block breaks a rule of its schema or rows are missing.
    """
    receipts = _receipts(context)
    if published is None:
        _check_missing(context, receipts)
    _check_files(context, {}, [each for each in receipts if each.stage == "cluster"])()
    clusters = clusters_of(context)
    traits = _check_blocks(context, receipts, clusters)
    sources = _sources(context)
    checked = _check_files(context, sources, receipts)
    load_template()
    pictures = draw(context, clusters, traits)
    files = checked()
    for file in (file for file in files_of(context.spec) if file.table):
        check_ids(sources[file.name], file.table, context.spec.profiles)
    sources |= pictures.paths
    files += tuple(record(path, path.parent) for path in pictures.paths.values())
    if published is None:
        manifest = _manifest(context, files, receipts)
    else:
        known = tuple(file for file in published.files if file.path != REPORT)
        manifest = published.model_copy(update={"files": known, "seal": ""})
    report = _report(context, manifest, traits, sources, pictures)
    return Ready(manifest, sources, {REPORT: render(report)}, report.example)


def _manifest(context: Context, files: tuple[FileRecord, ...], receipts: tuple[Receipt, ...]) -> Manifest:
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
        stages=receipts,
    )


def holds(context: Context) -> bool:
    """Whether the version is still there, by names and sizes, and is the current one."""
    return context.store.stands(version_of(context.spec))


def _receipts(context: Context) -> tuple[Receipt, ...]:
    """The receipts of the stages before, in order. Raises StageError if one has not ended."""
    wanted = [each for each in STAGES[:-1] if each.applies(context.spec)]
    return tuple(
        receipt
        for each in wanted
        for receipt in read_receipts(context.folder(each.name), context.spec.blocks)
    )


def _sources(context: Context) -> dict[str, Path]:
    """The sealed files by their names in the version; a vacuumed database goes before the original."""
    spec = context.spec
    found = {
        file.name: context.folder("vacuum" if spec.vacuum and file.table else file.stage) / file.name
        for file in files_of(spec)
    }
    return found if spec.collection else found | {ARCHETYPES_FILE: _archetypes(context)}


def _archetypes(context: Context) -> Path:
    path = context.folder() / ARCHETYPES_FILE
    with replacing(path) as temporary:
        save_array(temporary, np.concatenate(list(context.blocks.matrices(ARCHETYPES))))
    return path


# --- checks ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _SealedBlock:
    """A block to check, and the files of it that its receipts name."""

    blocks: Blocks
    block: int
    slots: int
    files: tuple[tuple[Path, FileRecord], ...]
    labels: Path
    chosen: npt.NDArray[np.int64]


@dataclass(frozen=True)
class _Checked:
    traits: npt.NDArray[np.int32]
    violations: tuple[str, ...]
    damaged: tuple[Path, ...] = ()


def _check_missing(context: Context, receipts: Sequence[Receipt]) -> None:
    missing, allowed = sum(receipt.rejected for receipt in receipts), context.request.runtime.max_failed
    if missing > allowed:
        raise StageError(
            f"{missing} {context.spec.noun}s have no embedding, max_failed={allowed} are allowed; run it "
            "again (from a bucket: with force) to ask for them once more, or raise max_failed"
        )


def _check_blocks(context: Context, receipts: Sequence[Receipt], clusters: Clusters) -> npt.NDArray[np.int64]:
    """The sum of `overview.count` over all blocks.

    Raises StageError if a block is damaged or breaks a rule of its schema.
    """
    jobs = _block_jobs(context, receipts, clusters)
    traits: npt.NDArray[np.int64] | int = 0
    for job, checked in zip(jobs, context.pool.map(_check_block, jobs), strict=True):
        if checked.damaged:
            raise _discard(context, checked.damaged)
        if checked.violations:
            raise StageError(f"block {job.block} is not as declared: {'; '.join(checked.violations)}")
        traits = traits + checked.traits.astype(np.int64)
        context.progress(min((job.block + 1) * BLOCK_ROWS, context.spec.profiles), context.spec.profiles)
    return np.asarray(traits)


def _block_jobs(context: Context, receipts: Sequence[Receipt], clusters: Clusters) -> list[_SealedBlock]:
    sealed = {
        context.folder(receipt.stage) / file.path: file
        for receipt in receipts
        if stage(receipt.stage).scope == "shard"
        for file in receipt.files
    }
    files: dict[int, list[tuple[Path, FileRecord]]] = {}
    for path, file in sealed.items():
        files.setdefault(int(path.stem.rpartition("-")[2]), []).append((path, file))
    return [
        _SealedBlock(
            context.blocks,
            block,
            context.budget.workers,
            tuple(files[block]),
            labels_file(context),
            clusters.chosen,
        )
        for block in range(context.spec.blocks)
    ]


def _discard(context: Context, paths: Sequence[Path]) -> StageError:
    """The damaged block files are gone, with the receipts of every stage that may have read them."""
    context.build.distrust(*(each.name for each in STAGES if each.name != "setup"))
    for path in paths:
        path.unlink(missing_ok=True)
    return StageError(
        f"{', '.join(map(str, paths))} changed after being written, as failing disks do; removed, with the "
        "receipts of what was made from it: run it again, and what is needed is made anew"
    )


def _check_block(job: _SealedBlock) -> _Checked:
    blocks = job.blocks
    with cpu_slot(job.slots):
        bad = tuple(path for path, file in job.files if not is_so(path.parent, file))
    if bad:
        return _Checked(np.zeros((0, 0), np.int32), (), bad)
    schema = schema_of(blocks.spec)
    profiles = blocks.profiles(job.block)
    embeddings = blocks.matrix(EMBEDDINGS, job.block)
    with cpu_slot(job.slots):
        norms = np.sqrt(np.einsum("ij,ij->i", embeddings, embeddings))
        worst = float(np.abs(norms - 1).max())
        # not `worst > tolerance`: NaN must fail too
        off = () if worst <= NORM_TOLERANCE else (f"an embedding's norm is off by {worst:.3g}",)
        violations = (*check(schema, profiles), *off)
        if violations:
            return _Checked(np.zeros((0, 0), np.int32), violations)
        traits = count(schema, profiles, labels_of(blocks, job.block, job.labels), job.chosen)
        return _Checked(traits, ())


@dataclass(frozen=True)
class _FileJob:
    path: Path
    slots: int


def _check_files(
    context: Context, sources: dict[str, Path], receipts: Sequence[Receipt]
) -> Callable[[], tuple[FileRecord, ...]]:
    """The pool reads all files from here on; what is returned waits for the records of those to publish.

    It raises StageError if a file is not what its receipt says.
    """
    sealed = {
        context.folder(receipt.stage) / file.path: file
        for receipt in receipts
        if stage(receipt.stage).scope == "dataset"
        for file in receipt.files
    }
    paths = list(dict.fromkeys((*sources.values(), *sealed)))
    jobs = [_FileJob(path, context.budget.workers) for path in paths]
    records = context.pool.map(_record, jobs)

    def checked() -> tuple[FileRecord, ...]:
        found = dict(zip(paths, records, strict=True))
        if damaged := [path for path, now in found.items() if now is None or now != sealed.get(path, now)]:
            raise _discard(context, damaged)
        return tuple(now for path in sources.values() if (now := found[path]))

    return checked


def _record(job: _FileJob) -> FileRecord | None:
    """The file's record; None if it cannot be read."""
    with cpu_slot(job.slots), suppress(OSError):
        return record(job.path, job.path.parent)
    return None


# --- report ----------------------------------------------------------------------------------------------


def _report(
    context: Context,
    manifest: Manifest,
    traits: npt.NDArray[np.int64],
    sources: dict[str, Path],
    pictures: Pictures,
) -> Report:
    return dataclasses.replace(
        summary(manifest, Facts(sources[PERFIS], sources[CLUSTERS])),
        marginals=_marginals(context.spec, traits[-1]),
        map_points=_map(context, pictures),
    )


def _marginals(spec: Spec, counts: npt.NDArray[np.int64]) -> list[Marginal]:
    """Of the columns whose rows have one value each; a row may have several items of a list."""
    schema = schema_of(spec)
    counted = by_column(schema, counts)
    return [
        Marginal(name, list(shares), (counted[name] / spec.profiles).tolist(), list(shares.values()))
        for name, shares in expected_shares(schema, spec.separation).items()
    ]


def _map(context: Context, pictures: Pictures) -> MapPoints:
    """The first points of the version's map, with a few words on each."""
    places, labels = pictures.places[:MAP_POINTS], pictures.labels[:MAP_POINTS]
    rows = context.blocks.profiles(0).slice(0, len(places)).select(["id", *_shown(context.spec)]).to_pylist()
    return MapPoints(
        ids=[row["id"] for row in rows],
        x=places[:, 0].tolist(),
        y=places[:, 1].tolist(),
        clusters=labels.tolist(),
        texts=[_label(row) for row in rows],
    )


def _shown(spec: Spec) -> tuple[str, ...]:
    return (KEY, TEXT) if spec.collection else ("nome", "idade", "jogos_favoritos", "objetivo_principal")


def _label(row: Mapping[str, Any]) -> str:
    """What the map shows of a row."""
    if KEY in row:
        return f"{row[KEY]}\n{row[TEXT][:MOST_SHOWN]}"
    return f"{row['nome']}, {row['idade']}\n{row['jogos_favoritos']}\n{row['objetivo_principal']}"
