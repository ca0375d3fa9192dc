"""A job in parts of some steps each, which goes on after the last step that is durable."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from synthprof.store.outputs import Making


class Work(Protocol):
    """An order, and the folder that its results are made in."""

    @property
    def making(self) -> Making:
        """The folder, which counts the steps that are done."""


Job = TypeVar("Job", bound=Work, contravariant=True)


@dataclass(frozen=True)
class Part(Generic[Job]):
    """A part of a job: steps of which each may be done again.

    count: of its steps, for a work whose earlier parts are done. do: the steps from a number on; it calls
    `work.making.step` after each.
    """

    name: str
    count: Callable[[Job], int]
    do: Callable[[Job, int], None]


def do_parts(parts: Iterable[Part[Job]], work: Job) -> None:
    """Do the steps that are not done yet, part by part."""
    done = 0
    for part in parts:
        steps = part.count(work)
        first = max(0, work.making.steps - done)
        if first < steps:
            part.do(work, first)
        done += steps
