"""Which texts to ask for together, so that a bad one among them is found in few requests.

A batch that fails is cut into groups. Each rides as passenger in a batch that is full of other texts: one
that succeeds costs nothing, since its texts had to be asked for anyway, and only failures are dear. So a
group is small (`PARTS`), for then its batch mostly succeeds. One group of a failed batch is under way at
a time; when it fails, the others are cleared, and when all others were good, it is known without asking.
docs/adr/0015-bad-texts-as-passengers.md has the reckoning.
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
    """The groups left of a batch that failed. `certain`: something in them is bad, as two failures say."""

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
        """All of them, in the order of the request."""
        return self.group + self.others


class Batches(Generic[Item]):
    """Hands out batches and hears how they went, until nothing waits; not for several threads.

    suspects: what stood alone in a group that failed. It has to be asked for by itself to be sure.
    """

    def __init__(self, items: Iterable[Item], size: int) -> None:
        self._size = size
        self._waiting = deque(items)
        self._cleared: deque[Item] = deque()
        self._cases: deque[_Case[Item]] = deque()
        self.suspects: list[Item] = []

    def __bool__(self) -> bool:
        return bool(self._waiting or self._cleared or self._cases)

    def take(self) -> Batch[Item]:
        """The next batch, which is waited for from now on."""
        if self._cleared:  # without a passenger, lest an innocent one is blamed for it time and again
            cleared = self._fill(self._cleared, self._size)
            return Batch((), cleared + self._fill(self._waiting, self._size - len(cleared)))
        case = self._cases.popleft() if self._cases else None
        group = case.groups.popleft() if case else ()
        return Batch(group, self._fill(self._waiting, self._size - len(group)), case)

    def wait(self, item: Item) -> None:
        """The item is asked for once more, with others."""
        self._waiting.append(item)

    def succeeded(self, batch: Batch[Item]) -> None:
        """Its texts are no longer under suspicion."""
        case = batch.case
        if case is None or not case.groups:
            return
        if case.certain and len(case.groups) == 1:
            self._suspect(case.groups[0], certain=True)
        else:
            self._cases.append(case)

    def failed(self, batch: Batch[Item]) -> None:
        """Something in it is bad: most likely in its group, if it has one."""
        if batch.case is None:
            self._suspect(batch.others, certain=False)
            return
        self._suspect(batch.group, certain=True)
        self._cleared.extend(batch.others)
        self._waiting.extendleft(item for group in batch.case.groups for item in group)

    def put_back(self, batch: Batch[Item]) -> None:
        """As if it had not been asked for: its failure said nothing about it."""
        self._waiting.extendleft(reversed(batch.others))
        if batch.case is not None:
            batch.case.groups.appendleft(batch.group)
            self._cases.append(batch.case)

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
