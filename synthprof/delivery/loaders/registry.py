"""The targets by scheme, each loaded when it is asked for."""

import importlib

from synthprof.base.errors import SpecError
from synthprof.base.extras import check_installed
from synthprof.delivery.loaders.address import TABLE, Address
from synthprof.delivery.loaders.target import Kind

MODULES = {
    "postgresql": "postgresql",
    "qdrant": "qdrant",
    "milvus": "milvus",
    "weaviate": "weaviate",
    "elasticsearch": "elasticsearch",
    "opensearch": "opensearch",
    "chroma": "chroma",
    "lancedb": "lancedb",
    "redis": "redis",
    "sqlite": "sqlite",
    "duckdb": "duckdb",
}
"""The module of each scheme, in the order in which help lists them."""

TITLES = {
    "postgresql://host/database": "PostgreSQL with pgvector",
    "qdrant://host/collection, qdrant+file:folder": "Qdrant server, or its local mode",
    "milvus://host/database, milvus+file:rows.db": "Milvus server, or Milvus Lite",
    "weaviate://host/Collection": "Weaviate",
    "elasticsearch://host/index": "Elasticsearch",
    "opensearch://host/index": "OpenSearch",
    "chroma://host/collection, chroma+file:folder": "Chroma server, or embedded",
    "lancedb:folder": "LanceDB",
    "redis://host/0": "Redis or Valkey",
    "sqlite:rows.db": "SQLite with sqlite-vec",
    "duckdb:rows.duckdb": "DuckDB",
}
"""The forms of URLs, for help; `?table=NAME` names the table of any."""

ALSO = {"postgres": "postgresql", "rediss": "redis", "valkey": "redis", "valkeys": "redis"}
"""Other names of schemes."""


NAMED_BY_PATH = ("qdrant", "weaviate", "elasticsearch", "opensearch", "chroma")
"""Servers without databases: the last part of the path names the table."""


def find(address: Address) -> Kind:
    """Return the kind of target that an address names, once its packages are there.

    Raises SpecError for an unknown scheme, variant or option, or if a package is missing.
    """
    name = ALSO.get(address.scheme, address.scheme)
    if name not in MODULES:
        raise SpecError(
            f"into={address}: there is no target {address.scheme!r}; there are: {', '.join(MODULES)}"
        )
    kind: Kind = importlib.import_module(f"synthprof.delivery.loaders.targets.{MODULES[name]}").KIND
    if address.variant not in kind.variants:
        known = [f"{name}+{each}://" if each else f"{name}://" for each in kind.variants]
        raise SpecError(
            f"into={address}: {kind.title} has no {address.variant!r}; write {' or '.join(known)}"
        )
    wrong = sorted(address.options.keys() - {TABLE, *kind.options})
    if wrong:
        known = [TABLE, *kind.options]
        raise SpecError(
            f"into={address}: {', '.join(wrong)} is no option of {kind.title}; use one of: {', '.join(known)}"
        )
    check_installed(kind.extra, *kind.packages)
    return kind
