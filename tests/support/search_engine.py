"""A search engine on loopback that answers as Elasticsearch and OpenSearch document, and fails on purpose.

Requests are checked as strictly as theirs: the types of content, the lines of a bulk request and their end,
the declared columns. Searches compare all vectors.
"""

import base64
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import numpy as np

FULL = {
    "type": "cluster_block_exception",
    "reason": "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];",
}
BUSY = {"type": "es_rejected_execution_exception", "reason": "rejected execution of coordinating operation"}


@dataclass
class Faults:
    """Faults to come. busy_requests, busy_rows: so many get a 429. full: no disk. wrong_row: refused."""

    busy_requests: int = 0
    busy_rows: int = 0
    full: bool = False
    wrong_row: str = ""
    password: str = ""


@dataclass
class SearchEngine:
    """The indices by name, each a mapping of properties and documents; requests by method and path."""

    url: str
    flavour: str
    faults: Faults = field(default_factory=Faults)
    mappings: dict[str, dict[str, Any]] = field(default_factory=dict)
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, kind: str, body: bytes) -> tuple[int, Any]:
        """The status and the document for a request."""
        index, _, action = path.strip("/").partition("/")
        self.seen[f"{method} {index if index.startswith('_') else action}"] += 1
        if index == "_bulk":
            return self._bulk(kind, body)
        if body and kind != "application/json":
            return 406, {"error": f"Content-Type header [{kind}] is not supported"}
        if method == "PUT" and not action:
            self.mappings[index] = json.loads(body)["mappings"]["properties"]
            self.documents[index] = {}
            return 200, {"acknowledged": True}
        if index not in self.mappings:
            return 404, {"error": {"type": "index_not_found_exception", "reason": f"no such index [{index}]"}}
        if method == "DELETE":
            del self.mappings[index], self.documents[index]
            return 200, {"acknowledged": True}
        return self._of_index(index, action, body)

    def _of_index(self, index: str, action: str, body: bytes) -> tuple[int, Any]:
        documents = self.documents[index]
        match action:
            case "_mapping":
                return 200, {index: {"mappings": {"dynamic": "strict", "properties": self.mappings[index]}}}
            case "_refresh":
                return 200, {"_shards": {"failed": 0}}
            case "_count":
                return 200, {"count": len(documents)}
            case "_mget":
                found = [{"_id": each, "found": each in documents} for each in json.loads(body)["ids"]]
                return 200, {"docs": [each | {"_source": documents.get(each["_id"])} for each in found]}
            case "_search":
                return 200, {"hits": {"hits": self._search(index, json.loads(body))}}
        return 400, {"error": f"no handler found for {action}"}

    def _bulk(self, kind: str, body: bytes) -> tuple[int, Any]:
        if kind != "application/x-ndjson":
            return 406, {"error": f"Content-Type header [{kind}] is not supported"}
        if not body.endswith(b"\n"):
            error = "The bulk request must be terminated by a newline [\\n]"
            return 400, {"error": {"type": "illegal_argument_exception", "reason": error}}
        if self.faults.full:
            return 403, {"error": FULL}
        if self.faults.busy_requests:
            self.faults.busy_requests -= 1
            return 429, {"error": BUSY}
        lines = body.decode().splitlines()
        items = [
            self._item(json.loads(a)["index"], json.loads(b)) for a, b in zip(*[iter(lines)] * 2, strict=True)
        ]
        return 200, {"errors": any(each["index"]["status"] >= 300 for each in items), "items": items}

    def _item(self, action: dict[str, str], document: dict[str, Any]) -> dict[str, Any]:
        index, number = action["_index"], action["_id"]
        unknown = document.keys() - self.mappings[index].keys()
        if unknown or number == self.faults.wrong_row:
            error = {"type": "strict_dynamic_mapping_exception", "reason": f"mapping of {sorted(unknown)}"}
            return {"index": {"_id": number, "status": 400, "error": error}}
        if self.faults.busy_rows:
            self.faults.busy_rows -= 1
            return {"index": {"_id": number, "status": 429, "error": BUSY}}
        status = 200 if number in self.documents[index] else 201
        self.documents[index][number] = document
        return {"index": {"_id": number, "status": status}}

    def _search(self, index: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        if self.flavour == "elasticsearch":
            knn = body["knn"]
            name, query, must = knn["field"], knn["query_vector"], knn.get("filter", [])
        else:
            ((name, knn),) = body["query"]["knn"].items()
            query, must = knn["vector"], knn.get("filter", {"bool": {"must": []}})["bool"]["must"]
        declared = self.mappings[index][name]
        measure = declared.get("similarity") or declared["method"]["space_type"]
        found = [
            (number, _score(measure, np.array(document[name]), np.array(query)))
            for number, document in self.documents[index].items()
            if all(_meets(document, each) for each in must)
        ]
        best = sorted(found, key=lambda each: -each[1])[: min(body["size"], knn["k"])]
        return [{"_id": number, "_score": score} for number, score in best]


def _score(measure: str, one: np.ndarray, other: np.ndarray) -> float:
    if measure.startswith("cosine"):
        return float(1 + one @ other / np.linalg.norm(one) / np.linalg.norm(other)) / 2
    if measure.startswith("l2"):
        return float(1 / (1 + ((one - other) ** 2).sum()))
    inner = float(one @ other)
    return inner + 1 if inner >= 0 else 1 / (1 - inner)


def _meets(document: dict[str, Any], condition: dict[str, Any]) -> bool:
    ((kind, ((name, value),)),) = [(kind, tuple(each.items())) for kind, each in condition.items()]
    found = document.get(name)
    values = found if isinstance(found, list) else [found]
    if kind == "range":
        return all(
            {"gte": found >= x, "gt": found > x, "lte": found <= x, "lt": found < x}[op]
            for op, x in value.items()
        )
    return any(each in (value if kind == "terms" else [value]) for each in values)


@contextmanager
def search_engine(flavour: str) -> Iterator[SearchEngine]:
    """A server of the flavour `elasticsearch` or `opensearch`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            kind = (self.headers.get("content-type") or "").split(";")[0]
            if flavour == "elasticsearch":  # its client adds the version that it speaks
                kind = kind.replace("vnd.elasticsearch+", "")
            status, document = self._answer(urlsplit(self.path).path, kind, body)
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            if flavour == "elasticsearch":
                self.send_header("x-elastic-product", "Elasticsearch")
            self.end_headers()
            self.wfile.write(data)

        def _answer(self, path: str, kind: str, body: bytes) -> tuple[int, Any]:
            if engine.faults.password:
                told = (self.headers.get("authorization") or "").removeprefix("Basic ")
                if base64.b64decode(told).decode().rpartition(":")[2] != engine.faults.password:
                    return 401, {"error": {"type": "security_exception", "reason": "unable to authenticate"}}
            with lock:
                return engine.answer(self.command, path, kind, body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _do

        def log_message(self, *_: Any) -> None:
            pass

    lock = threading.Lock()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    engine = SearchEngine(f"{flavour}://127.0.0.1:{server.server_port}", flavour)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield engine
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
