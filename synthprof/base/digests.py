"""Digests: SHA-256 and XXH3-128 of files, BLAKE2b of plain values."""

import hashlib
import json
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import xxhash

from synthprof.base.kinds import open_file

PART_BYTES = 256 * 1024
"""Bytes that are read and digested at a time: they stay in the processor's cache between two digests."""


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 hexadecimal digits. Raises OSError if it cannot be read."""
    with open_file(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def xxh128(path: Path) -> str:
    """Return the XXH3-128 of a file's bytes as 32 hexadecimal digits. Raises OSError if it cannot be read."""
    found = xxhash.xxh3_128()
    with closing(_parts(path)) as parts:
        for part in parts:
            found.update(part)
    return found.hexdigest()


def digest_in_memory(*parts: bytes | memoryview) -> str:
    """Return the XXH3-128 of bytes in memory, one part after the other, as `xxh128` gives that of a file."""
    found = xxhash.xxh3_128()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def both(path: Path) -> tuple[str, str]:
    """Return the SHA-256 and the XXH3-128 of a file's bytes, which are read once. Raises as `sha256`."""
    outside, inside = hashlib.sha256(), xxhash.xxh3_128()
    with closing(_parts(path)) as parts:
        for part in parts:
            outside.update(part)
            inside.update(part)
    return outside.hexdigest(), inside.hexdigest()


def _parts(path: Path) -> Generator[memoryview, None, None]:
    """Yield the bytes of a file in parts, each overwritten by the next."""
    buffer = memoryview(bytearray(PART_BYTES))
    with open_file(path).detach() as file:
        while length := file.readinto(buffer):
            yield buffer[:length]


def digest_of(value: object) -> str:
    """Return the BLAKE2b digest of the canonical JSON of a value, as 32 hexadecimal digits."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
