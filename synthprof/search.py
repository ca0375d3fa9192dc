"""Search in a published version: by text, by example, filtered by columns, with the reason for each result.

with open_searcher(open_version(home, "gamers")) as searcher:
    hits = search_text(searcher, "joga RPG de madrugada no PC", Query(k=10))
    hits = search_similar(searcher, 42, searcher.query(k=5, where=("estado=SP", "idade>=30")))
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Self

import faiss
import numpy as np

from synthprof import recall
from synthprof.arrays import Ids, Matrix
from synthprof.contents import EMBEDDINGS_DB, INDEX, PERFIS
from synthprof.database import check_unicode, read
from synthprof.encoders import TextEncoder, encoder_of
from synthprof.encoders.meanings import LANGUAGES, Meaning, Meanings, load_meanings, shared
from synthprof.encoders.slow import SlowEncoder
from synthprof.errors import SpecError, StageError
from synthprof.explore import Version
from synthprof.files import sha256
from synthprof.filters import Condition, OneOf, parse_conditions, where
from synthprof.limits import MOST_TEXT
from synthprof.profiles import KEY, TEXT, schema_of
from synthprof.schema import Schema
from synthprof.spec import BLOCK_ROWS

MOST_HITS = 1_000

LEAST_SIMILARITY = -1.5
"""Below this lies only what has no embedding."""

PATIENT_SECONDS, HASTY_SECONDS = 60.0, 10.0
"""For an answer of the embedding service, where its caller may wait and where others wait behind."""

TRIED_FIRST = 200
"""So many neighbours are looked up first when there are conditions; most conditions leave enough of them."""

FIRST_EFFORT = 4
"""Times the effort stored in the index, with which a search begins."""

SETTLED = 0.99
"""Share of the neighbours found with twice the effort that were found before: then the search ends."""

REASON_COLUMNS = ("category", "list", "integer")
"""Kinds of column whose agreement is a reason; a name or a flag that agrees says little."""


@dataclass(frozen=True)
class Query:
    """How many profiles are wanted, under which conditions, and whether every profile is compared.

    check: called before each block of an exact comparison; what it raises ends the search.
    """

    k: int = 10
    conditions: tuple[Condition | OneOf, ...] = ()
    exact: bool = False
    check: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MOST_HITS:
            remedy = "ask for one or more" if self.k < 1 else "ask for fewer"
            raise SpecError(f"k={self.k} is not within 1 to {MOST_HITS}; {remedy}")


@dataclass(frozen=True)
class Hit:
    """One result: its place from 1, its cosine similarity, the profile, and what of it agrees."""

    rank: int
    id: int
    similarity: float
    profile: dict[str, Any]
    reasons: tuple[Meaning, ...]


class Searcher:
    """An open version: its index and encoder are loaded when first needed, then kept until it is closed.

    threads: of one exact search. patient: a service that is busy is asked again; else once, within ten
    seconds. opened: what closing it closes, the connections of a service for instance.
    """

    def __init__(self, version: Version, threads: int = 1, patient: bool = True) -> None:
        self.version = version
        self.threads = threads
        self.patient = patient
        self.opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()

    @functools.cached_property
    def schema(self) -> Schema:
        """The columns of its profiles."""
        return schema_of(self.version.spec)

    @functools.cached_property
    def encoder(self) -> TextEncoder:
        """What places a text among its profiles. Raises SpecError if its encoder cannot or has changed."""
        spec = self.version.spec
        encoder = encoder_of(spec, PATIENT_SECONDS if self.patient else HASTY_SECONDS)
        if not isinstance(encoder, TextEncoder):
            raise SpecError(
                f"encoder={spec.encoder} has no place for texts; search by example with `synthprof similar`, "
                "or make the data set with encoder=catalogue"
            )
        if isinstance(encoder, SlowEncoder):
            with ExitStack() as opened:
                opened.enter_context(encoder)
                self.version.check_identity(encoder.identity)
                self.opened.push(opened.pop_all())
            if not self.patient:
                encoder.stopping.set()
        return encoder

    @functools.cached_property
    def index(self) -> Any:  # noqa: ANN401  FAISS's classes are untyped
        """The FAISS index. Raises SpecError if there is none, StageError if it is damaged."""
        return _load_index(self.version)

    def query(self, k: int = 10, where: Sequence[str] = (), exact: bool = False) -> Query:
        """The query with its conditions as people write them. Raises SpecError where they are wrong."""
        return Query(k, parse_conditions(self.schema, where), exact)


def open_searcher(version: Version, threads: int = 1, patient: bool = True) -> Searcher:
    """A searcher over a published version, to be closed by `with`; see `Searcher`."""
    return Searcher(version, threads, patient)


def search_text(searcher: Searcher, text: str, query: Query = Query()) -> tuple[Hit, ...]:
    """The profiles nearest to the text, the nearest first, with the attributes it names that they have.

    Homes and languages that it names are conditions too, unless nobody meets them. Raises SpecError if the
    text is empty, longer than 2,000 characters or says nothing that can be sought.
    """
    vector = _place(searcher, text)
    meanings = load_meanings(searcher.version.spec.profile_schema)
    asked = meanings.of_text(text)
    if searcher.version.spec.collection:
        return _hits(searcher, vector, query, lambda row: _named_by_both(asked, meanings.of_text(row[TEXT])))

    def hits(conditions: tuple[Condition | OneOf, ...]) -> tuple[Hit, ...]:
        narrowed = replace(query, conditions=(*query.conditions, *conditions))
        return _hits(searcher, vector, narrowed, lambda profile: meanings.agreeing(asked, profile))

    told = _told(searcher, meanings, asked)
    return (told and hits(told)) or hits(())


def search_similar(searcher: Searcher, profile_id: int, query: Query = Query()) -> tuple[Hit, ...]:
    """The profiles nearest to that profile, itself left out, with the attributes they have in common.

    Raises SpecError if there is no such id.
    """
    one = searcher.version.profile(profile_id)
    columns = [column.name for column in searcher.schema.columns if column.kind in REASON_COLUMNS]
    vector = _embeddings(searcher.version, profile_id, profile_id)
    if vector[0, 0] == recall.FAR:
        name = one.get(KEY, profile_id)
        raise SpecError(f"id {name} has no embedding, the service failed it; ask for another one")
    if not searcher.version.spec.collection:
        return _hits(searcher, vector, query, lambda other: shared(one, other, columns), without=profile_id)
    meanings = load_meanings(searcher.version.spec.profile_schema)
    named = meanings.of_text(one[TEXT])

    def reasons(other: dict[str, Any]) -> tuple[Meaning, ...]:
        return (*_named_by_both(named, meanings.of_text(other[TEXT])), *shared(one, other, columns))

    return _hits(searcher, vector, query, reasons, without=profile_id)


def nearest(searcher: Searcher, vector: Matrix, query: Query, without: int = 0) -> tuple[Ids, Matrix]:
    """Ids (n,) int64 and cosine similarities (n,) float32 of the n <= k nearest profiles, the nearest first.

    vector: (1, dim) float32 of norm 1. without: an id to leave out.
    """
    wanted = min(query.k + bool(without), searcher.version.manifest.rows)
    if query.exact:
        allowed = _matching(searcher.version, query) if query.conditions else None
        found = _nearest_exact(searcher, vector, query, wanted, allowed)
    elif query.conditions:
        found = _nearest_filtered(searcher, vector, query, wanted)
    else:
        found = _nearest_all(searcher, vector, wanted)
    ids, similarities = found
    kept = (ids > 0) & (ids != without)
    return ids[kept][: query.k], similarities[kept][: query.k]


def _named_by_both(one: Sequence[Meaning], other: Sequence[Meaning]) -> tuple[Meaning, ...]:
    """What two texts both speak of, as far as the lexicon knows it."""
    return tuple(meaning for meaning in one if meaning in other)


def _told(searcher: Searcher, meanings: Meanings, asked: Sequence[Meaning]) -> tuple[Condition | OneOf, ...]:
    """Where somebody lives and what is spoken, as far as the text names it: `catalogue` hardly shows that."""
    if not searcher.encoder.fast:
        return ()
    column = searcher.schema.column
    ways = tuple(
        tuple(Condition(column(each.column), "=", each.value) for each in home)
        for home in meanings.homes(asked)
    )
    spoken = (Condition(column(LANGUAGES), "=", each.value) for each in asked if each.column == LANGUAGES)
    return (*((OneOf(ways),) if ways else ()), *spoken)


def _place(searcher: Searcher, text: str) -> Matrix:
    """The text's embedding, (1, dim)."""
    if not 1 <= len(text.strip()) <= MOST_TEXT or len(text) > MOST_TEXT:
        fault = "is blank" if text.isspace() else f"has {len(text)} characters"
        raise SpecError(f"the text {fault}; write 1 to {MOST_TEXT}, such as: joga RPG de madrugada")
    check_unicode(text)
    if searcher.encoder.fast and not _says_something(searcher, text):
        raise SpecError(f"{text!r} says nothing that could be matched; name a game, a style, an hour …")
    return searcher.encoder.encode_text([text])


