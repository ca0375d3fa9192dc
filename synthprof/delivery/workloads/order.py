"""The order of a workload: the parameters of the command, the DAG and the API. Light."""

import functools
from collections.abc import Mapping
from typing import Annotated, Any, TypedDict

from pydantic import AfterValidator, Field

from synthprof.base.errors import SpecError
from synthprof.delivery.order import Space, VersionOrder
from synthprof.spec.limits import LARGEST_INTEGER
from synthprof.spec.params import check_value, in_words
from synthprof.versions.derived import CLASSES as CLASSES

METRICS = ("cosine", "dot", "l2")
"""Measures of nearness. cosine, dot: the higher, the nearer. l2: squared Euclidean distance, as FAISS gives
it; the lower, the nearer."""

DEFAULT_MIX = (("in_distribution", 4.0), ("hard", 2.0), ("near_copy", 2.0), ("text", 2.0))
"""Parts of each class, of those that the version can have."""

_MIX = r"^( *(in_distribution|hard|near_copy|text) *= *[0-9]+(\.[0-9]+)? *(,(?! *$)|$))*$(?!\n)"
_FILTERS = r"^ *[a-z0-9_.]+( *, *[a-z0-9_.]+)* *$(?!\n)"
_METRICS = r"^ *(cosine|dot|l2)( *, *(cosine|dot|l2))* *$(?!\n)"


def mix_of(text: str) -> tuple[tuple[str, float], ...]:
    """Return the parts of the classes that a text names, in the fixed order; empty for an empty text.

    Raises SpecError for a class that is named twice, or if all parts are 0.

    >>> mix_of("text=1, in_distribution=3")
    (('in_distribution', 3.0), ('text', 1.0))
    """
    pairs = [tuple(map(str.strip, part.split("="))) for part in text.split(",") if part.strip()]
    parts = {name: float(part) for name, part in pairs}
    if len(parts) < len(pairs):
        raise SpecError(f"mix={text!r} names a class twice; name each once")
    if pairs and not sum(parts.values()):
        raise SpecError(f"mix={text!r} asks for no query; give one of the classes a part above 0")
    return tuple((name, parts[name]) for name in CLASSES if parts.get(name))


def names_of(text: str) -> tuple[str, ...]:
    """Return the names of a text with commas between them, each once."""
    return tuple(dict.fromkeys(name for name in map(str.strip, text.split(",")) if name))


def _canonical_mix(text: str) -> str:
    return ",".join(f"{name}={part:g}" for name, part in mix_of(text))


class WorkloadKeywords(TypedDict, total=False):
    """The parameters as keyword arguments, so that editors and type checkers know them."""

    version: str
    seed: int
    queries: int
    mix: str
    space: str
    metrics: str
    filters: str
    streams: str


class WorkloadOrder(VersionOrder):
    """The version to make a workload for, and the queries, measures, filters and streams that it has.

    >>> order = WorkloadOrder(dataset="gamers", queries=10, mix="hard=1, near_copy=3")
    >>> order.counts(order.parts)
    {'hard': 3, 'near_copy': 7}
    """

    seed: Annotated[
        int, Field(ge=0, le=LARGEST_INTEGER, description="The same seed gives the same queries.")
    ] = 1
    queries: Annotated[int, Field(ge=1, le=100_000, description="Number of queries.")] = 1_000
    mix: Annotated[
        str,
        Field(
            pattern=in_words("parts of classes, as in_distribution=4,hard=2,near_copy=2,text=2", _MIX),
            description="Parts of the classes of queries, as in_distribution=4,hard=2,near_copy=2,text=2; "
            "empty for these parts of the classes that the version can have.",
        ),
        AfterValidator(_canonical_mix),
    ] = ""
    space: Annotated[
        Space,
        Field(description="The vectors to search: embeddings, or the feature vectors of profiles."),
    ] = "embedding"
    metrics: Annotated[
        str,
        Field(
            pattern=in_words("cosine, dot and l2, joined by commas", _METRICS),
            description="Measures of nearness to answer by: cosine, dot and l2, joined by commas.",
        ),
        AfterValidator(lambda text: ",".join(names_of(text))),
    ] = "cosine"
    filters: Annotated[
        str,
        Field(
            pattern=in_words("names of filters joined by commas, as all or label_1p,range_2p", _FILTERS),
            description="Filters to answer the queries under: all for the usual ones, none, or names such as "
            "label_1p, label_1p_near50, column_5p, range_2p, and_1p and tenant_9, joined by commas.",
        ),
        AfterValidator(lambda text: ",".join(names_of(text))),
    ] = "none"

    streams: Annotated[
        str,
        Field(
            pattern=in_words("names of streams joined by commas, or none", _FILTERS),
            description="Streams of inserts, deletes, replacements and searches with answers to each search: "
            "growing, sliding_window and churn, joined by commas, or none.",
        ),
        AfterValidator(lambda text: ",".join(names_of(text))),
    ] = "none"

    @classmethod
    def check(cls, given: Mapping[str, Any]) -> None:
        """Raise SpecError also for a mix that asks for nothing."""
        check_value("mix", mix := str(given.get("mix", "")), cls.schemas()["mix"])
        mix_of(mix)

    @functools.cached_property
    def parts(self) -> tuple[tuple[str, float], ...]:
        """The parts of the classes as they are asked for; empty where the order leaves them open."""
        return mix_of(self.mix)

    def counts(self, parts: tuple[tuple[str, float], ...]) -> dict[str, int]:
        """Return the number of queries of each class, by largest remainder; the earlier class takes a tie."""
        total = sum(part for _, part in parts)
        exact = {name: self.queries * part / total for name, part in parts}
        found = {name: int(count) for name, count in exact.items()}
        by_rest = sorted(exact, key=lambda name: found[name] - exact[name])
        for name in by_rest[: self.queries - sum(found.values())]:
            found[name] += 1
        return {name: count for name, count in found.items() if count}

    def options(self, parts: tuple[tuple[str, float], ...]) -> dict[str, Any]:
        """Return what the bytes of the workload depend on beside the version, of JSON types."""
        return {
            "seed": self.seed,
            "queries": self.queries,
            "mix": dict(parts),
            "space": self.space,
            "metrics": list(names_of(self.metrics)),
            "filters": list(names_of(self.filters)),
            "streams": list(names_of(self.streams)),
        }
