"""Where the versions of a data set lie: built aside, published whole, found by one pointer.

<home>/<dataset>/CURRENT -> versions/<version>      switched in one step
<home>/<dataset>/versions/<version>/                published, never changed
<home>/<dataset>/build/<spec>/<stage>-<key>/        work, resumable, in progress or done
"""

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from synthprof.base.errors import Busy, SpecError, StageError
from synthprof.base.files import (
    flush_folder,
    is_there,
    make_folder,
    point,
    record,
    remove_temporaries,
    share,
    take_place,
    temporary_path,
    write_text,
)
from synthprof.base.locks import lock, unread
from synthprof.spec.request import DATASET_PATTERN
from synthprof.spec.spec import Spec
from synthprof.store.build import SPEC, Build, sweep
from synthprof.store.manifest import MANIFEST, Manifest, damaged, read_manifest, unknown_files

CURRENT = "CURRENT"

VERSION_PATTERN = "[0-9a-f]{12}"

PUBLISH_PATIENCE_SECONDS = 600.0
"""How long to wait while another version of the same data set is checked and published."""


@dataclass(frozen=True)
class Store:
    """The folders of one data set under the data root."""

    home: Path
    dataset: str

    def __post_init__(self) -> None:
        """Raises SpecError for what could not be the name of a data set, such as a path."""
        if not re.match(DATASET_PATTERN, self.dataset):
            raise SpecError(
                f"{self.dataset[:80]!r} is no name of a data set; use 1 to 63 of a-z, 0-9, _ and -"
            )

    @property
    def folder(self) -> Path:
        """The data set's folder."""
        return self.home / self.dataset

    def build(self, spec: Spec) -> Build:
        """The working folder for this spec; a changed spec never meets its files."""
        return Build(self.folder / "build" / spec.digest[:16], spec)

    def published(self, version: str) -> Path:
        """The folder of a published version."""
        if not re.fullmatch(VERSION_PATTERN, version):
            raise SpecError(f"{version[:80]!r} is no name of a version; `synthprof status` lists them")
        return self.folder / "versions" / version

    def current(self) -> Path:
        """The folder of the current version, resolved once so that a reader stays with it.

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
        """The folders of all published versions, oldest first."""
        found: dict[Path, int] = {}
        for path in (self.folder / "versions").glob(f"[!.]*/{MANIFEST}"):
            if not path.parent.is_symlink() and not path.is_symlink():
                with suppress(FileNotFoundError):  # removed just now
                    found[path.parent] = path.stat().st_mtime_ns
        return sorted(found, key=lambda folder: found[folder])

    def builds(self) -> Iterator[Build]:
        """The builds whose spec can be read and names their folder, in the order of their names."""
        for path in sorted(self.folder.glob(f"build/*/{SPEC}")):
            try:
                spec = Spec.model_validate_json(path.read_bytes())
            except (OSError, ValidationError):  # removed just now, damaged, or of another release
                continue
            if (build := self.build(spec)).folder == path.parent:
                yield build

    def publish(
        self,
        manifest: Manifest,
        sources: Mapping[str, Path],
        texts: Mapping[str, str],
        *,
        current: bool = True,
    ) -> Path:
        """The version is there, whole and durable, and CURRENT points to it, if `current` is asked for.

        sources: the sealed files by their names in the version; they are linked, not copied. texts: further
        files. A version that is there already and intact stays as it is; a damaged one is replaced, and one
        of other content too. Raises Busy if that is being read.
        """
        folder = self.published(manifest.version)
        with self.publishing():
            there = _sound(folder)
            if there is None or not set(manifest.files) <= set(there.files):
                with _let_go(folder) if there else nullcontext():
                    _assemble(folder, manifest, sources, texts)
            if current:
                self._date_last(folder)
            if current and not self.is_current(manifest.version):
                point(self.folder / CURRENT, f"versions/{manifest.version}")
        return folder

    def mend(
        self, manifest: Manifest, sources: Mapping[str, Path], texts: Mapping[str, str]
    ) -> list[str] | None:
        """Put right the files of a version whose manifest is sound, and return their names.

        Each takes its place in one step; unknown files are removed. Return None, and change nothing, if what
        there is to put in differs from what the manifest says.
        """
        folder = self.published(manifest.version)
        records = {file.path: file for file in manifest.files}
        with self.publishing():
            bad = damaged(folder, manifest.files)
            put: list[tuple[Path, str]] = []
            try:
                for name in bad:
                    temporary = temporary_path(folder / name)
                    put.append((temporary, name))
                    _fill(temporary, sources.get(name), texts.get(name))
                    if record(temporary, folder).model_copy(update={"path": name}) != records[name]:
                        return None
                for temporary, name in put:
                    _remove_stranger(folder / name)
                    temporary.replace(folder / name)
            finally:
                for temporary, _ in put:
                    temporary.unlink(missing_ok=True)
            strange = unknown_files(folder, manifest.files)
            for name in strange:
                _remove_stranger(folder / name, even_a_file=True)
            flush_folder(folder)
        return [*bad, *strange]

    @contextmanager
    def publishing(self) -> Iterator[None]:
        """Nobody else changes what is published, and nothing is left of those who were killed doing so."""
        what = f"publishing of {self.dataset!r}"
        with lock(self.folder / "publish.lock", what, patience_seconds=PUBLISH_PATIENCE_SECONDS):
            make_folder(self.folder / "versions")
            remove_temporaries(self.folder, deep=False)
            remove_temporaries(self.folder / "versions", deep=False)
            remove_temporaries(self.folder / "build", deep=False)
            for build in (self.folder / "build").glob("*/"):
                sweep(build)
            yield

    def is_current(self, version: str) -> bool:
        """Whether CURRENT points to this version."""
        link = self.folder / CURRENT
        return link.is_symlink() and str(link.readlink()) == f"versions/{version}"

    def stands(self, version: str) -> bool:
        """Whether the version is the current one and has every file of its manifest, by name and size."""
        folder = self.published(version)
        try:
            files = read_manifest(folder).files
        except StageError:
            return False
        return self.is_current(version) and all(is_there(folder, file) for file in files)

    def prune(self, keep: int) -> list[str]:
        """Only the `keep` versions published last are left, with those being read; returns who went.

        keep: 0 keeps all. The current version always stays. With the last version of a spec its build
        goes, unless work is going on there.
        """
        with self.publishing():
            found = self.versions()
            old = [path for path in found[: max(0, len(found) - keep)] if not self.is_current(path.name)]
            gone = [path for path in old if keep and self._remove(path)]
        return [path.name for path in gone]

    def _remove(self, folder: Path) -> bool:
        """Whether the version could be removed, with its build."""
        spec = _spec_of(folder)
        with unread(folder) as free:
            if not free:
                return False
            if spec and not any(_spec_of(other) == spec for other in self.versions() if other != folder):
                self.build(spec).remove()  # first: a build without its version would look unfinished
            temporary = temporary_path(folder)
            folder.rename(temporary)
        shutil.rmtree(temporary)
        return True

    def _date_last(self, folder: Path) -> None:
        """No version looks younger than this one, even when the clock was set back since."""
        youngest = max(path.stat().st_mtime_ns for path in folder.parent.glob(f"[!.]*/{MANIFEST}"))
        stamp = max(time.time_ns(), youngest + 1)
        os.utime(folder / MANIFEST, ns=(stamp, stamp))

    def _nothing_published(self) -> str:
        known = sorted(path.parent.name for path in self.home.glob(f"*/{CURRENT}"))
        return (
            f"no data set {self.dataset!r} is published in {self.home}; published are: "
            f"{', '.join(known) or 'none'}; make one with `synthprof run --dataset {self.dataset}`"
        )


def _fill(path: Path, source: Path | None, text: str | None) -> None:
    if source is not None:
        share(source, path)
    else:
        write_text(path, text or "")


def _remove_stranger(path: Path, *, even_a_file: bool = False) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif even_a_file:
        path.unlink()


def _sound(folder: Path) -> Manifest | None:
    """The manifest of the version that is there, if all of it is as its manifest says."""
    try:
        there = read_manifest(folder)
    except StageError:
        return None
    return None if damaged(folder, there.files) else there


@contextmanager
def _let_go(folder: Path) -> Iterator[None]:
    """Nobody reads the version, which its readers take for one that never changes. Raises Busy if not."""
    with unread(folder) as free:
        if not free:
            raise Busy(
                f"{folder} would get other content while it is being read; end what reads it, such as the "
                "explorer, then run it again without force"
            )
        yield


def _assemble(
    folder: Path, manifest: Manifest, sources: Mapping[str, Path], texts: Mapping[str, str]
) -> None:
    """The version's folder is made under another name and takes its own in one step.

    One that was there before keeps its place among the others, by the time of its manifest.
    """
    temporary = temporary_path(folder)
    temporary.mkdir(parents=True)
    try:
        for name, source in sources.items():
            share(source, temporary / name)
        for name, text in texts.items():
            write_text(temporary / name, text)
        flush_folder(temporary)  # every name is durable before the manifest that lists them
        records = (*manifest.files, *(record(temporary / name, temporary) for name in texts))
        full = manifest.model_copy(update={"files": records}).sealed()
        write_text(temporary / MANIFEST, full.text())
        if (folder / MANIFEST).exists():
            shutil.copystat(folder / MANIFEST, temporary / MANIFEST)
        take_place(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _spec_of(folder: Path) -> Spec | None:
    """The spec of a published version, as far as its manifest can be read."""
    try:
        return Spec.model_validate(read_manifest(folder).spec)
    except (StageError, ValidationError):
        return None
