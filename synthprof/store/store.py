"""Folders of a data set's builds and versions.

<home>/<dataset>/CURRENT -> versions/<version>      switched in one step (`publishing`)
<home>/<dataset>/versions/<version>/                published, never changed
<home>/<dataset>/build/<spec>/<stage>-<key>/        work, resumable, in progress or done (`build`)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import is_there
from synthprof.base.kinds import check_file, read_bytes
from synthprof.base.names import NAME_PATTERN
from synthprof.spec.spec import Spec
from synthprof.store.manifest import read_manifest
from synthprof.store.pointer import (
    CURRENT,
    VERSION_PATTERN,
    check_replaceable,
    current_version,
    points_to,
    remedy,
    versions_in,
)

if TYPE_CHECKING:
    from synthprof.store.build import Build

PUBLISH_LOCK = "publish.lock"
"""Held while anything that is published changes."""


@dataclass(frozen=True)
class Store:
    """The folders of one data set under the data root."""

    home: Path
    dataset: str

    def __post_init__(self) -> None:
        """Raise SpecError for a text that cannot be the name of a data set, such as a path."""
        if not re.match(NAME_PATTERN, self.dataset):
            raise SpecError(
                f"{self.dataset[:80]!r} is no name of a data set; use 1 to 63 of a-z, 0-9, _ and -"
            )

    @property
    def folder(self) -> Path:
        """The data set's folder."""
        return self.home / self.dataset

    def build(self, spec: Spec) -> "Build":
        """Return the working folder for this spec; a changed spec never meets its files."""
        from synthprof.store.build import Build  # with all stages, which no reader of versions needs

        return Build(self.folder / "build" / spec.digest[:16], spec)

    def published(self, version: str) -> Path:
        """Return the folder of a published version."""
        if not re.fullmatch(VERSION_PATTERN, version):
            raise SpecError(f"{version[:80]!r} is no name of a version; `synthprof status` lists them")
        return self.folder / "versions" / version

    def current(self) -> Path:
        """Return the folder of the current version, resolved once so that a reader stays with it.

        Raises SpecError if nothing was published, StageError if CURRENT does not say which version it is.
        """
        version = current_version(self.folder)
        if version is None:
            raise SpecError(self._nothing_current())
        return self.published(version)

    def versions(self) -> list[Path]:
        """Return the folders of all published versions, oldest first."""
        return versions_in(self.folder)

    def builds(self) -> Iterator["Build"]:
        """Return the builds whose spec can be read and names their folder, in the order of their names."""
        from synthprof.store.build import SPEC

        for path in sorted(self.folder.glob(f"build/*/{SPEC}")):
            try:
                spec = Spec.model_validate_json(read_bytes(path))
            except (OSError, ValidationError):  # removed just now, damaged, or of another release
                continue
            if (build := self.build(spec)).folder == path.parent:
                yield build

    def is_current(self, version: str) -> bool:
        """Return whether readers get this version unless they name one. Raises StageError as `current`."""
        return current_version(self.folder) == version

    def check_places(self) -> None:
        """Raise SpecError if publishing would find something else in a place that it needs."""
        check_file(self.folder / PUBLISH_LOCK)
        check_replaceable(self.folder)

    def stands(self, version: str) -> bool:
        """Return whether CURRENT links to the version, and it has every file of its manifest, by its size."""
        folder = self.published(version)
        try:
            files = read_manifest(folder).files
        except StageError:
            return False
        return points_to(self.folder, version) and all(is_there(folder, file) for file in files)

    def _nothing_current(self) -> str:
        link = self.folder / CURRENT
        if self.versions():
            return f"{link} is missing; {remedy(link)}"
        known = sorted(path.parent.name for path in self.home.glob(f"*/{CURRENT}"))
        others = f"use one that is ({', '.join(known)}), or " if known else ""
        return (
            f"no data set {self.dataset!r} is published in {self.home}; "
            f"{others}make it with `synthprof run --dataset {self.dataset}`"
        )
