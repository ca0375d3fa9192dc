"""CURRENT, the symbolic link to the version that readers get, and what tools that copy make of it.

A copy that follows links has a folder in its place, an object store or an archive a file with its text. Where
these name a version without doubt they count as the link, and publishing makes a link of them again.
"""

import re
import shlex
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from synthprof.base.errors import SpecError, StageError
from synthprof.base.files import move, point, put_aside
from synthprof.base.kinds import WrongKind, check_nothing, kind_of, read_bytes
from synthprof.store.manifest import MANIFEST, damaged, read_copy, read_manifest, unknown_files

CURRENT = "CURRENT"

VERSION_PATTERN = "[0-9a-f]{12}"

_TARGET = re.compile(f"versions/({VERSION_PATTERN})")

_NO_COPY = (
    "{} is a folder, where a link to a version belongs, and no whole copy of a version beside it; "
    "move it away, then run it again"
)


def versions_in(folder: Path) -> list[Path]:
    """Return the folders of all published versions in a data set's folder, oldest first, then by name.

    A copy may have lost the parts of seconds by which their times differed.
    """
    found: dict[Path, int] = {}
    for path in (folder / "versions").glob(f"[!.]*/{MANIFEST}"):
        if not path.parent.is_symlink() and not path.is_symlink():
            with suppress(FileNotFoundError):  # removed just now
                found[path.parent] = path.stat().st_mtime_ns
    return sorted(found, key=lambda version: (found[version], version.name))


def current_version(folder: Path) -> str | None:
    """Return the name of the version that CURRENT in a data set's folder names; None if there is no CURRENT.

    Raises StageError, with the remedy, if it is unclear which that is; SpecError if something else has the
    place of the versions.
    """
    _check_versions(folder)
    path = folder / CURRENT
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise WrongKind(folder, folder.stat().st_mode, "a folder") from None
    if stat.S_ISLNK(mode):
        return _of_link(path)
    if stat.S_ISREG(mode):
        return _of_text(path)
    if stat.S_ISDIR(mode):
        return _of_copy(path)
    raise StageError(f"{path} is {kind_of(mode)}, where a link to a version belongs; {remedy(path)}")


def points_to(folder: Path, version: str) -> bool:
    """Return whether CURRENT is the link to this version, as publishing makes it."""
    link = folder / CURRENT
    return link.is_symlink() and str(link.readlink()) == f"versions/{version}"


def make_current(folder: Path, version: str) -> None:
    """Make CURRENT the link to this version; the caller holds the lock on what is published.

    What lies there instead is replaced where nothing is lost by it: a link, a text that names a version, a
    copy of a version that is whole in its place, what is no file. Raises SpecError otherwise.
    """
    path = folder / CURRENT
    if points_to(folder, version):
        return
    check_replaceable(folder)
    if path.is_dir() and not path.is_symlink():
        _put_back(path)
    point(path, f"versions/{version}")


def check_replaceable(folder: Path) -> None:
    """Raise SpecError if what lies in a place that publishing needs is something that a person must judge."""
    _check_versions(folder)
    path = folder / CURRENT
    if path.is_symlink():
        return
    if path.is_dir():
        try:
            read_copy(path)
        except StageError:
            raise SpecError(_NO_COPY.format(path)) from None
    elif path.is_file() and path.stat().st_size and not _target(path):
        raise SpecError(
            f"{path} is a file, where a link to a version belongs; move it away, then run it again"
        )


def _check_versions(folder: Path) -> None:
    if not (folder / "versions").is_dir():
        check_nothing(folder / "versions", "a folder")


def remedy(path: Path) -> str:
    """Return how a person makes CURRENT a link again."""
    known = versions_in(path.parent)
    if not known:
        return "remove it, then publish a version with `synthprof run`"
    first = "" if path.is_symlink() or not path.is_dir() else "move it away, then "
    target = f"versions/{known[-1].name}"
    return f"{first}link it to the youngest version: ln -sfn {target} {shlex.quote(str(path))}"


def _of_link(path: Path) -> str:
    target = path.readlink()
    if found := _TARGET.fullmatch(str(target)):
        return found[1]
    with suppress(OSError, RuntimeError):  # a link to itself
        there = path.resolve()
        if there.parent == (path.parent / "versions").resolve() and re.fullmatch(VERSION_PATTERN, there.name):
            return there.name
    raise StageError(f"{path} points outside the versions, to {target}; {remedy(path)}")


def _of_text(path: Path) -> str:
    if found := _target(path):
        return found
    raise StageError(f"{path} is a file, where a link to a version belongs; {remedy(path)}")


def _target(path: Path) -> str | None:
    """Return the version that the text of a file names, as a link would."""
    found = _TARGET.fullmatch(read_bytes(path)[:100].decode("utf-8", "replace").strip())
    return found[1] if found else None


def _of_copy(path: Path) -> str:
    """Return the version that a folder is a copy of, by its manifest."""
    called = f"{path} is a folder, where a link to a version belongs"
    try:
        copied = read_copy(path)
    except StageError:
        raise StageError(f"{called}; {remedy(path)}") from None
    place = path.parent / "versions" / copied.version
    if not place.exists():
        words = [shlex.quote(str(each)) for each in (place.parent, path, place)]
        raise StageError(
            f"{called}, and the only copy of version {copied.version}; put it in its place: mkdir -p "
            f"{words[0]} && mv {words[1]} {words[2]} && ln -s versions/{copied.version} {words[1]}"
        )
    if read_manifest(place) != copied:
        raise StageError(f"{called}, and differs from version {copied.version}; {remedy(path)}")
    return copied.version


def _put_back(path: Path) -> None:
    """Remove a folder that is a copy of a version, or put it in that version's place if it is empty.

    Raises SpecError if anything would be lost.
    """
    try:
        copied = read_copy(path)
        whole = not damaged(path, copied.files) and not unknown_files(path, copied.files)
        place = path.parent / "versions" / copied.version
        if whole and not place.exists() and move(path, place):
            return
        if whole and read_manifest(place) == copied:
            if aside := put_aside(path, MANIFEST):
                shutil.rmtree(aside)
            return
    except StageError:
        pass  # one of the two is no version that can be read
    raise SpecError(_NO_COPY.format(path))
