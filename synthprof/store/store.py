"""Folders of a data set's builds and versions.

<home>/<dataset>/CURRENT -> versions/<version>      switched in one step (`publishing`)
<home>/<dataset>/versions/<version>/                published, never changed
<home>/<dataset>/build/<spec>/<stage>-<key>/        work, resumable, in progress or done (`build`)
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import is_there
from synthprof.spec.request import DATASET_PATTERN
from synthprof.spec.spec import Spec
from synthprof.store.build import SPEC, Build
from synthprof.store.manifest import MANIFEST, read_manifest

CURRENT = "CURRENT"

VERSION_PATTERN = "[0-9a-f]{12}"


@dataclass(frozen=True)
class Store:
    """The folders of one data set under the data root."""

    home: Path
    dataset: str

    def __post_init__(self) -> None:
        """Raise SpecError for a text that cannot be the name of a data set, such as a path."""
        if not re.match(DATASET_PATTERN, self.dataset):
            raise SpecError(
                f"{self.dataset[:80]!r} is no name of a data set; use 1 to 63 of a-z, 0-9, _ and -"
            )

    @property
    def folder(self) -> Path:
        """The data set's folder."""
        return self.home / self.dataset

    def build(self, spec: Spec) -> Build:
        """Return the working folder for this spec; a changed spec never meets its files."""
        return Build(self.folder / "build" / spec.digest[:16], spec)

    def published(self, version: str) -> Path:
        """Return the folder of a published version."""
        if not re.fullmatch(VERSION_PATTERN, version):
            raise SpecError(f"{version[:80]!r} is no name of a version; `synthprof status` lists them")
        return self.folder / "versions" / version

    def current(self) -> Path:
        """Return the folder of the current version, resolved once so that a reader stays with it.

        Raises SpecError if nothing was published.
        """
        try:
            target = (self.folder / CURRENT).readlink()
        except OSError:
            raise SpecError(self._nothing_published()) from None
        if not re.fullmatch(f"versions/{VERSION_PATTERN}", str(target)):
            raise StageError(
                f"{self.folder / CURRENT} points outside the versions, to {target}; remove it, publish again"
            )
        return self.folder / target

    def versions(self) -> list[Path]:
        """Return the folders of all published versions, oldest first."""
        found: dict[Path, int] = {}
        for path in (self.folder / "versions").glob(f"[!.]*/{MANIFEST}"):
            if not path.parent.is_symlink() and not path.is_symlink():
                with suppress(FileNotFoundError):  # removed just now
                    found[path.parent] = path.stat().st_mtime_ns
        return sorted(found, key=lambda folder: found[folder])

    def builds(self) -> Iterator[Build]:
        """Return the builds whose spec can be read and names their folder, in the order of their names."""
        for path in sorted(self.folder.glob(f"build/*/{SPEC}")):
            try:
                spec = Spec.model_validate_json(path.read_bytes())
            except (OSError, ValidationError):  # removed just now, damaged, or of another release
                continue
            if (build := self.build(spec)).folder == path.parent:
                yield build

    def is_current(self, version: str) -> bool:
        """Return whether CURRENT points to this version."""
        link = self.folder / CURRENT
        return link.is_symlink() and str(link.readlink()) == f"versions/{version}"

    def stands(self, version: str) -> bool:
        """Return whether the version is current and has every file of its manifest, by name and size."""
        folder = self.published(version)
        try:
            files = read_manifest(folder).files
        except StageError:
            return False
        return self.is_current(version) and all(is_there(folder, file) for file in files)

    def _nothing_published(self) -> str:
        known = sorted(path.parent.name for path in self.home.glob(f"*/{CURRENT}"))
        return (
            f"no data set {self.dataset!r} is published in {self.home}; published are: "
            f"{', '.join(known) or 'none'}; make one with `synthprof run --dataset {self.dataset}`"
        )
