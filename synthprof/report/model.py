"""The report of a data set: `page` renders it for a browser, `console` for a terminal.

Both are pure renderings of a Report. Generated text is only ever text: the page escapes it, forbids itself
the network and every script but its own two, and the terminal gets neither markup nor control characters.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthprof.schemas.uses import View
from synthprof.spec.spec import row_word_of

NO_VIEW = View()


@dataclass(frozen=True)
class StageRow:
    """The work of one stage; bytes_written counts the bytes that it left on disk."""

    stage: str
    rows: int
    seconds: float
    peak_memory_mib: float
    bytes_written: int

    @property
    def rows_per_second(self) -> float:
        """The rate; 0 where it took no time that could be measured."""
        return self.rows / self.seconds if self.seconds else 0.0


def added_up(parts: Iterable[StageRow]) -> list[StageRow]:
    """Return one row per stage, in the order of their first parts; memory is that of the hungriest one."""
    of_stage: dict[str, list[StageRow]] = {}
    for part in parts:
        of_stage.setdefault(part.stage, []).append(part)
    return [
        StageRow(
            stage=name,
            rows=sum(each.rows for each in found),
            seconds=sum(each.seconds for each in found),
            peak_memory_mib=max(each.peak_memory_mib for each in found),
            bytes_written=sum(each.bytes_written for each in found),
        )
        for name, found in of_stage.items()
    ]


@dataclass(frozen=True)
class Marginal:
    """Shares of one column's values, 0 to 1, and those aimed at; target is empty where none is declared."""

    column: str
    labels: Sequence[str]
    observed: Sequence[float]
    target: Sequence[float] = ()

    def __post_init__(self) -> None:
        _same_length(f"Marginal {self.column}", self.labels, self.observed, self.target or self.observed)


@dataclass(frozen=True)
class MapPoints:
    """A sample of profiles on the plane; a line break in a text starts a new line when it is shown."""

    ids: Sequence[int]
    x: Sequence[float]
    y: Sequence[float]
    clusters: Sequence[int]
    texts: Sequence[str]

    def __post_init__(self) -> None:
        _same_length("MapPoints", self.ids, self.x, self.y, self.clusters, self.texts)


@dataclass(frozen=True)
class Report:
    """Everything that the page and the summary say about one version of a data set.

    view: where the columns of `example` stand on its card.
    """

    dataset: str
    version: str
    rows: int
    bytes_total: int
    spec: Mapping[str, Any]
    stages: Sequence[StageRow]
    marginals: Sequence[Marginal]
    cluster_sizes: Sequence[int]
    map_points: MapPoints | None
    scores: Mapping[str, float | int | str | None]
    example: Mapping[str, Any]
    view: View = NO_VIEW

    @property
    def row_word(self) -> str:
        """The word for a row."""
        return row_word_of(self.spec.get("collection", ""))

    @property
    def seconds(self) -> float:
        """The stages' times added up; by the clock it is less where stages went on beside each other."""
        return sum(row.seconds for row in self.stages)


def _same_length(what: str, *columns: Iterable[Any]) -> None:
    lengths = [len(list(column)) for column in columns]
    if len(set(lengths)) > 1:
        raise ValueError(f"{what} has columns of different lengths: {lengths}; give each as many values")
