"""Search in a published version: by text or by example, with conditions, and reasons for each result.

with open_searcher(open_version(home, "gamers")) as searcher:
    hits = search_text(searcher, "a few words", Query(k=10))
    hits = search_similar(searcher, 42, searcher.query(k=5, where=("colour=red", "height>=30")))
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from synthprof.base.arrays import Matrix
from synthprof.base.errors import SpecError
from synthprof.base.text import check_unicode
from synthprof.encoders.catalogue.meanings import Meaning, meanings_of, shared
from synthprof.encoders.encoder import WishEncoder
from synthprof.encoders.reading.reader import reader_of
from synthprof.encoders.reading.reading import Reading
from synthprof.schemas.draw_kinds.model import DrawModel
from synthprof.schemas.loader import KEY, TEXT
from synthprof.schemas.schema import Column
from synthprof.schemas.spans import MEASURED
from synthprof.similarity.near_pairs import FAR
from synthprof.spec.limits import MAX_TEXT
from synthprof.versions.asked import Asked, Loosened, filters_of, told
from synthprof.versions.nearest import Neighbourhood, embeddings_of, first_ids, nearest
from synthprof.versions.pictures import vector_of
from synthprof.versions.published import Published, stored
from synthprof.versions.reasons import Reasons
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


@dataclass(frozen=True)
class Answer:
    """The results of a search, best first, and how its text was read; None where it had none."""

    hits: tuple[Hit, ...]
    asked: Asked | None


def search_text(searcher: Searcher, text: str, query: Query = Query()) -> Answer:
    """Return the rows that meet the conditions in a text, those nearest to its wishes first.

    Of fewer such rows than are wanted, more follow that meet all but the last condition, then all but the
    last two, and so on; conditions of the query always hold. The texts of a collection are compared with the
    whole text. Raises SpecError if the text is blank, longer than 2,000 characters, or says nothing of a row.
    """
    _check_text(text)
    if searcher.version.spec.collection:
        return _search_texts(searcher, text, query)
    reader = reader_of(searcher.version.bundle)
    reading = reader.read(text)
    vector = _vector_of(searcher, text, reading)
    near = None if vector is None else Neighbourhood(searcher, vector)
    reasons = Reasons(searcher.version.bundle, reading)
    filters = filters_of(searcher.version.schema, reader, reading)
    found: dict[int, float] = {}
    loosened: list[Loosened] = []
    for kept in range(len(filters), -1, -1):
        narrowed = replace(query, conditions=(*query.conditions, *filters[:kept]))
        rows = _nearest(near, narrowed) if near else [(each, 0.0) for each in first_ids(searcher, narrowed)]
        for number, similarity in rows:
            found.setdefault(number, similarity)
        if len(found) >= query.k or not kept:
            break
        loosened.append(Loosened(len(found) + 1, str(reading.clauses[kept - 1])))
    asked = Asked(
        conditions=told(reading.clauses),
        ignored=reading.words,
        loosened=tuple(each for each in loosened if each.first <= len(found)),
        ranked=vector is not None,
        language=reading.language,
    )
    return Answer(_hits(searcher, list(found.items())[: query.k], reasons.of), asked)


def _search_texts(searcher: Searcher, text: str, query: Query) -> Answer:
    """Return the texts or pictures of a collection that are nearest to a text."""
    if searcher.version.spec.pictures:
        vector = searcher.encoder.encode_text([text])
        if not vector.any():
            raise SpecError(f"{text!r} says nothing to the model of this version; try other words")
        return Answer(_pictures(searcher, vector, query), Asked())
    named = meanings_of(searcher.version.bundle).read(text)
    if searcher.encoder.fast:
        placed, nowhere = searcher.encoder.encode_text([text, ""])
        if not (placed != nowhere).any():
            raise _says_nothing(text)
    found = _nearest(Neighbourhood(searcher, searcher.encoder.encode_text([text])), query)
    return Answer(_hits(searcher, found, lambda row: named.agreeing_text(row[TEXT])), Asked())


def _vector_of(searcher: Searcher, text: str, reading: Reading) -> Matrix | None:
    """Return the embedding of the wishes, (1, dim); None if nothing ranks the rows.

    What is denied is wished by its opposite where nothing else is. Raises SpecError if the text says nothing.
    """
    encoder, bundle = searcher.encoder, searcher.version.bundle
    if not isinstance(encoder, WishEncoder):
        return encoder.encode_text([reading.rest or text])
    words = reading.words if bundle.encoding.reads_words(bundle.schema) else ()
    if not (reading.clauses or reading.wishes or reading.denied or words):
        raise _says_nothing(text)
    vector = encoder.encode_wishes(reading.wishes, words)
    return encoder.encode_wishes(reading.denied, (), -1) if vector is None else vector


def _says_nothing(text: str) -> SpecError:
    return SpecError(f"{text!r} names nothing that can be searched for; name a game, a style, an hour …")


def search_similar(searcher: Searcher, profile_id: int, query: Query = Query()) -> tuple[Hit, ...]:
    """Return the rows nearest to a row, without it, nearest first, each with the attributes in common.

    Raises SpecError for an unknown id, and for a row without an embedding.
    """
    one = searcher.version.profile(profile_id)
    columns = [column.name for column in searcher.version.schema.columns if _tells(column)]
    vector = embeddings_of(searcher.version, profile_id, profile_id)
    if vector[0, 0] == FAR:
        name = one.get(KEY, profile_id)
        raise SpecError(f"id {name} has no embedding, as the service failed for it; choose another id")
    if searcher.version.spec.pictures:
        return _pictures(searcher, vector, query, profile_id)
    meanings = meanings_of(searcher.version.bundle)
    found = _nearest(Neighbourhood(searcher, vector), query, profile_id)
    if not searcher.version.spec.collection:
        near = meanings.near
        return _hits(searcher, found, lambda each: shared(one, each, columns, near))
    named = meanings.read(one[TEXT])

    def reasons(other: dict[str, Any]) -> tuple[Meaning, ...]:
        return (*named.agreeing_text(other[TEXT]), *shared(one, other, columns, {}))

    return _hits(searcher, found, reasons)


def search_picture(
    searcher: Searcher, image: Path | bytes, query: Query = Query(), most_pixels: int = 0
) -> tuple[Hit, ...]:
    """Return the pictures nearest to another one, which need not be in the version, nearest first.

    image: a file, or the bytes of one. most_pixels: of one from strangers; 0 for any that can be decoded.
    Raises SpecError if the version holds no pictures, or the picture cannot be read.
    """
    return _pictures(searcher, vector_of(searcher, image, most_pixels), query)


def _pictures(searcher: Searcher, vector: Matrix, query: Query, without: int = 0) -> tuple[Hit, ...]:
    """Return the pictures nearest to a vector: equal sizes or formats are no reason."""
    return _hits(searcher, _nearest(Neighbourhood(searcher, vector), query, without), lambda _: ())


def _tells(column: Column) -> bool:
    """Return whether values that are equal or, of what is measured, near are a reason."""
    if isinstance(column.draw, DrawModel):
        return column.kind in (*REASON_COLUMNS, *MEASURED) or bool(column.values)
    return column.kind in REASON_COLUMNS


def _check_text(text: str) -> None:
    """Raise SpecError for a text that is blank, too long or no valid Unicode."""
    if not 1 <= len(text.strip()) <= MAX_TEXT or len(text) > MAX_TEXT:
        fault = "is blank" if text.isspace() else f"has {len(text)} characters"
        raise SpecError(f"the text {fault}; write 1 to {MAX_TEXT}, such as a few words on what a row has")
    check_unicode(text)


def _nearest(near: Neighbourhood, query: Query, without: int = 0) -> list[tuple[int, float]]:
    """Return the id and the similarity of each of the nearest rows."""
    ids, similarities = nearest(near, query, without)
    return list(zip(ids.tolist(), map(float, similarities), strict=True))


def _hits(
    searcher: Searcher,
    found: Sequence[tuple[int, float]],
    reasons: Callable[[dict[str, Any]], tuple[Meaning, ...]],
) -> tuple[Hit, ...]:
    profiles = _profiles(searcher.version, [number for number, _ in found])
    return tuple(
        Hit(rank, number, similarity, profiles[number], reasons(profiles[number]))
        for rank, (number, similarity) in enumerate(found, start=1)
    )


def _profiles(version: Published, ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    rows = stored(version).rows(ids=np.sort(np.array(ids, np.int64)))
    return {row["id"]: version.schema.as_values(row) for row in rows.to_pylist()}
