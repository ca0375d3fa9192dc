"""The report of a data set: `page` renders it for a browser, `console` for a terminal.

Both are pure renderings of a Report. Generated text is only ever text: the page escapes it, forbids itself
the network and every script but its own two, and the terminal gets neither markup nor control characters.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synthprof.base.clock import Span, clock_seconds
from synthprof.report.coherence import Coherence
from synthprof.report.duplicates import DuplicateFacts
from synthprof.schemas.uses import View
from synthprof.spec.drift_labels import Labels
from synthprof.spec.spec import row_word_of

NO_VIEW = View()


@dataclass(frozen=True)
class StageRow:
    """The work of one stage; bytes_written counts the bytes that it left on disk.

    seconds: by the clock, where its shards went on beside each other. spans: when it went on, if known.
    """

    stage: str
    rows: int
    seconds: float
    peak_memory_mib: float
    bytes_written: int
    spans: tuple[Span, ...] = ()

    @property
    def rows_per_second(self) -> float:
        """The rate; 0 where it took no time that could be measured."""
        return self.rows / self.seconds if self.seconds else 0.0


def added_up(parts: Iterable[StageRow]) -> list[StageRow]:
    """Return one row per stage, in the order of their first parts.

    Time is by the clock, from the first begin to the last end; memory is that of the hungriest part.
    """
    of_stage: dict[str, list[StageRow]] = {}
    for part in parts:
        of_stage.setdefault(part.stage, []).append(part)
    return [
        StageRow(
            stage=name,
            rows=sum(each.rows for each in found),
            seconds=_by_the_clock(found),
            peak_memory_mib=max(each.peak_memory_mib for each in found),
            bytes_written=sum(each.bytes_written for each in found),
            spans=tuple(span for each in found for span in each.spans),
        )
        for name, found in of_stage.items()
    ]


def _by_the_clock(rows: Sequence[StageRow]) -> float:
    """Return the seconds that the work took by the clock; added up where a release did not note its begin."""
    if all(row.spans for row in rows):
        return clock_seconds(span for row in rows for span in row.spans)
    return sum(row.seconds for row in rows)


@dataclass(frozen=True)
class Marginal:
    """Shares of one column's values, 0 to 1, and those aimed at; target is empty where none is declared.

    ordered: the values are bands of a line, to be shown in this order whatever their shares.
    """

    column: str
    labels: Sequence[str]
    observed: Sequence[float]
    target: Sequence[float] = ()
    ordered: bool = False

    def __post_init__(self) -> None:
        _same_length(f"Marginal {self.column}", self.labels, self.observed, self.target or self.observed)


@dataclass(frozen=True)
class ChildTable:
    """A child table: its rows, the most of one parent, and the number of parents by their number of rows.

    parents: by the lowest number of each band, ascending.
    """

    name: str
    rows: int
    most: int
    parents: Mapping[int, int]


@dataclass(frozen=True)
class MapPoints:
    """A sample of profiles on the plane; a line break in a text starts a new line when it is shown.

    colours: by cluster, on a light and on a dark page: those of the whole map, as the explorer shows it.
    """

    ids: Sequence[int]
    x: Sequence[float]
    y: Sequence[float]
    clusters: Sequence[int]
    texts: Sequence[str]
    colours: Mapping[int, tuple[str, str]]

    def __post_init__(self) -> None:
        _same_length("MapPoints", self.ids, self.x, self.y, self.clusters, self.texts)


@dataclass(frozen=True)
class Report:
    """Everything that the page and the summary say about one version of a data set.

    view: where the columns of `example` stand on its card. left_out: bad rows of a source. coherence: what
    was counted by the rules and margins of its schema, if it has any. duplicates: its second records, if any.
    drift: what drifted since the first night, where the order names a drift.
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
    left_out: Sequence[str] = ()
    tables: Sequence[ChildTable] = ()
    coherence: Coherence | None = None
    duplicates: DuplicateFacts | None = None
    drift: Labels | None = None

    @property
    def row_word(self) -> str:
        """The word for a row."""
        collection = self.spec.get("collection", "")
        own = self.view.row if not collection else ""
        return own or row_word_of(collection, self.spec.get("kind", "texts"))

    @property
    def title(self) -> str:
        """The schema in one line, of a user's schema: reports of built-in ones keep their bytes."""
        return self.view.title if self.spec.get("schema_digest") else ""

    @property
    def seconds(self) -> float:
        """The seconds of the whole run by the clock, from its first begin to its last end."""
        return _by_the_clock(self.stages)


def _same_length(what: str, *columns: Iterable[Any]) -> None:
    lengths = [len(list(column)) for column in columns]
    if len(set(lengths)) > 1:
        raise ValueError(f"{what} has columns of different lengths: {lengths}; give each as many values")
