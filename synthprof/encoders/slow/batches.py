"""Batches of texts, chosen so that few requests find a bad text.

A batch that fails is cut into groups. Each group is asked for in a batch that is full of other texts: a batch
that succeeds costs nothing extra, since its texts had to be asked for anyway; only failures are expensive. So
a group is small (`PARTS`), for then its batch mostly succeeds. One group of a failed batch is in flight at a
time. When it fails, the others are cleared; when all others were good, the last is bad without a request.
docs/adr/0015-bad-texts-as-passengers.md has the calculation.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")

PARTS = 8
"""Groups that a failed batch is cut into: at 32 texts, 6 to 11 take the fewest requests, 4 and 16 more."""


@dataclass
class _Case(Generic[Item]):
    """The groups left of a batch that failed. certain: two failures show that one of their texts is bad."""

    groups: deque[tuple[Item, ...]]
    certain: bool


@dataclass(frozen=True)
class Batch(Generic[Item]):
    """Texts to ask for together: a group under suspicion, if there is one, and others that fill it up."""

    group: tuple[Item, ...]
    others: tuple[Item, ...]
    case: _Case[Item] | None = field(default=None, repr=False)

    @property
    def items(self) -> tuple[Item, ...]:
        """All texts, in the order of the request."""
        return self.group + self.others


class Batches(Generic[Item]):
    """A queue of texts that hands out batches and takes their results; not for several threads.

    size: of the batches to come; it may be lowered at any time.
    suspects: texts that were alone in a group that failed. Each has to be asked for by itself to be sure.
    """

    def __init__(self, items: Iterable[Item], size: int) -> None:
        self.size = size
        self._waiting = deque(items)
        self._cleared: deque[Item] = deque()
        self._cases: deque[_Case[Item]] = deque()
        self.suspects: list[Item] = []

    def __bool__(self) -> bool:
        return bool(self._waiting or self._cleared or self._cases)

    def take(self) -> Batch[Item]:
        """Return the next batch; its result must be reported by `succeeded`, `failed` or `put_back`."""
        if self._cleared:  # without a passenger, lest an innocent one is blamed for it time and again
            cleared = self._fill(self._cleared, self.size)
            return Batch((), cleared + self._fill(self._waiting, self.size - len(cleared)))
        case = self._next_case()
        group = case.groups.popleft() if case else ()
        return Batch(group, self._fill(self._waiting, self.size - len(group)), case)

    def wait(self, item: Item) -> None:
        """Queue the item for another request, with others."""
        self._waiting.append(item)

    def succeeded(self, batch: Batch[Item]) -> None:
        """Clear the texts of the batch."""
        case = batch.case
        if case is None or not case.groups:
            return
        if case.certain and len(case.groups) == 1:
            self._suspect(case.groups[0], certain=True)
        else:
            self._cases.append(case)

    def failed(self, batch: Batch[Item]) -> None:
        """Suspect the batch's group, or all its texts if it has none."""
        if batch.case is None:
            self._suspect(batch.others, certain=False)
            return
        self._suspect(batch.group, certain=True)
        self._cleared.extend(batch.others)
        self._waiting.extendleft(item for group in batch.case.groups for item in group)

    def put_back(self, batch: Batch[Item]) -> None:
        """Queue the batch as before its request, whose failure said nothing about its texts."""
        self._waiting.extendleft(reversed(batch.others))
        if batch.case is not None:
            batch.case.groups.appendleft(batch.group)
            self._cases.append(batch.case)

    def _next_case(self) -> _Case[Item] | None:
        """Return the next case; the texts of one whose groups are larger than a batch wait like others."""
        while self._cases:
            case = self._cases.popleft()
            if max(map(len, case.groups)) <= self.size:
                return case
            self._waiting.extendleft(item for group in case.groups for item in group)
        return None

    def _suspect(self, items: tuple[Item, ...], *, certain: bool) -> None:
        if len(items) == 1:
            self.suspects.extend(items)
            return
        size = -(-len(items) // PARTS)
        groups = deque(items[first : first + size] for first in range(0, len(items), size))
        self._cases.append(_Case(groups, certain))

    @staticmethod
    def _fill(source: deque[Item], room: int) -> tuple[Item, ...]:
        return tuple(source.popleft() for _ in range(min(room, len(source))))
