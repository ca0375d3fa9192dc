"""Stable 64-bit hashes of the strings of an Arrow array, all rows at once.

The words of eight bytes of a string are chained through splitmix64's finaliser, a bijection of 64 bits
(Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators"): two strings that differ
in one word cannot collide in it, others with the odds of a random function.
"""

import hashlib

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Hashes = npt.NDArray[np.uint64]

Positions = npt.NDArray[np.int64]

CHUNK_ROWS = 2_048
"""Strings hashed at a time: their text stays in the processor's cache while it is walked word by word."""

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""splitmix64's increment: 2**64 over the golden ratio, odd."""


def hash_strings(strings: pa.Array, salt: int) -> Hashes:
    """Return one hash for each string, (n,) uint64; equal strings have equal hashes, null hashes as empty.

    A dictionary array hashes as the strings that it stands for.
    """
    if pa.types.is_dictionary(strings.type):
        of_value = hash_strings(strings.dictionary, salt)
        missing = hash_strings(pa.array([""]), salt)
        last = np.uint64(len(of_value))
        codes = pc.fill_null(strings.indices.cast(pa.uint64()), pa.scalar(int(last), pa.uint64())).to_numpy()
        hashes: Hashes = np.concatenate([of_value, missing])[codes]
        return hashes
    words, starts, lengths = _layout(strings)
    chunks = [slice(first, first + CHUNK_ROWS) for first in range(0, len(lengths), CHUNK_ROWS)]
    return np.concatenate(
        [np.empty(0, np.uint64), *(_chain(words, starts[c], lengths[c], salt) for c in chunks)]
    )


def hash_name(name: str) -> int:
    """Return 64 bits of BLAKE2b over a name: the same in every process and release."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def mix(values: Hashes) -> Hashes:
    """Return splitmix64's finaliser of each value; the input stays unchanged."""
    return mix_in_place(values.copy())


def mix_in_place(values: Hashes) -> Hashes:
    """Replace each value by splitmix64's finaliser of it."""
    values ^= values >> np.uint64(30)
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= values >> np.uint64(27)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= values >> np.uint64(31)
    return values


def _layout(strings: pa.Array) -> tuple[Hashes, Positions, Positions]:
    """Return the eight bytes at each position of the data, and the start and length of each string."""
    if not len(strings):
        return np.zeros(1, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    plain = strings if pa.types.is_string(strings.type) else strings.cast(pa.large_string())
    _, offsets, data = (plain if not plain.null_count else pc.fill_null(plain, "")).buffers()
    kind = np.dtype("<i4" if pa.types.is_string(plain.type) else "<i8")
    first = 0 if plain.null_count else plain.offset
    edges = np.frombuffer(offsets, kind, len(plain) + 1, first * kind.itemsize).astype(np.int64)
    start, size = int(edges[0]), int(edges[-1] - edges[0])
    padded = np.zeros(size + 8, np.uint8)
    if size:
        padded[:size] = np.frombuffer(data, np.uint8, size, start)
    words = np.ndarray((size + 1,), "<u8", padded.data, strides=(1,))
    return words, edges[:-1] - start, np.diff(edges)


def _chain(words: Hashes, starts: Positions, lengths: Positions, salt: int) -> Hashes:
    """Return hashes made word by word, the longest string first, so that unfinished strings are a prefix."""
    longest_first = np.argsort(-lengths, kind="stable")
    left, at = lengths[longest_first], starts[longest_first]
    chain = mix(left.astype(np.uint64) ^ np.uint64(salt))
    for count in _counts(left):
        here = words[at[:count]]
        here &= _mask(left[:count])
        chain[:count] ^= here
        mix_in_place(chain[:count])
        at[:count] += 8
        left[:count] -= 8
    hashes = np.empty_like(chain)
    hashes[longest_first] = chain
    return hashes


def _counts(longest_first: Positions) -> Positions:
    """Return the number of strings that have a first word of eight bytes, a second, and so on."""
    words = -(-longest_first // 8)
    most = int(words[0]) if len(words) else 0
    return np.searchsorted(-words, -np.arange(1, most + 1), side="right")


def _mask(left: Positions) -> Hashes:
    """Return a mask of the bits of a word that belong to a string with `left` bytes left, at least one."""
    spare = np.uint64(8) * (np.uint64(8) - np.minimum(left, 8).astype(np.uint64))
    return np.uint64(0xFFFFFFFFFFFFFFFF) >> spare
