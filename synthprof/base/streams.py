"""Independent random streams, one for each (seed, column, purpose, block).

They use raw Philox words alone: NumPy guarantees that those stay the same, while the methods of its Generator
may change between releases (NEP 19).
"""

import hashlib

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]


class Stream:
    """A sequence of random 64-bit words."""

    def __init__(self, philox: np.random.Philox) -> None:
        self._philox = philox

    def words(self, count: int) -> Words:
        """Return the next `count` uniform words, (count,) uint64."""
        return self._philox.random_raw(count)

    def uint32(self, count: int) -> npt.NDArray[np.uint32]:
        """Return `count` uniform integers, (count,) uint32: two from each word, the low half first."""
        return self.words((count + 1) // 2).astype("<u8", copy=False).view("<u4")[:count]

    def uint16(self, count: int) -> npt.NDArray[np.uint16]:
        """Return `count` uniform integers, (count,) uint16: four from each word, the low part first."""
        return self.words((count + 3) // 4).astype("<u8", copy=False).view("<u2")[:count]

    def uniform(self, count: int) -> npt.NDArray[np.float64]:
        """Return the next `count` uniform numbers in [0, 1), (count,) float64: multiples of 2**-53."""
        return (self.words(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def stream(seed: int, column: str, purpose: str, block: int = 0) -> Stream:
    """Return the stream of one column, purpose and block, at its beginning.

    Philox's key is a BLAKE2b digest of seed, column and purpose, 128 bits, so that streams of other names
    differ. The block is the second word of Philox's 256-bit counter, so that each block has 2**64 steps.
    """
    name = f"{seed}\x1f{column}\x1f{purpose}".encode()
    key = np.frombuffer(hashlib.blake2b(name, digest_size=16).digest(), dtype="<u8")
    return Stream(np.random.Philox(key=key, counter=[0, block, 0, 0]))
