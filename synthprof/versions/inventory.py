"""The data sets and versions under a data root."""

import re
from collections.abc import Iterator
from pathlib import Path

from synthprof.base.errors import StageError, SynthprofError
from synthprof.base.names import NAME_PATTERN
from synthprof.store.manifest import Manifest, read_manifest
from synthprof.store.pointer import CURRENT, current_version
from synthprof.store.store import Store
from synthprof.store.verdicts import KeptVerdict, kept_verdict

Found = tuple[Manifest, bool]
"""A manifest, and whether its version is the current one."""


def stores(home: Path) -> Iterator[Store]:
    """Yield the data sets under the data root by name: folders with versions or with builds."""
    for folder in sorted(home.glob("*/")):
        if re.match(NAME_PATTERN, folder.name):
            store = Store(home, folder.name)
            if (folder / "versions").is_dir() or any(True for _ in store.builds()):
                yield store


def versions(home: Path) -> tuple[list[Found], list[str]]:
    """Return all manifests, each with whether it is the current version, and the problems found.

    They are sorted by data set and age. A problem is a manifest that cannot be read, or a data set without a
    current version.
    """
    found: list[Found] = []
    problems: list[str] = []
    for store in stores(home):
        current, problem = current_of(store)
        for folder in store.versions():
            try:
                found.append((read_manifest(folder), folder.name == current))
            except StageError as error:
                problems.append(str(error))
        problems += [problem] if problem else []
    return found, problems


def current_of(store: Store) -> tuple[str | None, str | None]:
    """Return the name of the data set's current version and, if there is none but others, what is wrong."""
    try:
        current = current_version(store.folder)
    except SynthprofError as error:
        return None, str(error)
    names = {folder.name for folder in store.versions()}
    if current in names or not (current or names):
        return current, None
    return None, (
        f"{store.folder / CURRENT} points to no version; `synthprof run` with the parameters of one "
        "makes it current"
    )


def last_verdict(home: Path, manifest: Manifest) -> KeptVerdict | None:
    """Return the verdict of the last verification of a version under the data root."""
    return kept_verdict(Store(home, manifest.dataset).published(manifest.version), manifest)
