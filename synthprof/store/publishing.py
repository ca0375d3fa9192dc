"""Publication of versions: made under another name, put in place in one step, mended file by file."""

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from synthprof.base.errors import Busy, StageError
from synthprof.base.files import (
    FileRecord,
    end_removals,
    flush_folder,
    flush_folders,
    make_folder,
    record,
    remove,
    remove_temporaries,
    share,
    take_place,
    temporary_path,
    write_text,
)
from synthprof.base.locks import lock, unread
from synthprof.store.build import sweep
from synthprof.store.leaving import ask_to_leave, forget
from synthprof.store.manifest import MANIFEST, Manifest, damaged, read_manifest, unknown_files
from synthprof.store.pointer import make_current
from synthprof.store.store import PUBLISH_LOCK, Store

PUBLISH_PATIENCE_SECONDS = 600.0
"""Seconds to wait while another version of the same data set is checked and published."""

LEAVE_SECONDS = 5.0
"""Seconds for readers to let go of a version; the explorer looks twice a second whether it is asked to."""

COARSE_TIMES = (1, 1_000, 1_000_000, 2_000_000_000)
"""Nanoseconds by which a file is younger than another on disks with times of that grain, up to FAT's."""


def publish(
    store: Store,
    manifest: Manifest,
    sources: Mapping[str, Path],
    texts: Mapping[str, str],
    *,
    current: bool = True,
) -> Path:
    """Publish a version, whole and durable, make it the current one if asked for, and return its folder.

    sources: the sealed files by their names in the version; they are linked, not copied. texts: further
    files. An intact version with these files and facts stays as it is; any other one is replaced. Raises Busy
    if an intact version of other content is being read.
    """
    folder = store.published(manifest.version)
    with publish_lock(store):
        present = _intact(folder)
        stands = present and set(manifest.files) <= set(present.files) and manifest.agrees(present)
        if not stands:
            _assemble(folder, manifest, sources, texts, read=present is not None)
        if current:
            _date_last(folder)
            make_current(store.folder, manifest.version)
    return folder


def mend(
    store: Store, manifest: Manifest, sources: Mapping[str, Path], texts: Mapping[str, str]
) -> list[str] | None:
    """Replace the damaged files of a version whose manifest is sound, and return their names.

    Each takes its place in one step; unknown files are removed and named, too. Return None, and change
    nothing, if a replacement differs from what the manifest says.
    """
    folder = store.published(manifest.version)
    with publish_lock(store):
        bad = set(damaged(folder, manifest.files))
        if not _replace(folder, [file for file in manifest.files if file.path in bad], sources, texts):
            return None
        unknown = unknown_files(folder, manifest.files)
        for name in unknown:
            remove(folder / name)
        flush_folder(folder)
    return [*(file.path for file in manifest.files if file.path in bad), *unknown]


@contextmanager
def publish_lock(store: Store) -> Iterator[None]:
    """Hold the lock on what is published; remove what killed holders left unfinished."""
    what = f"publishing of {store.dataset!r}"
    with lock(store.folder / PUBLISH_LOCK, what, patience_seconds=PUBLISH_PATIENCE_SECONDS):
        make_folder(store.folder / "versions")
        remove_temporaries(store.folder, deep=False)
        remove_temporaries(store.folder / "versions", deep=False)
        end_removals(store.folder / "versions")
        remove_temporaries(store.folder / "build", deep=False)
        for build in (store.folder / "build").glob("*/"):
            sweep(build)
        yield


def _intact(folder: Path) -> Manifest | None:
    """Return the manifest of the version in the folder; None if any file is not as the manifest says."""
    try:
        manifest = read_manifest(folder)
    except StageError:
        return None
    return None if damaged(folder, manifest.files) else manifest


@contextmanager
def _unread(folder: Path) -> Iterator[None]:
    """Hold off readers of the version, who rely on it never to change; those who can are asked to leave.

    Raises Busy if any stay. The request to leave stays then, so that the next attempt finds it unread.
    """
    ask_to_leave(folder)
    with unread(folder / MANIFEST, LEAVE_SECONDS) as free:
        if not free:
            raise Busy(
                f"{folder} would get other content while it is being read; an explorer lets go of it within "
                "seconds, end what else reads it, such as a notebook, then run it again without force"
            )
        yield
        forget(folder)


def _assemble(
    folder: Path, manifest: Manifest, sources: Mapping[str, Path], texts: Mapping[str, str], *, read: bool
) -> None:
    """Make the version's folder under another name and put it in place in one step.

    A folder that it replaces leaves it its place in the order of versions, the time of its manifest.
    read: whether that folder is a version which may be read, so that its readers must leave first.
    """
    temporary = temporary_path(folder)
    temporary.mkdir(parents=True)
    try:
        for name, source in sources.items():
            (temporary / name).parent.mkdir(exist_ok=True)
            share(source, temporary / name)
        for name, text in texts.items():
            write_text(temporary / name, text)
        flush_folders(temporary, sources)  # every name is durable before the manifest that lists them
        records = (*manifest.files, *(record(temporary / name, temporary) for name in texts))
        full = manifest.model_copy(update={"files": records}).sealed()
        write_text(temporary / MANIFEST, full.text())
        if (folder / MANIFEST).exists():
            shutil.copystat(folder / MANIFEST, temporary / MANIFEST)
        with _unread(folder) if read else nullcontext():
            take_place(temporary, folder, MANIFEST)
    finally:
        with suppress(OSError):
            remove(temporary)


def _date_last(folder: Path) -> None:
    """Date the version after all others, even where the clock was set back or the disk's times are coarse."""
    others = (path for path in folder.parent.glob(f"[!.]*/{MANIFEST}") if path.parent != folder)
    youngest = max((path.stat().st_mtime_ns for path in others), default=0)
    for step in COARSE_TIMES:
        stamp = max(time.time_ns(), youngest + step)
        os.utime(folder / MANIFEST, ns=(stamp, stamp))
        if (folder / MANIFEST).stat().st_mtime_ns > youngest:
            return


def _replace(
    folder: Path, files: Iterable[FileRecord], sources: Mapping[str, Path], texts: Mapping[str, str]
) -> bool:
    """Replace the files of a version; return whether all replacements are as recorded, else change none."""
    ready: list[tuple[Path, Path]] = []
    try:
        for file in files:
            make_folder((folder / file.path).parent)
            temporary = temporary_path(folder / file.path)
            ready.append((temporary, folder / file.path))
            if file.path in sources:
                share(sources[file.path], temporary)
            else:
                write_text(temporary, texts.get(file.path, ""))
            if record(temporary, folder).model_copy(update={"path": file.path}) != file:
                return False
        for temporary, path in ready:
            if path.is_dir():
                remove(path)
            temporary.replace(path)
    finally:
        for temporary, _ in ready:
            temporary.unlink(missing_ok=True)
    return True
