"""A version whose index is open, and the queries it takes."""

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
from synthprof.versions.filters import Condition, OneOf, parse_conditions
from synthprof.versions.published import Published

MAX_HITS = 1_000


PATIENT_SECONDS, HASTY_SECONDS = 60.0, 10.0
"""For an answer of the embedding service, where its caller may wait and where others wait behind."""


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
        if not 1 <= self.k <= MAX_HITS:
            remedy = "ask for one or more" if self.k < 1 else "ask for fewer"
            raise SpecError(f"k={self.k} is not within 1 to {MAX_HITS}; {remedy}")


class Searcher:
    """An open version: its index and encoder are loaded when first needed, then kept until it is closed.

    threads: of one exact search. patient: a service that is busy is asked again; else once, within ten
    seconds. opened: what closing it closes, the connections of a service for instance.
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
        return Query(k, parse_conditions(self.version.schema, where), exact)


def open_searcher(version: Published, threads: int = 1, patient: bool = True) -> Searcher:
    """A searcher over a published version, to be closed by `with`; see `Searcher`."""
    return Searcher(version, threads, patient)


def _load_index(version: Published) -> Any:  # noqa: ANN401
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