def _says_something(searcher: Searcher, text: str) -> bool:
    """Whether the text names what the catalogue knows; among texts of others, whether it has a word."""
    if not searcher.version.spec.collection:
        return bool(load_meanings(searcher.version.spec.profile_schema).of_text(text))
    placed, nowhere = searcher.encoder.encode_text([text, ""])
    return bool((placed != nowhere).any())


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


def _profiles(version: Version, ids: Ids) -> dict[int, dict[str, Any]]:
    marks = ",".join("?" * len(ids))
    rows = read(version.folder / PERFIS, f"SELECT * FROM perfis WHERE id IN ({marks})", tuple(ids.tolist()))
    return {row["id"]: row for row in rows.to_pylist()}


# --- nearest profiles ------------------------------------------------------------------------------------


def _nearest_all(searcher: Searcher, vector: Matrix, wanted: int) -> tuple[Ids, Matrix]:
    """What the index finds, -1 for what it does not: sought with more effort until that finds little else.

    The effort stored in the index is enough for vectors like those in it; texts lie farther away.
    """
    target, name, most = recall.effort(searcher.index)
    effort = FIRST_EFFORT * getattr(target, name) if name else most
    before: Ids = np.zeros(0, np.int64)
    while True:
        params = recall.with_effort(name, min(effort, most))
        squared, ids = searcher.index.search(np.ascontiguousarray(vector), wanted, params=params)
        if effort >= most or np.isin(ids, before).mean() >= SETTLED:
            return ids[0], np.float32(1) - squared[0] / np.float32(2)
        effort, before = 2 * effort, ids


