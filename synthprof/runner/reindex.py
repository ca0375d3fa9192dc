"""A published version once more with another index: what does not depend on the index is taken over.

The new version is that of an ordinary spec, so `run` with the same parameters gives the same bytes; only its
build folder does not start empty.
"""

import contextlib
from pathlib import Path

from synthprof.base.errors import SpecError
from synthprof.base.files import flush_folder, make_folder, share
from synthprof.pipeline import Stage, check_same_release, wanted
from synthprof.runner.run import Run, run_all
from synthprof.spec.request import Request
from synthprof.spec.spec import Spec
from synthprof.stages.own_schema import keep_schema
from synthprof.store.blocks import seal_paths
from synthprof.store.build import Build
from synthprof.store.file_seals import FILE_SEALS
from synthprof.store.receipts import ended, write_receipt
from synthprof.store.released import RELEASED, let_go
from synthprof.store.store import Store
from synthprof.system.events import Observer
from synthprof.system.refusals import clear_errors
from synthprof.versions.version import Version

INDEX_SETTINGS = ("index", "index_memory_mib", "save_index")
"""Parameters that only the index depends on."""


def build_index(
    home: Path, version: Version, kind: str, memory_mib: int, observe: Observer = lambda *_: None
) -> Run:
    """Publish a version with the same profiles and embeddings and that kind of index, and make it current.

    No version is removed for it, and as many rows as there may lack an embedding. What the build folder of
    the version still holds is taken over; what it lacks is made again.
    Raises what run_all raises, and SpecError if the version has this very index or was made by another
    release or schema, whose rows this one does not make.
    """
    check_same_release(version.manifest.dataset, version.manifest.version, version.spec, "index")
    settings = dict(zip(INDEX_SETTINGS, (kind, memory_mib, True), strict=True))
    kept = {"keep_versions": 0, "max_failed": version.manifest.rejected}
    request = Request.from_params(
        {"dataset": version.manifest.dataset, **version.spec.model_dump(), **settings, **kept}
    )
    if request.spec == version.spec:
        raise SpecError(
            f"version {version.manifest.version} has index={kind}, index_memory_mib={memory_mib} already; "
            "ask for another kind or another memory"
        )
    store = Store(home, request.dataset)
    if request.spec.schema_digest:
        keep_schema(store.build(request.spec).folder, version.bundle)
    _take_over(store, version.spec, request)
    return run_all(request, home, observe)


def _take_over(store: Store, old: Spec, request: Request) -> None:
    """Link the finished stages of the old build that do not depend on the index settings into the new one."""
    source, target = store.build(old), store.build(request.spec)
    if not source.folder.exists():
        return
    with clear_errors(), source.lock("take-over", whole=False), target.lock("run", whole=True):
        for stage in wanted(request.spec):
            if not stage.by_index:
                _link_stage(stage, source, target)


def _link_stage(stage: Stage, source: Build, target: Build) -> None:
    """Link the files, seals and receipts of a stage, if it has ended there and all of them are left.

    By the seals its blocks are kept where work is divided into other shards: a collection's cannot be made
    again without the source.
    """
    there, folder = (build.stage_folder(stage.name) for build in (source, target))
    receipts = ended(there, source.spec.blocks)
    if not receipts or ended(folder, target.spec.blocks):
        return
    make_folder(folder)
    files = {file.path: file for receipt in receipts for file in receipt.files}
    gone = {file.path for file in let_go(there, files.values())}
    marks = (*seal_paths(there), *there.glob(FILE_SEALS), *there.glob(RELEASED))
    for name in (*(files.keys() - gone), *(path.name for path in marks)):
        with contextlib.suppress(FileExistsError):
            share(there / name, folder / name)
    flush_folder(folder)
    for receipt in receipts:
        write_receipt(folder, receipt.model_copy(update={"spec": target.spec.digest}))
