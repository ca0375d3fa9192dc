"""Text of a file, compressed or not: its encoding found, its lines of bounded length."""

import bz2
import contextlib
import gzip
import io
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import pyarrow as pa

from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.base.units import MIB

COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zXZ\x00": "xz"}
"""The first bytes of a compressed file, and how it is compressed."""

MAX_LINE = 16 * MIB
"""Characters of a line, or of a row of several lines."""

EXPANDED_BYTES, EXPANDED_RATIO = 1 << 30, 200
"""A compressed file may hold so many bytes, or so many times its own."""

XZ_BYTES = 128 * MIB
"""Memory for a file in xz; `xz -9` needs 65 MiB."""

SAMPLE_BYTES, LOOKED_AT_BYTES = MIB, 256 * MIB
"""Bytes beyond ASCII that tell an encoding, with what is about them; bytes that are searched for such."""

MARKS = {
    b"\xef\xbb\xbf": "utf-8-sig",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""Marks of byte order, the longer ones first."""

LIKELY = (
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "koi8_r",
    "shift_jis",
    "euc_jp",
    "euc_kr",
    "big5",
    "gb18030",
)
"""Encodings that texts of people's own are in, apart from UTF-8; others are taken for one of these."""

WESTERN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜàáâãäåæçèéêëìíîïñòóôõöøœùúûüÿß€‚„…‘’“”•–—™¡¿£§©ªº«»®°±²³·¼½¾´×\u00a0"
)
"""Characters beyond ASCII in texts of Western Europe."""

SAID = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "windows-1252",
}


class _Xz(io.RawIOBase):
    """A file in xz, decompressed in bounded memory, whatever its header asks for."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._new()

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """Read bytes that are decompressed."""
        while True:
            if self._xz.eof:
                rest = self._xz.unused_data.lstrip(b"\0") or self._file.read(MIB)
                if not rest:
                    return 0
                self._new()
            else:
                rest = self._file.read(MIB) if self._xz.needs_input else b""
                if self._xz.needs_input and not rest:
                    raise EOFError("the file ends before its end")
            found = self._xz.decompress(rest, len(buffer))
            if found:
                buffer[: len(found)] = found
                return len(found)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    def _new(self) -> None:
        self._xz = lzma.LZMADecompressor(memlimit=XZ_BYTES)


class _Counted(io.RawIOBase):
    """A decompressed file that ends with SpecError where it holds unreasonably more than the file."""

    def __init__(self, path: Path, inner: IO[bytes]) -> None:
        self._path = path
        self._inner = inner
        self._most = max(EXPANDED_BYTES, EXPANDED_RATIO * path.stat().st_size)
        self._count = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """Read bytes and count them."""
        found = self._inner.read(len(buffer))
        self._count += len(found)
        if self._count > self._most:
            raise SpecError(
                f"source={self._path} holds more than {self._most / MIB:,.0f} MiB once it is decompressed, "
                "as no texts do; decompress it yourself if you trust it"
            )
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        """Close the file."""
        self._inner.close()
        super().close()


def compression_of(begins: bytes) -> str:
    """Return how a file that begins so is compressed; empty if it is not."""
    return next((name for magic, name in COMPRESSIONS.items() if begins.startswith(magic)), "")


@contextlib.contextmanager
def opened(path: Path) -> "Iterator[io.BufferedReader[Any]]":
    """Yield the bytes of a file, decompressed. Raises SpecError for a damaged or unreasonable one."""
    with path.open("rb") as file:
        kind = compression_of(file.read(8))
    try:
        with io.BufferedReader(_raw(path, kind), MIB) as found:
            yield found
    except (EOFError, lzma.LZMAError, gzip.zlib.error, pa.ArrowException) as error:  # type: ignore[attr-defined]
        raise SpecError(f"source={path} cannot be read: {error}; name a sound {kind} file") from None
    except OSError as error:
        if error.errno:
            raise
        raise SpecError(f"source={path} cannot be read: {error}; name a sound {kind} file") from None


def _raw(path: Path, kind: str) -> io.RawIOBase:
    if not kind:
        return cast(io.RawIOBase, path.open("rb", buffering=0))
    if kind == "zstd":
        return _Counted(path, pa.input_stream(str(path), compression="zstd"))
    if kind == "xz":
        return _Counted(path, cast(IO[bytes], io.BufferedReader(_Xz(path), MIB)))
    return _Counted(path, cast(IO[bytes], gzip.open(path) if kind == "gzip" else bz2.open(path)))


@contextlib.contextmanager
def text_of(path: Path, encoding: str) -> Iterator[io.TextIOWrapper]:
    """Yield the text of a file; bytes that are none are half surrogate pairs, or U+FFFD in UTF-16 and -32."""
    errors = "replace" if encoding.startswith(("utf-16", "utf-32")) else "surrogateescape"
    with opened(path) as file:
        yield io.TextIOWrapper(file, encoding, errors, newline="")


def lines(text: io.TextIOWrapper) -> Iterator[tuple[int, str | None]]:
    """Yield number and text of each line; None for a line that is too long, without reading it whole."""
    number = 0
    while line := text.readline(MAX_LINE):
        number += 1
        if len(line) < MAX_LINE or line.endswith(("\n", "\r")):
            yield number, line
            continue
        while (rest := text.readline(MAX_LINE)) and not rest.endswith(("\n", "\r")):
            pass
        yield number, None


def encoding_of(path: Path) -> str:
    """Return the encoding of a text: by its mark, UTF-8 if most lines beyond ASCII are, else a guess."""
    with opened(path) as file:
        begins = file.peek(4)[:4]
        for mark, name in MARKS.items():
            if begins.startswith(mark):
                return name
        sample = _beyond_ascii(file)
    if not sample or _is_mostly_utf_8(sample):
        return "utf-8"
    if _is_western(sample):
        return "cp1252"
    check_installed("sources", "charset_normalizer")
    from charset_normalizer import from_bytes  # takes 30 ms, which only other encodings pay

    found = from_bytes(sample, cp_isolation=list(LIKELY)).best()
    return found.encoding if found else "cp1252"


def said(encoding: str) -> str:
    """Return an encoding's name for people."""
    return SAID.get(encoding, encoding.replace("cp125", "windows-125"))


def _beyond_ascii(file: "io.BufferedReader[Any]") -> bytes:
    """Return the lines that are not ASCII, up to SAMPLE_BYTES of them."""
    found: list[bytes] = []
    held = looked_at = 0
    while held < SAMPLE_BYTES and looked_at < LOOKED_AT_BYTES and (part := file.read(MIB)):
        looked_at += len(part)
        if part.isascii():
            continue
        whole = part + file.readline(MIB)  # to the end of a line, so that no character is cut
        for line in whole.splitlines(keepends=True):
            if not line.isascii() and held < SAMPLE_BYTES:
                found.append(line)
                held += len(line)
    return b"".join(found)


def _is_western(sample: bytes) -> bool:
    """Return whether the text in windows-1252 has accents as the languages of Western Europe have them.

    A guess by frequencies takes Portuguese for Romanian in windows-1250.
    """
    text = sample.decode("cp1252", "replace")
    beyond = [each for each in text if not each.isascii()]
    letters = sum(map(str.isalpha, text))
    return all(each in WESTERN for each in beyond) and sum(map(str.isalpha, beyond)) < 0.5 * letters


def _is_mostly_utf_8(sample: bytes) -> bool:
    good = bad = 0
    for line in sample.splitlines():
        try:
            line.decode()
            good += 1
        except UnicodeDecodeError:
            bad += 1
    return good >= bad
