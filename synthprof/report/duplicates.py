"""Facts of a version's second records: how many, what went wrong in them, the F1 to be expected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synthprof.report.coherence import percent


@dataclass(frozen=True)
class ErrorFacts:
    """A kind of error of second records, and its columns.

    asked: how many of it a second record has on average, where it can happen. happened: the times that it
    changed something; where there was nothing to change, it did not.
    """

    kind: str
    columns: tuple[str, ...]
    asked: float
    happened: int


@dataclass(frozen=True)
class DuplicateFacts:
    """The second records of a version.

    rows: of the version. records: second records. persons: first records. sizes: the number of persons by
    their records, from 1. compared: the columns by which the F1 was predicted. f1, precision, recall: of
    pairs, by the best threshold. sampled: the rows that they were measured on.
    """

    rows: int
    records: int
    persons: int
    sizes: tuple[int, ...]
    errors: tuple[ErrorFacts, ...]
    compared: tuple[str, ...]
    f1: float
    precision: float
    recall: float
    sampled: int

    @property
    def share(self) -> float:
        """The share of the rows that are second records."""
        return self.records / max(self.rows, 1)

    @property
    def mean_errors(self) -> float:
        """The mean number of errors of a second record."""
        return sum(error.happened for error in self.errors) / max(self.records, 1)

    def as_document(self) -> dict[str, Any]:
        """Return the facts as JSON has them."""
        return {
            **{key: value for key, value in vars(self).items() if key != "errors"},
            "sizes": list(self.sizes),
            "compared": list(self.compared),
            "errors": [{**vars(error), "columns": list(error.columns)} for error in self.errors],
        }

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "DuplicateFacts | None":
        """Return what a document says; None of an empty one."""
        if not document:
            return None
        errors = (ErrorFacts(**{**each, "columns": tuple(each["columns"])}) for each in document["errors"])
        return cls(
            **{
                **document,
                "sizes": tuple(document["sizes"]),
                "compared": tuple(document["compared"]),
                "errors": tuple(errors),
            }
        )

    def told(self) -> dict[str, Any]:
        """Return the document with shares and `line`, for programs."""
        return {
            "line": in_one_line(self),
            "share": round(self.share, 6),
            "mean_errors": round(self.mean_errors, 4),
            **self.as_document(),
        }


def in_one_line(facts: DuplicateFacts) -> str:
    """Return the share of second records and the predicted F1 in a line.

    >>> in_one_line(DuplicateFacts(1000, 200, 800, (700, 50), (), ("name",), 0.91, 0.95, 0.87, 1000))
    '200 second records (20 %) of 800 people; to be expected: F1 0.910 (precision 0.950, recall 0.870)'
    """
    return (
        f"{facts.records:,} second records ({percent(facts.share)}) of {facts.persons:,} people; "
        f"to be expected: F1 {facts.f1:.3f} (precision {facts.precision:.3f}, recall {facts.recall:.3f})"
    )


def error_cells(facts: DuplicateFacts) -> list[tuple[str, str, str, str]]:
    """Return the kind of each error, its columns, the mean of it that was asked, and the mean there is."""
    return [
        (
            error.kind,
            ", ".join(error.columns),
            percent(error.asked),
            percent(error.happened / max(facts.records, 1)),
        )
        for error in facts.errors
    ]
