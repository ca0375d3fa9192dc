"""Bulk actions: each row once, without what it lacks, in files that a server takes, and mappings that fit."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from synthprof.delivery.exports import opensearch_bulk
from synthprof.delivery.exports.opensearch_bulk import actions
from synthprof.delivery.rows import Rows


def _documents(text: str) -> list[tuple[dict, dict]]:
    lines = [json.loads(line) for line in text.splitlines()]
    return list(zip(lines[::2], lines[1::2], strict=True))


def test_files_hold_every_row_once_and_none_is_too_large(
    exported, version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opensearch_bulk, "MOST_BYTES", 400_000)
    monkeypatch.setattr(opensearch_bulk, "SLICE_BYTES", 150_000)
    folder, _ = exported(format="opensearch-bulk", columns="idade, jogos_favoritos")
    parts = sorted(folder.glob("bulk-*.ndjson"))
    sizes = [part.stat().st_size for part in parts]
    assert max(sizes) <= 400_000
    assert len(parts) > 3 and sorted(sizes)[len(sizes) // 2] > 300_000
    found = _documents("".join(part.read_text(encoding="utf-8") for part in parts))
    assert [action["index"]["_id"] for action, _ in found] == [str(id) for id in range(1, version.rows + 1)]
    rows = [row for batch in Rows(version, ("idade", "jogos_favoritos")) for row in batch.to_pylist()]
    assert [document for _, document in found] == rows


def test_a_row_larger_than_a_file_has_one_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opensearch_bulk, "MOST_BYTES", 100)
    batch = pa.record_batch({"id": [1, 2, 3], "note": ["a", "b" * 300, "c"]})
    written = {}

    class Files:
        def whole(self, name: str):
            written[name] = tmp_path / name
            return _Path(tmp_path / name)

    opensearch_bulk._write(Files(), 0, batch)
    assert [len(_documents(path.read_text())) for path in written.values()] == [1, 1, 1]


class _Path:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        pass


def test_a_document_leaves_out_what_the_row_lacks() -> None:
    near = pa.array([[0.5, 1.0], None], pa.list_(pa.float32(), 2))
    batch = pa.record_batch({"id": [7, 8], 'na"me': ["é\n", None], "embedding": near})
    found = _documents("".join(actions(batch).to_pylist()))
    assert found == [
        ({"index": {"_id": "7"}}, {"id": 7, 'na"me': "é\n", "embedding": [0.5, 1.0]}),
        ({"index": {"_id": "8"}}, {"id": 8}),
    ]


def test_mappings_know_every_field_and_the_size_of_vectors(exported, version) -> None:
    folder, _ = exported(format="opensearch-bulk")
    documents = _documents((folder / "bulk-00002-00.ndjson").read_text(encoding="utf-8"))
    for name, dimension in (("opensearch.json", "dimension"), ("elasticsearch.json", "dims")):
        properties = json.loads((folder / name).read_text())["mappings"]["properties"]
        assert {field for _, document in documents for field in document} <= set(properties)
        assert properties["embedding"][dimension] == version.spec.dim_embedding
        kinds = {
            field: properties[field]["type"] for field in ("idade", "estado", "descricao", "usa_microfone")
        }
        assert list(kinds.values()) == ["long", "keyword", "text", "boolean"]
        assert properties["jogos_favoritos"] == {"type": "keyword"}
    (action, document) = documents[-1]
    assert int(action["index"]["_id"]) == version.rows
    assert np.array_equal(np.float32(document["embedding"]), version.embeddings()[-1])


class _Index(BaseHTTPRequestHandler):
    """A server that notes what it is asked, has no index at first, and answers a request for `bad` so."""

    seen: list[tuple[str, str, int]]

    def do_HEAD(self) -> None:
        self._answer("HEAD", 404)

    def do_PUT(self) -> None:
        self._answer("PUT", 200)

    def do_POST(self) -> None:
        self._answer("POST", 200)

    def _answer(self, method: str, status: int) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.seen.append((method, self.path.partition("?")[0], len(body)))
        answer = json.dumps({"errors": "/bad/" in self.path}, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(b"" if method == "HEAD" else answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def index() -> Iterator[ThreadingHTTPServer]:
    _Index.seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), _Index) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_script_makes_the_index_and_posts_every_file(exported, index: ThreadingHTTPServer) -> None:
    folder, _ = exported(format="opensearch-bulk", columns="idade")
    given = {"URL": f"http://127.0.0.1:{index.server_port}", "SETTINGS": "opensearch.json"}
    run = {"args": ["sh", str(folder / "load.sh")], "capture_output": True, "text": True}
    done = subprocess.run(**run, env=os.environ | given | {"INDEX": "people"})
    assert done.returncode == 0, done.stderr
    sizes = [part.stat().st_size for part in sorted(folder.glob("bulk-*"))]
    assert _Index.seen == [
        ("HEAD", "/people", 0),
        ("PUT", "/people", (folder / "opensearch.json").stat().st_size),
        *(("POST", "/people/_bulk", size) for size in sizes),
        ("PUT", "/people/_settings", 37),
    ]
    done = subprocess.run(**run, env=os.environ | given | {"INDEX": "bad"})
    assert done.returncode == 1
    assert done.stderr.startswith("bulk-00000-00.ndjson:")
