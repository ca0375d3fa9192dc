"""An open index and encoder of a version, and the queries that they take."""

import functools
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import faiss

from synthprof.base.digests import sha256
from synthprof.base.errors import SpecError, StageError
from synthprof.encoders.encoder import TextEncoder, encoder_of
from synthprof.encoders.slow.encoder import SlowEncoder
from synthprof.spec.contents import INDEX
from synthprof.versions.filters import Filter, parse_conditions
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

    threads: threads of an exact search. patient: whether a busy embedding service is asked again; else it is
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

    @functools.cached_property
    def index(self) -> Any:  # noqa: ANN401  FAISS's classes are untyped
        """The FAISS index. Raises SpecError if there is none, StageError if it is damaged."""
        return _load_index(self.version)

    def query(self, k: int = 10, where: Sequence[str] = (), exact: bool = False) -> Query:
        """Return a query with conditions given as texts. Raises SpecError for a wrong one."""
        return Query(k, parse_conditions(self.version.schema, where), exact)


def open_searcher(version: Published, threads: int = 1, patient: bool = True) -> Searcher:
    """Return a searcher over a published version, to be closed by `with`; see `Searcher`."""
    return Searcher(version, threads, patient)


def _load_index(version: Published) -> Any:  # noqa: ANN401
    """Read the index, if its file has the checksum in the manifest."""
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
        raise StageError(f"{path} does not belong to this version; publish it again")
    return found
