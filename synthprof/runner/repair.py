"""A damaged version made whole: only what is damaged is made anew, and the digests are what they were."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import flush_folder, matches
from synthprof.base.kinds import check_nothing
from synthprof.pipeline import BEFORE_PUBLISH, check_same_release, version_of, wanted
from synthprof.runner.healing import healed
from synthprof.runner.run import alone, ensure_done
from synthprof.spec.request import Request
from synthprof.spec.spec import Runtime, Spec
from synthprof.stages import publish as publishing
from synthprof.stages.context import Context
from synthprof.stages.own_schema import restored_schema
from synthprof.stages.publish_cards import put_cards
from synthprof.store.manifest import MANIFEST, Manifest, read_manifest
from synthprof.store.publishing import mend, publish
from synthprof.store.receipts import proven_receipt, receipt_paths
from synthprof.store.released import let_go
from synthprof.store.store import Store
from synthprof.store.verdicts import forget_verdict
from synthprof.system.events import Observer


@dataclass(frozen=True)
class Repaired:
    """The result of a repair: files put right in the version, and stages that ran again."""

    version: str
    files: tuple[str, ...]
    stages: tuple[str, ...]


def repair(
    home: Path,
    dataset: str,
    version: str | None = None,
    *,
    force: bool = False,
    observe: Observer = lambda *_: None,
) -> Repaired:
    """Make every file of the version what its manifest says, and the manifest what its build says.

    A sealed file that still lies in the build is linked; a damaged one is made again by its stage, from the
    blocks that are sound; other files go. `force`: nothing in the build is trusted. Which version is current
    does not change.
    Raises SpecError if the version is unknown or was made by another release or schema, and for `force` of a
    collection; StageError if it is so damaged that its spec is lost.
    """
    store = Store(home, dataset)
    name = version or store.current().name
    spec, manifest = _known(store, name)
    check_same_release(dataset, name, spec, "repair")
    if force and spec.collection:
        raise SpecError(
            f"the texts of {dataset!r} are in its source, so nothing here can make them anew; "
            "repair it without --force, or run `synthprof embed` with --force"
        )
    failed = manifest.rejected if manifest else 0
    request = Request(dataset=dataset, spec=spec, runtime=Runtime(keep_versions=0, max_failed=failed))
    stages = wanted(spec, BEFORE_PUBLISH)
    bundle = restored_schema(store, name, spec)
    for each in stages:
        each.prepare(spec, bundle)
    with alone(request, home) as context:
        if force:
            context.build.clear()
        _drop_damaged(context, observe)
        before = {each.name: _ended(context, each.name) for each in stages}

        def work(_: bool) -> list[str]:
            for each in stages:
                if each.name != "setup" or not before["setup"]:  # the published version counts, not the model
                    ensure_done(each, context, observe)
            return _put_in(context, None if force else manifest, observe)

        files = healed(context.build, work)
        redone = [name for name, ended in before.items() if ended != _ended(context, name)]
    forget_verdict(store.published(name))
    put_cards(store, name, spec, bundle)
    return Repaired(name, tuple(files), tuple(redone))


def _known(store: Store, name: str) -> tuple[Spec, Manifest | None]:
    """Return the version's spec and its manifest, if that can be read; else the spec of its build."""
    folder = store.published(name)
    if not folder.is_dir():
        check_nothing(folder, "a folder")
        raise SpecError(f"there is no version {name!r} of {store.dataset!r}; `synthprof status` lists them")
    try:
        manifest = read_manifest(folder)
        return Spec.model_validate(manifest.spec), manifest
    except (StageError, ValidationError) as error:
        for build in store.builds():
            if version_of(build.spec) == name:
                return build.spec, None
        raise StageError(
            f"{error}; its build is gone too, so only `synthprof run` with its parameters helps"
        ) from error


def _drop_damaged(context: Context, observe: Observer) -> None:
    """Remove the files of the build that differ from their receipts, so that their stages run again.

    The file goes, never its content: it may be linked from the version, where readers are.
    """
    receipts = {each.name: receipt_paths(context.folder(each.name)) for each in BEFORE_PUBLISH}
    done, total = 0, sum(map(len, receipts.values()))
    for name, paths in receipts.items():
        folder, gone = context.folder(name), list[Path]()
        for receipt in paths:
            observe("repair", done, total, 0, "receipts compared with their files")
            gone += _damaged_of(receipt)
            done += 1
        for path in gone:
            path.unlink(missing_ok=True)
        if gone:
            flush_folder(folder)


def _damaged_of(receipt: Path) -> list[Path]:
    found = proven_receipt(receipt)
    if found is None:
        return [receipt]
    gone = let_go(receipt.parent, found.files)
    wrong = (file for file in found.files if file not in gone and not matches(receipt.parent, file))
    return [receipt.parent / file.path for file in wrong]


def _ended(context: Context, name: str) -> frozenset[tuple[str, int]]:
    """Return the receipts of a stage, and the time they were written."""
    found = receipt_paths(context.folder(name))
    return frozenset((path.name, path.stat().st_mtime_ns) for path in found)


def _put_in(context: Context, manifest: Manifest | None, observe: Observer) -> list[str]:
    store = context.store
    context = replace(context, name="publish", progress=partial(observe, "publish"))
    if manifest is not None:
        ready = publishing.ready(context, manifest)
        mended = mend(store, manifest, ready.sources, ready.texts) if ready.agrees else None
        if mended is not None:
            return mended
    ready = publishing.ready(context)
    publish(store, ready.manifest, ready.sources, ready.texts, current=False)
    return [MANIFEST, *ready.sources, *ready.texts]
