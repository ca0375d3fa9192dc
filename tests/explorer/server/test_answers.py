"""Answers of the server: refusals in one sentence, headers, and files that travel once."""

import asyncio
from typing import Any

import pytest
from explorers import DATASET, ONE, ROWS, answer, requests_of


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{ONE}/search?text=", 422),
        (f"{ONE}/search?text={'a' * 2001}", 422),
        (f"{ONE}/search?text=RPG&k=0", 422),
        (f"{ONE}/search?text=RPG&k=101", 422),
        (f"{ONE}/search?text=RPG&where=salario>1", 422),
        (f"{ONE}/search?text=RPG" + "&where=idade>1" * 21, 422),
        (f"{ONE}/map?points=100001", 422),
        (f"{ONE}/map?colour=nome", 422),
        (f"{ONE}/profiles/0", 422),
        (f"{ONE}/profiles/{ROWS + 1}", 404),
        (f"{ONE}/similar/{ROWS + 1}", 404),
        ("/api/datasets/nobody/versions/current", 404),
        (f"/api/datasets/{DATASET}/versions/000000000000", 404),
        ("/api/datasets/..%2f..%2fetc/versions/current", 404),
        ("/api/datasets/nobody/progress", 404),
        ("/static/..%2fapp.py", 404),
        ("/static/nothing.js", 404),
    ],
)
def test_what_breaks_a_rule_is_refused_in_one_sentence(client, path, status):
    response = client.get(path)
    assert response.status_code == status, response.text
    assert "\n" not in response.json()["detail"]


def test_what_is_no_request_for_a_path_is_refused_or_not_answered(client):
    def answered(**changes) -> list[Any]:
        scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "path": "/static/app.js",
            "query_string": b"", "headers": [(b"host", b"testserver")], "scheme": "http",
        } | changes  # fmt: skip
        sent: list[Any] = []

        async def call() -> None:
            async def send(message) -> None:
                sent.append(message.get("status"))

            await client.app(scope, asyncio.Event().wait, send)

        asyncio.run(call())
        return sent

    assert answered()[0] == 200
    assert answered(path="http://evil.example/static/app.js")[0] == 400
    assert answered(path="*", method="OPTIONS")[0] == 400
    assert answered(http_version="9.9")[0] == 505
    assert answered(type="webtransport") == []


def test_every_answer_has_the_headers_that_keep_foreign_things_out(client):
    for _, path, _ in requests_of(client.app):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        begin = "sandbox allow-scripts allow-downloads;" if "/report/" in path else "default-src 'self';"
        assert policy.startswith(begin)
        assert {"base-uri", "form-action", "frame-ancestors"} <= {
            each.split()[0] for each in policy.split("; ")
        }
        assert "allow-same-origin" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/static/app.js", f"/report/{DATASET}/current"])
def test_a_file_travels_once_and_its_head_alone_where_that_is_asked(client, path):
    whole = client.get(path)
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert dict(head.headers) == dict(whole.headers)
    again = client.get(path, headers={"if-none-match": whole.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    kept = ("etag", "content-security-policy", "cache-control")
    assert [again.headers[name] for name in kept] == [whole.headers[name] for name in kept]
    assert client.get(path, headers={"if-none-match": '"another"'}).content == whole.content


def test_large_answers_are_compressed_in_the_process_that_makes_them(client):
    path = f"{ONE}/map?points=5000"
    response = client.get(path, headers={"accept-encoding": "gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert response.json() == answer(client, path, headers={"accept-encoding": "identity"})
