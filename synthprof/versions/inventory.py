"""The data sets and versions under a data root."""

import re
from collections.abc import Iterator
from pathlib import Path

from synthprof.base.errors import StageError
from synthprof.spec.request import DATASET_PATTERN
from synthprof.store.manifest import Manifest, read_manifest
from synthprof.store.store import CURRENT, Store


def stores(home: Path) -> Iterator[Store]:
    """Yield the data sets under the data root by name: folders with versions or with builds."""
    for folder in sorted(home.glob("*/")):
        if re.match(DATASET_PATTERN, folder.name):
            store = Store(home, folder.name)
            if (folder / "versions").is_dir() or any(True for _ in store.builds()):
                yield store


def versions(home: Path) -> tuple[list[tuple[Manifest, bool]], list[str]]:
    """Return all manifests, each with whether it is the current version, and the problems found.

    They are sorted by data set and age. A problem is a manifest that cannot be read, or a data set without a
    current version.
    """
    found: list[tuple[Manifest, bool]] = []
    problems: list[str] = []
    for store in stores(home):
        folders = store.versions()
        for folder in folders:
            try:
                found.append((read_manifest(folder), store.is_current(folder.name)))
            except StageError as error:
                problems.append(str(error))
        if folders and not any(store.is_current(folder.name) for folder in folders):
            problems.append(
                f"{store.folder / CURRENT} points to no version; `synthprof run` with the parameters of one "
                "makes it current"
            )
    return found, problems