def _nearest_filtered(searcher: Searcher, vector: Matrix, query: Query, wanted: int) -> tuple[Ids, Matrix]:
    """The nearest that meet the conditions: among the very nearest or, if those are too few, among all."""
    tried = min(max(TRIED_FIRST, 4 * wanted), searcher.version.manifest.rows)
    ids, similarities = _nearest_all(searcher, vector, tried)
    kept = np.isin(ids, _matching(searcher.version, query, ids[ids > 0]))
    if kept.sum() >= wanted:
        return ids[kept], similarities[kept]
    allowed = _matching(searcher.version, query)
    wanted = min(wanted, len(allowed))
    if not wanted or _is_graph(searcher.index):
        return _nearest_exact(searcher, vector, query, wanted, allowed)
    squared, ids = searcher.index.search(vector, wanted, params=_among(searcher.index, allowed))
    return ids[0], np.float32(1) - squared[0] / np.float32(2)


def _matching(version: Version, query: Query, among: Ids | None = None) -> Ids:
    """The ids that meet the conditions, ascending; of those given, or of all."""
    clause = where(query.conditions)
    sql, parameters = f"SELECT id FROM perfis WHERE {clause.sql}", clause.parameters
    if among is not None:
        sql += f" AND id IN ({','.join('?' * len(among))})"
        parameters += tuple(among.tolist())
    rows = read(version.folder / PERFIS, f"{sql} ORDER BY id", parameters)
    found: Ids = rows.column("id").to_numpy().astype(np.int64)
    return found


