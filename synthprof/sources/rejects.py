"""The rows of a source that cannot be taken: counted, and the first of them with place and reason."""

from dataclasses import dataclass, field

from synthprof.base.text import plain

MAX_LISTED = 1_000
"""Rows that are named one by one; further ones are only counted."""

MAX_COUNTED = 100_000
"""Rows beyond those allowed that are counted before a source is refused."""

MAX_REASON = 200
"""Characters of a place with its reason."""


@dataclass
class Rejects:
    """A count of rows and the first of them. allowed: how many a collection may leave out."""

    allowed: int = 0
    count: int = 0
    listed: list[str] = field(default_factory=list)

    def add(self, place: str, reason: str) -> None:
        """Count one row, and list it if it is among the first."""
        self.count += 1
        if len(self.listed) < MAX_LISTED:
            self.listed.append(plain(f"{place}: {reason}" if place else reason)[:MAX_REASON])

    @property
    def too_many(self) -> bool:
        """True if there are so many that the count of the others helps nobody."""
        return self.count > self.allowed + MAX_COUNTED
