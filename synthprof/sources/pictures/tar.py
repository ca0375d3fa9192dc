"""Pictures in tar files, as WebDataset packs them: members of one name, up to its first dot, are a row."""

import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.base.units import MIB
from synthprof.sources.pictures.picture import MAX_BYTES, BadPicture, Picture, bad, is_picture_name
from synthprof.sources.values import Seen

MAX_META = MIB
"""Bytes of a member with further values, and of a header of tar."""

TEXTS = ("txt", "cls", "caption")
"""Endings of members whose text is a column of that name; the keys of a JSON object are columns, too."""


@dataclass
class _Row:
    """The members of one name. text: of each column that is a member of its own."""

    name: str
    picture: tarfile.TarInfo | None = None
    fault: str = ""
    values: dict[str, Any] = field(default_factory=dict)


class PictureTars:
    """The pictures of tar files, one file after the other, each read where it lies in its file."""

    def __init__(self, path: Path, files: Sequence[Path]) -> None:
        """files: sorted by path."""
        self.path = path
        self._files = files

    @property
    def said(self) -> str:
        """The number of files."""
        return f"{len(self._files):,} tar file{'s' if len(self._files) > 1 else ''} of pictures"

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types that hold the values of the columns. Raises SpecError for one that no row has."""
        if not columns:
            return pa.schema([])
        seen, known = {name: Seen() for name in columns}, set[str]()
        for _, row in self._rows():
            known |= row.values.keys()
            for name, each in seen.items():
                each.add([row.values.get(name)])
        if missing := [name for name in columns if name not in known]:
            shown = ", ".join(sorted(known)[:50]) or "none"
            raise SpecError(f"source={self.path} has no column {missing[0]!r}; it has: {shown}")
        return pa.schema([(name, each.arrow) for name, each in seen.items()])

    def pictures(self, columns: Sequence[str] = ()) -> Iterator[Picture]:
        """Yield the pictures with these further columns, as Python has their values."""
        for file, row in self._rows():
            values = {name: row.values.get(name) for name in columns}
            place = f"{file.relative_to(self.path).as_posix()}, {row.name}" if file != self.path else row.name
            if row.fault:
                yield bad(row.name, place, row.fault, values)
            elif row.picture is not None:
                yield _picture(file, row.picture, row.name, place, values)

    def _rows(self) -> Iterator[tuple[Path, _Row]]:
        for file in self._files:
            row = _Row("")
            try:
                with file.open("rb") as raw, tarfile.open(fileobj=_Bounded(raw), mode="r:") as tar:
                    for member in tar:
                        tar.members = []  # type: ignore[attr-defined]  # else it keeps all that it has met
                        stem, _, ending = _parted(member.name)
                        if not member.isdir() and stem != row.name:
                            yield from _whole(file, row)
                            row = _Row(stem)
                        _add(row, raw, member, ending)
                    raw.seek(tar.offset)
                    if any(raw.read(tarfile.BLOCKSIZE)):  # which tarfile takes for the end
                        raise tarfile.ReadError("what follows is no header")
                yield from _whole(file, row)
            except (tarfile.TarError, OSError, EOFError, ValueError) as error:
                yield from _whole(file, row)
                told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
                yield file, _Row("", fault=f"the tar file {file.name} is damaged after {row.name!r} ({told})")


class _Bounded(io.RawIOBase):
    """A file of which little is read at a time: a header of tar may claim any size."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_META:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _parted(name: str) -> tuple[str, str, str]:
    """Return a member's name up to the first dot of its last part, the dot, and what follows."""
    folder, slash, last = name.rpartition("/")
    stem, dot, ending = last.partition(".")
    return f"{folder}{slash}{stem}", dot, ending.lower()


def _add(row: _Row, raw: BinaryIO, member: tarfile.TarInfo, ending: str) -> None:
    """Take notice of a member of a row."""
    if member.isdir():
        return
    if is_picture_name(member.name):
        row.fault = row.fault or _fault(row, member)
        row.picture = row.picture or member
    elif member.isreg() and not member.issparse() and member.size <= MAX_META:
        if ending == "json":
            row.values |= _json(_bytes(raw, member))
        elif ending in TEXTS:
            row.values[ending] = _bytes(raw, member).decode(errors="replace").strip()


def _fault(row: _Row, member: tarfile.TarInfo) -> str:
    """Return why a member cannot be the picture of its row; empty if it can."""
    try:
        member.name.encode()
    except UnicodeEncodeError:
        return "the name is not UTF-8; rename it"
    if not member.isreg() or member.issparse():
        return "it is a link or a hole in the tar file, no file; pack the file itself"
    if member.size > MAX_BYTES:
        return f"it is larger than {MAX_BYTES:,} bytes, the most for a picture; make it smaller"
    return "a second picture has its name; rename one" if row.picture is not None else ""


def _whole(file: Path, row: _Row) -> Iterator[tuple[Path, _Row]]:
    """Yield a row if it has a picture."""
    if row.picture is not None or row.fault:
        yield file, row


def _picture(file: Path, member: tarfile.TarInfo, id_: str, place: str, values: dict[str, Any]) -> Picture:
    offset, size = member.offset_data, member.size

    def load() -> bytes:
        try:
            with file.open("rb") as raw:
                raw.seek(offset)
                content = raw.read(size)
        except OSError as error:
            raise BadPicture(f"{file.name} cannot be read: {error.strerror}; grant the right to") from None
        if len(content) < size:
            raise BadPicture(f"the tar file {file.name} ends within it; put back a whole copy")
        return content

    return Picture(id_, place, load, values)


def _bytes(raw: BinaryIO, member: tarfile.TarInfo) -> bytes:
    place = raw.tell()
    raw.seek(member.offset_data)
    content = raw.read(member.size)
    raw.seek(place)
    return content


def _json(content: bytes) -> dict[str, Any]:
    """Return the values of an object of JSON; none for anything else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
