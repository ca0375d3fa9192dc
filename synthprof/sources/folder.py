"""Text files of a folder at any depth: each is a row, whose id is its path within the folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from synthprof.base.errors import SpecError
from synthprof.base.permitted import check_permitted

FILES_BATCH = 256
MAX_BYTES = 1 << 20
"""Bytes of one file: a larger one exceeds the limit on the characters of a text."""


class Folder:
    """A reader of the files whose names and folders do not begin with a dot."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def kinds(self, columns: Sequence[str]) -> list[str]:
        """Return an empty list. Raises SpecError for any column, as a folder has none."""
        if columns:
            raise SpecError(f"source={self._path} is a folder of text files: it has no columns to keep")
        return []

    def rows(self, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
        """Yield path and text of each file, sorted by path, whatever the names of the two columns."""
        found = sorted(self._files(self._path))
        for first in range(0, len(found), FILES_BATCH):
            yield [(self._name(path), self._text(path)) for path in found[first : first + FILES_BATCH]]

    def _files(self, folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
        """Yield the files of a folder. Follow links, except to a folder above."""
        here = folder.resolve()
        if here in above:
            return
        check_permitted(folder)
        try:
            for path in folder.iterdir():
                if path.name.startswith("."):
                    continue
                if path.is_dir():
                    yield from self._files(path, (*above, here))
                elif path.is_file():
                    if path.is_symlink():
                        check_permitted(path)
                    yield path
        except OSError as error:
            raise _refusal(folder, error) from None

    def _name(self, path: Path) -> str:
        name = path.relative_to(self._path).as_posix()
        try:
            name.encode()
        except UnicodeEncodeError:
            raise SpecError(f"the name of the file {name!r} is not UTF-8; rename it") from None
        return name

    def _text(self, path: Path) -> str:
        try:
            if path.stat().st_size > MAX_BYTES:
                raise SpecError(f"{path} is larger than {MAX_BYTES:,} bytes, the most for one text; split it")
            return path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SpecError(
                f"{path} is not UTF-8 ({error.reason} at byte {error.start}), as a folder's files must be; "
                "convert it, or name one file if these are tables"
            ) from None
        except OSError as error:
            raise _refusal(path, error) from None


def _refusal(path: Path, error: OSError) -> SpecError:
    return SpecError(f"{path} cannot be read: {error.strerror}; grant the right to")
