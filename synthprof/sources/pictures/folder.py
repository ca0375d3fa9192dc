"""Pictures in the files of a folder, at any depth: the id of each is its path within the folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from synthprof.base.errors import SpecError
from synthprof.base.permitted import SOURCES, check_permitted
from synthprof.sources.files import problem
from synthprof.sources.pictures.picture import MAX_BYTES, BadPicture, Picture, bad, is_picture_name

MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n", b"GIF8", b"BM", b"II*\0", b"MM\0*")
"""First bytes of pictures, looked for in files whose names have no ending."""


class PictureFolder:
    """A folder of pictures, read in the order of their paths.

    Links are followed only within the folder; names that begin with a dot are left out, and files that are no
    pictures by name and content. passed_over: how many of those the last reading met.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = path.resolve()
        self.passed_over = 0

    def __iter__(self) -> Iterator[Picture]:
        self.passed_over = 0
        return self._below(self.path, "", (self.root,))

    def _below(self, folder: Path, within: str, above: tuple[Path, ...]) -> Iterator[Picture]:
        """Yield the pictures below a folder. within: its path in `path`, ending in a slash, or empty."""
        try:
            with os.scandir(folder) as listed:  # tells the kind of each with its name, for nothing
                entries = sorted(listed, key=lambda entry: entry.name)
        except OSError as error:
            where = _shown(within.rstrip("/") or ".")
            yield bad("", where, f"the folder cannot be read: {error.strerror}; grant the right to")
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            name = within + entry.name
            try:
                yield from self._at(entry, name, above)
            except OSError as error:
                yield bad("", _shown(name), f"it cannot be read: {error.strerror}; grant the right to")
            except RuntimeError:  # of pathlib, for links in a ring
                yield bad("", _shown(name), "it is a link to itself; put a picture there")

    def _at(self, entry: "os.DirEntry[str]", name: str, above: tuple[Path, ...]) -> Iterator[Picture]:
        if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(self.root):
            yield bad("", _shown(name), "it is a link that leads out of the folder; copy what it names")
            return
        if entry.is_dir():
            target = Path(entry.path).resolve()
            if target not in above:
                yield from self._below(Path(entry.path), f"{name}/", (*above, target))
        elif is_picture_name(entry.name) or _looks_like_one(entry):
            yield _picture(entry, name)
        else:
            self.passed_over += 1


def _picture(entry: "os.DirEntry[str]", name: str) -> Picture:
    try:
        name.encode()
    except UnicodeEncodeError:
        return bad("", _shown(name), "the name is not UTF-8; rename it")
    if not entry.is_file():
        what = "a link to nothing" if entry.is_symlink() else "no file"
        return bad(name, name, f"it is {what}; put a picture there")
    return Picture(name, name, lambda: read_file(Path(entry.path)))


def _shown(name: str) -> str:
    return name.encode(errors="backslashreplace").decode()


def _looks_like_one(entry: "os.DirEntry[str]") -> bool:
    """Return whether a file without an ending begins as a picture does."""
    if Path(entry.name).suffix or not entry.is_file():
        return False
    with Path(entry.path).open("rb") as file:
        begins = file.read(12)
    return begins.startswith(MAGIC) or begins[8:12] == b"WEBP" or begins[4:12] == b"ftypavif"


def read_file(path: Path) -> bytes:
    """Return the bytes of a picture's file. Raises BadPicture if it cannot be read, or is too large."""
    try:
        with path.open("rb") as file:
            # room for what is there, and a byte to tell of more: room for the most costs as much as reading
            content = file.read(min(os.fstat(file.fileno()).st_size, MAX_BYTES) + 1)
    except OSError as error:
        found = problem(str(path), error, "grant the right to")
        if isinstance(found, SpecError):
            raise BadPicture(f"it cannot be read: {error.strerror}; grant the right to") from None
        raise found from None
    if len(content) > MAX_BYTES:
        raise BadPicture(f"it is larger than {MAX_BYTES:,} bytes, the most for a picture; make it smaller")
    return content


def file_beside(folder: Path, name: str) -> Path:
    """Return the file that a table in a folder names. Raises BadPicture if it lies outside of that folder.

    A file elsewhere is taken where `SYNTHPROF_SOURCES` permits its folder by name.
    """
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError) as error:
        raise BadPicture(f"the path {name!r:.80} cannot be read ({error}); correct it") from None
    if not path.is_relative_to(folder.resolve()):
        outside = f"the path {name!r:.80} leads out of the folder of the table; copy the file there"
        if not os.environ.get(SOURCES):
            raise BadPicture(f"{outside}, or name its folder in {SOURCES}")
        try:
            check_permitted(path)
        except SpecError:
            raise BadPicture(f"{outside}, or name its folder in {SOURCES}") from None
    if not path.is_file():
        raise BadPicture(f"there is no file {name!r:.80}; correct the path")
    return path
