"""OpenSearch 2 or newer, by its own client: an index with a `knn_vector` in Lucene's HNSW."""

from dataclasses import dataclass
from typing import Any

from synthprof.base.errors import StageError, first_line
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.engine import PORT, SECONDS, Engine
from synthprof.delivery.loaders.target import Kind, Layout, Target

SPACES = {"cosine": "cosinesimil", "dot": "innerproduct", "l2": "l2"}


@dataclass(frozen=True)
class OpenSearch:
    """The words of OpenSearch."""

    def vector_type(self, layout: Layout) -> dict[str, Any]:
        """Return the declaration of the vector's column."""
        method = {"name": "hnsw", "engine": "lucene", "space_type": SPACES[layout.metric]}
        return {"type": "knn_vector", "dimension": layout.dim, "method": method}

    def settings(self) -> dict[str, Any]:
        """Return the settings of the index: it is refreshed once all rows are there."""
        return {"index": {"knn": True, "refresh_interval": "-1"}}

    def query(self, layout: Layout, vector: list[float], k: int, must: list[Any]) -> dict[str, Any]:
        """Return the body of a search."""
        nearest: dict[str, Any] = {"vector": vector, "k": k}
        nearest |= {"filter": {"bool": {"must": must}}} if must else {}
        return {"query": {"knn": {layout.vector: nearest}}}


def connect(address: Address, layout: Layout) -> Target:
    """Return the index. Raises StageError if nobody answers, SpecError for a wrong password."""
    import opensearchpy

    client = opensearchpy.OpenSearch(
        hosts=[{"host": address.host or "localhost", "port": address.port or PORT}],
        use_ssl=address.variant == "https",
        http_auth=(address.user, address.password) if address.user else None,
        timeout=SECONDS,
        retry_on_timeout=True,
        retry_on_status=(502, 503, 504),  # 429 waits longer (`bulk.send`)
        max_retries=3,
    )

    def ask(method: str, path: str, body: Any) -> tuple[int, Any]:  # noqa: ANN401
        kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
        headers = {} if body is None else {"content-type": kind}
        try:
            return 200, client.transport.perform_request(method, path, headers=headers, body=body)
        except opensearchpy.ConnectionError as error:
            said = address.without_secret(first_line(error))[:300]
            raise StageError(
                f"cannot reach {address}: {said}; check host and port, and that OpenSearch runs there"
            ) from None
        except opensearchpy.TransportError as error:
            return int(error.status_code), error.info

    return Engine(address, layout, ask, OpenSearch(), client.close)


KIND = Kind(
    name="opensearch",
    title="OpenSearch",
    extra="load-opensearch",
    packages=("opensearchpy",),
    variants=("", "https"),
    names="[A-Za-z]",
    rule="with a letter first",
    open=connect,
)
