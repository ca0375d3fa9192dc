"""Text files of a folder at any depth: each is a row, whose id is its path within the folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.sources.files import bytes_of, problem
from synthprof.sources.reading import Part

FILES_BATCH = 256
MAX_BYTES = 1 << 20
"""Bytes of one file: a larger one exceeds the limit on the characters of a text."""


class Folder:
    """A reader of text files."""

    said = "a folder of text files"

    def __init__(self, path: Path, files: Sequence[Path]) -> None:
        """files: those of the folder, sorted by path."""
        self.path = path
        self._files = files
        self.size = bytes_of(list(files))

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return an empty schema. Raises SpecError for any column, as a folder has none."""
        if columns:
            raise SpecError(f"source={self.path} is a folder of text files: it has no columns to keep")
        return pa.schema([])

    def parts(self, columns: Sequence[str]) -> Iterator[Part]:
        """Yield path and text of each file, sorted by path, whatever the names of the two columns."""
        for first in range(0, len(self._files), FILES_BATCH):
            files = self._files[first : first + FILES_BATCH]
            found = [_row(path, self.path) for path in files]
            faults = {row: fault for row, (_, _, fault) in enumerate(found) if fault}
            arrays = [pa.array([row[place] for row in found], pa.string()) for place in (0, 1)]
            names = [_shown(path, self.path) for path in files]
            yield Part(pa.RecordBatch.from_arrays(arrays, list(columns)[:2]), names, "file", "", faults)

    def cancel(self) -> None:
        """Do nothing: files are read in a moment."""

    def watch(self) -> None:
        """Do nothing: reading takes nothing but memory."""


def _row(path: Path, folder: Path) -> tuple[str | None, str | None, str]:
    """Return id and text of a file, or why it has none."""
    name = path.relative_to(folder).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError:
        return None, None, "the name is not UTF-8; rename it"
    try:
        if path.stat().st_size > MAX_BYTES:
            return name, None, f"it is larger than {MAX_BYTES:,} bytes, the most for one text; split it"
        return name, path.read_bytes().decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        return name, None, f"it is not UTF-8 ({error.reason} at byte {error.start}); convert it"
    except OSError as error:
        found = problem(str(path), error, "grant the right to")
        if isinstance(found, SpecError):
            return name, None, f"it cannot be read: {error.strerror}; grant the right to"
        raise found from None


def _shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix().encode(errors="backslashreplace").decode()
