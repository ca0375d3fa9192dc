"""Independent random streams, one for each (seed, column, purpose, block).

Only raw Philox words are used: NumPy keeps those stable for ever, while the methods of its Generator may
change between releases (NEP 19).
"""

import hashlib

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]


class Stream:
    """A sequence of 64-bit words that no other stream shares."""

    def __init__(self, philox: np.random.Philox) -> None:
        self._philox = philox

    def words(self, count: int) -> Words:
        """The next `count` words, (count,) uint64, uniform."""
        return self._philox.random_raw(count)

    def uint32(self, count: int) -> npt.NDArray[np.uint32]:
        """The next `count` uniform 32-bit integers, two from each word, low half first."""
        return self.words((count + 1) // 2).astype("<u8", copy=False).view("<u4")[:count]

    def uint16(self, count: int) -> npt.NDArray[np.uint16]:
        """The next `count` uniform 16-bit integers, four from each word, low part first."""
        return self.words((count + 3) // 4).astype("<u8", copy=False).view("<u2")[:count]

    def uniform(self, count: int) -> npt.NDArray[np.float64]:
        """The next `count` numbers in [0, 1), multiples of 2**-53."""
        return (self.words(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def stream(seed: int, column: str, purpose: str, block: int = 0) -> Stream:
    """The stream of one column, purpose and block, at its beginning.

    The key is 128 bits of BLAKE2b over the names, so streams of different names do not meet; the block is
    the second word of Philox's 256-bit counter, so each block has 2**64 steps of its own.
    """
    name = f"{seed}\x1f{column}\x1f{purpose}".encode()
    key = np.frombuffer(hashlib.blake2b(name, digest_size=16).digest(), dtype="<u8")
    return Stream(np.random.Philox(key=key, counter=[0, block, 0, 0]))
