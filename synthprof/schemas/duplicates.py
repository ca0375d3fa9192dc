"""Second records of the same rows: what goes wrong in them, and how often.

A schema declares the errors with shares (`RecordErrors`); a data set whose spec asks for duplicates has them
with their rates (`Duplicates`).
"""

import dataclasses
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from synthprof.base.errors import SpecError
from synthprof.schemas.nulls import Nulls

if TYPE_CHECKING:
    from synthprof.schemas.schema import Schema

ErrorKind = Literal[
    "typo",
    "ocr",
    "abbreviated",
    "short_name",
    "married",
    "swapped",
    "case",
    "truncated",
    "digits",
    "format",
    "moved",
    "missing",
]

ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)

OF_TEXTS = ("typo", "ocr", "abbreviated", "short_name", "married", "swapped", "case", "truncated", "format")
"""Kinds that rewrite texts, and leave a value that need not be one of the column's."""

TOGETHER = ("swapped", "moved")
"""Kinds that change their columns all at once; others one of them."""


@dataclass(frozen=True)
class RecordError:
    """An error of second records.

    share: its weight beside the others, or, in `Duplicates`, the share of second records that have it.
    short: first words and what they are called for short.
    """

    kind: ErrorKind
    columns: tuple[str, ...]
    share: float
    short: tuple[tuple[str, str], ...] = ()

    @property
    def alone(self) -> bool:
        """True if its columns change all at once."""
        return self.kind in TOGETHER or len(self.columns) == 1

    @property
    def title(self) -> str:
        """Its kind and columns, as documents name it."""
        return f"{self.kind}:{'+'.join(self.columns)}"


@dataclass(frozen=True)
class RecordErrors:
    """The second records of a schema: the columns that tell people apart, and the errors."""

    compare: tuple[str, ...]
    errors: tuple[RecordError, ...]


@dataclass(frozen=True)
class Duplicates:
    """The second records of a data set.

    share: of all rows. compare: the columns that tell people apart. errors: one for each column, with the
    share of second records that have it.
    """

    share: float
    compare: tuple[str, ...]
    errors: tuple[RecordError, ...]

    def __hash__(self) -> int:
        return hash((self.share, self.errors))


@functools.lru_cache(maxsize=16)
def with_duplicates(
    schema: "Schema", declared: RecordErrors | None, share: float, mean_errors: float
) -> "Schema":
    """Return a schema some of whose rows are second records; a share of 0 changes nothing.

    mean_errors: of a second record. Raises SpecError where the schema declares no errors, or too few of them
    for so many.
    """
    if not share:
        return schema
    if declared is None:
        raise SpecError(
            f"duplicates={share:g} needs to know what goes wrong in second records, and schema {schema.name} "
            "does not say it; add [[duplicates.error]] to it (docs/schema-format.md), or use duplicates=0"
        )
    errors = tuple(one for error in declared.errors for one in _of_each_column(error))
    lacking = {name for error in errors if error.kind == "missing" for name in error.columns}
    return dataclasses.replace(
        schema,
        columns=tuple(
            dataclasses.replace(column, nulls=column.nulls or Nulls()) if column.name in lacking else column
            for column in schema.columns
        ),
        duplicates=Duplicates(share, declared.compare, _rated(errors, mean_errors)),
    )


def _of_each_column(error: RecordError) -> tuple[RecordError, ...]:
    if error.alone:
        return (error,)
    share = error.share / len(error.columns)
    return tuple(dataclasses.replace(error, columns=(name,), share=share) for name in error.columns)


def _rated(errors: Sequence[RecordError], mean: float) -> tuple[RecordError, ...]:
    """Return the errors with rates in proportion to their shares, at most 1, that add up to the mean."""
    if mean > len(errors):
        raise SpecError(
            f"duplicate_errors={mean:g} is more than the {len(errors)} errors that a second record can have "
            f"here; use {len(errors)} or less"
        )
    certain: set[int] = set()
    while True:
        left = sum(error.share for place, error in enumerate(errors) if place not in certain)
        factor = (mean - len(certain)) / left if left else 0.0
        found = {
            place for place, error in enumerate(errors) if place not in certain and error.share * factor >= 1
        }
        if not found:
            break
        certain |= found
    rates = (1.0 if place in certain else error.share * factor for place, error in enumerate(errors))
    return tuple(dataclasses.replace(error, share=rate) for error, rate in zip(errors, rates, strict=True))
