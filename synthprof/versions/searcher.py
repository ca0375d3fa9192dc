"""An open index and encoder of a version, and the queries that they take."""

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from synthprof.base.arrays import Ids, Matrix
from synthprof.base.errors import SpecError
from synthprof.encoders.encoder import TextEncoder, encoder_of
from synthprof.encoders.slow.encoder import SlowEncoder
from synthprof.versions.filters import Filter, parse_conditions
from synthprof.versions.open_index import Found, OpenIndex, open_index
from synthprof.versions.published import Published

MAX_HITS = 1_000

PATIENT_SECONDS, HASTY_SECONDS = (60.0, 60.0), (10.0, 0.0)
"""Seconds for an answer of the embedding service, and for waits: of a caller who may wait, and of others."""


@dataclass(frozen=True)
class Query:
    """A query: the number of results, conditions, and whether every row is compared.

    check: called before each block of an exact comparison; an exception that it raises ends the search.
    """

    k: int = 10
    conditions: tuple[Filter, ...] = ()
    exact: bool = False
    check: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 1 <= self.k <= MAX_HITS:
            remedy = "ask for one or more" if self.k < 1 else "ask for fewer"
            raise SpecError(f"k={self.k} is not within 1 to {MAX_HITS}; {remedy}")


class Searcher:
    """An open version: its index and encoder are loaded when first needed and kept until it is closed.

    threads: threads of a search. patient: whether a busy embedding service is asked again; else it is
    asked once, for ten seconds. opened: resources to close, such as connections of a service.
    """

    def __init__(self, version: Published, threads: int = 1, patient: bool = True) -> None:
        self.version = version
        self.threads = threads
        self.patient = patient
        self.opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()

    @functools.cached_property
    def encoder(self) -> TextEncoder:
        """The encoder of texts. Raises SpecError if the encoder takes no texts or has changed since."""
        spec = self.version.spec
        encoder = encoder_of(spec, self.version.bundle, *(PATIENT_SECONDS if self.patient else HASTY_SECONDS))
        if not isinstance(encoder, TextEncoder):
            raise SpecError(
                f"encoder={spec.encoder} cannot embed texts; search by example with `synthprof similar`, "
                "or make the data set with encoder=catalogue"
            )
        if isinstance(encoder, SlowEncoder):
            with ExitStack() as opened:
                opened.enter_context(encoder)
                self.version.check_identity(encoder.identity)
                self.opened.push(opened.pop_all())
        return encoder

    @property
    def index(self) -> Any:  # noqa: ANN401  FAISS's classes are untyped
        """The FAISS index. Raises SpecError if there is none, StageError if it is damaged."""
        return self._opened.index

    def growing(self, vector: Matrix, count: int, first: int) -> Iterator[Found]:
        """Yield what the index finds near a vector, with more and more effort; see `OpenIndex.growing`.

        Raises as `index`; StageError also if what it reads of the index is damaged.
        """
        return self._opened.growing(vector, count, first, self.threads)

    def among(self, vector: Matrix, count: int, allowed: Ids) -> Found:
        """Return the allowed rows that the index finds near a vector. Raises as `growing`."""
        return self._opened.among(vector, count, allowed, self.threads)

    @functools.cached_property
    def _opened(self) -> OpenIndex:
        return open_index(self.version)

    def query(self, k: int = 10, where: Sequence[str] = (), exact: bool = False) -> Query:
        """Return a query with conditions given as texts. Raises SpecError for a wrong one."""
        return Query(k, parse_conditions(self.version.schema, where), exact)


def open_searcher(version: Published, threads: int = 1, patient: bool = True) -> Searcher:
    """Return a searcher over a published version, to be closed by `with`; see `Searcher`."""
    return Searcher(version, threads, patient)
