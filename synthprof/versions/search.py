"""Search in a published version: by text or by example, with conditions, and reasons for each result.

with open_searcher(open_version(home, "gamers")) as searcher:
    hits = search_text(searcher, "a few words", Query(k=10))
    hits = search_similar(searcher, 42, searcher.query(k=5, where=("colour=red", "height>=30")))
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError
from synthprof.base.text import check_unicode
from synthprof.encoders.catalogue.meanings import Meaning, ReadText, meanings_of, shared
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.loader import KEY, TEXT
from synthprof.schemas.schema import Column
from synthprof.schemas.spans import MEASURED
from synthprof.similarity import recall
from synthprof.spec.contents import PERFIS
from synthprof.spec.limits import MAX_TEXT
from synthprof.store.sqlite.database import read
from synthprof.versions.filters import Condition, OneOf
from synthprof.versions.literals import read_literal
from synthprof.versions.nearest import embeddings_of, nearest
from synthprof.versions.published import Published
from synthprof.versions.searcher import Query, Searcher

REASON_COLUMNS = ("category", "list", "integer")
"""Kinds of column whose equal values are a reason; equal names or flags mean little."""


@dataclass(frozen=True)
class Hit:
    """A result: its rank from 1, its cosine similarity, the row, and the attributes in common."""

    rank: int
    id: int
    similarity: float
    profile: dict[str, Any]
    reasons: tuple[Meaning, ...]


def search_text(searcher: Searcher, text: str, query: Query = Query()) -> tuple[Hit, ...]:
    """Return the rows nearest to the text, nearest first, each with the attributes that the text names.

    Homes and languages in the text are conditions too, unless no row meets them. Raises SpecError if the text
    is blank, longer than 2,000 characters, or has no word that the encoder knows.
    """
    _check_text(text)
    asked = meanings_of(searcher.version.bundle).read(text)
    vector = _embed_text(searcher, text, asked)
    if searcher.version.spec.collection:
        return _hits(searcher, vector, query, lambda row: asked.agreeing_text(row[TEXT]))

    def hits(conditions: tuple[OneOf, ...]) -> tuple[Hit, ...]:
        narrowed = replace(query, conditions=(*query.conditions, *conditions))
        return _hits(searcher, vector, narrowed, asked.agreeing)

    stated = _stated_conditions(searcher, asked)
    return (stated and hits(stated)) or hits(())


def search_similar(searcher: Searcher, profile_id: int, query: Query = Query()) -> tuple[Hit, ...]:
    """Return the rows nearest to a row, without it, nearest first, each with the attributes in common.

    Raises SpecError for an unknown id, and for a row without an embedding.
    """
    one = searcher.version.profile(profile_id)
    columns = [column.name for column in searcher.version.schema.columns if _tells(column)]
    vector = embeddings_of(searcher.version, profile_id, profile_id)
    if vector[0, 0] == recall.FAR:
        name = one.get(KEY, profile_id)
        raise SpecError(f"id {name} has no embedding, as the service failed for it; choose another id")
    meanings = meanings_of(searcher.version.bundle)
    if not searcher.version.spec.collection:
        near = meanings.near
        return _hits(searcher, vector, query, lambda each: shared(one, each, columns, near), profile_id)
    named = meanings.read(one[TEXT])

    def reasons(other: dict[str, Any]) -> tuple[Meaning, ...]:
        return (*named.agreeing_text(other[TEXT]), *shared(one, other, columns, {}))

    return _hits(searcher, vector, query, reasons, without=profile_id)


def _stated_conditions(searcher: Searcher, asked: ReadText) -> tuple[OneOf, ...]:
    """Return homes and languages of the text as conditions, for `catalogue` vectors hardly show them."""
    if not searcher.encoder.fast:
        return ()
    column = searcher.version.schema.column

    def condition(each: Meaning) -> Condition:
        of = column(each.column)
        return Condition(of, "=", read_literal(of, str(each), each.value))

    return tuple(OneOf(tuple(tuple(map(condition, way)) for way in ways)) for ways in asked.conditions)


def _embed_text(searcher: Searcher, text: str, asked: ReadText) -> Matrix:
    """Return the text's embedding, (1, dim). Raises SpecError if it names nothing to search for."""
    if searcher.encoder.fast and not _has_meaning(searcher, text, asked):
        raise SpecError(f"{text!r} names nothing that can be searched for; name a game, a style, an hour …")
    return searcher.encoder.encode_text([text])


def _tells(column: Column) -> bool:
    """Return whether values that are equal or, of what is measured, near are a reason."""
    if isinstance(column.draw, DrawModel):
        return column.kind in (*REASON_COLUMNS, *MEASURED) or bool(column.values)
    return column.kind in REASON_COLUMNS


def _has_meaning(searcher: Searcher, text: str, asked: ReadText) -> bool:
    """Return whether the text names a known attribute or, where words are embedded, has one that counts."""
    bundle, collection = searcher.version.bundle, searcher.version.spec.collection
    if not collection and not bundle.encoding.reads_words(bundle.schema):
        return bool(asked.attributes)
    placed, nowhere = searcher.encoder.encode_text([text, ""])
    return bool((placed != nowhere).any())


def _check_text(text: str) -> None:
    """Raise SpecError for a text that is blank, too long or no valid Unicode."""
    if not 1 <= len(text.strip()) <= MAX_TEXT or len(text) > MAX_TEXT:
        fault = "is blank" if text.isspace() else f"has {len(text)} characters"
        raise SpecError(f"the text {fault}; write 1 to {MAX_TEXT}, such as a few words on what a row has")
    check_unicode(text)


def _hits(
    searcher: Searcher,
    vector: Matrix,
    query: Query,
    reasons: Callable[[dict[str, Any]], tuple[Meaning, ...]],
    without: int = 0,
) -> tuple[Hit, ...]:
    ids, similarities = nearest(searcher, vector, query, without)
    profiles = _profiles(searcher.version, ids)
    return tuple(
        Hit(rank, number, float(similarity), profiles[number], reasons(profiles[number]))
        for rank, (number, similarity) in enumerate(zip(ids.tolist(), similarities, strict=True), start=1)
    )


def _profiles(version: Published, ids: Ids) -> dict[int, dict[str, Any]]:
    marks = ",".join("?" * len(ids))
    rows = read(version.folder / PERFIS, f"SELECT * FROM perfis WHERE id IN ({marks})", tuple(ids.tolist()))
    return {row["id"]: version.schema.as_values(row) for row in rows.to_pylist()}
