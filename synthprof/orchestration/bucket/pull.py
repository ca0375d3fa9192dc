"""A published version fetched from the bucket, for those who read on a machine that made nothing of it.

`synthprof pull DATASET [VERSION]` runs this module; it takes the settings of a worker from the environment.
"""

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import flush_folders, remove, take_place, temporary_path, write_text
from synthprof.orchestration.bucket.bucket import Bucket
from synthprof.orchestration.bucket.publication import sound_manifest
from synthprof.orchestration.bucket.storage import setting
from synthprof.report.ending import ended, print_json
from synthprof.store.manifest import MANIFEST, Manifest, read_manifest
from synthprof.store.pointer import CURRENT, make_current
from synthprof.store.publishing import publish_lock
from synthprof.store.store import Store
from synthprof.system.environment import STORAGE, home_folder
from synthprof.system.refusals import clear_errors
from synthprof.system.startup import show_what_can_be_shown


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetch the version, print its folder and return the exit status."""
    parser = argparse.ArgumentParser(prog="synthprof pull", description=__doc__)
    parser.add_argument("dataset")
    parser.add_argument("version", nargs="?", default="", help="the current one if not given")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    options = parser.parse_args(arguments)
    show_what_can_be_shown()
    return ended(lambda: _pulled(options), as_json=options.json, again="the same command goes on from there")


def _pulled(options: argparse.Namespace) -> None:
    if not setting():
        raise SpecError(
            f"{STORAGE} is empty, so every machine reads the same data root and there is nothing to fetch; "
            "set it to the bucket, or read the data root"
        )
    with clear_errors():
        folder = pull(Bucket(setting()), Store(home_folder(), options.dataset), options.version)
        if options.json:
            print_json({"dataset": options.dataset, "version": folder.name, "path": str(folder)})
        else:
            print(folder, flush=True)


def pull(bucket: Bucket, store: Store, version: str = "") -> Path:
    """Fetch the version whole into this home and return its folder; CURRENT follows the bucket.

    Raises SpecError if it is not in the bucket, StageError if it is not whole there.
    """
    current = (bucket.text(f"{store.dataset}/{CURRENT}") or "").strip().removeprefix("versions/")
    version = version or current
    if not version:
        raise SpecError(
            f"no data set {store.dataset!r} is published in {bucket.url}; check its name and {STORAGE}"
        )
    folder, key = store.published(version), f"{store.dataset}/versions/{version}"
    manifest = sound_manifest(bucket.text(f"{key}/{MANIFEST}"))
    if manifest is None:
        raise SpecError(f"{bucket.url}/{key} has no sound {MANIFEST}; publish that version again")
    with publish_lock(store):
        if not _is_there(folder, manifest):
            _fetch(bucket, key, manifest, folder)
        if version == current:
            make_current(store.folder, version)
    return folder


def _is_there(folder: Path, manifest: Manifest) -> bool:
    try:
        return read_manifest(folder) == manifest
    except StageError:
        return False


def _fetch(bucket: Bucket, key: str, manifest: Manifest, folder: Path) -> None:
    """Make the version's folder under another name, then rename it in one step."""
    temporary = temporary_path(folder)
    try:
        for file in manifest.files:
            if not bucket.get(f"{key}/{file.path}", temporary / file.path, file):
                raise StageError(
                    f"{bucket.url}/{key}/{file.path} is missing or damaged; remove it there if it is, then "
                    "clear the task publish of its run"
                )
        flush_folders(temporary, [file.path for file in manifest.files])
        write_text(temporary / MANIFEST, manifest.text())
        take_place(temporary, folder, MANIFEST)
    finally:
        with contextlib.suppress(OSError):
            remove(temporary)


if __name__ == "__main__":
    sys.exit(main())
