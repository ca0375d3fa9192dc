"""Elasticsearch 8 or newer, by its own client: an index with a `dense_vector`."""

from dataclasses import dataclass
from typing import Any

from synthprof.base.errors import StageError, first_line
from synthprof.delivery.loaders.address import Address
from synthprof.delivery.loaders.engine import PORT, SECONDS, Engine
from synthprof.delivery.loaders.target import Kind, Layout, Target

SIMILARITIES = {"cosine": "cosine", "dot": "max_inner_product", "l2": "l2_norm"}


@dataclass(frozen=True)
class Elasticsearch:
    """The words of Elasticsearch."""

    def vector_type(self, layout: Layout) -> dict[str, Any]:
        """Return the declaration of the vector's column."""
        kind = {"type": "dense_vector", "dims": layout.dim, "index": layout.index}
        return kind | ({"similarity": SIMILARITIES[layout.metric]} if layout.index else {})

    def settings(self) -> dict[str, Any]:
        """Return the settings of the index: it is refreshed once all rows are there."""
        return {"index": {"refresh_interval": "-1"}}

    def query(self, layout: Layout, vector: list[float], k: int, must: list[Any]) -> dict[str, Any]:
        """Return the body of a search."""
        nearest: dict[str, Any] = {"field": layout.vector, "query_vector": vector, "k": k}
        nearest["num_candidates"] = max(100, 2 * k)
        return {"knn": nearest | ({"filter": must} if must else {})}


def connect(address: Address, layout: Layout) -> Target:
    """Return the index. Raises StageError if nobody answers, SpecError for a wrong password."""
    import elastic_transport
    import elasticsearch

    client = elasticsearch.Elasticsearch(
        f"{address.variant or 'http'}://{address.host or 'localhost'}:{address.port or PORT}",
        basic_auth=(address.user, address.password) if address.user else None,
        api_key=address.password if address.password and not address.user else None,
        request_timeout=SECONDS,
        retry_on_timeout=True,
        retry_on_status=(502, 503, 504),  # 429 waits longer (`bulk.send`)
        max_retries=3,
    )

    def ask(method: str, path: str, body: Any) -> tuple[int, Any]:  # noqa: ANN401
        kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
        headers = {"accept": "application/json"} | ({} if body is None else {"content-type": kind})
        try:
            answer = client.perform_request(method, path, headers=headers, body=body)
        except elasticsearch.ApiError as error:
            return error.status_code, error.body
        except (elastic_transport.TransportError, elasticsearch.UnsupportedProductError) as error:
            said = address.without_secret(first_line(error))[:300]
            raise StageError(
                f"cannot reach {address}: {said}; check host and port, and that Elasticsearch runs there"
            ) from None
        return answer.meta.status, answer.body

    return Engine(address, layout, ask, Elasticsearch(), client.close)


KIND = Kind(
    name="elasticsearch",
    title="Elasticsearch",
    extra="load-elasticsearch",
    packages=("elasticsearch",),
    variants=("", "https"),
    names="[A-Za-z]",
    rule="with a letter first",
    open=connect,
)
