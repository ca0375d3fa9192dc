"""The thing that is measured: it finds the nearest rows, with or without a dial for its effort."""

from typing import Protocol

from synthprof.base.arrays import Ids, Vector
from synthprof.base.errors import SpecError


class Searcher(Protocol):
    """Finds the rows nearest to a vector.

    name: in words, for the result. efforts: settings of its dial, ascending; (0,) where it has none. apart:
    each client needs a process of its own, as for a server; otherwise threads share it.
    """

    name: str
    efforts: tuple[int, ...]
    apart: bool

    def set_effort(self, effort: int) -> None:
        """Set the dial for the searches that follow."""

    def takes(self, condition: str) -> bool:
        """Return whether it can search under the condition."""

    def use_filter(self, number: int, condition: str) -> None:
        """Search under this filter from now on; number 0 is none."""

    def search(self, vector: Vector, k: int) -> tuple[Ids, Vector]:
        """Return ids, from 1, and scores of the rows nearest to a vector, nearest first, k at most.

        vector: (d,) float32. Scores are as the metrics of workloads: for cosine and dot higher is nearer, for
        l2 lower.
        """

    def close(self) -> None:
        """Let go of what it holds."""


def unknown(target: str, known: tuple[str, ...]) -> SpecError:
    """Return the error for a target that nobody knows."""
    return SpecError(f"target={target[:80]!r} is neither a URL nor one of {', '.join(known)}")
