"""A keyed permutation of the row numbers: values that never repeat, without a look at other rows (ADR 50)."""

import hashlib
import math

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.uint64]

LARGEST = 2**63
"""The largest domain; its root has 32 bits, so that no product of a round exceeds 64."""

_ROUNDS = 6
"""Four make a strong permutation of random functions (M. Luby and C. Rackoff, SIAM J. Comput. 17, 1988); two
more for a round function that is only a good hash."""

_FIRST, _SECOND = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)
"""The multipliers of MurmurHash3's 64-bit finaliser (A. Appleby, public domain)."""

_HALF = np.uint64(32)


class Permutation:
    """A one-to-one map of the numbers from 0 to `size` - 1 onto themselves, drawn by seed and name.

    It is a Feistel network on pairs, after J. Black and P. Rogaway, "Ciphers with arbitrary finite domains",
    CT-RSA 2002. A number x below a·b is the pair (x // b, x % b), where a is the root of `size`, rounded up,
    and b the least number with a·b >= `size`. A round adds to one half, modulo its size, a hash of the other
    half, which stays: subtracting the same hash undoes it, so that each round is one-to-one, and so are all
    of them together. A result that is `size` or more goes through the rounds again until it is below. That
    keeps the map one-to-one: a permutation of a finite set consists of cycles, and a number below `size` is
    sent to the next such number on its cycle, which no other number below `size` precedes as nearly. Fewer
    than one number in √size goes through again, as a·b - size < a.

    The map does not depend on how many rows there are: fewer rows are the beginning of more. It is not
    meant to withstand an attacker.

    >>> sorted(Permutation(5, "id", 42).at(np.arange(5, dtype=np.uint64)).tolist())
    [0, 1, 2, 3, 4]
    """

    def __init__(self, size: int, name: str, seed: int) -> None:
        if not 1 <= size <= LARGEST:
            raise ValueError(f"size={size} is not from 1 to 2**63; split the domain")
        lefts = math.isqrt(size - 1) + 1
        rights = -(-size // lefts)
        self.size = size
        self._lefts, self._rights, self._size = np.uint64(lefts), np.uint64(rights), np.uint64(size)
        text = f"{seed}\x1f{name}\x1fpermutation".encode()
        self._keys = np.frombuffer(hashlib.blake2b(text, digest_size=8 * _ROUNDS).digest(), dtype="<u8")

    def at(self, positions: Numbers) -> Numbers:
        """Return the numbers that positions below `size` are sent to, (n,) uint64."""
        found = self._rounds(positions)
        out = np.flatnonzero(found >= self._size)
        while len(out):
            found[out] = self._rounds(found.take(out))
            out = out.compress(found.take(out) >= self._size)
        return found

    def _rounds(self, positions: Numbers) -> Numbers:
        left = positions // self._rights
        right = positions - left * self._rights
        halves = ((left, right, self._lefts), (right, left, self._rights))
        hashed, shifted = np.empty_like(left), np.empty_like(left)
        for number, key in enumerate(self._keys):
            target, source, size = halves[number % 2]
            np.add(source, key, out=hashed)
            hashed *= _FIRST
            np.right_shift(hashed, _HALF, out=shifted)
            hashed ^= shifted
            hashed *= _SECOND
            hashed >>= _HALF
            hashed *= size
            hashed >>= _HALF  # from 0 to size - 1
            target += hashed
            np.subtract(target, size, out=shifted)  # wraps to above 2**63 where the sum is below the size
            np.minimum(target, shifted, out=target)
        left *= self._rights
        left += right
        return left
