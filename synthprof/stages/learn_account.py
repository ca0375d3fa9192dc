"""The account of a schema learned from a table: for programs a document, for people tables and sentences."""

from collections.abc import Iterator
from typing import Any

from synthprof.sources.learning.nearness import PairNearness
from synthprof.sources.learning.survey import Key, Omitted
from synthprof.stages.learn import SchemaFrom


def document(found: SchemaFrom) -> dict[str, Any]:
    """Return all figures as JSON has them."""
    learned, near = found.learned, found.learned.nearness
    return {
        "schema": str(found.file),
        "source": learned.source,
        "read_as": learned.said,
        "rows": learned.rows,
        "left_out": learned.left_out,
        "min_count": learned.min_count,
        "columns": list(_columns(found)),
        "one_way_error": near.one_way,
        "two_way_error": near.two_way,
        "correlation_difference": near.correlation_difference,
        "tree": [_pair(each) for each in near.pairs if each.on_tree],
        "worst_other_pairs": [_pair(each) for each in near.worst_others],
        "classifier_auc": found.auc,
    }


def _columns(found: SchemaFrom) -> Iterator[dict[str, Any]]:
    learned = found.learned
    for column in learned.columns:
        about: dict[str, Any] = {"name": column.name, "source": column.source}
        if column.place is None:
            why = column.plan.why if isinstance(column.plan, Omitted) else None
            yield about | {"learned_as": "key" if isinstance(column.plan, Key) else None, "why_not": why}
            continue
        coded, near = learned.coded[column.place], learned.nearness.columns[column.place]
        edge = learned.edges.get(column.place)
        yield about | {
            "learned_as": coded.grid.kind,
            "why_not": None,
            "values": coded.size - coded.nullable,
            "given": learned.coded[edge.parent].name if edge else None,
            "error": near.error,
            "distance": near.distance,
            "nulls": near.nulls,
            "learned_nulls": near.learned_nulls,
        }


def _pair(pair: PairNearness) -> dict[str, Any]:
    return {
        "columns": list(pair.columns),
        "bands": list(pair.bands),
        "error": pair.error,
        "correlation": pair.correlation,
        "learned_correlation": pair.learned_correlation,
    }


HEADS = ("column", "learned as", "values", "given", "error", "nulls")
"""The titles of the table of columns."""


def rows(found: SchemaFrom) -> list[tuple[str, ...]]:
    """Return the table of columns, a row for each, as texts."""
    return [_row(each) for each in _columns(found)]


def _row(about: dict[str, Any]) -> tuple[str, ...]:
    if about["learned_as"] in (None, "key"):
        return about["name"], about["learned_as"] or "not learned", "–", "–", "–", "–"
    return (
        about["name"],
        about["learned_as"],
        f"{about['values']:,}",
        about["given"] or "–",
        f"{about['error']:.4f}",
        f"{about['learned_nulls']:.1%}",
    )


def sentences(found: SchemaFrom) -> Iterator[str]:
    """Yield the other figures, and what people should know, a sentence each."""
    learned, near = found.learned, found.learned.nearness
    yield f"Error of one column {near.one_way:.4f} at most, of two along the tree {near.two_way:.4f}."
    if worst := near.worst_others:
        first = worst[0]
        yield (
            f"Of all other pairs {' and '.join(first.columns)} are told worst, with an error of "
            f"{first.error:.4f}; correlations differ by {near.correlation_difference:.2f} at most."
        )
    if found.auc is not None:
        yield (
            "A classifier tells drawn rows from real ones with an area under the curve of "
            f"{found.auc:.3f}; 0.5 is chance."
        )
    for column in learned.columns:
        if isinstance(column.plan, Omitted):
            yield f"{column.source!r} is not learned: {column.plan.why}."
    if learned.left_out:
        yield f"{learned.left_out:,} rows could not be read and take no part."
    yield (
        f"Every value, range and joint count is that of {learned.min_count} rows or more. This is no "
        "differential privacy: who knows most of the rows may infer others from sums."
    )