def _is_graph(found: Any) -> bool:  # noqa: ANN401
    """Whether the index walks a graph, which loses its way when few of its nodes are allowed."""
    return hasattr(faiss.downcast_index(found.index), "hnsw") if hasattr(found, "index") else False


def _among(found: Any, allowed: Ids) -> Any:  # noqa: ANN401
    """Parameters of a search among these ids alone, which looks into every list: few ids may lie anywhere."""
    bits = np.zeros(int(allowed[-1]) // 8 + 1, np.uint8)
    np.bitwise_or.at(bits, allowed >> 3, (1 << (allowed & 7)).astype(np.uint8))
    api: Any = faiss  # its stubs lack these arguments
    selector = api.IDSelectorBitmap(bits)
    if hasattr(found, "nprobe"):
        return api.SearchParametersIVF(sel=selector, nprobe=found.nlist)
    return api.SearchParameters(sel=selector)


def _nearest_exact(
    searcher: Searcher, vector: Matrix, query: Query, wanted: int, allowed: Ids | None
) -> tuple[Ids, Matrix]:
    """The nearest by comparing every profile, or every one of these, read from `embeddings.db`."""
    blocks = _blocks(searcher.version, query, allowed)
    ids, similarities = recall.exact_neighbours(vector, blocks, wanted, threads=searcher.threads)
    there = (ids[0] > 0) & (similarities[0] > LEAST_SIMILARITY)
    found, similarities = ids[0][there], similarities[0][there]
    return (found if allowed is None else allowed[found - 1]), similarities


def _blocks(version: Version, query: Query, allowed: Ids | None) -> Iterator[Matrix]:
    """The embeddings of all profiles, or of these, by id, a block at a time."""
    for first in range(1, version.manifest.rows + 1, BLOCK_ROWS):
        query.check()
        last = min(first + BLOCK_ROWS - 1, version.manifest.rows)
        if allowed is None:
            yield _embeddings(version, first, last)
            continue
        chosen = allowed[np.searchsorted(allowed, first) : np.searchsorted(allowed, last, "right")]
        if len(chosen):
            yield _embeddings(version, first, last)[chosen - first]


def _embeddings(version: Version, first: int, last: int) -> Matrix:
    """The embeddings of a range of ids, (n, dim) float32."""
    query = "SELECT embedding FROM embeddings WHERE id BETWEEN ? AND ? ORDER BY id"
    blobs = read(version.folder / EMBEDDINGS_DB, query, (first, last)).column("embedding").to_pylist()
    nowhere = np.full(version.spec.dim_embedding, recall.FAR, "<f4").tobytes()
    found: Matrix = np.frombuffer(b"".join(blob or nowhere for blob in blobs), "<f4").astype(
        np.float32, copy=False
    )
    return found.reshape(len(blobs), version.spec.dim_embedding)


def _load_index(version: Version) -> Any:  # noqa: ANN401
    """The index, read from the file only if that is byte for byte the one in the manifest."""
    sealed = {file.path: file for file in version.manifest.files}.get(INDEX)
    if sealed is None:
        raise SpecError(
            f"version {version.manifest.version} has no index; search with --exact, or make one with "
            f"`synthprof build-index --dataset {version.manifest.dataset}`"
        )
    path = version.folder / INDEX
    if not path.is_file() or sha256(path) != sealed.sha256:
        raise StageError(f"{path} differs from its checksum in the manifest; publish the version again")
    found = faiss.read_index(str(path))
    if found.ntotal > version.manifest.rows or found.d != version.spec.dim_embedding:
        raise StageError(f"{path} is not of this version; publish it again")
    return found
